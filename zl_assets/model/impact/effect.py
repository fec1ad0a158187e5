"""How much a family helps one probe, and how often nothing helps as much."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from zl_assets.model.fit.skill import LEVEL, ratio_draws
from zl_assets.model.impact.probe import Errors


@dataclass(frozen=True)
class Effect:
    """What a family is worth to one probe.

    Attributes:
        value: mean d / mean squared error of forecasting zero; 0.01 is one per cent of that error less.
        low, high: its 90 % block-bootstrap interval.
        p: (1 + shifts that help at least as much) / (shifts + 1).
        placebo: the same measure at each shift.
    """

    value: float
    low: float
    high: float
    p: float
    placebo: tuple[float, ...]


def p_value(measured: float, placebo: np.ndarray) -> float:
    """(1 + #{placebo >= measured}) / (placebo + 1); a tie counts against the family."""
    return (1 + int(np.count_nonzero(placebo >= measured))) / (len(placebo) + 1)


def smallest_effect(placebo: Sequence[float], level: float) -> float:
    """The effect that a family has to exceed for p <= level, at least 0; infinite where there are too few shifts for any.

    p <= level holds when at most a = floor(level * (K + 1)) - 1 of the K placebo effects are as great, so it is the (a + 1)-th
    greatest of them. A family whose true effect is just this is seen about every second time.
    """
    allowed = math.floor(level * (len(placebo) + 1) + 1e-9) - 1
    if allowed < 0:
        return math.inf
    return max(0.0, float(np.sort(placebo)[::-1][allowed]))


def effect_of(errors: Errors, zero: np.ndarray, seed: int, block: int) -> Effect:
    """Errors of a probe as an effect with its interval and p.

    Args:
        zero: squared error of forecasting zero, one a test row.
        seed: what draws the bootstrap, in blocks of `block` rows.
    """
    scale = float(zero.mean())
    low, high = np.quantile(ratio_draws(errors.gain, zero, seed, block), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    placebo = errors.shifted_gain / scale
    value = float(errors.gain.mean()) / scale
    return Effect(value, float(low), float(high), p_value(value, placebo), tuple(placebo.tolist()))


def effects_by(names: Sequence[str] | np.ndarray, gain: np.ndarray, zero: np.ndarray) -> pd.DataFrame:
    groups = pd.DataFrame({"name": names, "gain": gain, "zero": zero}).groupby("name", sort=False)
    sums = groups.sum()
    return pd.DataFrame({"rows": groups.size(), "effect": sums["gain"] / sums["zero"]}).reset_index()


def rank_correlation(values: "pd.Series[float]", target: np.ndarray) -> float:
    """Spearman's rank correlation, equal values sharing their mean rank."""
    ranks = [pd.Series(np.asarray(one, dtype="float64")).rank().to_numpy() for one in (values, target)]
    return float(np.corrcoef(np.array(ranks))[0, 1])
