"""FRED's files: other dates, another frequency, other units, series that contradict each other."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from zl_assets_tests.studies.wrong_data.case import (
    SERIES_REFUSED,
    TOLD,
    Case,
    Kind,
    Make,
    Outcome,
    State,
)
from zl_assets_tests.studies.wrong_data.feeds import SeriesFrames, right_series, series_text, write_series

type Values = "pd.Series[float]"
type Change = Callable[[SeriesFrames], SeriesFrames]

FAMILIES = ("macro", "volatility")
SINCE = "2021-03-01"


def wrong(change: Change) -> Make:
    """A folder in which some series are changed."""

    def make(folder: Path) -> dict[str, Any]:
        return {"fred": str(write_series(folder, {name: series_text(name, v) for name, v in change(right_series()).items()}))}

    return make


def one(name: str, change: Callable[[Any], Any]) -> Make:
    """One series, changed."""
    return wrong(lambda series: {name: change(series[name])})


def text(name: str, edit: Callable[[str], str]) -> Make:
    """One file's text, edited."""

    def make(folder: Path) -> dict[str, Any]:
        return {"fred": str(write_series(folder, {name: edit(series_text(name, right_series()[name]))}))}

    return make


def moved(days: int, newest: int | None = None) -> Callable[[Any], Any]:
    """Observation dates moved by days; only the newest of them if so many are given."""

    def change(values: Any) -> Any:
        known = values.dropna()
        steps = np.full(len(known), days)
        if newest is not None:
            steps[:-newest] = 0
        dates = known.index + pd.to_timedelta(steps, unit="D")
        known = pd.Series(known.to_numpy(), index=dates)
        return known[~known.index.duplicated(keep="last")].sort_index()

    return change


def every(frequency: str) -> Callable[[Any], Any]:
    """Means of periods, dated as FRED dates them."""
    return lambda values: values.resample(frequency).mean().round(2)


def since(change: Callable[[Any], Any], first: str = SINCE) -> Callable[[Any], Any]:
    """The change from a date on."""
    return lambda values: values.where(values.index < first, change(values)).round(4)


def zeros(*dates: str) -> Callable[[Any], Any]:
    """0 on these dates."""
    return lambda values: values.where(~values.index.isin(pd.to_datetime(list(dates))), 0.0)


def _on_holidays_zero(values: Any) -> Any:
    return values.fillna(0.0)


def _every_day(values: Any) -> Any:
    return values.resample("D").ffill().ffill()


def _case(name: str, what: str, make: Make, must: tuple[Outcome, ...] = SERIES_REFUSED, own: bool = False) -> Case:
    return Case(name, Kind.SERIES, what, State.SERIES, make, must, own=own)


def _first_load(case: Case) -> Case:
    """The same where the table of the series is still empty: the other series are loaded."""

    def make(folder: Path) -> dict[str, Any]:
        return case.make(folder) | {"families": FAMILIES}

    return replace(
        case,
        name=f"{case.name}-first-load",
        state=State.FILLED,
        make=make,
        must=(Outcome.REFUSED, Outcome.TOLD_STILL, Outcome.RED),
    )


def _in_both(case: Case) -> tuple[Case, Case]:
    return case, _first_load(case)


