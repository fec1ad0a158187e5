"""What holds for every picture: bars from zero, nothing covered or cut, legible on any page, and the date of its data on it."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection
from matplotlib.container import BarContainer
from matplotlib.text import Text
from PIL import Image

from zl_assets.model.report import plots, style
from zl_assets.model.report.charts import chart_picture
from zl_assets.model.report.record_pictures import score_pictures
from zl_assets_tests.model.test_charts import CHART, PANELS
from zl_assets_tests.model.test_record_pictures import record_and_score
from zl_assets_tests.support.colours import contrast
from zl_assets_tests.support.contracts import MONTH, ZL

DAYS = pd.bdate_range("2022-01-03", periods=400)
LAST = DAYS[-1]
NAMES = ["fold 1", "fold 2", "holdout"]
RANDOM = np.random.default_rng(3)
RATIOS = pd.Series([0.93, 1.02, 1.1], index=NAMES)
REGIMES = [f"a regime of some length, {k}" for k in range(7)]


def matrix() -> pd.DataFrame:
    close = 50 + RANDOM.normal(size=400).cumsum()
    columns = {name: RANDOM.normal(size=400) for name in ("return_21d", "volatility_21d", "rsi_14")}
    regimes = np.repeat(REGIMES, 58)[:400]
    return pd.DataFrame({"data_date": DAYS, "market_data.close": close, "ma_63": close, "regime.name": regimes, **columns})


def fan() -> bytes:
    history = pd.DataFrame({"data_date": DAYS[-126:], "close": 50 + RANDOM.normal(size=126).cumsum()})
    newest = {"data_date": LAST, "close": history["close"].iloc[-1], "predicted_close": history["close"].iloc[-1] + 0.3}
    for level, half in ((50, 0.05), (80, 4.0), (95, 7.0)):
        for sign, end in ((-1, "low"), (1, "high")):
            newest[plots.end_column(end, level)] = newest["predicted_close"] + sign * half
    ahead = pd.bdate_range(LAST + pd.Timedelta(days=1), periods=21)
    return plots.forecast_fan(history, pd.DataFrame([newest | {"target_session": day} for day in ahead]), ZL)


def scored(which: int) -> bytes:
    return score_pictures(*record_and_score(300, late=100), ZL, MONTH)[which].png


def shares() -> pd.DataFrame:
    return pd.DataFrame(RANDOM.dirichlet(np.ones(9), size=5), columns=[f"input_{k}" for k in range(9)])


EFFECTS = pd.DataFrame(
    {"effect": [0.02, -0.01], "effect_low": [-0.01, -0.02], "effect_high": [0.05, 0.0], "smallest_effect": [0.017, 0.01]}
)
FORECASTS = pd.DataFrame({"data_date": DAYS, "target": RANDOM.normal(size=400), "predicted": RANDOM.normal(size=400)})
COVERAGE = {rule: pd.Series(RANDOM.uniform(0.7, 0.9, 400), index=DAYS) for rule in ("of record", "one width")}
LATE = record_and_score(300)[1]["came_on"].max()
PARTS = {"fold": RATIOS - 1, "regime": pd.Series(RANDOM.normal(size=7), index=REGIMES)}

# Each picture, and the newest session of what is drawn.
PICTURES: dict[str, tuple[Callable[[], bytes], pd.Timestamp]] = {
    "fold_errors": (lambda: plots.fold_errors(NAMES, [0.08, 0.07, 0.09], [0.07] * 3, [0.08] * 3, LAST), LAST),
    "oof_against_outcome": (lambda: plots.forecasts_and_outcomes(FORECASTS, LAST), LAST),
    "error_ratios": (lambda: plots.error_ratios({"fold": RATIOS, "year": RATIOS}, LAST), LAST),
    "importances": (lambda: plots.importances(shares(), shares(), LAST), LAST),
    "forecast_fan": (fan, LAST),
    "coverage_over_time": (lambda: plots.coverage_over_time(COVERAGE, 0.8, LAST), LAST),
    "placebo_skills": (lambda: plots.placebo_skills(0.3, RANDOM.normal(1, 0.1, 99), LAST), LAST),
    "comparison": (lambda: plots.comparison(NAMES, [1.1, 1.2, 1.3], [1.05, 1.1, 1.2], LAST), LAST),
    "family_effects": (lambda: plots.family_effects(["pivots", "volatility"], EFFECTS, LAST), LAST),
    "placebo_effects": (lambda: plots.placebo_effects("pivots", 0.02, RANDOM.normal(0, 0.01, 99), 0.017, LAST), LAST),
    "effects_by": (lambda: plots.effects_by("pivots", PARTS, LAST), LAST),
    "matrix": (lambda: plots.matrix_over_time(matrix(), ZL, synthetic=False), LAST),
    "said_and_came": (lambda: scored(0), LATE),
    "what_ranges_held": (lambda: scored(1), LATE),
    "hours": (lambda: chart_picture(CHART, ZL, synthetic=False), CHART.line.index[-1]),
    "panels": (lambda: chart_picture(PANELS, ZL, synthetic=False), pd.Timestamp("2024-02-29")),
}


@dataclass(frozen=True)
class Drawn:
    """A picture: its figure, its file, and the newest session of what it shows."""

    figure: Any
    png: bytes
    data_to: pd.Timestamp

    @property
    def words(self) -> list[Text]:
        """Those that are on it: a label of an axis beyond its ends is not."""
        sides = [side for one in self.figure.axes for side in (one.xaxis, one.yaxis)]
        ticks = {id(tick.label1): (side, tick) for side in sides for tick in side.get_major_ticks()}
        found = []
        for text in self.figure.findobj(Text):
            side, tick = ticks.get(id(text), (None, None))
            if side is not None:
                low, high = sorted(side.get_view_interval())
                if not low - 1e-9 <= tick.get_loc() <= high + 1e-9:
                    continue
            if text.get_visible() and text.get_text().strip():
                found.append(text)
        return found


@pytest.fixture(scope="module")
def drawn() -> Iterator[dict[str, Drawn]]:
    with pytest.MonkeyPatch.context() as patched:
        figures: list[Any] = []
        png = style._png

        def kept(canvas: Any, colours: int) -> bytes:
            figures.append(canvas.figure)
            return png(canvas, colours)

        patched.setattr(style, "_png", kept)
        made = {}
        for name, (draw, data_to) in PICTURES.items():
            content = draw()
            made[name] = Drawn(figures[-1], content, data_to)
        yield made


def test_a_bar_that_does_not_begin_at_zero_is_on_no_picture(drawn: dict[str, Drawn]) -> None:
    with_bars = set()
    for name, one in drawn.items():
        for axis in one.figure.axes:
            for bars in axis.containers:
                assert isinstance(bars, BarContainer)
                upright = bars.orientation == "vertical"
                begins = {bar.get_y() if upright else bar.get_x() for bar in bars}
                assert begins <= {0}, name
                low, high = axis.get_ylim() if upright else axis.get_xlim()
                assert low <= 0 <= high, name
                with_bars.add(name)
    assert with_bars == {"fold_errors", "error_ratios", "placebo_skills", "comparison", "placebo_effects", "effects_by"}
    # The bars of panels are strokes.
    amounts = drawn["panels"].figure.axes[1]
    [strokes] = amounts.findobj(LineCollection)
    assert {segment[0][1] for segment in strokes.get_segments()} == {0.0}
    assert amounts.get_ylim()[0] <= 0


@pytest.mark.parametrize("upright", [True, False])
def test_an_axis_that_cuts_its_bars_off_is_given_zero(upright: bool) -> None:
    shown: list[Any] = []

    def draw(axes: list[Any]) -> None:
        (axes[0].bar if upright else axes[0].barh)([0, 1], [0.9, 1.1])
        (axes[0].set_ylim if upright else axes[0].set_xlim)(0.8, 1.2)
        shown.append(axes[0])

    style.picture(draw, title="cut off", data_to=LAST)
    assert (shown[0].get_ylim() if upright else shown[0].get_xlim()) == (0, 1.2)


def test_what_explains_the_colours_lies_on_no_line(drawn: dict[str, Drawn]) -> None:
    explained = set()
    for name, one in drawn.items():
        boxes = [axis.get_tightbbox() for axis in one.figure.axes]
        assert all(axis.get_legend() is None for axis in one.figure.axes), name
        for legend in one.figure.legends:
            own = legend.get_window_extent()
            assert not any(own.overlaps(box) for box in boxes), name
            assert 0 <= own.x0 < own.x1 <= one.figure.bbox.x1, name
            explained.add(name)
    # Whose ends are named beside it.
    assert explained == set(drawn) - {"forecast_fan"}


def test_no_words_lie_on_others_or_are_cut_off(drawn: dict[str, Drawn]) -> None:
    for name, one in drawn.items():
        boxes = [(text.get_text(), Text.get_window_extent(text)) for text in one.words]
        for said, box in boxes:
            assert box.x0 >= -1, (name, said)
            assert box.y0 >= -1, (name, said)
            assert box.x1 <= one.figure.bbox.x1 + 1, (name, said)
            assert box.y1 <= one.figure.bbox.y1 + 1, (name, said)
        for (said, box), (other, beside) in combinations(boxes, 2):
            across = min(box.x1, beside.x1) - max(box.x0, beside.x0)
            upright = min(box.y1, beside.y1) - max(box.y0, beside.y0)
            assert min(across, upright) < 1.5, (name, said, other)


def test_the_corner_says_of_which_day_the_data_are(drawn: dict[str, Drawn]) -> None:
    for name, one in drawn.items():
        [corner] = [text for text in one.words if text.get_text() == f"data to {one.data_to:%Y-%m-%d}"]
        box, whole = corner.get_window_extent(), one.figure.bbox
        assert whole.x1 - 20 < box.x1 < whole.x1, name
        assert box.y0 < 20, name


def test_a_picture_on_a_dark_page_has_its_own_light_card(drawn: dict[str, Drawn]) -> None:
    for name, one in drawn.items():
        with Image.open(io.BytesIO(one.png)) as image:
            assert "transparency" not in image.info
            whole = np.asarray(image.convert("RGB"))
        # A margin all around, so that no letter is at the page's edge.
        edges = (whole[:8], whole[-8:], whole[:, :8], whole[:, -8:])
        assert all((edge == 255).all() for edge in edges), name


def test_words_and_lines_stand_out_from_the_card(drawn: dict[str, Drawn]) -> None:
    assert contrast("#767676", "white") == pytest.approx(4.54, abs=0.01)
    for name, one in drawn.items():
        for text in one.words:
            assert contrast(text.get_color(), style.PAPER) >= 4.5, (name, text.get_text())
            assert text.get_fontsize() >= style.SMALL, (name, text.get_text())
        for axis in one.figure.axes:
            for line in axis.lines:
                assert contrast(line.get_color(), style.PAPER) >= 3, (name, line.get_label())


def test_the_bands_of_a_picture_can_be_told_from_the_card_and_from_each_other() -> None:
    shades = [style.PAPER, *(style.SHADES[level] for level in (95, 80, 50))]
    for lighter, darker in pairwise(shades):
        assert contrast(lighter, darker) > 1.25
