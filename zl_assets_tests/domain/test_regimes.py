"""The seven regimes and the lookup by date."""

import pandas as pd
import pytest

from zl_assets.contracts.regimes import REGIME_WEIGHTS
from zl_assets.domain.matrix import build_matrix
from zl_assets.domain.regimes import REGIMES, regime_weights, regimes_on, regimes_reached
from zl_assets.domain.rules.regimes import distinct_regimes
from zl_assets.warehouse.errors import DataFault
from zl_assets.warehouse.verdict import require
from zl_assets_tests.support.builders import features_of, random_closes, sessions_of
from zl_assets_tests.support.contracts import MATRIX, ROW_RULES, ZL

# Written out a second time from the domain's table, so that a slip in the constants shows.
TABLE = """
pre_trade_war 2010-01-01 2018-02-28 100
trade_war 2018-03-01 2019-12-31 300
covid_crash 2020-01-01 2020-05-31 200
covid_recovery 2020-06-01 2020-12-31 200
inflation 2021-01-01 2022-12-31 300
trump_anticipation 2023-01-01 2025-01-19 400
trump_term 2025-01-20 2029-12-31 600
"""


def test_the_constants_are_the_seven_regimes_of_record() -> None:
    assert [f"{r.name} {r.start} {r.end} {r.weight}" for r in REGIMES] == TABLE.split("\n")[1:-1]
    assert all(len(r.description) > 40 and len(r.research_rationale) > 40 for r in REGIMES)


def test_the_frame_has_the_contracts_columns() -> None:
    frame = regime_weights()
    assert tuple(frame.columns) == REGIME_WEIGHTS.frame_columns
    assert frame["regime"].is_monotonic_increasing
    assert frame.notna().all().all()


@pytest.mark.parametrize("line", TABLE.split("\n")[1:-1])
def test_the_first_and_last_day_of_a_regime_belong_to_it(line: str) -> None:
    name, start, end, weight = line.split()
    found = regimes_on(pd.Series(pd.to_datetime([start, end])), regime_weights())
    assert found.to_dict("list") == {"name": [name, name], "weight": [int(weight)] * 2}


def test_the_lookup_keeps_the_index_of_the_dates() -> None:
    dates = pd.Series(pd.to_datetime(["2025-03-03", "2011-01-03"]), index=[7, 3])
    assert regimes_on(dates, regime_weights())["name"].to_dict() == {7: "trump_term", 3: "pre_trade_war"}


@pytest.mark.parametrize("date", ["2009-12-31", "2030-01-01"])
def test_a_date_outside_the_regimes_stops_with_its_name(date: str) -> None:
    dates = pd.Series(pd.to_datetime(["2020-01-02", date]))
    with pytest.raises(DataFault, match=f"1 of 2 dates have no regime: {date}.*2010-01-01 to 2029-12-31"):
        regimes_on(dates, regime_weights())


def test_years_before_the_first_regime_are_named_with_what_would_extend_the_regimes() -> None:
    dates = pd.Series(pd.bdate_range("2003-03-03", "2012-12-31"))
    early = (dates < "2010-01-01").sum()
    with pytest.raises(DataFault) as stopped:
        regimes_on(dates, regime_weights())
    told = str(stopped.value)
    assert f"{early:,} of {len(dates):,} dates have no regime: {early:,} from 2003-03-03 to 2009-12-31, before" in told
    for words in (
        "before the first regime (pre_trade_war) begins",
        "Leave the bars before 2010-01-01 out of the file",
        "extend the regimes in REGIMES, in zl_assets/domain/regimes.py, by an earlier start of pre_trade_war",
        "training.regime_weights",
        "for the owner of the regimes to decide",
    ):
        assert words in told
    assert "after" not in told


def test_dates_on_both_sides_of_the_regimes_are_told_apart() -> None:
    dates = pd.Series(pd.to_datetime(["2031-05-02", "2009-12-31", "2020-01-02", "2030-01-01"]))
    with pytest.raises(DataFault) as stopped:
        regimes_on(dates, regime_weights())
    assert "no regime: 2009-12-31, before the first" in str(stopped.value)
    assert "; 2 from 2030-01-01 to 2031-05-02, after the last regime (trump_term) has ended" in str(stopped.value)
    assert "Leave the bars before 2010-01-01 and after 2029-12-31 out of the file" in str(stopped.value)


def test_what_the_message_advises_is_enough() -> None:
    """Bars of 2005: an earlier start of the first regime, and nothing else, makes a matrix of them. The refusal counts the
    sessions of the warm-up too, which have no row in the matrix: they are what the file has too many."""
    sessions = sessions_of(random_closes(120), start="2005-01-03")
    extended = regime_weights()
    with pytest.raises(DataFault, match="120 of 120 dates have no regime: 120 from 2005-01-03 to 2005-06-17, before"):
        build_matrix(sessions, features_of(sessions), extended, ZL)
    extended.loc[extended["regime"] == "pre_trade_war", "start_date"] = pd.Timestamp("2005-01-01")
    matrix = build_matrix(sessions, features_of(sessions), extended, ZL)
    assert set(matrix["regime.name"]) == {"pre_trade_war"}
    assert distinct_regimes(matrix, extended).passed
    require([rule(frame) for frame, of in ((matrix, MATRIX), (extended, REGIME_WEIGHTS)) for rule in ROW_RULES[of.table]], "both")


def test_a_warm_up_before_the_first_regime_is_no_fault() -> None:
    sessions = sessions_of(random_closes(120), start="2009-11-02")
    assert set(build_matrix(sessions, features_of(sessions), regime_weights(), ZL)["regime.name"]) == {"pre_trade_war"}


def test_the_regimes_reached_are_those_of_the_dates_and_not_of_their_span() -> None:
    weights = regime_weights()
    assert regimes_reached(pd.Series(pd.to_datetime(["2024-05-01", "2024-05-02"])), weights) == ("trump_anticipation",)
    # From the one to the other lie three regimes in which there is no session.
    assert regimes_reached(pd.Series(pd.to_datetime(["2021-01-04", "2019-12-31"])), weights) == ("trade_war", "inflation")
    assert regimes_reached(pd.Series([], dtype="datetime64[ns]"), weights) == ()


def test_a_date_in_a_gap_of_the_table_stops() -> None:
    table = regime_weights().query("regime != 'inflation'")
    with pytest.raises(DataFault, match="no regime: 2021-06-01"):
        regimes_on(pd.Series(pd.to_datetime(["2021-06-01"])), table)


def test_an_unknown_date_stops() -> None:
    with pytest.raises(DataFault, match="no regime: NaT"):
        regimes_on(pd.Series(pd.to_datetime([None])), regime_weights())


def test_a_regime_without_dates_covers_nothing() -> None:
    table = regime_weights()
    table.loc[table["regime"] == "inflation", ["start_date", "end_date"]] = pd.NaT
    with pytest.raises(DataFault, match="no regime: 2021-06-01"):
        regimes_on(pd.Series(pd.to_datetime(["2021-06-01"])), table)


def test_overlapping_regimes_stop() -> None:
    table = regime_weights()
    table.loc[table["regime"] == "inflation", "start_date"] = pd.Timestamp("2020-12-31")
    with pytest.raises(DataFault, match="inflation starts before"):
        regimes_on(pd.Series(pd.to_datetime(["2012-01-02"])), table)
