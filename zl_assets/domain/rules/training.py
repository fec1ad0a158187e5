"""Rules about the training view and its file."""

import datetime as dt
import math
from typing import Any

import numpy as np
import pandas as pd

from zl_assets.domain.rolls import spans_a_roll
from zl_assets.domain.rules.offenders import TOLERANCE, agree, offending, pick
from zl_assets.instruments.base import Horizon
from zl_assets.warehouse.digits import number
from zl_assets.warehouse.verdict import MAX_OFFENDERS, Verdict

# A history of six horizons holds three or four rolls of soybean oil; one of seven targets may hold none, or be all before one.
HORIZONS_TO_JUDGE = 6


def labelled_rows_at_least(view: pd.DataFrame, target: str, minimum: int) -> Verdict:
    """The training view has at least `minimum` rows with a target."""
    labelled = int(view[target].notna().sum())
    return Verdict(
        name="labelled_rows_at_least",
        passed=labelled >= minimum,
        measured=labelled,
        bound=f">= {minimum:,}",
        offenders=view.iloc[:0],
        explanation=f"{labelled:,} of {len(view):,} rows have a {target}.",
    )


def target_right(view: pd.DataFrame, horizon: Horizon) -> Verdict:
    """The target is the close `horizon` rows later / close - 1, and NULL on the last `horizon` rows and on no other."""
    ahead, target = horizon.sessions, horizon.target
    rows = view.sort_values("data_date", kind="stable").to_dict("records")
    faults = []
    for i, row in enumerate(rows):
        later = rows[i + ahead]["close"] if i + ahead < len(rows) else None
        expected = None if later is None else (later - row["close"]) / row["close"]
        if not agree(row[target], expected):
            faults.append({"data_date": row["data_date"], target: row[target], "recomputed": expected})
    return Verdict(
        name="target_right",
        passed=not faults,
        measured=len(faults),
        bound=f"0 rows off by more than {number(TOLERANCE)}; the last {ahead} NULL",
        offenders=pd.DataFrame(faults, columns=["data_date", target, "recomputed"]).head(MAX_OFFENDERS),
        explanation=f"{len(faults):,} of {len(rows):,} targets differ from the return between closes {ahead} rows apart.",
    )


def targets_spanning_a_roll(view: pd.DataFrame, matrix: pd.DataFrame, horizon: Horizon) -> Verdict:
    """The share of targets whose two closes come from different contracts, so that a gap between contracts is part of the target.

    Args:
        view: data_date and the target of one symbol.
        matrix: data_date and is_roll of the same rows.
    """
    least, most = horizon.spanning
    enough = HORIZONS_TO_JUDGE * horizon.sessions
    ordered = matrix.sort_values("data_date", kind="stable", ignore_index=True)
    labelled = ordered["data_date"].isin(view.loc[view[horizon.target].notna(), "data_date"])
    spans = spans_a_roll(ordered["is_roll"], horizon.sessions)[labelled].dropna()
    share = float(spans.mean()) if len(spans) else math.nan
    known = f"{share:.1%} of {len(spans):,} targets span a roll: part of such a target is the gap between two contracts."
    if len(spans) < enough:
        known += f" So few say nothing of the share; it is judged from {enough} on."
    return Verdict(
        name="targets_spanning_a_roll",
        passed=len(spans) < enough or least <= share <= most,
        measured=share if len(spans) else "not known",
        bound=f"{least:.0%} to {most:.0%}, where the source has instrument_id",
        offenders=ordered.iloc[:0],
        explanation=known if len(spans) else "The source has no instrument_id, so it is not known which targets span a roll.",
    )


def split_right(view: pd.DataFrame, split_date: dt.date) -> Verdict:
    """split is 'train' before the split date and 'test' from then on."""
    # ISO dates as text sort as dates do: another way to the same answer than the one the view takes.
    expected = ["train" if day < split_date.isoformat() else "test" for day in view["data_date"].dt.strftime("%Y-%m-%d")]
    bad = ~view["split"].eq(pd.Series(expected, index=view.index, dtype="string")).fillna(False).astype(bool)
    explanation = f"{bad.sum():,} of {len(view):,} rows have the wrong split; train is before {split_date}."
    return offending("split_right", view, pick(view, bad, ["split"]), explanation)


def csv_equals_view(csv: pd.DataFrame, view: pd.DataFrame) -> Verdict:
    """The exported file has the view's columns, in order, and its rows, value for value, with no tolerance.

    Args:
        csv: the file as read back, with the view's types.
        view: the view's labelled rows that were to be exported, in date order.
    """
    from zl_assets.warehouse.diff import same

    faults: list[dict[str, Any]] = []
    if list(csv.columns) != list(view.columns) or len(csv) != len(view):
        faults.append(
            {
                "data_date": None,
                "column": "(shape)",
                "csv": f"{len(csv):,} rows of {', '.join(csv.columns)}",
                "view": f"{len(view):,} rows of {', '.join(view.columns)}",
            }
        )
    else:
        for column in view.columns:
            left, right = csv[column].reset_index(drop=True), view[column].reset_index(drop=True)
            differs = ~same(left, right)
            faults += [
                {"data_date": view["data_date"].iloc[i], "column": column, "csv": left[i], "view": right[i]}
                for i in np.flatnonzero(differs)
            ]
    return Verdict(
        name="csv_equals_view",
        passed=not faults,
        measured=len(faults),
        bound="0 values that differ",
        offenders=pd.DataFrame(faults, columns=["data_date", "column", "csv", "view"]).head(MAX_OFFENDERS),
        explanation=f"{len(faults):,} differences between the file's {len(csv):,} rows and the view's {len(view):,}.",
    )
