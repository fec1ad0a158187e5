"""What is fixed before anything is measured. Must not be here: a measurement."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property

from zl_assets.contracts.tables import HORIZON
from zl_assets.domain.families.base import Family
from zl_assets.model.errors import TrainingFault
from zl_assets.model.fit.config import ModelConfig
from zl_assets.model.fit.skill import BLOCK, DRAWS, LEVEL, NEAREST, PLACEBO_SHIFTS, SEED
from zl_assets.model.fit.splits import FIRST_TEST_ROW, IMPACT_FOLDS
from zl_assets.model.impact.decision import FAMILIES, SIGNIFICANT, keep_bound
from zl_assets.model.impact.probe import CLIP, PENALTY


@dataclass(frozen=True)
class ImpactConfig:
    """What a measurement may choose; the rest of the protocol is fixed. A choice is registered: another is another look.

    Attributes:
        shifts: fewest placebo shifts of the deciding probe. A later look takes more where its bound needs them (`shifts_of`).
        boosting_shifts: placebo shifts of the LightGBM that is reported.
        seed: what draws the shifts and the bootstrap.

    Raises:
        TrainingFault: a choice that the protocol does not allow.
    """

    shifts: int = 399
    boosting_shifts: int = 39
    seed: int = SEED

    def __post_init__(self) -> None:
        if self.shifts < PLACEBO_SHIFTS:
            raise TrainingFault(
                f"shifts={self.shifts} is not allowed: at least {PLACEBO_SHIFTS}, or p cannot reach KEEP's bound."
            )
        if self.boosting_shifts < 1:
            raise TrainingFault(f"boosting_shifts={self.boosting_shifts} is not allowed: at least 1.")
        if self.seed < 0:
            raise TrainingFault(f"seed={self.seed} is not allowed: 0 or more.")


@dataclass(frozen=True)
class Registration:
    """What is fixed before anything is measured.

    Attributes:
        family: its name.
        inputs: the model's columns, each with the family's columns that it is made from.
        columns: the family's columns, each with its type and formula.
        releases: when each source's rows are known.
        base: the model's columns without the family.
        config: the choices of the run.
    """

    family: str
    inputs: tuple[str, ...]
    columns: tuple[str, ...]
    releases: tuple[str, ...]
    base: tuple[str, ...]
    config: ImpactConfig

    @cached_property
    def text(self) -> str:
        """Everything as JSON with sorted keys, the fixed settings of the protocol among it."""
        protocol = {
            "target": f"target_1m, {HORIZON} sessions",
            "folds": IMPACT_FOLDS,
            "first_test_row": FIRST_TEST_ROW,
            "gap": HORIZON,
            "ridge": {"penalty_per_row": PENALTY, "clip": CLIP},
            "lightgbm": ModelConfig().lightgbm_params | {"rounds": ModelConfig.rounds},
            "placebo": {"nearest_shift": NEAREST},
            "bootstrap": {"block": BLOCK, "draws": DRAWS, "level": LEVEL},
            "keep": {"significant": SIGNIFICANT, "families": FAMILIES},
        }
        return json.dumps(asdict(self) | {"protocol": protocol}, sort_keys=True)

    @property
    def id(self) -> str:
        """The first 16 digits of the sha256 of `text`."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]


def register(family: Family, base: Sequence[str], config: ImpactConfig) -> Registration:
    """The registration of one family.

    Raises:
        TrainingFault: the family has no model input, or one that the base has already.
    """
    names = [item.name for item in family.inputs]
    if not names:
        raise TrainingFault(f"Family {family.name} has no model inputs, so there is nothing to measure. Give it `inputs`.")
    if taken := sorted((set(names) & set(base)) | {name for name in names if names.count(name) > 1}):
        raise TrainingFault(f"Family {family.name}: the model has a column {', '.join(taken)} already. Rename the input.")
    return Registration(
        family=family.name,
        inputs=tuple(f"{item.name}: {', '.join(item.columns)}" for item in family.inputs),
        columns=tuple(f"{item.path} {item.column.type}: {item.formula}" for item in family.columns),
        releases=tuple(f"{need.asset} {', '.join(need.series)}: {need.release}" for need in family.needs),
        base=tuple(base),
        config=config,
    )


def shifts_of(config: ImpactConfig, look: int) -> int:
    """Placebo shifts at a look: as registered, or as many as KEEP's bound at that look needs, 1 / bound - 1."""
    return max(config.shifts, round(1 / keep_bound(look)) - 1)
