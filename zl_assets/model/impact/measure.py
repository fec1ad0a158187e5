"""Does a feature family help: the measurement, from the rows to the decision.

Belongs here: the protocol's steps in their order. Must not be here: the steps themselves, the two models (probe), the ledger's
rows (ledger), words and pictures (report/impact.py).

    view + matrix -> impact_rows -> measure -> Impact

The measurement is a placebo test: shifting the family's columns together in a circle keeps everything but their link to the
target. p is the share of shifts, counting the unshifted family as one, at which the columns help at least as much.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from zl_assets.model.fit.skill import circular_shifts
from zl_assets.model.fit.splits import block_rows, impact_folds
from zl_assets.model.impact.decision import SIGNIFICANT, Decision, decide
from zl_assets.model.impact.effect import Effect, effect_of, effects_by, rank_correlation, smallest_effect
from zl_assets.model.impact.probe import boosting_errors, ridge_errors
from zl_assets.model.impact.registration import Registration, shifts_of
from zl_assets.model.impact.rows import ImpactRows


@dataclass(frozen=True)
class Impact:
    """What one look found.

    Attributes:
        look: which look at this family it is, from 1.
        ridge: the deciding effect.
        boosting: the reported one.
        smallest_effect: the effect that had to be exceeded for p <= 0.05 (`smallest_effect`).
        mse_zero, mse_base, mse_family: mean squared errors out of fold: forecasting zero, ridge on base, ridge on base + family.
        by_fold, by_regime: name, rows, effect.
        directions: of each input of which theory said a direction, its rank correlation with the target on all rows that were
            measured. Reported: outcomes overlap, so that it is no test.
    """

    registration: Registration
    data_sha256: str
    look: int
    decision: Decision
    ridge: Effect
    boosting: Effect
    smallest_effect: float
    rows: int
    rows_left_out: int
    test_rows: int
    first_date: pd.Timestamp
    last_date: pd.Timestamp
    mse_zero: float
    mse_base: float
    mse_family: float
    by_fold: pd.DataFrame
    by_regime: pd.DataFrame
    directions: dict[str, float]


def measure(rows: ImpactRows, registration: Registration, look: int) -> Impact:
    """The protocol from the rows to the decision.

    Raises:
        TrainingFault: there are too few rows for the shifts.
    """
    config, horizon = registration.config, registration.horizon
    block = block_rows(horizon)
    folds = impact_folds(len(rows.target), horizon)
    shifts = circular_shifts(len(rows.target), shifts_of(config, look), config.seed)
    base, family = rows.base.to_numpy(), rows.family.to_numpy()
    test = np.concatenate([tested for _, tested in folds])
    zero = rows.target[test] ** 2
    errors = ridge_errors(base, family, rows.target, folds, shifts)
    ridge = effect_of(errors, zero, config.seed, block)
    few = shifts[: config.boosting_shifts]
    boosting = boosting_errors(rows.base, rows.family, rows.target, rows.weights, folds, few, registration.model)
    names = [f"fold {n}" for n, (_, tested) in enumerate(folds, start=1) for _ in tested]
    return Impact(
        registration=registration,
        data_sha256=rows.sha256,
        look=look,
        decision=decide(ridge.p, ridge.value, look),
        ridge=ridge,
        boosting=effect_of(boosting, zero, config.seed, block),
        smallest_effect=smallest_effect(ridge.placebo, SIGNIFICANT),
        rows=len(rows.target),
        rows_left_out=rows.left_out,
        test_rows=len(test),
        first_date=rows.dates[0],
        last_date=rows.dates[-1],
        mse_zero=float(zero.mean()),
        mse_base=float(errors.base.mean()),
        mse_family=float(errors.both.mean()),
        by_fold=effects_by(names, errors.gain, zero),
        by_regime=effects_by(rows.regimes[test], errors.gain, zero),
        directions={name: rank_correlation(rows.family[name], rows.target) for name in registration.expected},
    )
