"""What a measurement may choose: one validated record, each field with the words that the launchpad shows. Must not be here: the
rest of the protocol, which is fixed (registration)."""

from dataclasses import dataclass, field

from zl_assets.model.errors import TrainingFault
from zl_assets.model.fit.config import launchpad
from zl_assets.model.fit.skill import PLACEBO_SHIFTS, SEED


@dataclass(frozen=True)
class ImpactConfig:
    """What a measurement may choose; the rest of the protocol is fixed. A choice is registered: changing it makes another look.

    Attributes:
        shifts: fewest placebo shifts of the deciding probe. A later look takes more where its bound needs them (`shifts_of`).
        boosting_shifts: placebo shifts of the LightGBM that is reported.
        seed: what draws the shifts and the bootstrap.

    Raises:
        TrainingFault: a choice that the protocol does not allow.
    """

    shifts: int = field(
        default=399,
        metadata=launchpad(
            f"Fewest placebo shifts of the ridge that decides, at least {PLACEBO_SHIFTS}. A later look takes more where its "
            "bound needs them."
        ),
    )
    boosting_shifts: int = field(
        default=39, metadata=launchpad("Placebo shifts of the LightGBM that is reported, 1 or more; they take most of the time.")
    )
    seed: int = field(default=SEED, metadata=launchpad("What draws the shifts and the bootstrap, 0 or more."))

    def __post_init__(self) -> None:
        if self.shifts < PLACEBO_SHIFTS:
            raise TrainingFault(f"shifts={self.shifts} is not allowed: the protocol asks for at least {PLACEBO_SHIFTS}.")
        if self.boosting_shifts < 1:
            raise TrainingFault(f"boosting_shifts={self.boosting_shifts} is not allowed: at least 1.")
        if self.seed < 0:
            raise TrainingFault(f"seed={self.seed} is not allowed: 0 or more.")
