"""A file that is not its series as FRED delivers it: on other days, at another frequency, in another unit, with rows lost."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zl_assets.domain.releases import DAILY, RELEASES, SPREAD, closed_days
from zl_assets.domain.rules import deliveries
from zl_assets.domain.rules.deliveries import delivery_faults
from zl_assets_tests.conftest import shared_data
from zl_assets_tests.support.rows import predicates_of
from zl_assets_tests.support.series import delivered

ALL = tuple(RELEASES)
DAILY_SERIES = tuple(name for name in ALL if RELEASES[name].frequency is DAILY)

type Change = Callable[[pd.DataFrame], pd.DataFrame]


def real(series: str) -> pd.DataFrame:
    """A real file, read by pandas alone."""
    rows = pd.read_csv(shared_data(f"fred/{series}.csv"), parse_dates=["observation_date"]).dropna()
    return rows.set_axis(["observed_on", "value"], axis=1).assign(series=series)


def red(rows: pd.DataFrame) -> dict[str, str]:
    return {verdict.name: str(verdict) for verdict in delivery_faults(rows)}


def moved(rows: pd.DataFrame, days: int, *, last: int = 0, without_weekends: bool = False) -> pd.DataFrame:
    """The rows, or the last of them, with their dates moved; then once a date."""
    dates = rows["observed_on"].where(
        np.arange(len(rows)) < (len(rows) - last) * (last > 0), rows["observed_on"] + pd.Timedelta(days=days)
    )
    out = rows.assign(observed_on=dates).drop_duplicates("observed_on", keep="last")
    return out[out["observed_on"].dt.dayofweek < 5] if without_weekends else out


def on_days(rows: pd.DataFrame, days: pd.DatetimeIndex) -> pd.DataFrame:
    """The values on these days: the newest up to each."""
    values = rows.set_index("observed_on")["value"].reindex(days, method="ffill").dropna()
    return pd.DataFrame({"series": rows["series"].iloc[0], "observed_on": values.index, "value": values.to_numpy()})


def every(rule: str) -> Change:
    """FRED's aggregation to a lower frequency: the period's last value on the period's date."""

    def change(rows: pd.DataFrame) -> pd.DataFrame:
        values = rows.set_index("observed_on")["value"].resample(rule).last().dropna()
        return pd.DataFrame({"series": rows["series"].iloc[0], "observed_on": values.index, "value": values.to_numpy()})

    return change


def filled_in(rows: pd.DataFrame, days: pd.DatetimeIndex) -> pd.DataFrame:
    """The rows, and these days with the value before."""
    return on_days(rows, rows.set_index("observed_on").index.union(days[days > rows["observed_on"].iloc[0]]))


def holidays(rows: pd.DataFrame) -> pd.DatetimeIndex:
    days = closed_days(str(rows["series"].iloc[0]))
    return days[(days > rows["observed_on"].iloc[0]) & (days < rows["observed_on"].iloc[-1]) & (days.dayofweek < 5)]


# --- sound files


@pytest.mark.parametrize("series", ALL)
def test_sound_files_are_not_refused(series: str) -> None:
    assert red(delivered(series)) == {}
    assert red(real(series)) == {}


