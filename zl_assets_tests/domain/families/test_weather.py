"""The weather family: the worked values, a second computation by pandas, its NULL rules, and what each session knew."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zl_assets.domain.families.chart import Panel, Panels
from zl_assets.domain.families.weather import FAMILY, show
from zl_assets.domain.releases import decision_times
from zl_assets.domain.rules.families import coverage, in_range, prefix_invariant, release_times
from zl_assets.domain.stations import NETWORKS, REGIONS, STATIONS
from zl_assets.model.report.charts import chart_made_of
from zl_assets.warehouse.shape import empty_frame
from zl_assets.warehouse.verdict import Verdict
from zl_assets_tests.support.builders import decided
from zl_assets_tests.support.cases import assert_as_declared, assert_prefix_invariant, sessions_on
from zl_assets_tests.support.contracts import ZL
from zl_assets_tests.support.weather import CONTRACT, made_up, real_weather

US = ("USC00131533", "USC00138296", "USC00115079", "USC00123418", "USC00210075", "USC00253175")
BR = ("A901", "A702", "A839", "A835")
AR = ("87548099999", "87453099999", "87467099999", "87371099999")


def on(*dates: str) -> pd.DataFrame:
    ones = [1.0] * len(dates)
    return sessions_on(list(dates), ones, ones, ones)


def computed(weather: pd.DataFrame, *dates: str) -> pd.DataFrame:
    """The family's columns, by date."""
    return FAMILY.compute(decided(on(*dates)), {"weather_daily": weather}).set_index(pd.DatetimeIndex(dates))


# --- the real files

WORKED = {
    "2012-07-16": (28.212857, 2.585729, 57.82, -1.373435, 408.1125, 0.496667, 21),
    "2016-02-10": (1.478214, 1.496325, 30.11, -0.148329, 2.315, 0, 23),
    "2019-06-03": (17.123393, -0.255557, 189.9675, 2.662190, 164.81, 0.0125, 5),
}
COLUMNS = ["us_tavg_7d", "us_tavg_z", "us_prcp_30d", "us_prcp_z", "us_gdd_30d", "us_hot_share_30d", "us_dry_days_30d"]


def test_worked_values_to_their_printed_digits() -> None:
    frame = computed(real_weather().frame, *WORKED)
    for date, expected in WORKED.items():
        assert frame.loc[date, COLUMNS].astype(float).round(6).tolist() == pytest.approx(expected, abs=5e-7), date


def test_rain_of_a_drought_and_of_a_flood_is_far_from_its_season() -> None:
    # The 30 days to 31 July, which are known a week later.
    frame = computed(real_weather().frame, "2012-08-07", "2015-08-07", "2019-08-07")
    assert frame["us_prcp_z"].round(2).tolist() == [-2.56, 2.87, -0.46]


def test_short_series_have_levels_and_no_score() -> None:
    # Brazil's files begin in 2021, and Argentina's in 2019: ten earlier years are nowhere.
    dates = [f"{day:%Y-%m-%d}" for day in pd.bdate_range("2019-01-01", "2025-11-14", freq="W-WED")]
    frame = computed(real_weather().frame, *dates)
    for region in ("br", "ar"):
        assert frame[f"{region}_tavg_7d"].notna().sum() > 150
        assert frame[[f"{region}_tavg_z", f"{region}_prcp_z"]].isna().all(axis=None)
    # On a day in four no rain was reported in Argentina, which is no dry day: a month of 27 days with rain is the exception.
    assert frame["ar_prcp_30d"].notna().sum() / frame["ar_tavg_7d"].notna().sum() < 0.5
    # Des Moines alone, from 2022 on, is 30 % of the Midwest.
    assert frame.loc["2020-07-15":, [column for column in frame if column.startswith("us_")]].isna().all(axis=None)


# --- formulas


