"""Every reviewed statement against the tables that the contracts ask for.

A golden file says neither which table it was rendered for nor its parameters' types, so it is tried with the tables as this
product creates them, as it may adopt them, and with a family's columns, and must be right for one of the three.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from zl_assets.contracts.ledger import LEDGER
from zl_assets.warehouse.contract import Column, TableContract, ViewContract
from zl_assets.warehouse.schema import field_of, staging_field
from zl_assets_tests.googlesql.analyzer import GoogleSql, Refused, Type, parameter_type
from zl_assets_tests.googlesql.sent import Schema, schema_of
from zl_assets_tests.support.contracts import CONTRACTS, INTELLIGENCE
from zl_assets_tests.warehouse.test_sql import FAMILY_MATRIX

TESTS = Path(__file__).resolve().parents[1]
GOLDEN = sorted(TESTS.rglob("golden/**/*.sql"))
PROJECT = "my-project"

# Names of key columns, as a statement has them; not parameters.
KEYS = re.compile(r"(?<!@)\b(?:data_date|date|symbol|regime|run_id)\b")

type Contracts = Mapping[str, TableContract | ViewContract]

CREATED: Contracts = {**CONTRACTS, **INTELLIGENCE, LEDGER.table: LEDGER}
WITH_FAMILY: Contracts = {**CREATED, FAMILY_MATRIX.table: FAMILY_MATRIX}


def columns(contract: TableContract | ViewContract, *, adopted: bool) -> tuple[Column, ...]:
    if isinstance(contract, ViewContract) or adopted:
        return contract.columns
    return contract.created_columns


def tables(contracts: Contracts, *, adopted: bool = False) -> dict[str, Schema]:
    """Each contract's table or view, and its staging table."""
    found = {}
    for contract in contracts.values():
        folder = f"{PROJECT}.{contract.dataset}"
        found[f"{folder}.{contract.table}"] = schema_of([field_of(column) for column in columns(contract, adopted=adopted)])
        staged = [staging_field(leaf) for leaf in contract.frame_leaves]
        found[f"{folder}.zl_staging_{contract.table}_0"] = schema_of(staged)
    return found


VARIANTS = {
    "as created": (CREATED, tables(CREATED)),
    "as adopted": (CREATED, tables(CREATED, adopted=True)),
    "with a family": (WITH_FAMILY, tables(WITH_FAMILY)),
}


def rows_of(contract: TableContract | ViewContract) -> Type:
    """Rows of a contract as one parameter."""
    fields = [{"name": leaf.staged, "type": {"type": leaf.column.type.value}} for leaf in contract.frame_leaves]
    return parameter_type({"type": "ARRAY", "arrayType": {"type": "STRUCT", "structTypes": fields}})


def faults(googlesql: GoogleSql, script: str) -> list[str]:
    """What is said against the script by each variant of the tables; empty if it is right for one."""
    said = []
    names = re.findall(r"\b(?:FROM|JOIN)\s+UNNEST\(@(\w+)\)", script)
    for variant, (contracts, schemas) in VARIANTS.items():
        for contract in contracts.values() if names else [None]:
            rows = {} if contract is None else dict.fromkeys(names, rows_of(contract))
            try:
                googlesql.analyze(script, schemas, rows, undeclared=True)
            except Refused as refusal:
                said.append(f"{variant}: {refusal}")
            else:
                return []
    return said


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: str(path.relative_to(TESTS)))
def test_a_reviewed_statement_is_not_one_that_google_refuses(googlesql: GoogleSql, path: Path) -> None:
    assert faults(googlesql, path.read_text()) == []


def test_no_golden_file_is_passed_by() -> None:
    assert GOLDEN != []
    assert set(GOLDEN) == set(TESTS.rglob("*.sql"))


@pytest.mark.parametrize("path", [p for p in GOLDEN if KEYS.search(p.read_text())], ids=lambda p: str(p.relative_to(TESTS)))
def test_a_column_that_no_contract_has_is_seen_in_a_golden_file(googlesql: GoogleSql, path: Path) -> None:
    assert faults(googlesql, KEYS.sub(r"\g<0>_x", path.read_text())) != []


def test_rows_that_are_a_parameter_have_the_types_of_their_contract(googlesql: GoogleSql) -> None:
    assert faults(googlesql, "SELECT regime, weight + 1.0 FROM UNNEST(@rows)") == []
    assert faults(googlesql, "SELECT regime + 1 FROM UNNEST(@rows)") != []
