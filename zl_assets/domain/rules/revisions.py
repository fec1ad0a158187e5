"""Rules about what a source may change of the rows that a table has already: one symbol, bars or sessions.

Belongs here: predicates on the rows of a source beside those that are stored. Must not be here: rules about either alone.

A correction touches a few rows, each in its own way. A unit that changed, another market and moved dates touch many, in one way.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from zl_assets.domain.rules.offenders import PRICES, keys, keys_only_in
from zl_assets.instruments.base import Instrument
from zl_assets.warehouse.loss import may_go
from zl_assets.warehouse.verdict import MAX_OFFENDERS, Verdict

# Ratios this close to their middle one are the same factor, once a price may be off by a tick, to which it was rounded.
SAME = 0.0005

# Nobody corrects two closes by the same two parts in a hundred or more, nor twenty by the same five in a thousand.
FACTOR = 0.02
SMALL_FACTOR = 0.005
MANY = 20

# Volumes that are rounded to whole thousands are this close; restatements by a few parts in a hundred are no unit.
SAME_VOLUME = 0.05
VOLUME_FACTOR = 0.4

# Fewer shared rows than these are no history: any of them may be corrected.
HISTORY = 21

# So many rows that are the stored ones of another date were moved: prices repeat by chance, five values hardly.
MOVED_ROWS = 2
MOVED_BY = (1, -1, 2, -2, 3, -3, 4, -4, 5, -5)

# New rows, and how far their middle volume may be from the middle of the stored ones: days around a roll trade a hundredth.
NEW_ROWS = 3
NEW_VOLUME = 200.0
STORED_ROWS = 250


@dataclass(frozen=True, eq=False)
class Revision:
    """The rows of a source beside the stored rows of the same keys.

    Attributes:
        source, stored: in order of date, all rows.
        new, old: those whose key is in both, in order of date, on the same index.
    """

    source: pd.DataFrame
    stored: pd.DataFrame
    new: pd.DataFrame
    old: pd.DataFrame

    @classmethod
    def of(cls, source: pd.DataFrame, stored: pd.DataFrame) -> "Revision":
        """Put the rows side by side; of a repeated key, its first row."""
        key = keys(source)
        left, right = (
            frame.drop_duplicates(key).sort_values(key, kind="stable", ignore_index=True) for frame in (source, stored)
        )
        both = pd.MultiIndex.from_frame(left[key]), pd.MultiIndex.from_frame(right[key])
        new = left[both[0].isin(both[1])].reset_index(drop=True)
        old = right[both[1].isin(both[0])].reset_index(drop=True)
        return cls(left, right, new, old)

    @property
    def date(self) -> str:
        """The column of the date."""
        return keys(self.source)[0]

    def changed(self, column: str) -> "pd.Series[bool]":
        """Of the rows in both, those with another value."""
        return self.new[column].astype("float64").ne(self.old[column].astype("float64"))

    def ratio(self, column: str) -> "pd.Series[float]":
        """The source's value / the stored one, of the rows in both."""
        return self.new[column].astype("float64") / self.old[column].astype("float64")


def revision_rules(instrument: Instrument) -> tuple[Callable[[Revision], Verdict], ...]:
    """Everything that a source must meet before it may change what is stored."""
    return (
        few_lost,
        partial(no_common_factor, instrument=instrument),
        mostly_unrevised,
        no_moved_rows,
        partial(same_volume_unit, instrument=instrument),
    )


def few_lost(revision: Revision) -> Verdict:
    """The source still has the stored rows, but for as many as `zl_delete_vanished` may delete."""
    lost = keys_only_in(revision.stored, revision.source, keys(revision.source))
    most = may_go(len(revision.stored))
    return Verdict(
        name="few_lost",
        passed=len(lost) <= most,
        measured=len(lost),
        bound=f"at most {most:,}, one in a hundred of the {len(revision.stored):,} stored rows",
        offenders=lost.head(MAX_OFFENDERS),
        explanation=f"{len(lost):,} of the {len(revision.stored):,} rows that the table has are not in the source"
        + (f", from {lost.iloc[0, 0]:%Y-%m-%d} to {lost.iloc[-1, 0]:%Y-%m-%d}" if len(lost) else "")
        + ". It was cut short, or has lost a file.",
    )


