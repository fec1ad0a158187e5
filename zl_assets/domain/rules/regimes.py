"""Rules about regimes."""

import datetime as dt

import numpy as np
import pandas as pd

from zl_assets.domain.regimes import regimes_reached
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
    """Every row carries the regime and the weight that the table gives for its date: all regimes that the dates reach, no other.

    How many regimes that are follows from the dates: one in a history that lies within one, and never one where they reach
    several, as in the system whose 1,404 rows were all of one regime with weight 1. Rows without a regime are left to
    `regimes_named`.
    """
    names, dates = matrix["regime.name"], matrix["data_date"]
    right = pd.Series(False, index=matrix.index)
    for row in regime_weights.itertuples():
        of_regime = dates.between(row.start_date, row.end_date) & names.eq(row.regime) & matrix["regime.weight"].eq(row.weight)
        right |= of_regime.fillna(False).astype(bool)
    wrong = names.notna() & ~right
    reached, found = regimes_reached(dates, regime_weights), names.nunique()
    return Verdict(
        name="distinct_regimes",
        passed=bool(len(matrix)) and not wrong.any(),
        measured=found,
        bound=f"the {len(reached)} that the dates reach ({', '.join(reached) or 'none'}), each row with the one of its date",
        offenders=pick(matrix, wrong, ["regime.name", "regime.weight"]).head(MAX_OFFENDERS),
        explanation=(
            f"The rows from {day(dates.min())} to {day(dates.max())} carry {found} different regimes, and {wrong.sum():,} of "
            f"{len(matrix):,} rows another regime or weight than the one of their date."
        ),
    )