def test_family_equals_a_second_computation_by_pandas() -> None:
    weather = made_up("2000-01-01", "2012-12-31", *US)
    dates = ["2011-03-01", "2012-03-07", "2012-08-15", "2012-12-31"]
    frame = computed(weather, *dates)
    state = {
        "USC00131533": "IA",
        "USC00138296": "IA",
        "USC00115079": "IL",
        "USC00123418": "IN",
        "USC00210075": "MN",
        "USC00253175": "NE",
    }
    weights = pd.Series({"IA": 0.30, "IL": 0.25, "IN": 0.15, "MN": 0.15, "NE": 0.15})
    days = pd.date_range("1999-12-01", "2012-12-31")

    def region(of_station: pd.Series) -> pd.Series:
        by_state = of_station.groupby([weather["observed_on"], weather["station"].map(state)]).mean().unstack().reindex(days)
        shares = by_state.notna() * weights
        return ((by_state * weights).sum(axis=1) / shares.sum(axis=1)).where(shares.sum(axis=1) >= 0.6 - 1e-9)

    heat, rain = region((weather["tmax_c"] + weather["tmin_c"]) / 2), region(weather["prcp_mm"])
    grown = region((weather["tmax_c"].clip(10, 30) + weather["tmin_c"].clip(10, 30)) / 2 - 10)
    values = {
        "us_tavg_7d": heat.rolling(7, min_periods=6).mean(),
        "us_prcp_30d": 30 * rain.rolling(30, min_periods=27).mean(),
        "us_dry_days_30d": 30 * rain.lt(1).astype(float).where(rain.notna()).rolling(30, min_periods=27).mean(),
        "us_gdd_30d": 30 * grown.rolling(30, min_periods=27).mean(),
        "us_hot_share_30d": region(weather["tmax_c"].ge(32.2).astype(float)).rolling(30, min_periods=27).mean(),
    }
    for date in dates:
        newest = pd.Timestamp(date) - pd.Timedelta(days=7)
        for name, series in values.items():
            assert frame.loc[date, name] == pytest.approx(series[newest], abs=1e-9), (name, date)
        for name in ("us_tavg", "us_prcp"):
            series = values[f"{name}_7d" if name == "us_tavg" else f"{name}_30d"]
            seasons = [
                series[
                    newest - pd.DateOffset(years=back) + pd.Timedelta(days=-15) : newest
                    - pd.DateOffset(years=back)
                    + pd.Timedelta(days=15)
                ]
                for back in range(1, newest.year - 1999)
            ]
            usual = pd.concat([season for season in seasons if season.count() >= 25])
            years = sum(season.count() >= 25 for season in seasons)
            expected = (series[newest] - usual.mean()) / usual.std() if years >= 10 else np.nan
            assert frame.loc[date, f"{name}_z"] == pytest.approx(expected, abs=1e-9, nan_ok=True), (name, date)
    assert frame["us_tavg_z"].notna().tolist() == [True, True, True, True]


def without(weather: pd.DataFrame, station: str, start: str, end: str) -> pd.DataFrame:
    return weather[~(weather["station"].eq(station) & weather["observed_on"].between(start, end))]


def every_day(*stations: str) -> pd.DataFrame:
    """Days without a hole."""
    days = pd.date_range("2012-01-01", "2012-12-31").as_unit("ns")
    rows = [
        pd.DataFrame({"station": station, "observed_on": days, "tmax_c": 20.0, "tmin_c": 10.0, "prcp_mm": 2.0})
        for station in stations
    ]
    weather = pd.concat(rows, ignore_index=True)
    network = weather["station"].map(lambda station: STATIONS[station].network)
    available = weather["observed_on"] + pd.to_timedelta(network.map(lambda of: of.lag), unit="D") + pd.Timedelta(hours=12)
    return weather.assign(source=network.map(lambda of: of.name), available_at=available.dt.tz_localize("UTC"), vintage=pd.NaT)


