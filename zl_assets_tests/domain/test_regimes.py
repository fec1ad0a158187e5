"""The seven regimes and the lookup by date."""

import pandas as pd
import pytest

from zl_assets.contracts.regimes import REGIME_WEIGHTS
from zl_assets.domain.regimes import REGIMES, regime_weights, regimes_on
from zl_assets.warehouse.errors import DataFault

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
