"""Whether bands hold, how live forecasts do, and whether the model is asked about what it does not know.

Belongs here: the predicates behind the checks on the replay, the score and the open forecasts. Must not be here: how any of them
is made; rules about single rows, which are domain/rules/forecasts.py.

Every frame is of one symbol and horizon, and a score of one source as well: the caller chooses them. Forecasts from the synthetic
sample and from real bars are no one record, and their figures together would be of neither.
"""

import datetime as dt
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
import pandas as pd

from zl_assets.contracts.forecasts import LEVELS
from zl_assets.instruments.base import Horizon, Instrument
from zl_assets.model.fit.design import Input, design_matrix
from zl_assets.model.fit.skill import LEVEL, SEED, effective_rows, middle, ratio_draws, share_draws
from zl_assets.model.fit.splits import block_rows
from zl_assets.model.fit.training_set import unfilled
from zl_assets.model.ranges.judged import Held, held
from zl_assets.warehouse.verdict import MAX_OFFENDERS, Verdict

# The bands of the first years are made of few errors.
HELD_FROM = dt.date(2016, 1, 1)

# How far the share that a band held may be from what it is meant to hold. On the real ZL bars from 2016 on it held 50.0, 80.1 and
# 94.6 %; a band of one width for all times held 42.8, 73.1 and 91.1 %.
# A share over ten years of overlapping outcomes has an error of two to three points itself: of 60 made-up histories without a
# fault 4 were red by these alone where volatility never changes, and 13 where it wanders.
ROOM = {50: 0.05, 80: 0.05, 95: 0.03}
# A shorter history tells less: the 579 sessions of MES have errors of 7.5, 6.9 and 4.4 points. So many standard errors are half
# the 90 % interval that figures here are told with; those of ZL, 2.7, 2.6 and 1.6 points, leave the bounds above as they are.
ERRORS = 1.645

# With 21-session outcomes a year of daily forecasts is worth about twelve: fewer tell nothing.
LEAST_HORIZONS = 10

# So many times the live sessions must lie before them: what is usual is not seen in fewer.
_TIMES_BEFORE = 4


def bands_held(replay: pd.DataFrame, view: pd.DataFrame, horizon: Horizon) -> dict[int, Held]:
    """What the replay's bands held, by level; empty where no session from `HELD_FROM` on has a band and an outcome.

    Args:
        replay: rows of the contract `replay`, of one symbol and horizon.
        view: the training view's rows.
    """
    rows = outcomes(replay, view, horizon)
    rows = rows[rows["data_date"].ge(pd.Timestamp(HELD_FROM)) & rows["came"].notna() & rows["low_80_close"].notna()]
    if rows.empty:
        return {}
    came = rows["came"].to_numpy("float64")
    return {level: held(*ends(rows, level), came, level / 100, block_rows(horizon)) for level in LEVELS}


def outcomes(replay: pd.DataFrame, view: pd.DataFrame, horizon: Horizon) -> pd.DataFrame:
    """The replay's rows with `came`, the return over the horizon; NaN where it has not come."""
    came = view[["data_date", horizon.target]].rename(columns={horizon.target: "came"})
    return replay.merge(came, on="data_date", how="left").sort_values("data_date", ignore_index=True)


