"""The picture of a family's newest session: what the chart has is on it, and it says where the prices are invented."""

import io
import math
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.text import Annotation, Text
from PIL import Image

from zl_assets.contracts.columns import PRICE
from zl_assets.domain.families.chart import Chart, Note, Panel, Panels
from zl_assets.model.report import panels as drawing
from zl_assets.model.report.charts import chart_made_of, chart_picture, title_of
from zl_assets.model.report.panels import _LONGEST, _apart, _legible
from zl_assets.model.report.plots import BLUE, ORANGE, RED
from zl_assets_tests.support.contracts import ZL

TIMES = pd.date_range("2024-02-05 12:00", periods=30, freq="h", tz="UTC")
NONE = pd.Series([], index=TIMES[:0], dtype="float64")
CHART = Chart(
    title="a zone of 2024-02-06, state 1",
    label="close of each hour",
    line=pd.Series([100.0 + at % 7 for at in range(30)], index=TIMES),
    levels={"top": 107.0, "half": 103.0, "deep": 102.9, "bottom": 99.0},
    zone=("deep", "half"),
    since=TIMES[10],
    moments={"known at 04:00": TIMES[15]},
    marks={"low": NONE, "high": NONE, "entry": NONE, "trigger": pd.Series([104.0], index=TIMES[[18]])},
)


def colours(png: bytes) -> set[str]:
    with Image.open(io.BytesIO(png)) as image:
        assert image.mode == "P"
        found = image.convert("RGB").getcolors(1 << 16)
    return {f"#{red:02X}{green:02X}{blue:02X}" for _, (red, green, blue) in found or []}


def test_every_mark_is_drawn_in_the_sign_of_its_kind_whatever_kinds_are_empty() -> None:
    drawn = colours(chart_picture(CHART, ZL, synthetic=False))
    assert BLUE in drawn
    assert ORANGE not in drawn
    without = replace(CHART, marks=dict.fromkeys(CHART.marks, NONE))
    assert BLUE not in colours(chart_picture(without, ZL, synthetic=False))


def test_the_picture_is_small_light_and_marked_where_prices_are_invented() -> None:
    plain, invented = (chart_picture(CHART, ZL, synthetic=synthetic) for synthetic in (False, True))
    assert 5_000 < len(plain) < 40_000
    with Image.open(io.BytesIO(plain)) as image:
        assert image.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
    assert plain != invented
    assert title_of(CHART, ZL) == "Soybean oil: a zone of 2024-02-06, state 1"


@pytest.mark.parametrize(
    "other",
    [
        replace(CHART, line=CHART.line + 1),
        replace(CHART, levels=CHART.levels | {"top": 108.0}),
        replace(CHART, since=TIMES[11]),
        replace(CHART, moments={"known at 05:00": TIMES[16]}),
        replace(CHART, marks=CHART.marks | {"trigger": NONE}),
        replace(CHART, title="a zone of 2024-02-07, state 1"),
    ],
    ids=["line", "levels", "since", "moments", "marks", "title"],
)
def test_whatever_is_drawn_is_part_of_what_a_picture_is_known_by(other: Chart) -> None:
    same = replace(CHART, line=CHART.line.copy())
    assert chart_made_of(same, ZL, synthetic=False) == chart_made_of(CHART, ZL, synthetic=False)
    assert chart_made_of(other, ZL, synthetic=False) != chart_made_of(CHART, ZL, synthetic=False)
    assert chart_made_of(CHART, ZL, synthetic=True) != chart_made_of(CHART, ZL, synthetic=False)


# --- panels

DAYS = pd.date_range("2024-01-01", periods=60)
COURSE = pd.Series(np.arange(60.0), index=DAYS)
PANELS = Panels(
    title="courses of 2024-02-06",
    known_at=TIMES[18],
    panels=(
        Panel(
            title="Price",
            words="2024-02-05: 41.0; known 2024-02-05 12:00 UTC",
            unit=PRICE,
            lines={"price": COURSE.where(DAYS <= "2024-02-05"), "usual": COURSE + 3},
            bands={"wide": pd.DataFrame({"low": COURSE - 5, "high": COURSE + 5})},
            marks={"newest": COURSE.iloc[[35]], "none here": COURSE.iloc[:0]},
            notes=tuple(Note(DAYS[at], float(at), f"note of day {at}") for at in (30, 31, 31, 59)),
        ),
        Panel(
            title="Amounts",
            words="2024-02-05: 2",
            unit="documents",
            bars={"newest": pd.Series(np.where(DAYS < "2024-01-20", np.nan, np.arange(60.0) % 3), index=DAYS)},
            hole="not asked for",
            lowest=0.0,
        ),
        Panel(title="Brazil", words="no value: fewer than 10 earlier years", unit="mm", lines={"rain": COURSE * np.nan}),
    ),
)