CASES = (
    *_in_both(_case("vix-day-early", "VIXCLS a day early: Monday's value on a Sunday", one("VIXCLS", moved(-1)), own=True)),
    _case("vix-day-late", "VIXCLS a day late: Friday's value on a Saturday", one("VIXCLS", moved(1)), own=True),
    _case("dgs10-day-early", "DGS10 a day early", one("DGS10", moved(-1))),
    _case("oil-two-days-late", "DCOILWTICO two days late", one("DCOILWTICO", moved(2))),
    _case("vix-newest-5-early", "the newest 5 of VIXCLS a day early", one("VIXCLS", moved(-1, 5))),
    _case(
        "vix-one-on-a-sunday",
        "one value of VIXCLS on a Sunday",
        one("VIXCLS", lambda v: pd.concat([v, pd.Series([21.5], [pd.Timestamp("2023-06-11")])]).sort_index()),
    ),
    _case("vix-every-day", "VIXCLS filled forward over weekends", one("VIXCLS", _every_day)),
    _case(
        "vix-a-row-early", "VIXCLS under the business day before: it is seen early", one("VIXCLS", lambda v: v.shift(-1)), TOLD
    ),
    _case("dgs2-a-row-late", "DGS2 under the next business day", one("DGS2", lambda v: v.shift(1)), TOLD),
    *_in_both(_case("dgs10-monthly", "DGS10 monthly", one("DGS10", every("MS")), own=True)),
    _case("dgs2-weekly", "DGS2 weekly, on Fridays", one("DGS2", every("W-FRI"))),
    _case("vix-quarterly", "VIXCLS quarterly", one("VIXCLS", every("QS"))),
    _case("dollar-annual", "DTWEXBGS annual", one("DTWEXBGS", every("YS"))),
    _case(
        "oil-monthly-since-2021",
        "DCOILWTICO monthly from 2021 on",
        one("DCOILWTICO", lambda v: pd.concat([v[v.index < SINCE], every("MS")(v[v.index >= SINCE])])),
        TOLD,
    ),
    _case("funds-daily", "FEDFUNDS daily, as DFF has it", one("FEDFUNDS", _every_day)),
    *_in_both(
        _case("dgs2-zeros", "0 in DGS2 on three days", one("DGS2", zeros("2015-06-10", "2019-03-05", "2024-08-20")), own=True)
    ),
    _case("dgs2-zero-newest", "0 in DGS2 on the newest day", one("DGS2", zeros("2025-11-14"))),
    _case("dgs10-zeros", "0 in DGS10 on holidays, where it has no value", one("DGS10", _on_holidays_zero)),
    _case("vix-zeros", "0 in VIXCLS on holidays, where it has no value", one("VIXCLS", _on_holidays_zero)),
    *_in_both(
        _case("dgs10-fractions", "DGS10 in fractions, 0.0425 for 4.25", one("DGS10", lambda v: (v / 100).round(4)), own=True)
    ),
    _case("dgs2-fractions", "DGS2 in fractions", one("DGS2", lambda v: (v / 100).round(4))),
    _case("dgs10-fractions-since", f"DGS10 in fractions from {SINCE} on", one("DGS10", since(lambda v: v / 100))),
    _case("dgs10-fractions-newest-5", "the newest 5 of DGS10 in fractions", one("DGS10", since(lambda v: v / 100, "2025-11-10"))),
    _case("funds-fractions", "FEDFUNDS in fractions", one("FEDFUNDS", lambda v: (v / 100).round(4)), TOLD),
    _case("breakeven-fractions", "T10YIE in fractions", one("T10YIE", lambda v: (v / 100).round(4)), TOLD),
    *_in_both(
        _case(
            "yields-fractions",
            "DGS10, DGS2 and T10Y2Y in fractions: they agree with each other",
            wrong(lambda s: {n: (s[n] / 100).round(4) for n in ("DGS10", "DGS2", "T10Y2Y")}),
        )
    ),
    _case("dgs10-basis-points", "DGS10 in basis points", one("DGS10", lambda v: v * 100)),
    *_in_both(_case("spread-sign", "T10Y2Y as DGS2 less DGS10", one("T10Y2Y", lambda v: -v), own=True)),
    _case("spread-row-late", "T10Y2Y a business day late", one("T10Y2Y", lambda v: v.shift(1))),
    _case(
        "spread-one-day",
        "T10Y2Y wrong by one point on one day",
        one("T10Y2Y", lambda v: v.where(v.index != pd.Timestamp("2022-07-13"), v + 1)),
        # Which of the three is wrong nobody can tell: on a few dates they are loaded, and red.
        must=(*SERIES_REFUSED, Outcome.RED),
    ),
    _case("spread-since", f"T10Y2Y wrong by a quarter of a point from {SINCE} on", one("T10Y2Y", since(lambda v: v + 0.25))),
    _case(
        "spread-other",
        "T10Y2Y is the 10-year less the federal funds rate",
        wrong(lambda s: {"T10Y2Y": (s["DGS10"] - s["FEDFUNDS"].reindex(s["DGS10"].index, method="ffill")).round(2)}),
    ),
    _case("yields-swapped", "DGS2 and DGS10 under each other's name", wrong(lambda s: {"DGS10": s["DGS2"], "DGS2": s["DGS10"]})),
    _case("dgs10-is-another", "DGS10 0.4 higher, as DGS20 is", one("DGS10", lambda v: v + 0.4)),
    _case("dgs10-changes", "DGS10 as changes from day to day", one("DGS10", lambda v: v.diff().round(2))),
    _case("dollar-is-another", "DTWEXBGS 20 lower, as the narrow dollar index is", one("DTWEXBGS", lambda v: v - 20), TOLD),
    _case("oil-is-brent", "DCOILWTICO 5 higher, as Brent is", one("DCOILWTICO", lambda v: v + 5), TOLD),
    _case("vix-divided", "VIXCLS times 0.6 (another index)", one("VIXCLS", lambda v: (v * 0.6).round(2)), TOLD),
    _case("series-cut-in-a-line", "DGS10's file cut in a line", text("DGS10", lambda t: t[: int(0.7 * len(t))]), own=True),
    _case(
        "series-cut-at-a-line",
        "DGS2's file cut at a line's end, 1,000 lost",
        text("DGS2", lambda t: "".join(t.splitlines(keepends=True)[:-1000])),
        TOLD,
    ),
    _case("series-cut-in-a-value", "VIXCLS's file cut in its last value", text("VIXCLS", lambda t: t.rstrip("\n")[:-4]), TOLD),
    _case("series-oldest-missing", "DGS10 only from 2020 on", one("DGS10", lambda v: v[v.index >= "2020-01-01"]), TOLD),
    _case(
        "series-hole",
        "60 days of VIXCLS missing",
        one("VIXCLS", lambda v: v[(v.index < "2016-04-01") | (v.index > "2016-06-24")]),
        TOLD,
    ),
    _case(
        "series-html",
        "a web page in place of DGS2",
        text("DGS2", lambda t: "<!DOCTYPE html><html><body>Service unavailable</body></html>\n"),
    ),
    _case(
        "series-semicolons",
        "T10YIE with semicolons and decimal commas",
        text("T10YIE", lambda t: t.replace(".", "€").replace(",", ";").replace("€", ",")),
    ),
    _case("series-renamed", "DGS30's file under DGS10's name", text("DGS10", lambda t: t.replace("DGS10", "DGS30"))),
)
