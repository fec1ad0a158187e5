"""Rules about what prices and volumes are counted in, and whether they are of the instrument at all.

Must not be here: what a sound bar is (market.py), and what a source may change of stored bars (revisions.py).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from zl_assets.domain.rules.offenders import between, named, offending, pick, price_columns, price_names
from zl_assets.instruments.base import Instrument
from zl_assets.warehouse.digits import number
from zl_assets.warehouse.verdict import MAX_OFFENDERS, Verdict

# Databento's prices as they are on the wire. https://databento.com/docs/standards-and-conventions
FIXED_POINT = 1e9

# What people get wrong by: from thousandths of the unit to 100,000 times it.
POWERS_OF_TEN = tuple(10.0**n for n in (1, 2, 3, 4, 5, -1, -2, -3, -4))

# A multiple of the tick as a double is off by far less than this part of a tick.
ON_TICK = 1e-6


def prices_in_range(frame: pd.DataFrame, instruments: Sequence[Instrument]) -> Verdict:
    """Every price that is there lies in its instrument's range: beyond it, it is in another unit or of another market."""
    prices = price_columns(frame)
    outside = pd.DataFrame(False, index=frame.index, columns=prices)
    causes, lie = [], []
    for instrument in instruments:
        low, high = instrument.plausibility.price
        values = frame[prices].where(frame["symbol"].eq(instrument.symbol))
        if values.notna().any(axis=None):
            lie.append(f"{instrument.symbol} lies between {between(values)}; {low:g} to {high:g} {instrument.price.name} may be.")
        bad = values.lt(low) | values.gt(high)
        outside |= bad
        if bad.any(axis=None):
            # A unit is the whole bar's: where some prices of a bar are within the range, the others are not in another unit.
            whole = (bad | values.isna()).all(axis=1) & bad.any(axis=1)
            off = values[whole].to_numpy("float64", na_value=np.nan)[bad[whole].to_numpy()]
            causes.append(
                f"{instrument.symbol} is between {low:g} and {high:g} {instrument.price.name}: {_price_cause(off, instrument)}."
            )
    bad_rows = outside.any(axis=1)
    said = " ".join(causes or lie)
    explanation = f"{bad_rows.sum():,} of {len(frame):,} rows have a price outside their instrument's range. {said}"
    return offending("prices_in_range", frame, pick(frame, bad_rows, prices), explanation.strip())


def volume_in_range(frame: pd.DataFrame, instruments: Sequence[Instrument]) -> Verdict:
    """No volume is beyond what its instrument can trade: beyond it, it is counted in something else than contracts."""
    volume = named(frame, "volume")
    bad = pd.Series(False, index=frame.index)
    causes, lie = [], []
    for instrument in instruments:
        most = instrument.plausibility.volume
        own = frame["symbol"].eq(instrument.symbol)
        off = own & frame[volume].gt(most).fillna(False).astype(bool)
        if frame.loc[own, volume].notna().any():
            lie.append(f"{instrument.symbol} trades at most {frame.loc[own, volume].max():,.0f} contracts; {most:,} may be.")
        bad |= off
        if off.any():
            typical = float(frame.loc[off, volume].median())
            causes.append(f"{instrument.symbol} trades at most {most:,} contracts: {_volume_cause(typical, instrument)}.")
    said = " ".join(causes or lie)
    explanation = f"{bad.sum():,} of {len(frame):,} rows have a volume beyond their instrument's bound. {said}"
    return offending("volume_in_range", frame, pick(frame, bad, [volume]), explanation.strip())


def level_plausible(sessions: pd.DataFrame, instrument: Instrument) -> Verdict:
    """The middle close is one that the instrument can have had for long; another market's mostly is not."""
    close = sessions[price_names(sessions)["close"]].astype("float64")
    low, high = instrument.plausibility.level
    middle = float(close.median()) if len(close) else low
    sound = low <= middle <= high
    cause = f" A history of {instrument.name} outside the bound is of another market, or in another unit."
    return Verdict(
        name="level_plausible",
        passed=sound,
        measured=middle,
        bound=f"{low:g} to {high:g} {instrument.price.name}",
        offenders=sessions.iloc[:0],
        explanation=f"The middle close of {len(sessions):,} {instrument.symbol} sessions is {number(middle)}."
        + ("" if sound else cause),
    )


