"""Which rows differ, decided in one place: for the write path, the plan, the slice check and the checks that compare.

Belongs here: one pure function of two Arrow tables, and its answer. Arrow, not pandas, because it tells NaN from NULL and holds
every date that BigQuery does. Must not be here: BigQuery, SQL, what is done about a difference.

Two values are the same as in SQL's IS NOT DISTINCT FROM: NULL is NULL, NaN is NaN and nothing else, -0.0 is 0.0, and there is no
tolerance.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

_LARGEST = np.iinfo(np.int64).max

type Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Diff:
    """How rows differ from live ones.

    Attributes:
        added: for each of our rows, is its key missing in the live rows?
        by_column: for each compared live column and each of our rows, does the live row's value differ? False where the row is
            new.
        doubled: keys of ours that the live rows have more than once, in order, as columns of the key.
        codes, live_codes: a number for each key of ours and of the live rows.
    """

    added: Mask
    by_column: Mapping[str, Mask]
    doubled: pa.Table
    codes: npt.NDArray[np.int64]
    live_codes: npt.NDArray[np.int64]

    @cached_property
    def changed(self) -> Mask:
        """For each of our rows: it is there, and at least one value differs."""
        differs = np.zeros(len(self.added), dtype=bool)
        for mask in self.by_column.values():
            differs |= mask
        return differs

    @cached_property
    def lost(self) -> Mask:
        """For each live row: its key is not among ours. A live row whose key has a NULL is no row of ours."""
        return ~np.isin(self.live_codes, self.codes)

    @property
    def differing(self) -> Mask:
        """For each of our rows: it is new or changed."""
        return self.added | self.changed


def diff(
    ours: pa.Table,
    live: pa.Table,
    key: Sequence[str],
    compared: Mapping[str, str],
    hollow: Sequence[str] = (),
) -> Diff:
    """Compare rows by key.

    Args:
        ours: rows with one row a key, and no NULL in it.
        live: rows to compare with; a key may be there more than once, and is then compared by its first row.
        key: columns of both; of any type but floating point.
        compared: live column to the column of ours that it should equal.
        hollow: BOOL columns of `live` that say "there, with nothing in it" of a STRUCT, which is never what we write.
    """
    codes, live_codes = _codes(ours, live, key)
    unique, first, counts = np.unique(live_codes, return_index=True, return_counts=True)
    at = np.searchsorted(unique, codes)
    there = np.zeros(len(codes), dtype=bool)
    if len(unique):
        at = np.minimum(at, len(unique) - 1)
        there = unique[at] == codes
    # A row without a partner is compared with any other, and the answer is thrown away.
    partner = np.where(there, first[at], 0) if len(unique) else np.zeros(len(codes), dtype=np.int64)
    by_column: dict[str, Mask] = {}
    if there.any():
        taken = live.select([*compared, *hollow]).take(pa.array(partner))
        for name, our_name in compared.items():
            by_column[name] = ~same_values(ours.column(our_name), taken.column(name)) & there
        for name in hollow:
            by_column[name] = _mask(taken.column(name)) & there
    else:
        by_column = {name: np.zeros(len(codes), dtype=bool) for name in (*compared, *hollow)}
    twice = np.flatnonzero(there & (counts[at] > 1)) if len(unique) else np.array([], dtype=np.int64)
    doubled = ours.select(list(key)).take(pa.array(twice)).sort_by([(name, "ascending") for name in key])
    return Diff(~there, by_column, doubled, codes, live_codes)


def same_values(left: "pa.ChunkedArray | pa.Array", right: "pa.ChunkedArray | pa.Array") -> Mask:
    """True where two values at one place are the same. A text and a number never are."""
    try:
        equal = _mask(pc.equal(left, right))
    except pa.ArrowNotImplementedError:
        equal = np.zeros(len(left), dtype=bool)
    if left.null_count and right.null_count:
        equal = equal | (_mask(pc.is_null(left)) & _mask(pc.is_null(right)))
    if not equal.all() and pa.types.is_floating(left.type) and pa.types.is_floating(right.type):
        equal = equal | (_mask(pc.is_nan(left)) & _mask(pc.is_nan(right)))
    return equal


def same(left: pd.Series, right: pd.Series) -> Mask:
    """As `same_values`, of two columns of frames, place by place; a missing value of any kind is NULL."""
    return same_values(pa.Array.from_pandas(left), pa.Array.from_pandas(right))


def _mask(values: Any) -> Mask:
    found: Mask = np.asarray(pc.fill_null(values, False))
    return found.astype(bool, copy=False)


def _codes(ours: pa.Table, live: pa.Table, key: Sequence[str]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """A number for each key, the same in both tables; -1 for a live key with a NULL in it, which equals no other."""
    rows = ours.num_rows
    codes = np.zeros(rows + live.num_rows, dtype=np.int64)
    missing = np.zeros(len(codes), dtype=bool)
    size = 1
    for name in key:
        both = pa.concat_arrays([*ours.column(name).chunks, *live.column(name).cast(ours.schema.field(name).type).chunks])
        encoded = both.dictionary_encode()
        missing |= _mask(encoded.indices.is_null())
        values = len(encoded.dictionary) + 1
        if size > _LARGEST // values:
            # As many numbers as there are keys, so that no product of columns can overflow.
            codes = np.unique(codes, return_inverse=True)[1].astype(np.int64)
            size = len(codes)
        codes = codes * values + np.asarray(pc.fill_null(encoded.indices, 0))
        size *= values
    codes[missing] = -1
    return codes[:rows], codes[rows:]
