"""What a training run may choose: validated records, each field with the words that the launchpad shows.

Belongs here: the choices, their bounds and their LightGBM names. Must not be here: anything that reads data.
"""

import datetime as dt
import math
from dataclasses import dataclass, field
from typing import Any, Self

from zl_assets.instruments.base import Horizon, Instrument
from zl_assets.model.errors import TrainingFault

# In a daily run: 2.5 s, and a least p of 0.025.
REFRESH_SHIFTS = 39


def launchpad(words: str) -> dict[str, str]:
    """A field's metadata: what the launchpad says of it. `{name}` stands for the default of the field of that name."""
    return {"description": words}


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """The model of record (`of`), and what of it can be changed.

    Attributes:
        horizon: sessions between a row and the close its label looks at.
        gap: rows left out between the training and the test rows of a cross-validation fold; at least `horizon`.
        folds: folds of the expanding cross-validation.
        split_date: the holdout is tested on rows from this date on.
        num_leaves: leaves of a tree.
        rounds: trees; fixed, because stopping early on a test fold flatters it (R2 -0.03 for a true -0.49).
        learning_rate: shrinkage of each tree.
        min_rows_per_leaf: fewest training rows in a leaf.
        l2: L2 penalty on a leaf's value, for weights of mean 1.
        seed: LightGBM's seed. The model of record draws nothing at random; the seed is fixed so that this stays true of variants.
        threads: threads of LightGBM. One is the fastest at 3,810 rows.

    Raises:
        TrainingFault: a choice that cannot be trained, or could not be believed.
    """

    horizon: int = field(
        metadata=launchpad(
            "Sessions between a row and the close that is forecast, 1 or more. Other than {horizon}: labels are recomputed from "
            "the closes, and the model is stored but never becomes `latest`, because the published tables are {horizon} sessions "
            "ahead."
        )
    )
    gap: int = field(
        metadata=launchpad(
            "Rows left out between a fold's training and test rows; at least the horizon, or the score is flattered."
        )
    )
    folds: int = field(metadata=launchpad("Folds of the walk-forward cross-validation, 2 or more."))
    split_date: dt.date = field(
        metadata=launchpad(
            "YYYY-MM-DD. The holdout fit is tested on the rows from this date on. The view's own column `split` stays at "
            "{split_date} and is not used."
        )
    )
    num_leaves: int = field(default=5, metadata=launchpad("Leaves of a tree, 2 or more. More of them only overdisperse."))
    rounds: int = field(default=40, metadata=launchpad("Trees, 1 or more. Fixed: stopping early on a test fold flatters it."))
    learning_rate: float = field(default=0.05, metadata=launchpad("Shrinkage of each tree, above 0, at most 1."))
    min_rows_per_leaf: int = field(default=150, metadata=launchpad("Fewest training rows in a leaf, 1 or more."))
    l2: float = field(default=1.0, metadata=launchpad("L2 penalty on a leaf's value, 0 or more; the weights have a mean of 1."))
    seed: int = field(default=20100607, metadata=launchpad("LightGBM's seed, 0 to 2147483647."))
    threads: int = field(default=1, metadata=launchpad("LightGBM's threads; one is the fastest at this size."))

    @classmethod
    def of(cls, instrument: Instrument, horizon: Horizon) -> Self:
        """The model of record of an instrument at a horizon."""
        return cls(horizon=horizon.sessions, gap=horizon.sessions, folds=instrument.folds, split_date=instrument.split_date)

    def __post_init__(self) -> None:
        at_least = {"horizon": 1, "folds": 2, "num_leaves": 2, "rounds": 1, "min_rows_per_leaf": 1, "threads": 1}
        for name, least in at_least.items():
            if getattr(self, name) < least:
                raise TrainingFault(f"{name}={getattr(self, name)} is not allowed: at least {least}.")
        if self.gap < self.horizon:
            raise TrainingFault(
                f"gap={self.gap} is not allowed: it is shorter than the horizon of {self.horizon} sessions, so the labels of "
                "the newest training rows would be made of closes of the test fold, and the score would be flattered. Use a "
                f"gap of at least {self.horizon}."
            )
        if not 0 < self.learning_rate <= 1:
            raise TrainingFault(f"learning_rate={self.learning_rate} is not allowed: above 0, at most 1.")
        if not (math.isfinite(self.l2) and self.l2 >= 0):
            raise TrainingFault(f"l2={self.l2} is not allowed: a finite number, 0 or more.")
        if not 0 <= self.seed < 2**31:
            raise TrainingFault(f"seed={self.seed} is not allowed: LightGBM takes 0 to {2**31 - 1}.")

    @property
    def lightgbm_params(self) -> dict[str, Any]:
        """The parameters as LightGBM names them, without the number of rounds."""
        return {
            "objective": "regression",
            "num_leaves": self.num_leaves,
            "learning_rate": self.learning_rate,
            "min_data_in_leaf": self.min_rows_per_leaf,
            "lambda_l2": self.l2,
            "seed": self.seed,
            "num_threads": self.threads,
            # Both, so that a sum of gradients has one order: retraining is then byte-identical.
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }


@dataclass(frozen=True)
class EvidenceConfig:
    """What of the evidence on a model can be chosen; it is no part of the model.

    Attributes:
        placebo_shifts: targets without information that the skill is held against.

    Raises:
        TrainingFault: a choice that measures nothing.
    """

    placebo_shifts: int = field(
        default=REFRESH_SHIFTS,
        metadata=launchpad(
            "Targets without information that the skill is held against, 1 or more, 0.06 s each; the least p is 1 / "
            "(shifts + 1). It is part of the report, not of the model."
        ),
    )

    def __post_init__(self) -> None:
        if self.placebo_shifts < 1:
            raise TrainingFault(f"placebo_shifts={self.placebo_shifts} is not allowed: at least 1.")
