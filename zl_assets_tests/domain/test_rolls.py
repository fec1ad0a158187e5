"""The roll columns by hand, against a plain loop over the vendor's bars, and against their own prefixes."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from zl_assets.domain.features import feature_rows
from zl_assets.domain.rolls import spans_a_roll
from zl_assets.domain.sessions import build_sessions
from zl_assets.sources.bars import read_bars
from zl_assets.sources.sample import synthetic_bars
from zl_assets_tests.conftest import shared_data
from zl_assets_tests.support.builders import AS_OF, bar, bars, bars_of, features_of, random_closes, sessions_of
from zl_assets_tests.support.contracts import FEATURES, ZL


def of_bars(*rows: dict[str, object]) -> pd.DataFrame:
    frame = bars(*rows)
    return feature_rows(build_sessions(frame, ZL, AS_OF).frame, frame, ZL).set_index("data_date")


def test_a_roll_steps_from_its_own_open_and_not_from_the_old_contract() -> None:
    rows = of_bars(
        bar("2020-01-06", 30.0, 31.0, 29.0, 30.0, instrument_id=1),
        bar("2020-01-07", 30.0, 34.0, 29.0, 33.0, instrument_id=1),
        bar("2020-01-08", 40.0, 45.0, 39.0, 44.0, instrument_id=2),
        bar("2020-01-09", 44.0, 45.0, 39.0, 40.0, instrument_id=2),
    )
    # 33/30, then 44/40 from the new contract's open, then 40/44.
    np.testing.assert_allclose(rows["roll_index"], [100.0, 110.0, 121.0, 110.0])
    assert rows["is_roll"].tolist() == [False, False, True, False]


def test_the_roll_step_never_starts_at_a_stubs_open() -> None:
    """A Sunday stub of the new contract becomes the session's open; Monday's own bar opens at 40. The four stubs on
    real rolls are all of the old contract, so only this case shows it."""
    rows = of_bars(
        bar("2020-01-10", 30.0, 31.0, 29.0, 30.0, instrument_id=1),
        bar("2020-01-12", 38.0, 39.0, 37.0, 39.0, volume=1000, instrument_id=2),
        bar("2020-01-13", 40.0, 45.0, 39.0, 44.0, instrument_id=2),
    )
    np.testing.assert_allclose(rows["roll_index"], [100.0, 110.0])


def test_a_session_that_the_bars_no_longer_give_keeps_the_chain_whole() -> None:
    sessions = sessions_of([30.0, 33.0, 44.0]).assign(instrument_id=pd.array([1, 1, 2], dtype="Int64"), open=[30.0, 33.0, 40.0])
    gone = bars_of(sessions).head(2)
    np.testing.assert_allclose(feature_rows(sessions, gone, ZL)["roll_index"], [100.0, 110.0, 121.0])


def test_without_instrument_ids_both_columns_are_null() -> None:
    features = features_of(sessions_of(random_closes(80)).assign(instrument_id=pd.array([pd.NA] * 80, dtype="Int64")))
    assert features[["roll_index", "is_roll"]].isna().all().all()
    assert tuple(features.columns) == FEATURES.frame_columns
    assert features["ma_63"].notna().sum() == 18


def test_a_missing_id_inside_is_null_and_does_not_break_the_chain() -> None:
    ids = pd.array([pd.NA, 1, pd.NA, 1, pd.NA, 2], dtype="Int64")
    features = features_of(sessions_of([30.0, 40.0, 44.0, 48.0, 24.0, 30.0]).assign(instrument_id=ids, open=25.0))
    np.testing.assert_allclose(features["roll_index"].to_numpy(), [np.nan, 100.0, np.nan, 120.0, np.nan, 72.0])
    assert features["is_roll"].tolist() == [pd.NA, False, pd.NA, False, pd.NA, True]


def plain_index(vendor: pd.DataFrame) -> dict[pd.Timestamp, float]:
    """The definition as a loop over weekday bars."""
    value, before, found = 100.0, None, {}
    for row in vendor[vendor["date"].dt.dayofweek < 5].sort_values("date").itertuples():
        if before is not None:
            value *= row.close / (row.open if row.instrument_id != before.instrument_id else before.close)
        found[row.date], before = value, row
    return found


@pytest.mark.parametrize("source", ["sample", "real"])
def test_the_index_of_a_whole_series_is_that_of_a_plain_loop(source: str) -> None:
    vendor = synthetic_bars() if source == "sample" else read_bars(shared_data("databento_futures_ohlcv_1d.parquet"), [ZL]).frame
    vendor = vendor[vendor["symbol"] == "ZL"]
    features = feature_rows(build_sessions(vendor, ZL, AS_OF).frame, vendor, ZL)
    expected = plain_index(vendor)
    np.testing.assert_allclose(features["roll_index"], [expected[date] for date in features["data_date"]], rtol=1e-12)


def test_symbols_are_chained_apart() -> None:
    one = sessions_of(random_closes(80))
    two = sessions_of(random_closes(80, seed=8), symbol="ZS").assign(instrument_id=pd.array([9] * 80, dtype="Int64"))
    both = feature_rows(pd.concat([two, one]), pd.concat([bars_of(one), bars_of(two)]), ZL)
    for alone in (one, two):
        rows = both[both["symbol"] == alone["symbol"].iloc[0]].reset_index(drop=True)
        assert_frame_equal(rows, features_of(alone), check_exact=True)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.floats(0.01, 1e4), st.floats(0.01, 1e4), st.sampled_from([1, 2, None])), min_size=1, max_size=120),
    st.integers(1, 120),
)
def test_no_column_of_a_row_depends_on_later_rows(rows: list[tuple[float, float, int | None]], cut: int) -> None:
    opens, closes, ids = zip(*rows, strict=True)
    sessions = sessions_of(closes).assign(open=list(opens), instrument_id=pd.array(ids, dtype="Int64"))
    assert_frame_equal(features_of(sessions.head(cut)), features_of(sessions).head(cut), check_exact=True)


def test_a_target_spans_a_roll_when_one_of_the_next_sessions_is_one() -> None:
    is_roll = pd.Series([False, True, False, False, True, False], dtype="boolean")
    # The roll on the row itself is behind it: its close is already of the new contract.
    assert spans_a_roll(is_roll, 2).tolist() == [True, False, True, True, pd.NA, pd.NA]
