"""Rules about regimes."""

import datetime as dt

import numpy as np
import pandas as pd

from zl_assets.domain.rules.offenders import day, offending, pick
from zl_assets.warehouse.verdict import MAX_OFFENDERS, Verdict

REGIME_COUNT = 7


FIRST_REGIME_DAY = dt.date(2010, 1, 1)


LAST_REGIME_DAY = dt.date(2029, 12, 31)


def regimes_named(matrix: pd.DataFrame) -> Verdict:
    """Every matrix row has a regime's name and weight."""
    columns = ["regime.name", "regime.weight"]
    bad = matrix[columns].isna().any(axis=1)
    explanation = f"{bad.sum():,} of {len(matrix):,} rows have no regime name or weight."
    return offending("regimes_named", matrix, pick(matrix, bad, columns), explanation)


def seven_regimes(regime_weights: pd.DataFrame) -> Verdict:
    """There are exactly seven regimes, each with a positive weight."""
    bad = ~regime_weights["weight"].gt(0).fillna(False).astype(bool) | regime_weights.duplicated("regime", keep=False)
    count = regime_weights["regime"].nunique()
    return Verdict(
        name="seven_regimes",
        passed=count == REGIME_COUNT and not bad.any(),
        measured=count,
        bound=f"exactly {REGIME_COUNT}, each once, with a positive weight",
        offenders=pick(regime_weights, bad, ["weight"]).head(MAX_OFFENDERS),
        explanation=f"{count} different regimes are listed; {bad.sum()} rows repeat a regime or have no positive weight.",
    )


def regimes_cover_the_calendar(regime_weights: pd.DataFrame) -> Verdict:
    """Every day from 2010-01-01 to 2029-12-31 lies in exactly one regime."""
    starts = pd.to_datetime(regime_weights["start_date"]).to_numpy()
    ends = pd.to_datetime(regime_weights["end_date"]).to_numpy()
    days = pd.date_range(FIRST_REGIME_DAY, LAST_REGIME_DAY)
    values = days.to_numpy()[:, np.newaxis]
    regimes = ((values >= starts) & (values <= ends)).sum(axis=1)
    bad = regimes != 1
    return Verdict(
        name="regimes_cover_the_calendar",
        passed=not bad.any(),
        measured=int(bad.sum()),
        bound=f"0 days from {FIRST_REGIME_DAY} to {LAST_REGIME_DAY} with no regime or with more than one",
        offenders=pd.DataFrame({"date": days[bad], "regimes": regimes[bad]}).head(MAX_OFFENDERS),
        explanation=f"{bad.sum():,} of {len(days):,} days lie in no regime or in more than one.",
    )


def distinct_regimes(matrix: pd.DataFrame, regime_weights: pd.DataFrame) -> Verdict:
    """The matrix has more than one regime: those whose periods its dates reach, all of them and no other."""
    first, last = matrix["data_date"].min(), matrix["data_date"].max()
    reached = regime_weights[(regime_weights["start_date"] <= last) & (regime_weights["end_date"] >= first)]
    expected, found = set(reached["regime"]), set(matrix["regime.name"].dropna())
    missing, unknown = sorted(expected - found), sorted(found - expected)
    return Verdict(
        name="distinct_regimes",
        passed=len(found) > 1 and not missing and not unknown,
        measured=len(found),
        bound=f"the {len(expected)} regimes that the rows' dates reach into, and more than one",
        offenders=pd.DataFrame(
            {
                "regime": [*missing, *unknown],
                "fault": ["no row has it"] * len(missing) + ["not a regime of these dates"] * len(unknown),
            }
        ).head(MAX_OFFENDERS),
        explanation=f"The rows from {day(first)} to {day(last)} carry {len(found)} different regimes.",
    )
