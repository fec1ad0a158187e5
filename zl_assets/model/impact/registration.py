"""What is fixed before anything is measured. Must not be here: a measurement."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property

from zl_assets.domain.families.base import Expected, Family
from zl_assets.instruments.base import Horizon, Instrument
from zl_assets.model.errors import TrainingFault
from zl_assets.model.fit.config import ModelConfig
from zl_assets.model.fit.skill import DRAWS, LEVEL
from zl_assets.model.fit.splits import FIRST_TEST_ROW, IMPACT_FOLDS, NEAREST_SHIFT, block_rows
from zl_assets.model.impact.config import ImpactConfig
from zl_assets.model.impact.decision import FAMILIES, SIGNIFICANT, keep_bound
from zl_assets.model.impact.probe import CLIP, PENALTY


@dataclass(frozen=True)
class Registration:
    """What is fixed before anything is measured.

    Attributes:
        family: its name; of another instrument than the first with the slug before it, e.g. `mes_pivots`, since a look at one's
            data is no look at another's.
        inputs: the model's columns, each with the family's columns that it is made from.
        left_out: names of the family's inputs that are not measured, since the loaded sources cannot fill them.
        columns: the family's columns, each with its type and formula.
        releases: when each source's rows are known.
        base: the model's columns without the family.
        config: the choices of the run.
        horizon: how far ahead the target looks.
        model: the LightGBM of record, which is reported.
        expected: the directions that theory says, by input that is measured.
    """

    family: str
    inputs: tuple[str, ...]
    left_out: tuple[str, ...]
    columns: tuple[str, ...]
    releases: tuple[str, ...]
    base: tuple[str, ...]
    config: ImpactConfig
    horizon: Horizon
    model: ModelConfig
    expected: Mapping[str, Expected]

    @cached_property
    def text(self) -> str:
        """Everything as JSON with sorted keys, the fixed settings of the protocol among it."""
        protocol = {
            "target": f"{self.horizon.target}, {self.horizon.sessions} sessions",
            "folds": IMPACT_FOLDS,
            "first_test_row": FIRST_TEST_ROW,
            "gap": self.horizon.sessions,
            "ridge": {"penalty_per_row": PENALTY, "clip": CLIP},
            "lightgbm": self.model.lightgbm_params | {"rounds": self.model.rounds},
            "placebo": {"nearest_shift": NEAREST_SHIFT},
            "bootstrap": {"block": block_rows(self.horizon), "draws": DRAWS, "level": LEVEL},
            "keep": {"significant": SIGNIFICANT, "families": FAMILIES},
        }
        registered = {
            "family": self.family,
            "inputs": self.inputs,
            "columns": self.columns,
            "releases": self.releases,
            "base": self.base,
            "config": asdict(self.config),
            "protocol": protocol,
        }
        # Named only where there is one, so that all other registrations are what they were before there could be.
        seldom = {"left_out": self.left_out, "expected": {name: asdict(said) for name, said in self.expected.items()}}
        return json.dumps(registered | {name: value for name, value in seldom.items() if value}, sort_keys=True)

    def same_measurement(self, text: str) -> bool:
        """Is the `text` of a registration, of whatever time, this one but for KEEP's bound? No p depends on the bound, so to
        measure again because the bound has changed would be a look for nothing."""
        return _without_bound(text) == _without_bound(self.text)

    @property
    def id(self) -> str:
        """The first 16 digits of the sha256 of `text`."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]


def register(
    family: Family,
    left_out: Sequence[str],
    base: Sequence[str],
    config: ImpactConfig,
    instrument: Instrument,
    horizon: Horizon,
) -> Registration:
    """The registration of one family.

    Args:
        left_out: names of its inputs that the loaded sources cannot fill.

    Raises:
        TrainingFault: the family has no model input, or one that the base already has.
    """
    names = [item.name for item in family.inputs]
    if not names:
        raise TrainingFault(f"Family {family.name} has no model inputs, so there is nothing to measure. Give it `inputs`.")
    if taken := sorted((set(names) & set(base)) | {name for name in names if names.count(name) > 1}):
        raise TrainingFault(f"Family {family.name}: the model already has a column {', '.join(taken)}. Rename the input.")
    return Registration(
        family=instrument.asset(family.name),
        inputs=tuple(f"{item.name}: {', '.join(item.columns)}" for item in family.inputs if item.name not in left_out),
        left_out=tuple(left_out),
        columns=tuple(f"{item.path} {item.column.type}: {item.formula}" for item in family.columns),
        releases=tuple(f"{need.asset} {', '.join(need.series)}: {need.release}" for need in family.needs),
        base=tuple(base),
        config=config,
        horizon=horizon,
        model=ModelConfig.of(instrument, horizon),
        expected={item.name: item.expected for item in family.inputs if item.expected and item.name not in left_out},
    )


def _without_bound(text: str) -> dict[str, object]:
    registered: dict[str, object] = json.loads(text)
    protocol = registered.get("protocol")
    if isinstance(protocol, dict):
        protocol.pop("keep", None)
    return registered


def shifts_of(config: ImpactConfig, look: int) -> int:
    """Placebo shifts at a look: as registered, or as many as KEEP's bound at that look needs, 1 / bound - 1."""
    return max(config.shifts, round(1 / keep_bound(look)) - 1)
