"""A family's rows, and the gates that they pass before anything is written. The checks call the same gates.

Belongs here: what must hold for every family's values, whatever they mean. Must not be here: formulas, or which family is on.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from zl_assets.domain.families.base import Family
from zl_assets.domain.releases import decision_times
from zl_assets.domain.rules.features import LATER_CUTS, WARM_UP_CUTS
from zl_assets.domain.rules.rows import RowRule
from zl_assets.warehouse.contract import PANDAS_DTYPES, ColumnType
from zl_assets.warehouse.errors import DataFault
from zl_assets.warehouse.verdict import MAX_OFFENDERS, Verdict, require

KEY = ["data_date", "symbol"]

# Sessions whose row is computed anew with what was known at their decision: the newest, and as many that are drawn.
RELEASE_SESSIONS = 11

type Sources = Mapping[str, pd.DataFrame]


@dataclass(frozen=True, eq=False)
class Computed:
    """A family's rows, or why there are none that could be written.

    Attributes:
        rows: data_date, symbol and the family's columns, one row a session; None where they are withheld.
        missing: sources without a row.
        fault: what stands in the way of rows that could be computed, or not; None where nothing does.
    """

    rows: pd.DataFrame | None
    missing: tuple[str, ...] = ()
    fault: str | None = None

    @property
    def reason(self) -> str:
        """Why there are no rows, for a person."""
        if self.missing:
            return f"no source: {', '.join(self.missing)} has no row, so nothing was computed. Configure it, and refresh again."
        return self.fault or ""


def computed(family: Family, sessions: pd.DataFrame, sources: Sources) -> Computed:
    """The family's rows, if its sources are there and its values pass the gates that keep rows out of a table.

    Args:
        sessions: SESSIONS.frame_columns.
        sources: the frames of `family.needs`, by asset; an empty one is a source that is not configured.
    """
    missing = sources_without_rows(family, sources)
    if missing:
        return Computed(None, missing=missing)
    try:
        rows = family_rows(family, sessions, sources)
        require(
            [in_range(family)(rows), prefix_invariant(family, sessions, sources), release_times(family, sessions, sources)],
            f"family {family.name}",
        )
    except DataFault as fault:
        return Computed(None, fault=str(fault))
    return Computed(rows)


def sources_without_rows(family: Family, sources: Sources) -> tuple[str, ...]:
    """The family's sources that have no row."""
    return tuple(need.asset for need in family.needs if sources[need.asset].empty)


def family_rows(family: Family, sessions: pd.DataFrame, sources: Sources) -> pd.DataFrame:
    """What the family's function says of each session, by symbol.

    Returns:
        data_date, symbol and the family's columns with their contract types, sorted by key, with a RangeIndex.

    Raises:
        DataFault: the function did not return what a family promises; the message says what.
    """
    ordered = sessions.sort_values(["symbol", "data_date"], kind="stable", ignore_index=True)
    parts = []
    for _, group in ordered.groupby("symbol", sort=True):
        own = group.reset_index(drop=True)
        columns = family.compute(own, sources)
        _require_shape(family, own, columns)
        parts.append(own[KEY].join(columns[[c.column.name for c in family.columns]]))
    rows = pd.concat(parts, ignore_index=True)
    return rows.sort_values(KEY, kind="stable", ignore_index=True)


def _require_shape(family: Family, sessions: pd.DataFrame, columns: pd.DataFrame) -> None:
    expected = {c.column.name: PANDAS_DTYPES[c.column.type] for c in family.columns}
    found = {str(name): str(dtype) for name, dtype in columns.dtypes.items()}
    if found != expected or not columns.index.equals(sessions.index):
        raise DataFault(
            f"Family {family.name}: its function must return, on the index of the {len(sessions):,} sessions, "
            f"{', '.join(f'{name} ({dtype})' for name, dtype in expected.items())}. It returned {len(columns):,} rows of "
            f"{', '.join(f'{name} ({dtype})' for name, dtype in found.items()) or 'no column'}. Mend its module in "
            "zl_assets/domain/families."
        )