def test_too_few_days_or_too_little_weight_is_null() -> None:
    weather = every_day(*BR)
    levels = ["br_tavg_7d", "br_prcp_30d", "br_dry_days_30d"]
    # The newest day is 3 days before the session.
    assert computed(weather, "2012-07-16").iloc[0][levels].tolist() == pytest.approx([15.0, 60.0, 0.0])
    # Mato Grosso is half of Brazil's weight: a day without it is not known.
    one, three, four = (without(weather, "A901", "2012-07-02", f"2012-07-{last:02d}") for last in (2, 4, 5))
    assert computed(one, "2012-07-10").iloc[0]["br_tavg_7d"] == pytest.approx(15.0)
    assert np.isnan(computed(three, "2012-07-10").iloc[0]["br_tavg_7d"])
    assert computed(three, "2012-07-20").iloc[0]["br_prcp_30d"] == pytest.approx(60.0)
    assert np.isnan(computed(four, "2012-07-20").iloc[0]["br_prcp_30d"])
    # Without Parana 88 % is left.
    assert computed(without(weather, "A835", "2012-01-01", "2012-12-31"), "2012-07-10").iloc[0]["br_tavg_7d"] == pytest.approx(
        15.0
    )


def test_a_source_that_stopped_has_no_value() -> None:
    weather = every_day(*BR)
    stopped = weather[weather["observed_on"] <= "2012-07-10"]
    frame = computed(stopped, "2012-07-13", "2012-07-14", "2012-07-16", "2012-12-03")
    assert frame["br_tavg_7d"].notna().tolist() == [True, True, False, False]
    assert frame["br_prcp_30d"].notna().tolist() == [True, True, True, False]


def test_a_quick_network_waits_for_the_slow_one_of_its_region() -> None:
    # Des Moines is known after 3 days and the others after 7: the newest day of the region is the one that all have.
    weather = every_day(*US, "72546014933")
    days = weather["observed_on"].dt.dayofyear
    weather = weather.assign(tmax_c=20.0 + days / 10, tmin_c=10.0 + days / 10)
    newest = pd.Timestamp("2012-07-09").dayofyear
    week = 15.0 + (newest - 3) / 10
    assert computed(weather, "2012-07-16").iloc[0]["us_tavg_7d"] == pytest.approx(week)
    # Once the others have been silent for a month and their lag, it is no longer waited for them: and alone it is too light.
    silent = weather[weather["station"].eq("72546014933") | (weather["observed_on"] <= "2012-06-01")]
    assert np.isnan(computed(silent, "2012-07-16").iloc[0]["us_tavg_7d"])


def test_a_day_that_becomes_known_at_the_decision_itself_is_not_known() -> None:
    weather = every_day(*BR)
    days = weather["observed_on"].dt.dayofyear
    weather = weather.assign(tmax_c=20.0 + days / 10, tmin_c=10.0 + days / 10)
    noon = pd.Timestamp("2012-07-16 12:00", tz="UTC")
    for decided_at, newest in ((noon, "2012-07-12"), (noon + pd.Timedelta(seconds=1), "2012-07-13")):
        rows = FAMILY.compute(on("2012-07-16").assign(decided_at=decided_at), {"weather_daily": weather})
        assert rows["br_tavg_7d"].iloc[0] == pytest.approx(15.0 + (pd.Timestamp(newest).dayofyear - 3) / 10)


# --- point in time


@pytest.mark.parametrize("network", list(NETWORKS))
def test_a_later_release_changes_what_a_session_knew(network: str) -> None:
    if network in ("Open-Meteo", "NASA POWER"):
        stations: tuple[str, ...] = tuple(f"{network} {state.name}" for state in REGIONS[0].states)
    else:
        stations = {"GHCN-Daily": US, "GSOD": AR, "INMET": BR}[network]
    region = STATIONS[stations[0]].region.name
    weather = made_up("2012-01-01", "2012-12-31", *stations)
    names = [f"{region}_tavg_7d", f"{region}_prcp_30d"]
    lag = NETWORKS[network].lag
    before = computed(weather, "2012-08-15")[names]
    # To the minute: 18:20 UTC is the decision. What comes then is not known.
    decision = decision_times(pd.Series([pd.Timestamp("2012-08-15")]), ZL.decision)[0]
    newest = weather["observed_on"] == pd.Timestamp("2012-08-15") - pd.Timedelta(days=lag)
    for moment, same in ((decision - pd.Timedelta(minutes=1), True), (decision, False)):
        shifted = weather.assign(available_at=weather["available_at"].mask(newest, moment))
        assert computed(shifted, "2012-08-15")[names].equals(before) is same
    # A week later, all of it.
    late = weather.assign(available_at=weather["available_at"] + pd.Timedelta(days=7))
    assert not computed(late, "2012-08-15")[names].equals(before)