def no_common_factor(revision: Revision, instrument: Instrument) -> Verdict:
    """Closes are not revised by one common factor, be it everywhere, in one stretch or in the newest rows."""
    changed = revision.changed("close")
    ratios = revision.ratio("close")[changed]
    rounding = SAME + instrument.tick / revision.new["close"].astype("float64")
    # The newest rows by themselves: an older row may be corrected at the same time.
    newest = ratios[ratios.index > changed.index[~changed].max()] if (~changed).any() else ratios
    shared, common = next(
        (
            (found, np.median(found))
            for found in (ratios, newest)
            if len(found) > 1 and _is_one_factor(found, rounding[found.index], FACTOR if len(found) < MANY else SMALL_FACTOR)
        ),
        (ratios[:0], 1.0),
    )
    return Verdict(
        name="no_common_factor",
        passed=shared.empty,
        measured=f"a factor of {common:.4g}" if len(shared) else "none",
        bound="no factor that several revised closes share",
        offenders=_side_by_side(revision, "close", shared.index),
        explanation=f"{len(ratios):,} of {len(revision.new):,} closes that the table has would be revised"
        + (f", {len(shared):,} of them by a factor of {common:.4g}: the unit has changed" if len(shared) else "")
        + ".",
    )


def mostly_unrevised(revision: Revision) -> Verdict:
    """Most bars that the table has keep their prices and volume: otherwise it is another series."""
    changed = pd.concat([revision.changed(column) for column in (*PRICES, "volume")], axis=1).any(axis=1)
    most = len(changed) // 2 if len(changed) >= HISTORY else len(changed)
    return Verdict(
        name="mostly_unrevised",
        passed=int(changed.sum()) <= most,
        measured=int(changed.sum()),
        bound=f"at most {most:,}, half of the {len(changed):,} rows in both",
        offenders=_side_by_side(revision, "close", changed.index[changed]),
        explanation=f"{changed.sum():,} of {len(changed):,} rows that the table has would get another price or volume. Where "
        "more than half do, it is another series: another market or contract, adjusted prices, settlements for last trades, or "
        "columns under each other's name.",
    )


def no_moved_rows(revision: Revision) -> Verdict:
    """The source does not give stored rows another date."""
    values = [*PRICES, "volume"]
    stored = revision.stored[values].astype("float64")
    place = revision.stored[revision.date].searchsorted(revision.source[revision.date])
    rows = revision.source[values].astype("float64").to_numpy()
    equal = {by: (rows == stored.reindex(place + by).to_numpy()).all(axis=1) for by in (0, *MOVED_BY)}
    held = revision.source[revision.date].isin(revision.stored[revision.date]).to_numpy()
    moved = np.any(list(equal.values()), axis=0) & ~(equal[0] & held)
    bad = int(moved.sum())
    return Verdict(
        name="no_moved_rows",
        passed=bad < MOVED_ROWS,
        measured=bad,
        bound=f"fewer than {MOVED_ROWS}",
        offenders=revision.source.loc[moved, [*keys(revision.source), "close", "volume"]].head(MAX_OFFENDERS),
        explanation=f"{bad:,} rows of the source are rows that the table has under another date. The dates are off.",
    )


def same_volume_unit(revision: Revision, instrument: Instrument) -> Verdict:
    """Volumes are counted as the stored ones are."""
    changed = revision.changed("volume") & revision.old["volume"].gt(0).fillna(False).astype(bool)
    ratios = revision.ratio("volume")[changed]
    factor = float(np.median(ratios)) if len(ratios) > 1 and _is_one_factor(ratios, SAME_VOLUME, VOLUME_FACTOR) else 1.0
    added = revision.source[~revision.source[revision.date].isin(revision.stored[revision.date])]
    if factor == 1.0 and len(added) >= NEW_ROWS:
        usual = float(revision.stored["volume"].astype("float64").tail(STORED_ROWS).median())
        ratio = float(added["volume"].astype("float64").median()) / usual if usual > 0 else 1.0
        factor = ratio if not 1 / NEW_VOLUME < ratio < NEW_VOLUME else 1.0
    quantity = instrument.contract.quantity
    known = f"; one contract is {instrument.contract.words}" if np.isclose(factor, quantity, rtol=0.1) else ""
    return Verdict(
        name="same_volume_unit",
        passed=factor == 1.0,
        measured=f"a factor of {factor:.4g}",
        bound="no factor that several revised volumes share, and new ones of the stored size",
        offenders=_side_by_side(revision, "volume", ratios.index if factor != 1.0 else ratios.index[:0]),
        explanation=f"{len(ratios):,} of {len(revision.new):,} volumes that the table has would be revised, and {len(added):,} "
        "rows are new"
        + (f": they differ from the table's by a factor of {factor:.4g}, which is another unit{known}" if factor != 1.0 else "")
        + ".",
    )


def _is_one_factor(ratios: "pd.Series[float]", same: "float | pd.Series[float]", least: float) -> bool:
    """Do three in four share one factor that is further from 1 than a correction? A factor of 0 is one too."""
    common = float(np.median(ratios))
    return abs(common - 1) > least and float(((ratios - common).abs() <= same * common).mean()) >= 0.75


def _side_by_side(revision: Revision, column: str, rows: "pd.Index[int]") -> pd.DataFrame:
    shown = revision.new.loc[rows, [*keys(revision.new), column]]
    return shown.assign(stored=revision.old.loc[rows, column]).tail(MAX_OFFENDERS)