@pytest.mark.parametrize("series", ALL)
def test_a_vintage_or_an_increment_of_a_few_rows_is_not_refused(series: str) -> None:
    rows = real(series)
    for length in (1, 2, 4, 60):
        for start in range(0, len(rows) - length, len(rows) // 4):
            assert red(rows.iloc[start : start + length]) == {}, f"{length} rows from {start}"


@pytest.mark.parametrize("series", ALL)
def test_copies_of_rows_and_any_order_change_nothing(series: str) -> None:
    rows = delivered(series)
    assert red(pd.concat([rows, rows.head(5)]).sample(frac=1.0, random_state=1)) == {}


# --- days


@pytest.mark.parametrize("series", DAILY_SERIES)
@pytest.mark.parametrize(
    ("days", "last", "said"),
    [(-1, 0, "a day early"), (1, 0, "a day late"), (-2, 0, "2 days early"), (2, 0, "2 days late"), (-1, 40, "a day early")],
)
def test_dates_that_are_off_by_days_are_refused_and_called_so(series: str, days: int, last: int, said: str) -> None:
    assert said in red(moved(real(series), days, last=last))["on_observation_days"]


@pytest.mark.parametrize("series", DAILY_SERIES)
@pytest.mark.parametrize(
    ("days", "last", "said"),
    [(-1, 0, "a day early"), (1, 0, "a day late"), (-2, 0, ""), (2, 0, ""), (1, 40, "a day late")],
)
def test_dates_that_are_off_by_days_are_refused_without_the_weekends_rows_too(
    series: str, days: int, last: int, said: str
) -> None:
    found = red(moved(real(series), days, last=last, without_weekends=True))
    # Three days a week are left of two days early or late, which may look weekly where a holiday is among them.
    assert said in (found["weekdays_there"] if said else next(iter(found.values())))


@pytest.mark.parametrize("series", DAILY_SERIES)
@pytest.mark.parametrize("weeks", [-52, -1, 2])
def test_dates_that_are_off_by_weeks_are_refused_by_the_holidays(series: str, weeks: int) -> None:
    for rows in (real(series), delivered(series)):
        assert "early or late by days or weeks" in red(moved(rows, 7 * weeks))["closed_days_empty"]


@settings(max_examples=15, deadline=None)
@given(st.sampled_from(DAILY_SERIES), st.integers(-30, 30).filter(bool), st.integers(0, 250), st.integers(500, 750))
def test_no_shift_of_two_years_passes(series: str, days: int, start: int, length: int) -> None:
    rows = delivered(series).iloc[start : start + length]
    assert red(rows) == {}
    assert red(moved(rows, days)) != {}
    assert red(moved(rows, days, without_weekends=True)) != {}


@pytest.mark.parametrize("series", DAILY_SERIES)
def test_values_that_slipped_by_a_row_are_refused_where_empty_cells_slipped_too(series: str) -> None:
    raw = pd.read_csv(shared_data(f"fred/{series}.csv"), parse_dates=["observation_date"]).set_axis(
        ["observed_on", "value"], axis=1
    )
    assert "closed_days_empty" in red(raw.assign(value=raw["value"].shift(-1), series=series).dropna())


@pytest.mark.parametrize("series", DAILY_SERIES)
def test_days_that_were_filled_in_are_refused(series: str) -> None:
    rows = real(series)
    calendar = pd.date_range(rows["observed_on"].iloc[0], rows["observed_on"].iloc[-1])
    assert "every calendar day was filled in" in red(on_days(rows, calendar))["on_observation_days"]
    assert "the value before was filled in" in red(filled_in(rows, holidays(rows)))["closed_days_empty"]
    # One is enough where it repeats the value before; another value is left to an exchange that opens on a holiday.
    one = filled_in(rows, holidays(rows)[3:4])
    assert "the value before was filled in" in red(one)["closed_days_empty"]
    new = one["observed_on"].eq(holidays(rows)[3])
    assert red(one.assign(value=one["value"].where(~new, one["value"] + 3 * RELEASES[series].quoted))) == {}


@pytest.mark.parametrize("series", DAILY_SERIES)
@pytest.mark.parametrize("day", ["2019-03-09", "2019-03-10"])
def test_one_row_on_a_weekend_is_named_with_its_row(series: str, day: str) -> None:
    rows = delivered(series)
    extra = rows.iloc[[7]].assign(observed_on=pd.Timestamp(day)).rename(index=lambda _: 7001)
    [verdict] = delivery_faults(pd.concat([rows, extra]))
    assert verdict.name == "on_observation_days"
    assert verdict.offenders.index.tolist() == [7001]
    assert verdict.offenders["weekday"].tolist() == [pd.Timestamp(day).day_name()]


@pytest.mark.parametrize("days", [-1, 1, 14, 30])
def test_a_month_that_is_not_dated_by_its_first_day_is_refused(days: int) -> None:
    assert "the first of a month only" in red(moved(real("FEDFUNDS"), days))["on_observation_days"]


# --- frequency


@pytest.mark.parametrize("series", ["VIXCLS", "T10Y2Y", "DTWEXBGS"])
@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("W-FRI", "weekly"),
        ("W-WED", "weekly"),
        ("W-SUN", "weekly"),
        ("2W-FRI", "biweekly"),
        ("MS", "monthly"),
        ("ME", "monthly"),
        ("QS", "quarterly"),
        ("6MS", "semiannual"),
        ("YS", "annual"),
        ("2MS", "one every 61 days"),
    ],
)
def test_a_daily_series_at_a_lower_frequency_is_refused_by_its_name(series: str, rule: str, said: str) -> None:
    found = red(every(rule)(real(series)))
    assert list(found) == ["frequency_of_the_series"]
    assert f"{series} is daily" in found["frequency_of_the_series"]
    assert f"look {said}" in found["frequency_of_the_series"]
    assert "frequency Daily" in found["frequency_of_the_series"]


@pytest.mark.parametrize("series", ["DGS10", "DCOILWTICO"])
@pytest.mark.parametrize("rule", ["W-FRI", "MS", "QS"])
def test_a_file_that_changes_its_frequency_is_refused_with_the_dates(series: str, rule: str) -> None:
    rows = delivered(series)
    early, late = rows.iloc[:400], rows.iloc[400:]
    for parts in ((early, every(rule)(late)), (every(rule)(early), late)):
        found = red(pd.concat(parts, ignore_index=True))
        assert "frequency_of_the_series" in found
        sparse = parts[0] if len(parts[0]) < len(parts[1]) else parts[1]
        assert f"{sparse['observed_on'].iloc[-1]:%Y-%m}" in found["frequency_of_the_series"]