def test_no_session_sees_a_later_vintage() -> None:
    weather = real_weather().frame
    later = weather[weather["available_at"].eq(pd.Timestamp("2020-07-01", tz="UTC"))]
    assert len(later) == 58
    first = weather.drop(later.index)
    # Both downloads say something of the summer of 2018, and only the older one was known: then, and a year later of its season.
    days = pd.bdate_range("2018-07-10", "2018-10-31").append(pd.bdate_range("2019-07-03", "2019-10-02", freq="W-WED"))
    dates = [f"{day:%Y-%m-%d}" for day in days]
    pd.testing.assert_frame_equal(computed(weather, *dates), computed(first, *dates), check_exact=True)
    newest = weather.drop_duplicates(["station", "observed_on"], keep="last")
    seen_early = newest.assign(available_at=newest["observed_on"].dt.tz_localize("UTC") + pd.Timedelta(days=7, hours=12))
    early, whole = computed(seen_early, *dates), computed(weather, *dates)
    for year in ("2018", "2019"):
        assert not early.loc[year, "us_tavg_z"].equals(whole.loc[year, "us_tavg_z"])
        assert not early.loc[year, "us_prcp_z"].equals(whole.loc[year, "us_prcp_z"])


def test_a_revision_changes_the_season_of_later_sessions_only() -> None:
    weather = made_up("2000-01-01", "2012-12-31", *US)
    old = weather[weather["observed_on"].between("2005-07-20", "2005-08-10")]
    known = pd.Timestamp("2012-08-10", tz="UTC")
    again = old.assign(tmax_c=old["tmax_c"] + 9, available_at=known, vintage=pd.Timestamp("2012-08-09"))
    revised = pd.concat([weather.assign(vintage=again["vintage"].iloc[0]), again])
    before, after = computed(weather, "2012-08-09", "2012-08-10"), computed(revised, "2012-08-09", "2012-08-10")
    assert before.loc["2012-08-09"].equals(after.loc["2012-08-09"])
    assert before.loc["2012-08-10", "us_tavg_z"] != after.loc["2012-08-10", "us_tavg_z"]
    assert before.loc["2012-08-10", "us_tavg_7d"] == after.loc["2012-08-10", "us_tavg_7d"]


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 10_000))
def test_whatever_comes_late_or_is_revised_each_session_has_what_it_knew(seed: int) -> None:
    random = np.random.default_rng(seed)
    weather = made_up("2010-06-01", "2012-09-30", *US, *BR, seed=seed)
    # One day in ten comes up to forty days late, and one in ten is revised up to three times.
    delays = pd.to_timedelta(np.where(random.random(len(weather)) < 0.1, random.integers(0, 40 * 24, len(weather)), 0), unit="h")
    weather = weather.assign(available_at=weather["available_at"] + delays)
    again = weather.sample(frac=0.1, random_state=seed, replace=True)
    shift = pd.to_timedelta(random.integers(1, 90 * 24, len(again)), unit="h")
    revised = again.assign(
        available_at=again["available_at"] + shift,
        tmax_c=again["tmax_c"].mask(random.random(len(again)) < 0.2) + 5,
        prcp_mm=again["prcp_mm"] + 20 * random.random(len(again)),
    )
    every = pd.concat([weather, revised]).drop_duplicates(["station", "observed_on", "available_at"])
    # In any order of rows.
    every = every.sample(frac=1, random_state=seed, ignore_index=True)
    dates = [f"{day:%Y-%m-%d}" for day in pd.bdate_range("2012-06-01", "2012-09-28", freq="9B")]
    whole = computed(every, *dates)
    assert whole["us_tavg_7d"].notna().any()
    for date in dates:
        known = every[every["available_at"] < decision_times(pd.Series([pd.Timestamp(date)]), ZL.decision)[0]]
        # No more than one value of each day, as a careful person would have it on that day.
        newest = known.sort_values("available_at", kind="stable").drop_duplicates(["station", "observed_on"], keep="last")
        pd.testing.assert_frame_equal(computed(newest, date), whole.loc[[date]], check_exact=True)


