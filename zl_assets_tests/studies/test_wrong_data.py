"""The study of wrong data can still be run: a case without its files, or whose files are right, shows nothing."""

import json
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from zl_assets.domain.rules.offenders import PRICES
from zl_assets_tests.studies.wrong_data import page
from zl_assets_tests.studies.wrong_data.case import Kind, Outcome
from zl_assets_tests.studies.wrong_data.cases import CASES, dates, market, units
from zl_assets_tests.studies.wrong_data.feeds import dbn_bytes, market_bars, right_bars, right_series
from zl_assets_tests.studies.wrong_data.run import Left, Result, fed, same_bars
from zl_assets_tests.support.fixtures import MakeProduct

BY_NAME = {case.name: case for case in CASES}
# Quick ones to make: every kind, and every way to write files.
MADE = (
    "dollars-filled",
    "zc-as-zl-empty",
    "day-early-filled",
    "hole-29-empty",
    "csv-quote-100-filled",
    "delta-log-filled",
    "dbn-ends-inside-a-day-filled",
    "half-in-a-sub-folder-empty",
    "vix-day-early",
    "spread-sign",
    "databento-ns-fixed",
    "barchart",
    "roll-gap-60",
    "three-more-sessions",
)


def test_no_two_cases_share_a_name() -> None:
    assert len(BY_NAME) == len(CASES)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.SOUND])
def test_every_kind_has_the_issues_own_instance_and_others(kind: Kind) -> None:
    own = [case.own for case in CASES if case.kind is kind]
    assert any(own)
    assert not all(own)


def test_no_wrong_data_may_pass_quietly() -> None:
    assert [case.name for case in CASES if Outcome.QUIET in case.must or not case.must] == []


def test_what_is_loaded_right_can_be_held_against_right_bars() -> None:
    assert [case.name for case in CASES if Outcome.LOADED in case.must and case.right is None] == []


@pytest.mark.parametrize("name", MADE)
def test_a_case_makes_the_files_that_its_settings_name(name: str, tmp_path: Path) -> None:
    case = BY_NAME[name]
    given = case.make(tmp_path)
    places = [Path(given[setting]) for setting in ("bars", "fred") if setting in given]
    assert places
    assert all(place.exists() and tmp_path in (place, *place.parents) for place in places)


def test_a_factor_is_on_every_price_and_on_the_rows_that_it_says() -> None:
    right, wrong = right_bars(), units.since("2019-01-02", 10)(right_bars())
    ratio = (wrong[list(PRICES)] / right[list(PRICES)]).round(6)
    assert (ratio[right["date"] < "2019-01-02"] == 1).all(axis=None)
    assert (ratio[right["date"] >= "2019-01-02"] == 10).all(axis=None)


def test_bars_of_summer_alone_are_a_day_early_where_london_s_midnight_is_taken() -> None:
    right = right_bars()
    moved = right["date"] - dates.utc_date_of_midnight_in("Europe/London")(right)["date"]
    assert set(moved.groupby(right["date"].dt.month).max().loc[[1, 2, 12]]) == {pd.Timedelta(0)}
    assert set(moved.groupby(right["date"].dt.month).min().loc[[5, 6, 7, 8, 9]]) == {pd.Timedelta(days=1)}


def test_ratio_adjusted_bars_keep_every_return_but_those_of_rolls() -> None:
    right, wrong = right_bars(), market.ratio_adjusted(right_bars())
    same = right["instrument_id"].eq(right["instrument_id"].shift())
    off = (wrong["close"].pct_change() - right["close"].pct_change()).abs()
    assert off[same].max() < 0.001
    assert off[~same].max() > 0.01


def test_the_invented_series_agree_with_each_other() -> None:
    series = right_series()
    assert (series["DGS10"] - series["DGS2"] - series["T10Y2Y"]).abs().max() < 0.005
    assert (series["DGS2"].dropna() > 0).all()


def test_another_market_has_its_own_level_with_and_without_the_licensed_data(monkeypatch: pytest.MonkeyPatch) -> None:
    here = market_bars("ZC", 490.0, 0.25)
    monkeypatch.setattr("zl_assets_tests.studies.wrong_data.feeds.real", lambda name: None)
    for bars in (here, market_bars("ZC", 490.0, 0.25)):
        assert 300 < bars["close"].median() < 700
        assert (bars[["open", "close"]].ge(bars["low"], axis=0) & bars[["open", "close"]].le(bars["high"], axis=0)).all(axis=None)


def test_half_a_day_of_hours_gives_another_bar_than_the_day() -> None:
    pytest.importorskip("databento_dbn", reason="the optional extra 'dbn' is not installed")
    bars = right_bars().tail(3)
    assert len(dbn_bytes(bars, hours=True)) - len(dbn_bytes(bars, hours=True, drop=1)) == 56


def _result(outcome: Outcome, **changes: object) -> Result:
    nothing: dict[str, object] = {
        "success": False,
        "message": "",
        "says": True,
        "written": {},
        "red": [],
        "warned": [],
        "csv": False,
        "model": False,
        "after": [],
        "seconds": 1.0,
    }
    return Result(outcome, **(nothing | changes))  # type: ignore[arg-type]


def test_a_refusal_without_its_cause_or_that_is_not_mended_is_not_right() -> None:
    case = BY_NAME["dollars-filled"]
    assert _result(Outcome.REFUSED).is_right(case)
    assert not _result(Outcome.REFUSED, says=False).is_right(case)
    assert not _result(Outcome.REFUSED, after=["csv: None instead of 1"]).is_right(case)
    assert not _result(Outcome.QUIET).is_right(case)


def test_what_is_kept_makes_the_page() -> None:
    """`python -m zl_assets_tests.studies.wrong_data --page` writes it anew."""
    assert page.PAGE.read_text() == page.page(page.read())


def test_what_is_kept_is_of_cases_that_are_there() -> None:
    kept = json.loads(page.KEPT.read_text())
    assert {name for when in kept.values() for name in when["results"]} <= BY_NAME.keys()


def test_a_run_that_is_refused_is_told_and_mended(refreshed_product: MakeProduct, tmp_path: Path) -> None:
    """A quote that is never closed: nothing is written, and the right file afterwards leaves everything as it was."""
    product, case = refreshed_product(), BY_NAME["csv-quote-open"]
    before = Left.by(product)
    found, left = fed(case, product, case.make(tmp_path), before, before.values)
    assert (found.outcome, found.after, found.written, found.csv, found.model) == (Outcome.REFUSED, [], {}, False, False)
    assert left.is_same(before)


def test_bars_that_differ_in_one_value_are_not_the_right_ones() -> None:
    right = right_bars()
    assert same_bars(right.iloc[::-1], right)
    assert not same_bars(right.head(-1), right)
    assert not same_bars(right.assign(close=right["close"].where(right.index != 7, 0.01)), right)
    assert not same_bars(right.assign(instrument_id=right["instrument_id"].where(right.index != 7)), right)


def test_a_row_that_is_written_anew_is_seen_although_its_values_are_the_same() -> None:
    before, after = (Left({"t": Counter(rows)}, {"t": "2 rows"}) for rows in ([1, 2], [1, 3]))
    assert not after.is_same(before)
    assert after.written_since(before) == {"t": 1}
    assert before.written_since(before) == {}