def ends(rows: pd.DataFrame, level: int) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper end of the bands of one level, as returns."""
    close = rows["close"].to_numpy("float64")
    low, high = (rows[f"{end}_{level}_close"].to_numpy("float64") / close - 1 for end in ("low", "high"))
    return low, high


def ranges_hold(replay: pd.DataFrame, view: pd.DataFrame, horizon: Horizon) -> Verdict:
    """The bands held what they say, walk-forward."""
    found = bands_held(replay, view, horizon)
    points = ", ".join(f"{100 * room:.0f} points of {level} %" for level, room in ROOM.items())
    bound = f"within {points}, or {ERRORS} standard errors of it where those are more"
    least = LEAST_HORIZONS * horizon.sessions
    rows = found[LEVELS[0]].rows if found else 0
    if rows < least:
        return _told(
            "ranges_hold",
            rows,
            bound,
            f"{rows} sessions from {HELD_FROM} on have a band and an outcome; {least} are needed.",
        )
    off = {level: one for level, one in found.items() if abs(one.covered - level / 100) > max(ROOM[level], ERRORS * one.error)}
    said = "; ".join(
        f"{100 * one.covered:.1f} % (error {100 * one.error:.1f}) where {level} % is said" for level, one in found.items()
    )
    return Verdict(
        name="ranges_hold",
        passed=not off,
        measured=" / ".join(f"{100 * one.covered:.1f}" for one in found.values()) + " %",
        bound=bound,
        offenders=pd.DataFrame([{"level": f"{level} %", "held": f"{100 * one.covered:.1f} %"} for level, one in off.items()]),
        explanation=f"From {HELD_FROM} on the bands of {rows:,} sessions held {said}.",
    )


def live_rows(score: pd.DataFrame) -> pd.DataFrame:
    """The scored forecasts that were there on their day, in order of date."""
    return score[~score["back_dated"].astype(bool)].sort_values("data_date", ignore_index=True)


def live_coverage(score: pd.DataFrame, level: int, horizon: Horizon) -> Verdict:
    """What the bands of live forecasts held agrees with what they say.

    Args:
        score: rows of the contract `score`, of one symbol, horizon and source.
    """
    name, bound = f"live_coverage_{level}", f"{level} % is within the {100 * LEVEL:.0f} % interval of what was held"
    inside = live_rows(score)[f"inside_{level}"].dropna().astype("float64").to_numpy()
    few = _too_few(name, bound, len(inside), horizon)
    if few is not None:
        return few
    low, high = _coverage_interval(inside, level / 100, horizon)
    return _told(
        name,
        f"{100 * inside.mean():.1f} %",
        bound,
        f"Of {len(inside):,} live forecasts that came due {100 * inside.mean():.1f} % were inside "
        f"({100 * low:.1f} to {100 * high:.1f} %).",
        passed=low <= level / 100 <= high,
    )


def live_skill(score: pd.DataFrame, horizon: Horizon) -> Verdict:
    """Live forecasts are not worse than saying that the price stays where it is, beyond chance.

    Args:
        score: rows of the contract `score`, of one symbol, horizon and source.
    """
    name, bound = "live_skill", f"not wholly below 0 %, by its {100 * LEVEL:.0f} % interval"
    rows = live_rows(score)
    few = _too_few(name, bound, len(rows), horizon)
    if few is not None:
        return few
    errors, zero = rows["error"].to_numpy("float64") ** 2, rows["came_return"].to_numpy("float64") ** 2
    skill = 1 - errors.sum() / zero.sum()
    # The more of the error of no change is left, the less skill.
    least_left, most_left = middle(ratio_draws(errors, zero, SEED, block_rows(horizon)))
    low, high = 1 - most_left, 1 - least_left
    return _told(
        name,
        f"{100 * skill:.1f} %",
        bound,
        f"The skill of {len(rows):,} live forecasts against no change is {100 * skill:.1f} % ({100 * low:.1f} to "
        f"{100 * high:.1f} %). Below 0 %, saying that the price stays where it is was the better forecast.",
        passed=high >= 0,
    )


def live_error_usual(score: pd.DataFrame, replay: pd.DataFrame, view: pd.DataFrame, horizon: Horizon) -> Verdict:
    """The newest live errors, each in units of the volatility known that day, are such as the walk-forward had before them.

    Args:
        score: rows of the contract `score`, of one symbol, horizon and source; its newest ten horizons are judged.
        replay: rows of the contract `replay`.
        view: the training view's rows.
    """
    name, bound = "live_error_usual", f"within the middle {100 * LEVEL:.0f} % of as many sessions of the walk-forward"
    past = outcomes(replay, view, horizon)
    scale = past.set_index("data_date")["volatility"]
    live = live_rows(score).set_index("data_date")
    ours = (live["error"] / scale.reindex(live.index)).dropna() ** 2
    few = _too_few(name, bound, len(ours), horizon)
    if few is not None:
        return few
    ours = ours.tail(LEAST_HORIZONS * horizon.sessions)
    known = past[past["data_date"].lt(ours.index[0])]
    before = (((known["came"] - known["predicted_return"]) / known["volatility"]) ** 2).dropna().to_numpy("float64")
    if len(before) < _TIMES_BEFORE * len(ours):
        return _told(
            name,
            len(before),
            bound,
            f"The walk-forward has {len(before):,} sessions before the {len(ours)} that are judged; below "
            f"{_TIMES_BEFORE * len(ours)} nothing is.",
        )
    means = np.convolve(before, np.ones(len(ours)) / len(ours), mode="valid")
    low, high = middle(means)
    found = float(ours.mean())
    return _told(
        name,
        f"{found:.1f}",
        bound,
        f"The mean squared error of the newest {len(ours):,} live forecasts, each over the square of a session's volatility as "
        f"known that day, is {found:.1f}; in as many sessions of the walk-forward before them it was {low:.1f} to {high:.1f}.",
        passed=bool(low <= found <= high),
    )


def inputs_known(
    view: pd.DataFrame, target: str, trained_through: dt.date, inputs: Sequence[Input], instrument: Instrument
) -> Verdict:
    """On the sessions that are forecast every input lies within what the model was trained on, but for those it does not use.

    Args:
        view: the training view's rows.
        trained_through: the newest session that the model was trained on.
    """
    features = design_matrix(view, tuple(inputs))
    learnt = view["data_date"].le(pd.Timestamp(trained_through)) & view[target].notna()
    added = [item.name for item in inputs if item.may_miss]
    features = features.drop(columns=list(unfilled(features.loc[learnt, added], instrument)))
    low, high = features[learnt].min().to_dict(), features[learnt].max().to_dict()
    open_rows = features[view[target].isna()]
    outside = (open_rows.lt(pd.Series(low)) | open_rows.gt(pd.Series(high))).sum()
    offenders = pd.DataFrame(
        [
            {
                "input": name,
                "sessions": int(count),
                "newest": float(open_rows[str(name)].iloc[-1]),
                "trained_on": f"{low[str(name)]:.4g} to {high[str(name)]:.4g}",
            }
            for name, count in outside[outside.gt(0)].items()
        ]
    )
    return Verdict(
        name="inputs_known",
        passed=offenders.empty,
        measured=len(offenders),
        bound="0 inputs outside of what the model was trained on",
        offenders=offenders.head(MAX_OFFENDERS),
        explanation=f"Of {features.shape[1]} inputs {len(offenders)} are outside of it on the {len(open_rows)} sessions that are "
        "forecast; there the trees can only repeat their outermost leaf.",
    )


def _coverage_interval(inside: np.ndarray, level: float, horizon: Horizon) -> tuple[float, float]:
    """Of the share that is inside, by the bootstrap; at the least as wide as that of as many independent outcomes as the rows are
    worth (`effective_rows`), if the band holds what it says.

    A bootstrap of few blocks is too narrow, and where all rows are inside it knows no error at all. On 400 runs of overlapping
    sums with bands that hold, 210 rows each, it alone was red on 22, 29 and 37 % at 50, 80 and 95 %; this is on 1.5, 2.2 and
    2.2 % (1,000 rows: 15, 16 and 20 %, and 1.0, 3.5 and 2.5 %).
    """
    low, high = middle(share_draws(inside, SEED, block_rows(horizon)))
    error = (level * (1 - level) / effective_rows(len(inside), horizon.sessions)) ** 0.5
    room = NormalDist().inv_cdf((1 + LEVEL) / 2) * error
    share = float(inside.mean())
    return max(0.0, min(low, share - room)), min(1.0, max(high, share + room))


def _too_few(name: str, bound: str, rows: int, horizon: Horizon) -> Verdict | None:
    least = LEAST_HORIZONS * horizon.sessions
    if rows >= least:
        return None
    if not rows:
        return _told(name, 0, bound, "Nothing has come due yet.")
    return _told(name, rows, bound, f"{rows} live forecasts have come due; below {least}, ten horizons, nothing is judged.")


def _told(name: str, measured: float | int | str, bound: str, explanation: str, *, passed: bool = True) -> Verdict:
    return Verdict(name, passed, measured, bound, pd.DataFrame(), explanation)