@pytest.mark.parametrize("cut", [1, 10, 63])
def test_prefix_invariant(cut: int) -> None:
    weather = made_up("2000-01-01", "2012-12-31", *US, *BR, *AR)
    dates = [f"{day:%Y-%m-%d}" for day in pd.bdate_range("2012-03-01", periods=80)]
    assert_prefix_invariant(FAMILY, on(*dates), {"weather_daily": weather}, cut)


def test_every_gate_of_a_family_holds_on_the_real_files() -> None:
    sources = {"weather_daily": real_weather().frame}
    dates = [f"{day:%Y-%m-%d}" for day in pd.bdate_range("2010-06-07", "2020-12-31", freq="W-WED")]
    sessions = on(*dates)
    assert_as_declared(FAMILY, sessions, sources)
    for gate in (prefix_invariant, release_times):
        assert gate(FAMILY, sessions, sources, ZL).passed
    columns = FAMILY.compute(decided(sessions), sources)
    assert in_range(FAMILY)(sessions[["data_date", "symbol"]].join(columns)).passed


def test_coverage_is_judged_where_the_files_are_and_a_lost_station_is_seen() -> None:
    weather = real_weather().frame
    dates = [f"{day:%Y-%m-%d}" for day in pd.bdate_range("2010-06-07", "2025-11-14", freq="W-WED")]
    sessions = on(*dates)

    def verdict(rows: pd.DataFrame) -> Verdict:
        values = sessions[["data_date", "symbol"]].join(FAMILY.compute(decided(sessions), {"weather_daily": rows}))
        return coverage(FAMILY, values, {"weather_daily": weather}, ZL)

    found = verdict(weather)
    assert found.passed, str(found)
    # Files of five years make no season, and nothing is held against a column for it.
    assert "cover no session of br_tavg_z, br_prcp_z, ar_tavg_z, ar_prcp_z, which is not judged" in found.explanation
    # A year in which no station of the Midwest reported rain.
    dry = weather["source"].eq("GHCN-Daily") & weather["observed_on"].dt.year.eq(2015)
    lost = verdict(weather.assign(prcp_mm=weather["prcp_mm"].mask(dry)))
    assert set(lost.offenders["column"]) == {"us_prcp_30d", "us_prcp_z", "us_dry_days_30d"}


def test_no_source_is_no_value() -> None:
    frame = computed(empty_frame(CONTRACT), "2012-07-16")
    assert frame.isna().all(axis=None)
    assert frame.shape == (1, 17)


# --- the picture


def shown(weather: pd.DataFrame, date: str) -> Panels | str:
    return show(decided(on(date)), {"weather_daily": weather})


def panels(weather: pd.DataFrame, date: str) -> list[Panel]:
    """Heat and rain of each region, in the table's order."""
    chart = shown(weather, date)
    assert isinstance(chart, Panels)
    assert (chart.columns, len(chart.panels)) == (2, 6)
    return list(chart.panels)


def made_of(weather: pd.DataFrame, date: str) -> str:
    chart = shown(weather, date)
    assert isinstance(chart, Panels)
    return chart_made_of(chart, ZL, synthetic=False)


