"""The ledger: measurements as rows, how looks are counted, and what the table must hold.

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
from zl_assets.warehouse.contract import PANDAS_DTYPES
from zl_assets.warehouse.verdict import Verdict

ACCEPTED = (Decision.KEEP, Decision.PROVISIONAL)


def ledger_rows(impacts: Sequence[Impact]) -> pd.DataFrame:
    """Measurements as rows of the ledger, types as its contract has them."""
    rows = pd.DataFrame([_ledger_row(impact) for impact in impacts], columns=list(LEDGER.frame_columns))
    return rows.astype({leaf.path: PANDAS_DTYPES[leaf.column.type] for leaf in LEDGER.frame_leaves})


def next_look(ledger: pd.DataFrame, family: str) -> int:
    """1 + the ledger's rows of this family; each was a look, whatever its registration and data."""
    return 1 + int((ledger["family"] == family).sum())


def is_recorded(ledger: pd.DataFrame, registration: Registration, data_sha256: str) -> bool:
    """Does the ledger have this registration on these data already?"""
    same = (ledger["registration_id"] == registration.id) & (ledger["data_sha256"] == data_sha256)
    return bool(same.any())


def newest_looks(ledger: pd.DataFrame) -> pd.DataFrame:
    """The newest row of each family, by name of family."""
    return ledger.sort_values("look").groupby("family", sort=True).tail(1).sort_values("family").reset_index(drop=True)


def kept_family_verdict(kept: Sequence[str], ledger: pd.DataFrame) -> Verdict:
    """Every family that the training view carries was measured, and its newest look says KEEP or PROVISIONAL.

    Args:
        kept: names, as in ZL_KEPT_FAMILIES.
        ledger: LEDGER.frame_columns; may be empty.
    """
    newest = newest_looks(ledger)
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
    """The looks at each family are 1, 2, 3 ... without a gap or a repeat, so KEEP's bound was divided by the right number."""
    bad = [
        {"family": family, "looks": ", ".join(map(str, sorted(rows["look"])))}
        for family, rows in ledger.groupby("family")
        if sorted(rows["look"]) != list(range(1, len(rows) + 1))
    ]
    return Verdict(
        name="looks_numbered",
        passed=not bad,
        measured=len(bad),
        bound="0 families whose looks are not 1, 2, 3 ...",
        offenders=pd.DataFrame(bad, columns=["family", "looks"]),
        explanation=f"{len(ledger)} looks at {ledger['family'].nunique()} families.",
    )


def _ledger_row(impact: Impact) -> dict[str, object]:
    def parts(table: pd.DataFrame) -> str:
        return json.dumps(table.to_dict("records"))

    return {
        "family": impact.registration.family,
        "look": impact.look,
        "registration_id": impact.registration.id,
        "data_sha256": impact.data_sha256,
        "decision": str(impact.decision),
        "p": impact.ridge.p,
        "keep_bound": keep_bound(impact.look),
        "effect": impact.ridge.value,
        "effect_low": impact.ridge.low,
        "effect_high": impact.ridge.high,
        "smallest_effect": impact.smallest_effect,
        "shifts": len(impact.ridge.placebo),
        "seed": impact.registration.config.seed,
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
        "config": impact.registration.text,
    }
