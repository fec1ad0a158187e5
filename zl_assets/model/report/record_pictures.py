"""The pictures of the record's score and of the replay, with a sentence on how to read each.

Belongs here: what is drawn, and words. Must not be here: drawing (range_plots), measures of a whole period (verdicts, judged).
"""

import pandas as pd

from zl_assets.contracts.forecasts import LEVELS
from zl_assets.instruments.base import Horizon, Instrument
from zl_assets.model.replay.verdicts import LEAST_HORIZONS, outcomes
from zl_assets.model.report import range_plots
from zl_assets.model.report.page import Picture
from zl_assets.model.report.style import drawing_sha256
from zl_assets.model.report.track import TRAILING

_READ = "Light to dark: the 95, 80 and 50 % range of each forecast, at the session that it was about."


def drawn_by() -> str:
    """A hash of all that draws these pictures, whatever they show."""
    return drawing_sha256(b"", "", __file__, range_plots.__file__)


def came_due(score: pd.DataFrame) -> str:
    """How much there is to draw, in words.

    Args:
        score: rows of the contract `score`, of one symbol, horizon and source.
    """
    if score.empty:
        return "Nothing has come due yet."
    late = int(score["back_dated"].astype(bool).sum())
    return f"{len(score):,} forecasts have come due; {len(score) - late:,} were recorded when they were made, {late:,} later."


def score_pictures(record: pd.DataFrame, score: pd.DataFrame, instrument: Instrument, horizon: Horizon) -> tuple[Picture, ...]:
    """What was said and what came, and what the ranges held over time; none where nothing has come due.

    Args:
        record: rows of the contract `record`, of one symbol and horizon.
        score: rows of the contract `score`, of one symbol, horizon and source.
    """
    if score.empty:
        return ()
    key = ["data_date", "symbol", "horizon", "source", "issued_on"]
    ends = [f"{end}_{level}_close" for level in LEVELS for end in ("low", "high")]
    rows = score.merge(record[[*key, "predicted_close", *ends]], on=key).sort_values("came_on", ignore_index=True)
    late = rows["back_dated"].astype(bool)
    least = LEAST_HORIZONS * horizon.sessions
    return (
        Picture(
            "said_and_came",
            "What was said, and what came",
            range_plots.bands_and_outcomes(
                rows.assign(back_dated=late), f"{instrument.title}: what was said, and what came", instrument.price.name
            ),
            f"{_READ} Hollow or orange: back-dated, so nobody could act on it.",
        ),
        Picture(
            "coverage_over_time",
            "What the ranges held",
            range_plots.coverage(
                _coverage(rows[~late], horizon.sessions),
                _coverage(rows[late], horizon.sessions),
                f"{instrument.title}: share of outcomes inside the ranges",
            ),
            f"Of the last {TRAILING} outcomes, or of all where there are fewer; dotted: what is meant to be held. Below {least} "
            "outcomes, ten horizons, a share says nothing.",
        ),
    )


def replay_pictures(replay: pd.DataFrame, view: pd.DataFrame, instrument: Instrument, horizon: Horizon) -> tuple[Picture, ...]:
    """The same of what would have been said; none where no forecast with a range has an outcome.

    Args:
        replay: rows of the contract `replay`, of one symbol and horizon.
        view: the training view's rows, in order of date.
    """
    ahead = view.assign(came_on=view["data_date"].shift(-horizon.sessions))[["data_date", "came_on"]]
    rows = outcomes(replay, view, horizon).merge(ahead, on="data_date")
    rows = rows[rows["came"].notna() & rows[f"low_{LEVELS[-1]}_close"].notna()].reset_index(drop=True)
    if rows.empty:
        return ()
    rows = rows.assign(came_close=rows["close"] * (1 + rows["came"]), back_dated=False)
    for level in LEVELS:
        rows[f"inside_{level}"] = rows["came_close"].between(rows[f"low_{level}_close"], rows[f"high_{level}_close"])
    return (
        Picture(
            "would_have_said",
            "What it would have said, and what came",
            range_plots.bands_and_outcomes(
                _in_percent(rows),
                f"{instrument.title}: what it would have said (computed afterwards), and what came",
                f"from the close, over {horizon.sessions} sessions, %",
            ),
            f"{_READ} Computed afterwards, with what was known that day: nobody said it then.",
        ),
        Picture(
            "would_have_held",
            "What the ranges would have held",
            range_plots.coverage(
                _coverage(rows, TRAILING),
                {},
                f"{instrument.title}: share of outcomes inside the ranges (computed afterwards)",
            ),
            f"Of the last {TRAILING} outcomes; dotted: what is meant to be held. They overlap and are worth about twelve months, "
            "so swings of ten points are usual.",
        ),
    )


def _coverage(rows: pd.DataFrame, least: int) -> dict[int, "pd.Series[float]"]:
    """Share inside of the last `TRAILING` outcomes, or of all so far, by level; on the date of the newest.

    Args:
        least: outcomes of the first share; where there are fewer, the share of all is the only one.
    """
    found = {}
    for level in LEVELS:
        inside = rows.set_index("came_on")[f"inside_{level}"].dropna().astype("float64")
        found[level] = inside.rolling(TRAILING, min_periods=1).mean().iloc[min(least, len(inside)) - 1 :]
    return found


def _in_percent(rows: pd.DataFrame) -> pd.DataFrame:
    """The prices as moves from the close that they were said at: over many years its level would hide how wide a range is."""
    prices = ["came_close", "predicted_close", *(f"{end}_{level}_close" for level in LEVELS for end in ("low", "high"))]
    return rows.assign(**{name: 100 * (rows[name] / rows["close"] - 1) for name in prices})