def test_the_season_on_the_picture_is_the_one_that_was_worked() -> None:
    heat, rain, *south = panels(real_weather().frame, "2012-07-16")
    day = pd.Timestamp("2012-07-09")
    for panel, value, m, s in ((heat, 28.212857, 23.114882, 1.971581), (rain, 57.82, 112.509491, 39.819503)):
        assert panel.lines["this season"][day] == pytest.approx(value, abs=5e-7)
        assert panel.lines["mean of earlier years"][day] == pytest.approx(m, abs=5e-7)
        for width in (1, 2):
            band = panel.bands[f"within {width} sd of the mean"].loc[day]
            assert (band["high"] - m) / width == pytest.approx(s, abs=1e-6)
            assert (m - band["low"]) / width == pytest.approx(s, abs=1e-6)
        assert panel.marks["newest value"].to_dict() == {day: panel.lines["this season"][day]}
        # From the year's first day, and nothing after the newest that was known; the usual course goes on.
        assert (panel.days[0], panel.days[-1]) == (pd.Timestamp("2012-01-01"), pd.Timestamp("2012-12-31"))
        assert panel.lines["this season"].last_valid_index() == day
        assert panel.lines["mean of earlier years"].notna().all()
    assert heat.words == "2012-07-09: 28.2 deg C, z +2.59 of 13 earlier years; known 2012-07-16 12:00 UTC"
    assert rain.words == "2012-07-09: 57.8 mm, z -1.37 of 13 earlier years; known 2012-07-16 12:00 UTC"
    # Rain is never below nothing.
    assert rain.bands["within 2 sd of the mean"]["low"].min() == 0.0
    assert [panel.words for panel in south] == ["no value: no day of its stations is known"] * 4
    assert all(panel.empty for panel in south)


@pytest.mark.parametrize("date", ["2016-02-10", "2020-06-01", "2023-01-10", "2025-04-30"])
def test_the_picture_has_what_the_table_has_and_says_where_that_is_nothing(date: str) -> None:
    weather = real_weather().frame
    row = computed(weather, date).iloc[0]
    names = [f"{region}_{name}" for region in ("us", "br", "ar") for name in ("tavg_7d", "prcp_30d")]
    for name, panel in zip(names, panels(weather, date), strict=True):
        newest, score = panel.marks["newest value"], row[f"{name.rpartition('_')[0]}_z"]
        assert newest.tolist() == ([] if np.isnan(row[name]) else [row[name]]), name
        assert panel.words.startswith("no value: ") is bool(np.isnan(row[name])), name
        if np.isnan(row[name]):
            continue
        [day] = newest.index
        usual, band = panel.lines["mean of earlier years"][day], panel.bands["within 1 sd of the mean"].loc[day]
        assert (newest[day] - usual) / (band["high"] - usual) == pytest.approx(score, abs=1e-9, nan_ok=True), name
        assert ("no z: " in panel.words) is bool(np.isnan(score)), name


def test_a_region_without_a_value_is_said_with_the_reason() -> None:
    weather = real_weather().frame
    words = {date: [panel.words for panel in panels(weather, date)] for date in ("2020-06-01", "2023-01-10", "2025-11-14")}
    assert words["2020-06-01"][4:] == [
        "2020-05-29: 12.9 deg C, no z: 1 of 10 earlier years; known 2020-06-01 12:00 UTC",
        "no value: fewer than 27 of the 30 days to 2020-05-29 are known",
    ]
    assert words["2023-01-10"][0] == "no value: fewer than 6 of the 7 days to 2023-01-07 are known"
    assert words["2025-11-14"] == [
        f"no value: the last day that is known is {day}" for day in ("2024-06-19", "2025-04-30", "2024-06-18") for _ in range(2)
    ]
    # The usual course of a region that has stopped is there, and no course of this season.
    heat = panels(weather, "2025-11-14")[0]
    assert heat.lines["this season"].isna().all()
    assert heat.lines["mean of earlier years"].notna().all()
    nothing = shown(empty_frame(CONTRACT), "2012-07-16")
    assert isinstance(nothing, str)
    assert "2012-07-16 nothing is known" in nothing
    assert "Brazil: rain of 30 days: no value" in nothing


