"""The picture of a family's newest session: what the chart has is on it, and it says where the prices are invented."""

import io
from dataclasses import replace

import pandas as pd
import pytest
from PIL import Image

from zl_assets.domain.families.chart import Chart
from zl_assets.model.report.charts import chart_made_of, chart_picture, title_of
from zl_assets.model.report.plots import BLUE, ORANGE
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
