"""The morning page's sentences, and the page: right words where something is missing, and nothing that is executed."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from zl_assets.briefing import changes, words
from zl_assets.briefing.facts import Facts, Kept, Move, Outlook, Reading, Said, Trouble, year_of
from zl_assets.briefing.page import markdown, page_html, plain
from zl_assets.briefing.picture import made_of, year_svg
from zl_assets.instruments.mes import INSTRUMENT as MES
from zl_assets_tests.support.colours import contrast
from zl_assets_tests.support.contracts import MONTH, ZL

DAYS = pd.bdate_range("2024-11-18", periods=252).as_unit("ns")
NEWEST, TARGET, WEEK = DAYS[-1], pd.Timestamp("2025-12-05"), DAYS[-6]
CLOSES = pd.Series(np.linspace(40.0, 60.0, 252), index=DAYS).where(lambda s: s.index != NEWEST, 50.0)


def facts(**changed: object) -> Facts:
    """A page of round numbers: 50 cents, a contract of 30,000 dollars."""
    now = Said(NEWEST, TARGET, 45.0, 56.0)
    before = Said(WEEK, TARGET - pd.Timedelta(days=7), 46.0, 56.0)
    made = Facts(
        instrument=ZL,
        horizon=MONTH,
        session=NEWEST,
        close=50.0,
        moves=(Move(1, 0.0123, 0.92), Move(5, -0.02, 0.5), Move(21, 0.1, None)),
        adjusted=True,
        year=year_of(CLOSES),
        outlook=Outlook(now, before, 0.05, 2.5, 0.1, "0123456789abcdef"),
        kept=Kept(12, 9, 2500, 0.801, 0.027, pd.Timestamp("2016-01-04")),
        regime="trump_term",
        readings=(),
        troubles=(),
        closes=CLOSES,
    )
    return replace(made, **changed)  # type: ignore[arg-type]


def page(given: Facts) -> dict[str, str]:
    return {line.label: line.text for line in words.lines(given)}


def test_the_numbers_are_where_they_are_read_first() -> None:
    said = page(facts())
    assert list(said) == [
        "Close",
        "Moved",
        "In its year",
        "A month ahead",
        "Such ranges held",
        "Size of the move",
        "Regime",
        "What is wrong",
    ]
    assert said["Close"] == "50.00 cents (US cents per pound)."
    assert said["Moved"] == (
        "Since the session before +1.2 %: larger than 92 % of days, large. Over 5 sessions -2.0 %: larger than 50 % of such "
        "moves, usual. Over 21 sessions +10.0 %. Compared with the five years before, whatever the direction."
    )
    # By hand: 45 cents of 60,000 lb are 27,000 dollars, and 50 are 30,000; 11 wide after 10.
    assert said["A month ahead"] == (
        "On 2025-12-05 between 45.00 and 56.00 cents: a range that is meant to hold four times of five. A contract (60,000 lb): "
        "27,000 to 33,600 dollars, that is -3,000 to +3,600 from this close. That is 10 % wider than the one of "
        f"{WEEK:%Y-%m-%d}, 46.00 to 56.00 for 2025-11-28; this close is inside it."
    )
    assert said["Such ranges held"] == (
        "9 of 12 recorded ones whose day has come; too few to say anything. Computed afterwards for each session since 2016: "
        "80.1 % of 2,500, where 80 % are meant (standard error 2.7 points)."
    )
    assert said["Size of the move"] == (
        "5.0 % either way (2.50 cents, 1,500 dollars a contract): larger than on 10 % of earlier days (small)."
    )
    assert said["What is wrong"] == "Nothing: every check is green."


def test_next_to_nothing_has_no_minus() -> None:
    assert (words.percent(-0.0004), words.percent(-0.0006), words.percent(0.0004)) == ("+0.0 %", "-0.1 %", "+0.0 %")


def test_another_instrument_has_its_own_unit_and_contract() -> None:
    said = page(facts(instrument=MES, close=6000.0, outlook=replace(facts().outlook, now=Said(NEWEST, TARGET, 5800, 6200))))
    assert said["Close"].startswith("6,000.00 ")
    # Five dollars a point.
    assert "29,000 to 31,000 dollars, that is -1,000 to +1,000 from this close" in said["A month ahead"]


def test_what_is_not_there_is_said_and_not_left_blank() -> None:
    empty = Kept(0, 0, 0, 0.0, 0.0, None)
    said = page(facts(outlook=None, kept=empty, moves=(), adjusted=False, regime=None))
    assert (
        said["A month ahead"]
        == "Nothing was recorded of this session; what is wrong below, or the newest entry of forecast_record, says why."
    )
    assert said["Such ranges held"] == "None of those recorded has come yet."
    assert said["Size of the move"] == "Not known of this session."
    assert said["Moved"] == "There is one session only."
    assert said["Regime"] == "none on this date."
    assert page(facts(adjusted=False))["Moved"].endswith("so changes of contract are in these.")
    first = facts(outlook=replace(facts().outlook, before=None))
    assert "wider" not in page(first)["A month ahead"]
    flat = facts(outlook=replace(facts().outlook, before=Said(WEEK, TARGET, 50.0, 50.0)))
    assert "wider" not in page(flat)["A month ahead"]


@pytest.mark.parametrize(("share", "word"), [(0.0, "small"), (0.2, "usual"), (0.79, "usual"), (0.8, "large"), (0.95, "rare")])
def test_one_word_says_how_usual_a_size_is(share: float, word: str) -> None:
    assert words.how_usual(share) == word


def test_a_range_that_was_recorded_afterwards_is_not_told_as_one_of_its_day() -> None:
    outlook = facts().outlook
    assert outlook is not None
    assert outlook.before is not None
    said = page(facts(outlook=replace(outlook, before=replace(outlook.before, afterwards=True))))["A month ahead"]
    assert f"the one of {WEEK:%Y-%m-%d}, recorded afterwards, 46.00" in said
    assert said.count("afterwards") == 1
    late = page(facts(outlook=replace(outlook, now=replace(outlook.now, afterwards=True))))["A month ahead"]
    assert "four times of five, recorded afterwards." in late


@pytest.mark.parametrize(("share", "words"), [(0.0, "0 %"), (0.0004, "1 %"), (0.415, "42 %"), (0.996, "99 %"), (1.0, "100 %")])
def test_all_and_none_are_said_of_all_and_none_alone(share: float, words: str) -> None:
    assert f"larger than {words} of days" in page(facts(moves=(Move(1, 0.01, share),)))["Moved"]


def test_families_say_since_when_their_value_is_known_and_how_usual_it_is() -> None:
    known = pd.Timestamp("2025-11-04 13:00", tz="UTC")
    readings = (
        Reading("volatility", "vix", "newest close of the VIX", "points", 18.25, 0.5, known),
        Reading("volatility", "vix_z_63d", "VIX against its last 63 sessions", "", None, None, known),
        Reading("pivots", "p", "pivot", "cents", 50.1, None, None),
    )
    said = page(facts(readings=readings))
    assert said["Volatility"] == (
        "newest close of the VIX: 18.25 points, above 50 % of the last five years; its sources known up to 2025-11-04 13:00 UTC. "
        "VIX against its last 63 sessions: no value."
    )
    assert said["Pivots"] == "pivot: 50.1 cents."


def test_what_is_wrong_says_what_to_do_and_errors_are_marked() -> None:
    wrong = (Trouble(True, "zl_ohlcv: newest_session", "3 sessions late.", "Load newer bars."), Trouble(False, "b", "c", "d"))
    [error, warning] = words.lines(facts(troubles=wrong))[-2:]
    assert (error.label, error.tone) == ("What is wrong", "bad")
    assert error.text == "zl_ohlcv: newest_session: 3 sessions late. To do: Load newer bars."
    assert (warning.label, warning.tone) == ("", "doubtful")


def test_invented_prices_are_in_the_title() -> None:
    assert words.title(facts(), "SYNTHETIC sample, invented: ").startswith("SYNTHETIC sample, invented: ZL, soybean oil: ")
    assert words.title(facts(), "").endswith(f"{NEWEST:%A} {NEWEST.day} {NEWEST:%B %Y}")


def test_the_short_form_has_the_price_first_and_what_is_wrong_last() -> None:
    assert words.in_short(facts(), "") == (
        f"ZL {NEWEST:%a %Y-%m-%d}: 50.00 cents. +1.2 % in a day (large), -2.0 % in a week (usual), +10.0 % in a month. "
        f"50 % of its year's range, 40.00 to {CLOSES.iloc[-2]:,.2f}. 80 % range on 2025-12-05: 45.00 to 56.00; such ranges held "
        "80 %. Expected move 5.0 % either way (small). Nothing is wrong."
    )
    wrong = (Trouble(True, "zl_ohlcv: newest_session", "", ""), Trouble(False, "b", "", ""), Trouble(False, "c", "", ""))
    said = words.in_short(facts(troubles=wrong, outlook=None, moves=()), "SYNTHETIC sample, invented: ")
    assert said.startswith("SYNTHETIC sample, invented. ZL ")
    assert "No session before it. " in said
    assert said.endswith("No range was recorded of this session. WRONG: 1 error and 2 warnings, first zl_ohlcv: newest_session.")


def test_the_small_print_names_the_prices_their_newest_day_and_the_model() -> None:
    assert words.source(facts(), "own bars: zl.csv") == (
        f"Prices: own bars: zl.csv, to {NEWEST:%Y-%m-%d}. The range is by the model 0123456789abcdef."
    )
    late = Outlook(Said(NEWEST, TARGET, 45.0, 56.0, afterwards=True), None, 0.05, 2.5, 0.1, "0123")
    assert words.source(facts(outlook=late), "x").endswith("The range is by the model 0123, recorded afterwards.")
    assert words.source(facts(outlook=None), "x") == f"Prices: x, to {NEWEST:%Y-%m-%d}."


EVIL = "<script>alert(1)</script> [x](javascript:alert(1)) & `\"'"


def test_names_and_descriptions_with_html_are_text_and_nothing_is_executed() -> None:
    given = facts(
        instrument=replace(ZL, name=EVIL),
        readings=(Reading("volatility", "vix", EVIL, EVIL, 1.0, None, None),),
        troubles=(Trouble(True, EVIL, EVIL, EVIL),),
    )
    title = words.title(given, "")
    made = page_html(title, words.lines(given), year_svg(given), words.source(given, EVIL), (EVIL,))
    assert "<script" not in made
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in made
    assert "default-src &#39;none&#39;" in made or "default-src 'none'" in made
    shown = markdown(title, words.lines(given))
    assert "<script" not in shown
    assert "[x](" not in shown
    assert EVIL in plain(title, words.lines(given))


def test_the_page_needs_no_network_and_is_the_same_for_the_same_facts() -> None:
    made = [page_html("t", words.lines(facts()), year_svg(facts()), "s", ("f",)) for _ in range(2)]
    assert made[0] == made[1]
    outside = [part for part in made[0].split('"') if part.startswith(("http:", "https:", "//"))]
    # Names of XML's and SVG's own, which nothing fetches.
    assert all("w3.org" in part for part in outside)
    assert "<img" not in made[0]
    assert "@import" not in made[0]


def test_the_picture_is_in_the_pages_colours_which_stand_out_on_a_light_and_on_a_dark_one() -> None:
    svg = year_svg(facts())
    # Each piece of words says its colour, or it would be black on either page.
    texts = re.findall(r'<g id="text_\d+">\s*(?:<!--.*?-->\s*)?<g([^>]*)>', svg)
    assert len(texts) > 12
    for attributes in texts:
        assert re.search(r"fill: var\(--(ink|quiet|line), #[0-9a-f]{6}\)", attributes), attributes
    # Nothing else has a colour of its own, but what is not there.
    own = set(re.findall(r"(?:fill|stroke): (#[0-9a-f]{6})(?![^\"]*opacity: 0[;\"])", svg))
    assert own == set()
    page = page_html("t", (), svg, "s", ())
    light, dark = (dict(re.findall(r"--(\w+): (#[0-9a-f]{3,6})", block)) for block in re.findall(r":root \{([^}]*)\}", page))
    assert light.keys() == dark.keys()
    for colours in (light, dark):
        assert all(contrast(colours[name], colours["paper"]) >= 4.5 for name in ("ink", "quiet", "line", "bad", "doubt"))


def kept(**changed: object) -> changes.Kept:
    return replace(changes.Kept("2025-11-04", 50.0, ("a: x",), "hash", "bars"), **changed)  # type: ignore[arg-type]


def test_what_changed_since_the_briefing_before() -> None:
    assert changes.changes(kept(), None) == ("This is the first briefing here.",)
    assert changes.changes(kept(), kept()) == ("No session has come: it was of 2025-11-04 as well.",)
    assert changes.changes(kept(), kept(close=51.0))[1] == "Its close was 51.00 then: the source has revised it."
    said = changes.changes(kept(red=("b: y",)), kept(session="2025-11-03", close=49.0))
    assert said == (
        "The one before was of 2025-11-03, at 49.00.",
        "Green again: a: x.",
        "Not green since then: b: y.",
    )


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"session": 1, "close": "x", "width": null, "red": []}', "<html>"])
def test_a_damaged_record_of_the_one_before_is_none(text: str) -> None:
    assert changes.Kept.read(text) is None
    assert changes.Kept.read(changes.Kept.of(facts(), "bars").text) == changes.Kept.of(facts(), "bars")


def test_a_picture_is_drawn_anew_where_a_number_of_it_is_another_and_only_there() -> None:
    same = made_of(facts())
    assert made_of(facts(regime="other", troubles=(Trouble(True, "a", "b", "c"),))) == same
    outlook = facts().outlook
    assert outlook is not None
    others = [
        facts(closes=CLOSES + 0.01),
        facts(close=50.01),
        facts(outlook=None),
        facts(outlook=replace(outlook, now=replace(outlook.now, low=44.0))),
        facts(instrument=MES),
    ]
    assert len({same, *(made_of(other) for other in others)}) == 1 + len(others)


def test_a_page_that_is_made_twice_says_the_second_time_what_has_changed_too() -> None:
    yesterday, today = kept(session="2025-11-03", close=49.0), kept()
    changed = changes.changes(today, yesterday)
    assert changed == ("The one before was of 2025-11-03, at 49.00.",)
    stored = changes.Kept.read(replace(today, said=changed).text)
    assert changes.changes(today, stored) == changed
    assert changes.changes(kept(red=()), stored)[-1] == "Green again: a: x."


def test_a_page_of_other_prices_is_not_compared_with_this_one() -> None:
    [said] = changes.changes(kept(), kept(prices="synthetic", close=20.0, red=("a: x",)))
    assert said == "The one before was of other prices: synthetic."