def in_range(family: Family) -> RowRule:
    """Every number of the family is finite and within its column's bounds, where it has a value. The write path calls it too."""

    def family_in_range(frame: pd.DataFrame) -> Verdict:
        faults = []
        for column in family.columns:
            if column.column.type not in (ColumnType.FLOAT64, ColumnType.INT64):
                continue
            name = column.column.name
            values = frame[name].astype("float64")
            bad = values.isin([np.inf, -np.inf])
            bad |= values < column.low if column.low is not None else False
            bad |= values > column.high if column.high is not None else False
            named = {"column": name, "low": column.low, "high": column.high}
            faults += [{**frame.loc[i, KEY], "value": values[i], **named} for i in frame.index[bad]]
        return Verdict(
            name="in_range",
            passed=not faults,
            measured=len(faults),
            bound="0 values outside their column's range",
            offenders=pd.DataFrame(faults, columns=[*KEY, "column", "value", "low", "high"]).head(MAX_OFFENDERS),
            explanation=f"{len(faults):,} values of {family.name} in {len(frame):,} rows are outside their range or infinite.",
        )

    return family_in_range


def source_there(family: Family, sources: Sources) -> Verdict:
    """Every source of the family has rows."""
    without = sources_without_rows(family, sources)
    return Verdict(
        name="source_there",
        passed=not without,
        measured=len(without),
        bound="0 sources without a row",
        offenders=pd.DataFrame({"source": without}),
        explanation=f"{family.name} reads {len(family.needs)} sources; without a row: {', '.join(without) or 'none'}.",
    )


def nothing_to_look_at(name: str, without: Sequence[str]) -> Verdict:
    """What a gate says of a family whose sources are not there."""
    return Verdict(
        name=name,
        passed=True,
        measured=0,
        bound="nothing was computed",
        offenders=pd.DataFrame(),
        explanation=f"Nothing to look at: {', '.join(without)} has no row.",
    )


def coverage(family: Family, rows: pd.DataFrame) -> Verdict:
    """After its first value every column has a value on at least `family.coverage` of the sessions, and none is empty."""
    ordered = rows.sort_values("data_date", kind="stable", ignore_index=True)
    names = [column.column.name for column in family.columns]
    there = ordered[names].notna()
    first = {name: int(there[name].to_numpy().argmax()) if there[name].any() else len(ordered) for name in names}
    shares = {name: float(there[name].iloc[first[name] :].mean()) if there[name].any() else 0.0 for name in names}
    bad = [name for name in names if shares[name] < family.coverage]
    latest = max(names, key=lambda name: first[name])
    starts = f"{ordered['data_date'][first[latest]]:%Y-%m-%d}" if first[latest] < len(ordered) else "nowhere"
    table = [
        {
            "column": name,
            "share": shares[name],
            "last_value": ordered["data_date"][there[name]].max() if first[name] < len(ordered) else None,
        }
        for name in bad
    ]
    return Verdict(
        name="coverage",
        passed=not bad and len(rows) > 0,
        measured=min(shares.values()),
        bound=f"at least {family.coverage:.0%} of the sessions after a column's first value",
        offenders=pd.DataFrame(table, columns=["column", "share", "last_value"]).head(MAX_OFFENDERS),
        explanation=f"{len(bad)} of {len(names)} columns of {family.name} have holes; {latest} starts last, {starts}.",
    )