@pytest.mark.parametrize("rule", ["W-FRI", "MS", "QS"])
def test_two_rows_are_enough_to_see_another_frequency(rule: str) -> None:
    assert list(red(every(rule)(real("DGS2")).iloc[20:22])) == ["frequency_of_the_series"]


def test_the_monthly_series_at_another_frequency_is_refused_and_the_daily_rate_is_named() -> None:
    monthly = real("FEDFUNDS")
    first, last = monthly["observed_on"].iloc[0], monthly["observed_on"].iloc[-1]
    for days in (pd.date_range(first, last), pd.bdate_range(first, last)):
        assert "look daily" in red(on_days(monthly, days))["frequency_of_the_series"]
        assert "DFF" in red(on_days(monthly, days))["frequency_of_the_series"]
    for rule, said in (("W-WED", "weekly"), ("QS", "quarterly"), ("YS", "annual")):
        days = pd.date_range(first, last, freq=rule)
        assert f"FEDFUNDS is monthly. {len(days)} of" in red(on_days(monthly, days))["frequency_of_the_series"].replace(",", "")
        assert f"look {said}" in red(on_days(monthly, days))["frequency_of_the_series"]


@pytest.mark.parametrize("series", DAILY_SERIES)
@pytest.mark.parametrize("rule", ["W-FRI", "MS"])
def test_values_of_a_week_or_a_month_on_every_business_day_are_refused(series: str, rule: str) -> None:
    rows = delivered(series)
    assert "values_move" in red(on_days(every(rule)(rows), pd.DatetimeIndex(rows["observed_on"])))


@pytest.mark.parametrize("series", DAILY_SERIES)
def test_a_feed_that_repeats_its_last_value_is_refused(series: str) -> None:
    rows = delivered(series)
    assert "values_move" in red(rows.assign(value=rows["value"].where(np.arange(len(rows)) < len(rows) - 35).ffill()))


# --- lost rows


@pytest.mark.parametrize("series", ALL)
@pytest.mark.parametrize("length", [12])
def test_a_hole_is_refused_with_its_dates(series: str, length: int) -> None:
    rows = delivered(series, "2014-01-01")
    at = len(rows) // 2
    found = red(rows.drop(rows.index[at : at + length]))["no_hole"]
    assert f"after={rows['observed_on'].iloc[at - 1]:%Y-%m-%d}" in found
    assert f"observed_on={rows['observed_on'].iloc[at + length]:%Y-%m-%d}" in found


@pytest.mark.parametrize("series", DAILY_SERIES)
def test_rows_lost_here_and_there_are_refused(series: str) -> None:
    rows = real(series)
    kept = np.random.default_rng(5).random(len(rows)) > 0.06
    assert "business_days_there" in red(rows[kept])


# --- unit


@pytest.mark.parametrize("series", ALL)
@pytest.mark.parametrize(("factor", "last"), [(0.001, 0), (0.01, 0), (0.1, 45), (0.01, 45), (10, 0), (100, 0), (10, 45)])
def test_another_unit_is_refused(series: str, factor: float, last: int) -> None:
    rows = real(series)
    scaled = np.arange(len(rows)) >= (len(rows) - last) * (last > 0)
    found = red(rows.assign(value=rows["value"].where(~scaled, (rows["value"] * factor).round(8))))
    if factor < 1:
        assert f"divided by {round(1 / factor):,}" in found["decimals_as_quoted"]
    else:
        assert "multiplied by 10 or 100" in found["last_decimal_used"]


@pytest.mark.parametrize("series", ALL)
def test_another_currency_a_mean_or_another_sign_is_refused(series: str) -> None:
    rows = delivered(series)
    assert "decimals_as_quoted" in red(rows.assign(value=rows["value"] * 0.9137))
    assert "decimals_as_quoted" in red(rows.assign(value=rows["value"].rolling(5, min_periods=1).mean()))
    if series != SPREAD:
        assert "observations_in_range" in red(real(series).assign(value=-real(series)["value"]))


@pytest.mark.parametrize("series", ALL)
def test_rounded_values_are_refused(series: str) -> None:
    decimals = {0.01: 1, 0.0001: 3}[RELEASES[series].quoted]
    assert "last_decimal_used" in red(real(series).assign(value=real(series)["value"].round(decimals)))


def test_numbers_that_were_once_float32_are_not_refused() -> None:
    for series in ALL:
        assert red(real(series).assign(value=real(series)["value"].astype("float32").astype("float64"))) == {}, series


@pytest.mark.parametrize("series", [name for name in ALL if name != SPREAD])
def test_a_zero_for_a_missing_value_is_refused(series: str) -> None:
    rows = delivered(series)
    assert "no_zero_observation" in red(rows.assign(value=rows["value"].where(np.arange(len(rows)) != 9, 0.0)))


def test_every_predicate_has_a_test_here() -> None:
    assert predicates_of(deliveries) == {
        "frequency_of_the_series",
        "no_hole",
        "business_days_there",
        "weekdays_there",
        "closed_days_empty",
        "values_move",
        "last_decimal_used",
    }
