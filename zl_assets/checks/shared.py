"""Checks and advice that several assets share. Must not be here: a check of one asset."""

from zl_assets.domain.checks import Check, Level
from zl_assets.domain.rules import features
from zl_assets.instruments.base import Instrument

CORRECT_THE_BAR = (
    "Correct the bar at its source and refresh. If the source is right, somebody changed the table: a row for a date that the "
    "source does not have stays until it is deleted by hand."
)
EDITED = "Somebody edited the table; a refresh restores its rows."
LOOK_AT_THE_CLOSES = "Look at the closes on these dates for a bad print, correct it at its source and refresh."
DELETE = "The job zl_delete_vanished lists them, and with apply deletes them."
REFRESH = "Run the refresh again. "
LATE = "The source is late: wait for its next delivery, or look at the job that loads it."


def load_more(instrument: Instrument, setting: str) -> str:
    """What to do about a short history; the settings are ZL's."""
    where = setting if instrument.bare_names else f"the minima in zl_assets/instruments/{instrument.slug}.py"
    return f"Load more history, or lower {where} for a shorter one."


def indicators_in_range(asset: str, instrument: Instrument) -> tuple[Check, ...]:
    """RSI and volatility lie within their possible ranges."""
    most, largest = instrument.plausibility.volatility, instrument.plausibility.largest_volatility
    return (
        Check(
            asset,
            "rsi_in_range",
            "RSI lies between 0 and 100.",
            # No closes can make it: the formula ends between the two.
            EDITED,
            lambda seen: features.rsi_in_range(seen.values[asset]),
            Level.BLOCKING,
        ),
        Check(
            asset,
            "volatility_in_plan",
            "21-session volatility lies between 0 and 0.5, the plan's bound.",
            LOOK_AT_THE_CLOSES,
            lambda seen: features.volatility_in_plan(seen.values[asset]),
            Level.BLOCKING,
        ),
        Check(
            asset,
            "volatility_plausible",
            f"21-session volatility of returns without the gaps between contracts is at most {most:.2f} a day; the real series "
            f"peaks at {largest:.3f}. Where the bars have no instrument_id nothing is judged.",
            "Look on these dates for a close that is a bad print, for such an open where the contract changes, or for a change "
            "of contract without another instrument_id. Correct it at its source and refresh.",
            lambda seen: features.volatility_plausible(seen.values[asset], most),
            Level.BLOCKING,
        ),
    )


def raw_volatility(asset: str, instrument: Instrument) -> Check:
    """Raw volatility is plausible where nobody can tell a bad print from the gap between two contracts.

    A check of its own, because a check has one level: what is not known to be wrong may not block. Only the features have it; the
    matrix holds the same values.
    """
    most = instrument.plausibility.volatility
    return Check(
        asset,
        "raw_volatility_plausible",
        f"Where the bars have no instrument_id, raw 21-session volatility is at most {most:.2f} a day. A warning.",
        "Look at the closes on these dates. A bad print is to be corrected at its source; the gap between two contracts is "
        "right, and stays. Bars with instrument_id tell the two apart.",
        lambda seen: features.raw_volatility_plausible(seen.values[asset], most),
        Level.WARNING,
    )
