"""Rules about the training view and its file."""

import math
from typing import Any

import pandas as pd

from zl_assets.contracts.tables import HORIZON, SPLIT_DATE
from zl_assets.domain.rolls import spans_a_roll
from zl_assets.domain.rules.offenders import TOLERANCE, agree, offending, pick
from zl_assets.warehouse.verdict import MAX_OFFENDERS, Verdict

# Six to eight contracts a year, each roll seen by the 21 targets before it: 45.6 % of the real targets. A share far from that
# means instrument ids that stand still, or that are not contracts.
LEAST_SPANNING, MOST_SPANNING = 0.20, 0.80


def labelled_rows_at_least(view: pd.DataFrame, minimum: int) -> Verdict:
    """The training view has at least `minimum` rows with a target."""
    labelled = int(view["target_1m"].notna().sum())
    return Verdict(
        name="labelled_rows_at_least",
        passed=labelled >= minimum,
        measured=labelled,
        bound=f">= {minimum:,}",
        offenders=view.iloc[:0],
        explanation=f"{labelled:,} of {len(view):,} rows have a target_1m.",
    )


def target_right(view: pd.DataFrame) -> Verdict:
    """target_1m is the close 21 rows later / close - 1, and NULL on the last 21 rows and on no other."""
    rows = view.sort_values("data_date", kind="stable").to_dict("records")
    faults = []
    for i, row in enumerate(rows):
        later = rows[i + HORIZON]["close"] if i + HORIZON < len(rows) else None
        expected = None if later is None else (later - row["close"]) / row["close"]
        if not agree(row["target_1m"], expected):
            faults.append({"data_date": row["data_date"], "target_1m": row["target_1m"], "recomputed": expected})
    return Verdict(
        name="target_right",
        passed=not faults,
        measured=len(faults),
        bound=f"0 rows off by more than {TOLERANCE:g}; the last {HORIZON} NULL",
        offenders=pd.DataFrame(faults, columns=["data_date", "target_1m", "recomputed"]).head(MAX_OFFENDERS),
        explanation=f"{len(faults):,} of {len(rows):,} targets differ from the closes {HORIZON} rows apart.",
    )


def targets_spanning_a_roll(view: pd.DataFrame, matrix: pd.DataFrame) -> Verdict:
    """The share of targets whose closes are of two contracts, so that a gap between contracts is part of the target.

    Args:
        view: data_date and target_1m of one symbol.
        matrix: data_date and is_roll of the same rows.
    """
    ordered = matrix.sort_values("data_date", kind="stable", ignore_index=True)
    labelled = ordered["data_date"].isin(view.loc[view["target_1m"].notna(), "data_date"])
    spans = spans_a_roll(ordered["is_roll"])[labelled].dropna()
    share = float(spans.mean()) if len(spans) else math.nan
    known = f"{share:.1%} of {len(spans):,} targets span a roll: part of such a target is the gap between two contracts."
    return Verdict(
        name="targets_spanning_a_roll",
        passed=not len(spans) or LEAST_SPANNING <= share <= MOST_SPANNING,
        measured=share if len(spans) else "not known",
        bound=f"{LEAST_SPANNING:.0%} to {MOST_SPANNING:.0%}, where the source has instrument_id",
        offenders=ordered.iloc[:0],
        explanation=known if len(spans) else "The source has no instrument_id, so nobody can say which targets span a roll.",
    )


def split_right(view: pd.DataFrame) -> Verdict:
    """split is 'train' before 2023-01-01 and 'test' from then on."""
    # ISO dates as text sort as dates do: another way to the same answer than the one the view takes.
    expected = ["train" if day < SPLIT_DATE else "test" for day in view["data_date"].dt.strftime("%Y-%m-%d")]
    bad = ~view["split"].eq(pd.Series(expected, index=view.index, dtype="string")).fillna(False).astype(bool)
    explanation = f"{bad.sum():,} of {len(view):,} rows have the wrong split; train is before {SPLIT_DATE}."
    return offending("split_right", view, pick(view, bad, ["split"]), explanation)


def csv_equals_view(csv: pd.DataFrame, view: pd.DataFrame) -> Verdict:
    """The exported file has the view's columns, in order, and its rows, value for value, with no tolerance.

    Args:
        csv: the file as read back, with the view's types.
        view: the view's labelled rows that were to be exported, in date order.
    """
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
            same = left.eq(right).fillna(False).astype(bool) | (left.isna() & right.isna())
            faults += [
                {"data_date": view["data_date"].iloc[i], "column": column, "csv": left[i], "view": right[i]}
                for i in same.index[~same]
            ]
    return Verdict(
        name="csv_equals_view",
        passed=not faults,
        measured=len(faults),
        bound="0 values that differ",
        offenders=pd.DataFrame(faults, columns=["data_date", "column", "csv", "view"]).head(MAX_OFFENDERS),
        explanation=f"{len(faults):,} differences between the file's {len(csv):,} rows and the view's {len(view):,}.",
    )
