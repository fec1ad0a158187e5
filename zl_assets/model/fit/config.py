"""What a training run may choose: one validated record.

Belongs here: the choices, their bounds and their LightGBM names. Must not be here: anything that reads data.
"""

import datetime as dt
import math
from dataclasses import dataclass
from typing import Any

from zl_assets.contracts.tables import HORIZON, SPLIT_DATE
from zl_assets.model.errors import TrainingFault

_SPLIT_DATE = dt.date.fromisoformat(SPLIT_DATE)


@dataclass(frozen=True)
class ModelConfig:
    """The model of record, and what of it can be changed.

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

    horizon: int = HORIZON
    gap: int = HORIZON
    folds: int = 5
    split_date: dt.date = _SPLIT_DATE
    num_leaves: int = 5
    rounds: int = 40
    learning_rate: float = 0.05
    min_rows_per_leaf: int = 150
    l2: float = 1.0
    seed: int = 20100607
    threads: int = 1

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
