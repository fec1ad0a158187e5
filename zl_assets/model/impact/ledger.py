"""The ledger: attempts as rows, how looks are counted, and what the table must hold.

Belongs here: rules over rows of the ledger. Must not be here: measuring (measure), words and pictures (report/impact), reading or
writing a table.
"""

import json
from collections.abc import Sequence

import pandas as pd

from zl_assets.contracts.ledger import LEDGER
from zl_assets.model.impact.decision import Decision, keep_bound
from zl_assets.model.impact.measure import Impact
from zl_assets.model.impact.registration import Registration
from zl_assets.model.impact.rows import TooFew
from zl_assets.warehouse.contract import PANDAS_DTYPES
from zl_assets.warehouse.verdict import Verdict

ACCEPTED = (Decision.KEEP, Decision.PROVISIONAL)


def measured_row(impact: Impact, row: int) -> pd.DataFrame:
    """A measurement as the ledger's row of this number, types as its contract has them."""
    return _typed(_row_of(impact.registration, impact.data_sha256, impact.decision, row) | _found(impact))


def untested_row(few: TooFew, registration: Registration, row: int) -> pd.DataFrame:
    """A family that could not be tested as the ledger's row of this number: why, and NULL for all that was not measured."""
    return _typed(
        _row_of(registration, few.sha256, Decision.NOT_TESTABLE, row)
        | {
            "row_count": few.rows,
            "rows_left_out": few.left_out,
            "first_date": few.dates[0],
            "last_date": few.dates[-1],
            "reason": few.reason,
        }
    )


def next_row(ledger: pd.DataFrame, family: str) -> int:
    """1 + the ledger's rows of this family."""
    return 1 + int((ledger["family"] == family).sum())


def next_look(ledger: pd.DataFrame, family: str) -> int:
    """1 + the rows of this family that were a look, whatever their registration and data. Where nothing was measured nothing was
    looked at."""
    return 1 + int(((ledger["family"] == family) & (ledger["decision"] != Decision.NOT_TESTABLE)).sum())


def is_recorded(ledger: pd.DataFrame, registration: Registration, data_sha256: str) -> bool:
    """Does the ledger have this registration on these data already, under whatever bound for KEEP?"""
    same = ledger[(ledger["family"] == registration.family) & (ledger["data_sha256"] == data_sha256)]
    return any(registration.same_measurement(text) for text in same["config"])


def newest_rows(ledger: pd.DataFrame) -> pd.DataFrame:
    """The newest row of each family, by name of family."""
    return ledger.sort_values("look").groupby("family", sort=True).tail(1).sort_values("family").reset_index(drop=True)


def kept_family_verdict(kept: Sequence[str], ledger: pd.DataFrame) -> Verdict:
    """Every family that the training view carries was measured, and its newest row says KEEP or PROVISIONAL.

    Args:
        kept: names, as in ZL_KEPT_FAMILIES.
        ledger: LEDGER.frame_columns; may be empty.
    """
    newest = newest_rows(ledger)
    decisions = dict(zip(newest["family"], newest["decision"], strict=True))
    rows = [{"family": name, "decision": decisions.get(name, "never measured")} for name in kept]
    bad = [row for row in rows if row["decision"] not in ACCEPTED]
    said = ", ".join(f"{row['family']} {row['decision']}" for row in rows) or "none is kept"
    return Verdict(
        name="kept_family_verdict",
        passed=not bad,
        measured=len(bad),
        bound="0 kept families without KEEP or PROVISIONAL",
        offenders=pd.DataFrame(bad, columns=["family", "decision"]),
        explanation=f"The ledger on the kept families: {said}.",
    )


def looks_numbered(ledger: pd.DataFrame) -> Verdict:
    """The rows of each family are 1, 2, 3 ... without a gap or a repeat, so KEEP's bound was divided by the right number."""
    bad = [
        {"family": family, "looks": ", ".join(map(str, sorted(rows["look"])))}
        for family, rows in ledger.groupby("family")
        if sorted(rows["look"]) != list(range(1, len(rows) + 1))
    ]
    return Verdict(
        name="looks_numbered",
        passed=not bad,
        measured=len(bad),
        bound="0 families whose looks are not 1, 2, 3 and so on",
        offenders=pd.DataFrame(bad, columns=["family", "looks"]),
        explanation=f"{int((ledger['decision'] != Decision.NOT_TESTABLE).sum())} looks at {ledger['family'].nunique()} families.",
    )


def _typed(values: dict[str, object]) -> pd.DataFrame:
    row = pd.DataFrame([values], columns=list(LEDGER.frame_columns))
    return row.astype({leaf.path: PANDAS_DTYPES[leaf.column.type] for leaf in LEDGER.frame_leaves})


def _row_of(registration: Registration, data_sha256: str, decision: Decision, row: int) -> dict[str, object]:
    return {
        "family": registration.family,
        "look": row,
        "registration_id": registration.id,
        "data_sha256": data_sha256,
        "decision": str(decision),
        "seed": registration.config.seed,
        "config": registration.text,
        "left_out": json.dumps(registration.left_out),
    }


def _found(impact: Impact) -> dict[str, object]:
    def parts(table: pd.DataFrame) -> str:
        return json.dumps(table.to_dict("records"))

    return {
        "p": impact.ridge.p,
        "keep_bound": keep_bound(impact.look),
        "effect": impact.ridge.value,
        "effect_low": impact.ridge.low,
        "effect_high": impact.ridge.high,
        "smallest_effect": impact.smallest_effect,
        "shifts": len(impact.ridge.placebo),
        "boosting_p": impact.boosting.p,
        "boosting_effect": impact.boosting.value,
        "boosting_low": impact.boosting.low,
        "boosting_high": impact.boosting.high,
        "row_count": impact.rows,
        "rows_left_out": impact.rows_left_out,
        "test_rows": impact.test_rows,
        "first_date": impact.first_date,
        "last_date": impact.last_date,
        "mse_zero": impact.mse_zero,
        "mse_base": impact.mse_base,
        "mse_family": impact.mse_family,
        "by_fold": parts(impact.by_fold),
        "by_regime": parts(impact.by_regime),
        "placebo": json.dumps([round(value, 8) for value in impact.ridge.placebo]),
        "directions": json.dumps(impact.directions) if impact.directions else None,
    }
