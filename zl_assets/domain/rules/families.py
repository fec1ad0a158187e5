"""Rules about a feature family's rows: what must hold for every family's values, whatever they mean.

Must not be here: formulas, or which family is on.
"""

import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from zl_assets.domain.families.base import Family
from zl_assets.domain.families.rows import KEY, Sources, family_rows, known_at, sources_without_rows
from zl_assets.domain.releases import decision_times
from zl_assets.domain.rules import recomputed
from zl_assets.instruments.base import Instrument
from zl_assets.warehouse.contract import ColumnType
from zl_assets.warehouse.verdict import MAX_OFFENDERS, RowRule, Verdict

# Sessions whose row is computed anew with what was known at their decision: the newest, and as many that are drawn.
RELEASE_SESSIONS = 11


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
    """The verdict of a gate on a family whose sources have no rows."""
    return Verdict(
        name=name,
        passed=True,
        measured=0,
        bound="nothing was computed",
        offenders=pd.DataFrame(),
        explanation=f"Nothing was computed: {', '.join(without)} has no row.",
    )


def coverage(family: Family, rows: pd.DataFrame, sources: Sources, instrument: Instrument) -> Verdict:
    """On the sessions that its sources cover, or from its first value on, every column has a value on at least `family.coverage`
    of them, or its own, and none is empty. A column of which the sources cover no session is told, and not judged.
    """
    ordered = rows.sort_values("data_date", kind="stable", ignore_index=True)
    names = [column.column.name for column in family.columns]
    there = ordered[names].notna()
    first = {name: int(there[name].to_numpy().argmax()) if there[name].any() else len(ordered) for name in names}
    if family.covered is None:
        begun = np.arange(len(ordered))[:, np.newaxis] >= [first[name] for name in names]
        judged = pd.DataFrame(begun | ~there.any().to_numpy(), columns=names)
    else:
        decided = ordered.assign(decided_at=decision_times(ordered["data_date"], instrument.decision))
        judged = family.covered(decided, sources)[names]
    uncovered = [name for name in names if not judged[name].any()]
    shares = {name: float(there[name][judged[name]].mean()) for name in names if name not in uncovered}
    own = {c.column.name: c.coverage for c in family.columns if c.coverage is not None}
    bad = [name for name, share in shares.items() if share < own.get(name, family.coverage)]
    latest = max(names, key=lambda name: first[name])
    starts = f"{ordered['data_date'][first[latest]]:%Y-%m-%d}" if first[latest] < len(ordered) else "it has no value"
    table = [
        {
            "column": name,
            "share": shares[name],
            "last_value": ordered["data_date"][there[name]].max() if first[name] < len(ordered) else None,
        }
        for name in bad
    ]
    span = "after a column's first value" if family.covered is None else "that a column's sources cover"
    left = f" The loaded sources cover no session of {', '.join(uncovered)}, which is not judged." if uncovered and shares else ""
    return Verdict(
        name="coverage",
        passed=not bad and len(shares) > 0,
        measured=min(shares.values(), default=0.0),
        bound=f"at least {family.coverage:.0%} of the sessions {span}"
        + "".join(f", {least:.0%} of {name}" for name, least in own.items()),
        offenders=pd.DataFrame(table, columns=["column", "share", "last_value"]).head(MAX_OFFENDERS),
        explanation=f"{len(bad)} of {len(names)} columns of {family.name} have too many holes. The last column to start is "
        f"{latest}: {starts}.{left}",
    )


def prefix_invariant(
    family: Family,
    sessions: pd.DataFrame,
    sources: Sources,
    instrument: Instrument,
) -> Verdict:
    """Computed on the first k sessions alone, every value is the same, to the last bit, with the sources as they are."""
    return recomputed.prefix_invariant(
        family_rows(family, sessions, sources, instrument),
        lambda last: family_rows(family, sessions[sessions["data_date"] <= last], sources, instrument),
        [column.column.name for column in family.columns],
        f"values differ when {family.name} is computed on the first {{cuts}} sessions alone.",
    )


def release_times(family: Family, sessions: pd.DataFrame, sources: Sources, instrument: Instrument) -> Verdict:
    """A session's values stay the same when the source rows after its decision and all later sessions are removed."""
    dates = sessions["data_date"].drop_duplicates().sort_values().reset_index(drop=True)
    others = range(len(dates) - 1)
    chosen = sorted({len(dates) - 1, *random.Random(recomputed.SEED).sample(others, min(RELEASE_SESSIONS, len(others)))})  # noqa: S311 - not for secrets
    whole = family_rows(family, sessions, sources, instrument)

    def on(date: pd.Timestamp) -> tuple[pd.DataFrame, pd.DataFrame]:
        known = {asset: known_at(frame, date, instrument.decision) for asset, frame in sources.items()}
        alone = family_rows(family, sessions[sessions["data_date"] <= date], known, instrument)
        return whole[whole["data_date"] == date], alone[alone["data_date"] == date]

    reads = ", ".join(f"{need.asset} ({need.release})" for need in family.needs) or "nothing beside the sessions"
    return recomputed.differences(
        "release_times",
        [column.column.name for column in family.columns],
        {f"as known on {dates[i]:%Y-%m-%d}": on(dates[i]) for i in chosen} if family.needs else {},
        f"values of {len(chosen)} sessions differ when the source rows that came later are removed. {family.name} reads {reads}.",
    )


def stored_as_computed(family: Family, stored: pd.DataFrame, rows: pd.DataFrame) -> Verdict:
    """The table holds what the family's function computes now, value for value."""
    keys = pd.MultiIndex.from_frame(rows[KEY])
    # A key that is there twice is unique_key's to say.
    there = stored.drop_duplicates(KEY).set_index(KEY).reindex(keys).rename_axis(KEY).reset_index()
    return recomputed.differences(
        "stored_as_computed",
        [column.column.name for column in family.columns],
        {"now": (there, rows)},
        f"stored values of {family.name} are not what its module computes now.",
    )


def stamped(families: Sequence[Family], matrix: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> Verdict:
    """The matrix carries each family's values of the same date, NULL where the family's table has no row for it. A family without
    any row is not looked at: the matrix leaves its fields alone.

    Args:
        tables: the family's rows, by name.
    """
    from zl_assets.warehouse.diff import same

    faults: list[dict[str, Any]] = []
    keys = pd.MultiIndex.from_frame(matrix[KEY])
    for family in (family for family in families if not tables[family.name].empty):
        rows = tables[family.name].drop_duplicates(KEY).set_index(KEY).reindex(keys).reset_index(drop=True)
        for column in family.columns:
            left, right = matrix[column.path].reset_index(drop=True), rows[column.column.name]
            faults += [
                {**matrix[KEY].iloc[i], "column": column.path, "matrix": left[i], "family": right[i]}
                for i in np.flatnonzero(~same(left, right))
            ]
    return Verdict(
        name="families_stamped",
        passed=not faults,
        measured=len(faults),
        bound="0 values that differ",
        offenders=pd.DataFrame(faults, columns=[*KEY, "column", "matrix", "family"]).head(MAX_OFFENDERS),
        explanation=f"{len(faults):,} values differ from the tables of {', '.join(family.name for family in families)}.",
    )