def test_a_season_has_the_regions_summer_in_its_middle() -> None:
    weather = real_weather().frame
    for date, first in (("2023-01-10", "2022-07-01"), ("2022-07-13", "2022-07-01"), ("2022-07-01", "2021-07-01")):
        # Of the newest day, which is the third before: on 1 July it is of the season that has ended.
        brazil = panels(weather, date)[2]
        assert brazil.days[0] == pd.Timestamp(first)
        assert len(brazil.days) == 365


def test_values_that_never_differ_have_no_season() -> None:
    # By weights of changing sums the mean of equal numbers is a last bit off, and a last bit by another is a score.
    same = made_up("2000-01-01", "2012-08-31", *US).assign(tmax_c=20.0, tmin_c=10.0)
    dates = [f"{day:%Y-%m-%d}" for day in pd.bdate_range("2012-03-01", "2012-08-31")]
    assert computed(same, *dates)["us_tavg_z"].isna().all()
    heat, rain = panels(same, "2012-07-16")[:2]
    assert "no z: all earlier years are alike" in heat.words
    assert heat.lines["mean of earlier years"].isna().all()
    assert "of 12 earlier years" in rain.words


@pytest.mark.parametrize("date", ["2018-10-10", "2023-01-10"])
def test_nothing_that_came_later_is_on_the_picture(date: str) -> None:
    weather = real_weather().frame
    known = weather["available_at"] < decision_times(pd.Series([pd.Timestamp(date)]), ZL.decision)[0]
    assert not known.all()
    spoilt = weather.assign(**{name: weather[name].where(known, 49.0) for name in ("tmax_c", "tmin_c", "prcp_mm")})
    drawn = made_of(weather, date)
    for other in (weather[known], spoilt.sample(frac=1, random_state=1)):
        assert made_of(other, date) == drawn
    # What it did know is.
    was = weather["observed_on"].between(pd.Timestamp(date) - pd.Timedelta(days=10), pd.Timestamp(date) - pd.Timedelta(days=7))
    assert made_of(weather.assign(tmax_c=weather["tmax_c"].mask(was, 21.0)), date) != drawn


def test_a_revision_is_on_the_picture_once_it_is_known_and_its_time_is_said() -> None:
    weather = made_up("2011-06-01", "2012-12-31", *US)
    decision = decision_times(pd.Series([pd.Timestamp("2012-07-16")]), ZL.decision)[0]
    old = weather[weather["observed_on"].eq("2012-07-05")]
    drawn = made_of(weather, "2012-07-16")
    for moment, same in ((decision, True), (decision - pd.Timedelta(minutes=5), False)):
        revised = pd.concat([weather, old.assign(tmax_c=old["tmax_c"] + 9, available_at=moment)])
        assert (made_of(revised, "2012-07-16") == drawn) is same
    assert "known 2012-07-16 18:15 UTC" in panels(revised, "2012-07-16")[0].words


# --- the table of stations


def test_every_state_weighs_something_and_every_station_stands_for_one() -> None:
    names = [state.name for region in REGIONS for state in region.states]
    assert len(set(names)) == len(names) == 13
    assert [round(sum(state.weight for state in region.states), 3) for region in REGIONS] == [1.0, 0.7, 0.8]
    assert {station.state for station in STATIONS.values()} == set(names)
    assert [network.lag for network in NETWORKS.values()] == [7, 3, 3, 6, 7]
    # A file's place is near one station of its network at most.
    for one in STATIONS.values():
        near = [
            other.id
            for other in STATIONS.values()
            if other.network == one.network
            and abs(other.latitude - one.latitude) <= 2 * one.network.radius
            and abs(other.longitude - one.longitude) <= 2 * one.network.radius
        ]
        assert near == [one.id]
