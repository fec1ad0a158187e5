"""Matrix rows put together by date."""

import pandas as pd
import pytest

from zl_assets.domain.matrix import build_matrix
from zl_assets.domain.regimes import regime_weights
from zl_assets.warehouse.errors import DataFault
from zl_assets_tests.support.builders import features_of, random_closes, sessions_of
from zl_assets_tests.support.contracts import MATRIX, ZL


def matrix_of(sessions: pd.DataFrame) -> pd.DataFrame:
    return build_matrix(sessions, features_of(sessions), regime_weights(), ZL)


def test_the_62_rows_without_a_long_average_are_dropped() -> None:
    sessions = sessions_of(random_closes(100))
    matrix = matrix_of(sessions)
    assert tuple(matrix.columns) == MATRIX.frame_columns
    assert list(matrix["data_date"]) == list(sessions["data_date"].iloc[62:])
    assert matrix.notna().all().all()
    assert list(matrix["market_data.close"]) == list(sessions["close"].iloc[62:])


def test_rows_are_joined_by_date_whatever_their_order() -> None:
    sessions = sessions_of(random_closes(100))
    features = features_of(sessions)
    shuffled = build_matrix(
        sessions.sample(frac=1, random_state=1), features.sample(frac=1, random_state=2), regime_weights(), ZL
    )
    pd.testing.assert_frame_equal(shuffled, matrix_of(sessions), check_exact=True)


def test_the_regime_is_the_one_of_the_rows_own_date() -> None:
    matrix = matrix_of(sessions_of(random_closes(120), start="2017-11-01")).set_index("data_date")
    assert matrix.loc["2018-02-28", ["regime.name", "regime.weight"]].tolist() == ["pre_trade_war", 100]
    assert matrix.loc["2018-03-01", ["regime.name", "regime.weight"]].tolist() == ["trade_war", 300]


def test_too_few_sessions_stop_with_both_numbers() -> None:
    assert len(matrix_of(sessions_of(random_closes(63)))) == 1
    with pytest.raises(DataFault, match="ZL: there are 62 sessions, but the matrix needs at least 63"):
        matrix_of(sessions_of(random_closes(62)))
    with pytest.raises(DataFault, match="there are 0 sessions"):
        matrix_of(sessions_of([]))


def test_a_session_without_features_stops_with_its_date() -> None:
    sessions = sessions_of(random_closes(80))
    with pytest.raises(DataFault, match=r"2015-04-2\d ZL.*zl_ta_features"):
        build_matrix(sessions, features_of(sessions.head(79)), regime_weights(), ZL)


def test_a_date_outside_the_regimes_stops() -> None:
    with pytest.raises(DataFault, match="no regime: 14 from 2030-01-01 to 2030-01-18, after"):
        matrix_of(sessions_of(random_closes(80), start="2029-10-01"))
