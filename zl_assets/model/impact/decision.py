"""From a p and an effect to a decision."""

from enum import StrEnum

SIGNIFICANT = 0.05


# KEEP's bound is shared out over the ten families that are planned, and over the looks at one of them.
FAMILIES = 10


HOPELESS = 0.5


class Decision(StrEnum):
    """What the measurement says about a family."""

    KEEP = "KEEP"
    PROVISIONAL = "PROVISIONAL"
    REJECT = "REJECT"
    INCONCLUSIVE = "INCONCLUSIVE"
    NOT_TESTABLE = "NOT TESTABLE"
    """too few rows or events: no p was computed, and no look was taken"""


def keep_bound(look: int) -> float:
    """The p at or below which a family is kept: 0.05 / 10 families / looks."""
    return SIGNIFICANT / (FAMILIES * look)


def decide(p: float, effect: float, look: int) -> Decision:
    """The decision on a family whose gates are green.

    KEEP and PROVISIONAL both ask for an effect above 0: a family can be better than its own shifted copies and still make the
    forecast worse, and such a family must not come through.

    Args:
        p: of the deciding probe.
        effect: of the deciding probe, as a fraction of the error of forecasting zero.
        look: which look at this family it is, from 1.
    """
    if effect > 0 and p <= keep_bound(look):
        return Decision.KEEP
    if effect > 0 and p <= SIGNIFICANT:
        return Decision.PROVISIONAL
    if effect < 0 and p >= HOPELESS:
        return Decision.REJECT
    return Decision.INCONCLUSIVE
