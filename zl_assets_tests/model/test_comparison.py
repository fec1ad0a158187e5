import dataclasses

import numpy as np
import pandas as pd
import pytest

from zl_assets.domain.features import feature_rows
from zl_assets.domain.sessions import build_sessions
from zl_assets.model.fit.comparison import compare_on_index, index_view
from zl_assets.model.fit.training import TrainedModel
from zl_assets.sources.bars import read_bars
from zl_assets_tests.conftest import shared_data
from zl_assets_tests.model.record import RECORD
from zl_assets_tests.model.views import view_of
from zl_assets_tests.support.builders import AS_OF, features_of, random_closes, sessions_of
from zl_assets_tests.support.contracts import MONTH, ZL


def gapped(n: int = 1900, gap: float = 0.10, every: int = 60) -> pd.DataFrame:
    """Sessions whose price jumps by `gap` at every roll, and walks otherwise; the open of a roll is after the jump."""
    walk = random_closes(n)
    contract = np.arange(n) // every
    close = walk * (1 + gap) ** (contract % 2)
    opens = np.concatenate([[close[0]], walk[:-1] * (1 + gap) ** (contract[1:] % 2)])
    return sessions_of(close).assign(open=opens, instrument_id=pd.array(contract, dtype="Int64"))


def test_without_roll_gaps_the_index_view_is_the_view() -> None:
    sessions = sessions_of(random_closes(300))
    view = view_of(sessions["data_date"], sessions["close"])
    on_index = index_view(view, features_of(sessions), MONTH)
    assert on_index is not None
    assert list(on_index["data_date"]) == list(view["data_date"])
    for name in ("return_21d", "volatility_21d", "rsi_14", "target_1m"):
        np.testing.assert_allclose(on_index[name], view[name], atol=1e-9, err_msg=name)
    np.testing.assert_allclose(on_index["close"] / on_index["ma_63"], view["close"] / view["ma_63"], rtol=1e-12)


def test_the_look_back_and_the_target_are_free_of_gaps() -> None:
    """The same walk, with and without 10 % jumps at its rolls, gives the same rows on the index."""
    smooth, jumpy = gapped(gap=0.0), gapped(gap=0.10)
    views = [view_of(s["data_date"], s["close"]) for s in (smooth, jumpy)]
    assert not np.allclose(views[0]["target_1m"].dropna(), views[1]["target_1m"].dropna(), atol=0.01)
    one, two = (index_view(view, features_of(s), MONTH) for view, s in zip(views, (smooth, jumpy), strict=True))
    assert one is not None
    assert two is not None
    for name in ("return_1d", "return_21d", "volatility_21d", "rsi_14", "target_1m"):
        np.testing.assert_allclose(one[name], two[name], atol=1e-9, err_msg=name)
    assert (one["sample_weight"] == views[0]["sample_weight"]).all()


def test_a_source_without_instrument_ids_has_no_comparison() -> None:
    sessions = sessions_of(random_closes(300)).assign(instrument_id=pd.array([pd.NA] * 300, dtype="Int64"))
    assert compare_on_index(view_of(sessions["data_date"], sessions["close"]), features_of(sessions), RECORD, ZL, MONTH) is None


def test_the_real_comparison_stays_below_the_documented_ratio(real_model: TrainedModel, real_view: pd.DataFrame) -> None:
    """EVIDENCE: at most 1.08 on the roll-adjusted index, against 1.12 on the raw close."""
    vendor = read_bars(shared_data("databento_futures_ohlcv_1d.parquet"), [ZL]).frame
    found = compare_on_index(real_view, feature_rows(build_sessions(vendor, ZL, AS_OF).frame, vendor, ZL), RECORD, ZL, MONTH)
    assert found is not None
    ratios = [fold.score.ratio for fold in found.folds]
    assert max(ratios) == pytest.approx(1.08, abs=0.005)
    for mine, record in zip(found.folds, real_model.folds, strict=True):
        assert (mine.score.test_first, mine.score.test_last) == (record.score.test_first, record.score.test_last)
    assert dataclasses.asdict(found.folds[0].score)["n_train"] == real_model.folds[0].score.n_train