def steps_plausible(sessions: pd.DataFrame, instrument: Instrument) -> Verdict:
    """No close is a multiple of the one before it, and no high or low of the close of its own session.

    A unit that changes from one session on, and a print that is off by a digit, are such steps; a roll is not. One symbol.
    """
    column = price_names(sessions)
    ordered = sessions.sort_values("data_date", kind="stable")
    close = ordered[column["close"]].astype("float64")
    before = close.shift()
    most = instrument.plausibility.step
    bad = _far(close, before, most)
    within = _far(ordered[column["high"]], close, most) | _far(ordered[column["low"]], close, most)
    factors = close / before
    said = f" The first changes by a factor of {factors[bad].iloc[0]:.4g}." if bad.any() else ""
    cause = " The unit changes there, or it is a bad print."
    largest = f" The largest step is a factor of {number(float(factors.where(factors > 1, 1 / factors).max()))}."
    explanation = (
        f"{bad.sum():,} of {len(sessions):,} closes are more than {most:g} times the one before, or less than 1/{most:g} of it, "
        f"and {within.sum():,} sessions have a high or low so far from their close.{said}"
        f"{cause if (bad | within).any() else largest if factors.notna().any() else ''}"
    )
    offenders = pick(ordered.assign(close_before=before), bad | within, ["close_before", *column.values()])
    return offending("steps_plausible", sessions, offenders, explanation)


def volumes_plausible(sessions: pd.DataFrame, instrument: Instrument) -> Verdict:
    """The middle session trades as many contracts as the instrument's least, and not nothing at all."""
    volume = sessions[named(sessions, "volume")].astype("float64")
    least = instrument.plausibility.level_of_volume
    middle = float(volume.median()) if len(volume) else least
    cause = "Volume is zero everywhere: it is not in the source" if not volume.any() else _volume_cause(middle, instrument)
    return Verdict(
        name="volumes_plausible",
        passed=middle >= least,
        measured=middle,
        bound=f"at least {least:,} contracts",
        offenders=sessions.iloc[:0],
        explanation=f"The middle one of {len(sessions):,} {instrument.symbol} sessions trades {middle:,.0f} contracts."
        + (f" {cause[0].upper()}{cause[1:]}." if middle < least else ""),
    )


def ranges_there(bars: pd.DataFrame, instrument: Instrument) -> Verdict:
    """Most bars have a high above their low: otherwise one price was put into all four columns."""
    column = price_names(bars)
    flat = bars[column["high"]].eq(bars[column["low"]])
    return Verdict(
        name="ranges_there",
        passed=int(flat.sum()) <= len(bars) // 2,
        measured=int(flat.sum()),
        bound=f"at most {len(bars) // 2:,}, half of the bars",
        offenders=pick(bars, flat, list(column.values())).head(MAX_OFFENDERS),
        explanation=f"{flat.sum():,} of {len(bars):,} {instrument.symbol} bars have one price in all four columns: the "
        "source has closes only.",
    )


def prices_on_tick(sessions: pd.DataFrame, instrument: Instrument) -> Verdict:
    """Every price is a multiple of the tick: others were adjusted, averaged, converted or rounded on the way."""
    prices = price_columns(sessions)
    steps = sessions[prices].astype("float64") / instrument.tick
    bad = (steps - steps.round()).abs().gt(ON_TICK).any(axis=1)
    return Verdict(
        name="prices_on_tick",
        passed=not bad.any(),
        measured=int(bad.sum()),
        bound=f"0 sessions with a price that is not a multiple of {instrument.tick:g}",
        offenders=pick(sessions, bad, prices).sort_values("data_date", ascending=False).head(MAX_OFFENDERS),
        explanation=f"{bad.sum():,} of {len(sessions):,} sessions have a price off the tick of {instrument.tick:g} "
        f"{instrument.price.word}.",
    )


def _far(value: pd.Series, other: pd.Series, most: float) -> pd.Series:
    ratio = value.astype("float64") / other.astype("float64")
    return ratio.gt(most) | ratio.lt(1 / most)


def _price_cause(values: "np.ndarray[tuple[int], np.dtype[np.float64]]", instrument: Instrument) -> str:
    if not len(values):
        return "other prices of these bars are within it; look for bad prints"
    low, high = instrument.plausibility.level
    typical = float(np.median(values))
    dollars = instrument.price.per_dollar
    if dollars != 1 and low <= typical * dollars <= high:
        return f"these are US dollars, where {instrument.price.name} are expected; multiply them by {dollars:g}"
    if low <= typical / FIXED_POINT <= high:
        return "these are whole billionths (1e-9 fixed point); divide them by 1,000,000,000"
    factors = [ten for ten in POWERS_OF_TEN if low <= typical / ten <= high]
    if factors:
        return f"divided by {factors[0]:,g} these would be prices of it; they are in another unit, or of another market"
    return "no power of ten makes these prices of it; they are of another market, or bad prints"


def _volume_cause(typical: float, instrument: Instrument) -> str:
    least, most = instrument.plausibility.level_of_volume, instrument.plausibility.volume
    quantity = instrument.contract.quantity
    if typical > most and least <= typical / 1000 <= most:
        return "it is 1,000 times too large"
    if typical > most and least <= typical / quantity <= most:
        return f"it is counted in units of the contract, which is {instrument.contract.words}; divide it by {quantity:,.0f}"
    if typical < least <= typical * 1000:
        return "it is counted in thousands, or it is not the volume of the front contract"
    return "it is not the volume of the front contract"