def prefix_invariant(family: Family, sessions: pd.DataFrame, sources: Sources, later: int = LATER_CUTS, seed: int = 1) -> Verdict:
    """Computed on the first k sessions alone, every value is the same, to the last bit, with the sources as they are.

    Cuts at k = 10, 40 and 62 lie inside warm-ups, where a value filled in from later rows would show; the later ones are drawn.
    """
    dates = sessions["data_date"].drop_duplicates().sort_values(ignore_index=True)
    beyond = range(max(WARM_UP_CUTS) + 1, len(dates) + 1)
    drawn = random.Random(seed).sample(beyond, min(later, len(beyond)))  # noqa: S311 - not for secrets
    cuts = sorted({*(cut for cut in WARM_UP_CUTS if cut <= len(dates)), *drawn})
    whole = family_rows(family, sessions, sources)

    def at(cut: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        alone = family_rows(family, sessions[sessions["data_date"] <= dates[cut - 1]], sources)
        return whole[whole["data_date"] <= dates[cut - 1]], alone

    return _recomputed(
        "prefix_invariant",
        family,
        {f"first {cut} sessions": at(cut) for cut in cuts},
        f"values differ when {family.name} is computed on the first {', '.join(map(str, cuts))} sessions alone.",
    )


def release_times(
    family: Family, sessions: pd.DataFrame, sources: Sources, drawn: int = RELEASE_SESSIONS, seed: int = 1
) -> Verdict:
    """A session's values are the same when the source rows that came after its decision, 13:20 in Chicago on its date, are not
    there, and no later session either."""
    dates = sessions["data_date"].drop_duplicates().sort_values(ignore_index=True)
    others = range(len(dates) - 1)
    chosen = sorted({len(dates) - 1, *random.Random(seed).sample(others, min(drawn, len(others)))})  # noqa: S311 - not for secrets
    whole = family_rows(family, sessions, sources)

    def on(date: pd.Timestamp) -> tuple[pd.DataFrame, pd.DataFrame]:
        known = {asset: known_at(frame, date) for asset, frame in sources.items()}
        alone = family_rows(family, sessions[sessions["data_date"] <= date], known)
        return whole[whole["data_date"] == date], alone[alone["data_date"] == date]

    reads = ", ".join(f"{need.asset} ({need.release})" for need in family.needs) or "nothing beside the sessions"
    return _recomputed(
        "release_times",
        family,
        {f"as known on {dates[i]:%Y-%m-%d}": on(dates[i]) for i in chosen} if family.needs else {},
        f"values of {len(chosen)} sessions differ without the source rows that came later. {family.name} reads {reads}.",
    )


def known_at(source: pd.DataFrame, date: pd.Timestamp) -> pd.DataFrame:
    """The source rows that a session may use: those available before its decision; of bars, which have no release time, those
    that begin on its UTC date or before, as its own bar does."""
    if "available_at" in source:
        known = source["available_at"] < decision_times(pd.Series([date]))[0]
    else:
        begins = source["ts_event"].dt.tz_localize(None) if "ts_event" in source else source["date"]
        known = begins < date + pd.Timedelta(days=1)
    return source[known].reset_index(drop=True)


def stored_as_computed(family: Family, stored: pd.DataFrame, rows: pd.DataFrame) -> Verdict:
    """The table holds what the family's function says now, value for value."""
    keys = pd.MultiIndex.from_frame(rows[KEY])
    there = stored.set_index(KEY).reindex(keys).rename_axis(KEY).reset_index()
    return _recomputed(
        "stored_as_computed", family, {"now": (there, rows)}, f"stored values of {family.name} are not what it says now."
    )


def stamped(families: Sequence[Family], matrix: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> Verdict:
    """The matrix carries each family's values of the same date, NULL where the family's table has no row for it. A family without
    any row is not looked at: the matrix leaves its fields alone.

    Args:
        tables: the family's rows, by name.
    """
    faults: list[dict[str, Any]] = []
    keys = pd.MultiIndex.from_frame(matrix[KEY])
    for family in (family for family in families if not tables[family.name].empty):
        rows = tables[family.name].set_index(KEY).reindex(keys).reset_index(drop=True)
        for column in family.columns:
            left, right = matrix[column.path].reset_index(drop=True), rows[column.column.name]
            faults += [
                {**matrix[KEY].iloc[i], "column": column.path, "matrix": left[i], "family": right[i]}
                for i in np.flatnonzero(~_same(left, right))
            ]
    return Verdict(
        name="families_stamped",
        passed=not faults,
        measured=len(faults),
        bound="0 values that differ",
        offenders=pd.DataFrame(faults, columns=[*KEY, "column", "matrix", "family"]).head(MAX_OFFENDERS),
        explanation=f"{len(faults):,} values differ from the tables of {', '.join(family.name for family in families)}.",
    )


def _recomputed(name: str, family: Family, pairs: Mapping[str, tuple[pd.DataFrame, pd.DataFrame]], what: str) -> Verdict:
    faults: list[dict[str, Any]] = []
    for where, (full, other) in pairs.items():
        left, right = full.reset_index(drop=True), other.reset_index(drop=True)
        for column in (c.column.name for c in family.columns):
            faults += [
                {
                    "data_date": right["data_date"].iloc[i],
                    "column": column,
                    "where": where,
                    "value": left[column][i],
                    "recomputed": right[column][i],
                }
                for i in np.flatnonzero(~_same(left[column], right[column]))
            ]
    return Verdict(
        name=name,
        passed=not faults,
        measured=len(faults),
        bound="0 values that differ",
        offenders=pd.DataFrame(faults, columns=["data_date", "column", "where", "value", "recomputed"]).head(MAX_OFFENDERS),
        explanation=f"{len(faults):,} {what}",
    )


def _same(left: pd.Series, right: pd.Series) -> np.ndarray:
    equal = left.eq(right).fillna(False).astype(bool) | (left.isna() & right.isna())
    return equal.to_numpy()