def drawn(chart: Panels, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The figure, as it is on the picture."""
    made: list[Any] = []
    picture = drawing.picture

    def kept(draw: Any, **said: Any) -> bytes:
        def draw_and_keep(axes: Any) -> None:
            draw(axes)
            made.append(axes[0].figure)

        return picture(draw_and_keep, **said)

    monkeypatch.setattr(drawing, "picture", kept)
    chart_picture(chart, ZL, synthetic=False)
    return made[0]


def texts_of(figure: Any) -> list[Any]:
    return [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]


def test_panels_say_what_there_is_and_what_there_is_not_and_when_it_was_known(monkeypatch: pytest.MonkeyPatch) -> None:
    figure = drawn(PANELS, monkeypatch)
    texts = [text.get_text() for text in texts_of(figure)]
    for said in (
        "Soybean oil: courses of 2024-02-06",
        "Brazil",
        "no value: fewer than 10 earlier years",
        "2024-02-05: 41.0; known 2024-02-05 12:00 UTC",
        "US cents per pound",
        "documents",
        "not asked for",
    ):
        assert said in texts
    # The notes' numbers are on the picture, and their words beneath it.
    assert [note.get_text() for note in figure.findobj(Annotation)] == ["1", "2", "3", "4"]
    [beneath] = [text.splitlines() for text in texts if "note of day" in text]
    assert beneath[:4] == ["1  note of day 30", "2  note of day 31", "3  note of day 31", "4  note of day 59"]
    assert beneath[4].startswith("As known at the session's decision, 2024-02-06 06:00 UTC")
    # What explains the colours names each kind once, and none that is not there.
    [legend] = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["price", "usual", "newest", "wide", "not asked for"]
    # Bars begin at zero; a panel without a value has no axes.
    assert [axis.axison for axis in figure.axes] == [True, True, False]
    assert figure.axes[1].get_ylim()[0] == 0.0


def test_what_is_usual_of_days_to_come_makes_no_data_newer(monkeypatch: pytest.MonkeyPatch) -> None:
    course, amounts, empty = PANELS.panels
    assert (course.newest, amounts.newest, empty.newest) == (pd.Timestamp("2024-02-05"), DAYS[-1], None)
    figure = drawn(replace(PANELS, panels=(course, empty)), monkeypatch)
    assert "data to 2024-02-05" in [text.get_text() for text in texts_of(figure)]
    usual = replace(course, lines={"price": COURSE * np.nan, "usual": COURSE}, marks={})
    figure = drawn(replace(PANELS, panels=(usual, empty)), monkeypatch)
    assert "no data of late" in [text.get_text() for text in texts_of(figure)]


def test_lines_that_look_alike_are_named_by_their_panels_and_not_by_a_legend(monkeypatch: pytest.MonkeyPatch) -> None:
    course = PANELS.panels[0]
    other = replace(course, lines={"costs": COURSE, "usual": COURSE + 3})
    [legend] = drawn(replace(PANELS, panels=(course, other)), monkeypatch).legends
    assert [text.get_text() for text in legend.get_texts()] == ["usual", "newest", "wide"]


def test_words_above_a_panel_that_are_longer_than_it_is_wide_are_not_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    long = replace(PANELS.panels[0], words="release 660 of 2025-05-12, known 2025-05-12 16:00 UTC; " * 4)
    note = replace(PANELS.panels[0], notes=(Note(DAYS[3], 3.0, "what a title of a document may be, of any length; " * 9),))
    for columns in (1, 2):
        figure = drawn(replace(PANELS, panels=(long, note, long, *PANELS.panels[2:]), columns=columns), monkeypatch)
        assert figure.axes[0].get_position().width > 0.85 / columns - 0.05
        for text in texts_of(figure):
            assert Text.get_window_extent(text).x1 <= figure.bbox.x1 + 1, text.get_text()


def test_no_words_of_a_picture_lie_on_others_or_leave_it(monkeypatch: pytest.MonkeyPatch) -> None:
    figure = drawn(replace(PANELS, panels=PANELS.panels * 2, columns=2), monkeypatch)
    # Of a note its number, without the line to its point.
    boxes = [(text.get_text(), Text.get_window_extent(text)) for text in texts_of(figure)]
    assert len(boxes) > 40
    # Numbers go on from panel to panel.
    assert sorted(note.get_text() for note in figure.findobj(Annotation)) == list("12345678")
    for (one, box), (other, beside) in combinations(boxes, 2):
        across = min(box.x1, beside.x1) - max(box.x0, beside.x0)
        upright = min(box.y1, beside.y1) - max(box.y0, beside.y0)
        assert min(across, upright) < 1.5, (one, other)
    for said, box in boxes:
        assert box.x0 >= -1, said
        assert box.x1 <= figure.bbox.x1 + 1, said
        assert box.y0 >= -1, said


def test_marks_and_bars_of_one_kind_have_one_colour_and_days_without_a_bar_are_shaded(monkeypatch: pytest.MonkeyPatch) -> None:
    found = colours(chart_picture(PANELS, ZL, synthetic=False))
    assert RED in found
    assert BLUE not in found
    [shaded] = drawn(PANELS, monkeypatch).axes[1].patches
    first, last = (pd.Timestamp(edge, unit="D") for edge in (shaded.get_x(), shaded.get_x() + shaded.get_width()))
    assert (f"{first:%m-%d %H}", f"{last:%m-%d %H}") == ("12-31 12", "01-19 12")


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("Duties of $5 on $x^{ goods", "Duties of $5 on $x^{ goods"),
        ("Côte d\u2019Ivoire: \u201cTariffs\u201d", "Côte d\u2019Ivoire: \u201cTariffs\u201d"),
        ("soy \u5927\u8c46\n\ttariffs\x07\u200b", "soy ?? tariffs??"),
        ("x" * 1000, "x" * (_LONGEST - 3) + "..."),
        ("", ""),
    ],
)
def test_a_title_from_outside_is_one_line_of_letters_that_there_are(words: str, shown: str) -> None:
    assert _legible(words) == shown


@given(st.text(max_size=200))
def test_whatever_a_title_is_it_is_one_line_that_can_be_drawn(words: str) -> None:
    shown = _legible(words)
    assert len(shown) <= _LONGEST
    assert shown.isprintable()
    assert _legible(shown) == shown


def test_a_title_from_outside_is_no_formula_and_does_not_stop_the_picture() -> None:
    spoilt = replace(PANELS.panels[0], notes=(Note(DAYS[3], 3.0, "$x^{ and $\\frac$ \u5927"),), words="$x^{$", title="$\\frac$")
    # Warnings are errors here: a letter that is not there would be one.
    assert chart_picture(Panels("$\\frac$", TIMES[0], (spoilt,)), ZL, synthetic=False)


@pytest.mark.parametrize("synthetic", [False, True])
def test_the_picture_of_panels_is_small_and_light(synthetic: bool) -> None:
    png = chart_picture(PANELS, ZL, synthetic=synthetic)
    assert 10_000 < len(png) < 70_000
    with Image.open(io.BytesIO(png)) as image:
        assert image.convert("RGB").getpixel((0, image.height - 1)) == (255, 255, 255)
        assert (image.convert("RGB").getpixel((0, 0)) == (255, 255, 255)) is not synthetic


def changed(**said: Any) -> Panels:
    return replace(PANELS, panels=(replace(PANELS.panels[0], **said), *PANELS.panels[1:]))


@pytest.mark.parametrize(
    "other",
    [
        changed(title="Prices"),
        changed(words="2024-02-05: 41.1"),
        changed(unit="mm"),
        changed(lines=dict(PANELS.panels[0].lines) | {"usual": COURSE + 4}),
        changed(lines={"costs": COURSE, "usual": COURSE + 3}),
        changed(bands={"wide": pd.DataFrame({"low": COURSE - 5, "high": COURSE + 6})}),
        changed(marks={"newest": COURSE.iloc[[34]], "none here": COURSE.iloc[:0]}),
        changed(bars={"rain": COURSE}),
        changed(hole="unknown"),
        changed(lowest=0.0),
        changed(notes=PANELS.panels[0].notes[:1]),
        changed(notes=tuple(replace(note, words="another") for note in PANELS.panels[0].notes)),
        replace(PANELS, known_at=TIMES[19]),
        replace(PANELS, columns=2),
        replace(PANELS, title="courses of 2024-02-07"),
    ],
)
def test_whatever_panels_have_is_part_of_what_their_picture_is_known_by(other: Panels) -> None:
    same = changed(lines={name: line.copy() for name, line in PANELS.panels[0].lines.items()})
    assert chart_made_of(same, ZL, synthetic=False) == chart_made_of(PANELS, ZL, synthetic=False)
    assert chart_made_of(other, ZL, synthetic=False) != chart_made_of(PANELS, ZL, synthetic=False)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=12).map(sorted))
def test_numbers_of_notes_are_in_order_apart_and_within_the_panel(days: list[float]) -> None:
    places = _apart(np.array(days), 3.0, 100.0)
    assert (np.diff(places) >= 3.0 - 1e-9).all()
    assert places[-1] <= 100.0
    # What has room stays.
    if all(after - before >= 3.0 for before, after in zip(days, [*days[1:], math.inf], strict=True)) and days[-1] <= 97.0:
        assert places.tolist() == pytest.approx(days)
