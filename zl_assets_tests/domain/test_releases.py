"""Release times by hand, against pandas' own business-day offset, and the join that must never see a later print."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.tseries.holiday import USFederalHolidayCalendar
from pandas.tseries.offsets import CustomBusinessDay

from zl_assets.domain.releases import RELEASES, as_known, available_at, decision_times
from zl_assets.warehouse.shape import conform
from zl_assets_tests.support.builders import decided
from zl_assets_tests.support.contracts import FRED_OBSERVATIONS, ZL

H15 = ["DGS10", "DGS2", "T10Y2Y", "T10YIE"]


def days(*dates: str) -> pd.Series:
    return pd.Series(pd.to_datetime(dates)).astype("datetime64[ns]")


def deciding(dates: pd.Series) -> pd.DataFrame:
    """Sessions on these dates, with the time at which each decides."""
    return decided(dates.to_frame("data_date"))


def observations(series: str, values: dict[str, float], available: dict[str, str] | None = None) -> pd.DataFrame:
    """Rows of the series; available by its rule, or as given."""
    frame = pd.DataFrame({"series": series, "observed_on": days(*values), "value": list(values.values())})
    known = available_at(series, frame["observed_on"])
    if available:
        known = pd.Series(pd.to_datetime([available[day] for day in values], utc=True))
    return conform(frame.assign(available_at=known, vintage=pd.NaT), FRED_OBSERVATIONS)


def first_used(series: str, observed_on: str) -> str:
    """The first weekday whose decision knows the observation."""
    ahead = pd.Series(pd.bdate_range(observed_on, periods=70))
    known = as_known(observations(series, {observed_on: 1.0}), series, deciding(ahead))
    return str(ahead[~np.isnan(known)].iloc[0].date())


@pytest.mark.parametrize(
    ("series", "observed_on", "used"),
    [
        ("VIXCLS", "2024-01-10", "2024-01-11"),
        ("VIXCLS", "2024-01-12", "2024-01-16"),  # over Martin Luther King's day
        ("VIXCLS", "2024-10-11", "2024-10-15"),  # Columbus day: the exchange is open, the Federal Reserve is not
        *((series, "2024-01-10", "2024-01-12") for series in H15),
        *((series, "2024-01-12", "2024-01-17") for series in H15),
        *((series, "2024-07-03", "2024-07-08") for series in H15),  # Friday the 5th at 16:15
        ("DTWEXBGS", "2024-01-02", "2024-01-09"),
        ("DTWEXBGS", "2024-01-05", "2024-01-09"),
        ("DTWEXBGS", "2024-01-12", "2024-01-17"),  # the Monday is a holiday: released on Tuesday
        ("DTWEXBGS", "2020-12-31", "2021-01-05"),
        ("DCOILWTICO", "2024-01-10", "2024-01-17"),
        ("DCOILWTICO", "2020-04-20", "2020-04-27"),
        ("FEDFUNDS", "2024-01-01", "2024-02-05"),  # the second business day is Friday the 2nd, at 16:15
        ("FEDFUNDS", "2023-12-01", "2024-01-04"),  # New Year's day is none
        ("FEDFUNDS", "2024-08-01", "2024-09-05"),  # nor is Labor day
    ],
)
def test_first_session_that_may_use_an_observation(series: str, observed_on: str, used: str) -> None:
    assert first_used(series, observed_on) == used


def test_times_follow_the_clocks_of_both_seasons() -> None:
    winter, summer = available_at("DGS10", days("2024-01-10", "2024-07-10"))
    assert (str(winter), str(summer)) == ("2024-01-11 21:15:00+00:00", "2024-07-11 20:15:00+00:00")
    assert [str(t) for t in decision_times(days("2024-01-10", "2024-07-10", "2024-03-11", "2024-11-04"), ZL.decision)] == [
        "2024-01-10 19:20:00+00:00",
        "2024-07-10 18:20:00+00:00",
        "2024-03-11 18:20:00+00:00",
        "2024-11-04 19:20:00+00:00",
    ]


def test_rules_equal_pandas_business_day_offsets() -> None:
    step = CustomBusinessDay(calendar=USFederalHolidayCalendar())
    expected = {
        "VIXCLS": lambda day: _at(day + step, 9, 0, "America/Chicago"),
        "DCOILWTICO": lambda day: _at(day + pd.Timedelta(days=7), 9, 0, "America/Chicago"),
        "DTWEXBGS": lambda day: _at(step.rollforward(day + pd.offsets.Week(weekday=0)), 16, 15, "America/New_York"),
        "FEDFUNDS": lambda day: _at(step.rollforward(day + pd.offsets.MonthBegin(1)) + step, 16, 15, "America/New_York"),
        **dict.fromkeys(H15, lambda day: _at(day + step, 16, 15, "America/New_York")),
    }
    observed = days(*np.random.default_rng(1).choice(pd.date_range("1990-01-01", "2040-12-31").astype(str), 40))
    assert expected.keys() == RELEASES.keys()
    for series, rule in expected.items():
        assert available_at(series, observed).tolist() == [rule(day) for day in observed], series


def _at(day: pd.Timestamp, hour: int, minute: int, zone: str) -> pd.Timestamp:
    return pd.Timestamp(year=day.year, month=day.month, day=day.day, hour=hour, minute=minute, tz=zone).tz_convert("UTC")


def test_available_at_the_very_moment_of_the_decision_is_too_late() -> None:
    session = days("2024-01-10")
    for moment, known in (("2024-01-10 19:20:00", False), ("2024-01-10 19:19:59.999999", True)):
        rows = observations("VIXCLS", {"2024-01-09": 12.0}, {"2024-01-09": moment})
        assert ~np.isnan(as_known(rows, "VIXCLS", deciding(session))[0]) == known


def test_of_several_vintages_the_newest_that_was_known() -> None:
    first = observations("FEDFUNDS", {"2024-01-01": 5.0, "2024-02-01": 5.1})
    revised = observations(
        "FEDFUNDS", {"2024-01-01": 6.0, "2024-02-01": 6.1}, dict.fromkeys(["2024-01-01", "2024-02-01"], "2024-03-20")
    )
    late = observations("FEDFUNDS", {"2024-01-01": 7.0}, {"2024-01-01": "2024-03-22"})
    rows = pd.concat([late, revised, first])
    sessions = days("2024-02-05", "2024-03-05", "2024-03-19", "2024-03-20", "2024-03-25")
    # A revision of January, when February is known, changes nothing.
    np.testing.assert_array_equal(as_known(rows, "FEDFUNDS", deciding(sessions)), [5.0, 5.1, 5.1, 6.1, 6.1])


def test_a_series_that_has_stopped_is_not_carried_forward_for_ever() -> None:
    rows = observations("VIXCLS", {"2024-01-10": 12.0})
    sessions = pd.Series(pd.bdate_range("2024-01-11", "2024-02-29"))
    known = sessions[~np.isnan(as_known(rows, "VIXCLS", deciding(sessions)))]
    assert (known.iloc[-1] - pd.Timestamp("2024-01-10")).days == RELEASES["VIXCLS"].max_age
    assert len(known) == 8


def test_other_series_and_an_empty_table_give_nothing() -> None:
    rows = observations("DGS2", {"2024-01-10": 4.0})
    assert np.isnan(as_known(rows, "DGS10", deciding(days("2024-01-15")))).all()
    assert np.isnan(as_known(rows.head(0), "DGS2", deciding(days("2024-01-15")))).all()
    assert len(as_known(rows, "DGS2", deciding(days()))) == 0


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(0, 120), st.floats(1, 100)), max_size=25, unique_by=lambda row: (row[0], row[1])
    )
)
def test_no_session_knows_a_later_print(rows: list[tuple[int, int, float]]) -> None:
    """Against a search through all rows, whatever the order in which they became known."""
    start = pd.Timestamp("2024-01-01")
    frame = pd.DataFrame(
        {
            "series": "DGS2",
            "observed_on": pd.to_datetime([start + pd.Timedelta(days=day) for day, _, _ in rows]),
            "available_at": pd.to_datetime([start + pd.Timedelta(hours=12 * late + 7) for _, late, _ in rows], utc=True),
            "value": [value for _, _, value in rows],
            "vintage": pd.NaT,
        }
    )
    frame = conform(frame, FRED_OBSERVATIONS)
    sessions = pd.Series(pd.bdate_range("2024-01-01", periods=40))
    found = as_known(frame, "DGS2", deciding(sessions))
    for date, moment, value in zip(sessions, decision_times(sessions, ZL.decision), found, strict=True):
        known = [r for r in frame.itertuples() if r.available_at < moment]
        newest = max(known, key=lambda r: (r.observed_on, r.available_at), default=None)
        fresh = newest is not None and (date - newest.observed_on).days <= RELEASES["DGS2"].max_age
        assert value == newest.value if newest is not None and fresh else np.isnan(value)
    # What comes later changes nothing.
    before = frame[frame["available_at"] < decision_times(sessions, ZL.decision)[20]]
    np.testing.assert_array_equal(as_known(before, "DGS2", deciding(sessions))[:21], found[:21])
