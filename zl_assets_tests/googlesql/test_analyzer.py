"""The net itself: what Google refuses is refused, what it takes is taken, and nothing is switched on that nothing needs."""

import subprocess
import sys
from pathlib import Path

import pytest
import wasmtime

from zl_assets_tests.googlesql.analyzer import (
    FEATURES,
    GoogleSql,
    Refused,
    cache_folder,
    parameter_type,
    type_of,
)
from zl_assets_tests.googlesql.text import as_paths, names_in

TABLE = [
    {"name": "data_date", "type": "DATE", "mode": "REQUIRED"},
    {"name": "symbol", "type": "STRING"},
    {"name": "bar", "type": "RECORD", "fields": [{"name": "open", "type": "FLOAT"}, {"name": "close", "type": "FLOAT"}]},
    {"name": "v", "type": "FLOAT"},
    {"name": "n", "type": "INTEGER"},
    {"name": "flag", "type": "BOOLEAN"},
    {"name": "written_at", "type": "TIMESTAMP"},
    {"name": "tags", "type": "STRING", "mode": "REPEATED"},
]
TABLES = {"my-project.d.t": TABLE, "my-project.d.s": TABLE}
ROWS = {
    "type": "ARRAY",
    "arrayType": {
        "type": "STRUCT",
        "structTypes": [
            {"name": "data_date", "type": {"type": "DATE"}},
            {"name": "close", "type": {"type": "FLOAT64"}},
        ],
    },
}
PARAMETERS = {
    "day": parameter_type({"type": "DATE"}),
    "text": parameter_type({"type": "STRING"}),
    "at": parameter_type({"type": "TIMESTAMP"}),
    "symbols": parameter_type({"type": "ARRAY", "arrayType": {"type": "STRING"}}),
    "one": parameter_type({"type": "STRUCT", "structTypes": [{"name": "close", "type": {"type": "FLOAT64"}}]}),
    "rows": parameter_type(ROWS),
}
T, S = "`my-project.d.t`", "`my-project.d.s`"
_MERGE = f"MERGE {T} AS live USING {S} AS staged ON live.data_date = staged.data_date WHEN MATCHED THEN UPDATE SET"
_INSERT = f"MERGE {T} AS live USING {S} AS staged ON live.data_date = staged.data_date WHEN NOT MATCHED BY TARGET THEN INSERT"

# Faults that somebody could make in our SQL, and Google's words about each.
WRONG = {
    "a date bound as a TIMESTAMP": (
        f"SELECT n FROM {T} WHERE data_date >= @at",
        "No matching signature for operator >= for argument types: DATE, TIMESTAMP",
    ),
    "EXCEPT without DISTINCT": (f"SELECT symbol FROM {T} EXCEPT SELECT symbol FROM {S}", "EXCEPT must be followed by"),
    "UNION without ALL": (f"SELECT symbol FROM {T} UNION SELECT symbol FROM {S}", "Expected keyword ALL or keyword DISTINCT"),
    "a set operation over a STRUCT": (
        f"SELECT bar FROM {T} EXCEPT DISTINCT SELECT bar FROM {S}",
        "has type that does not support set operation comparisons: STRUCT",
    ),
    "a STRUCT that IS DISTINCT FROM a STRUCT": (
        f"SELECT n FROM {T} WHERE bar IS DISTINCT FROM bar",
        "Grouping is not defined for arguments of type STRUCT",
    ),
    "a STRING that equals an INT64": (
        f"SELECT n FROM {T} WHERE symbol = n",
        "No matching signature for operator = for argument types: STRING, INT64",
    ),
    "a bare NULL in a set operation, for an INT64": (
        f"SELECT data_date FROM {T} UNION ALL SELECT NULL UNION ALL SELECT n FROM {S}",
        "has incompatible types: DATE, NULL, INT64",
    ),
    "an INSERT with too few values": (
        f"{_INSERT} (data_date, symbol, n) VALUES (staged.data_date, staged.symbol)",
        "Has 2, expected 3",
    ),
    "a STRUCT short of a field": (f"{_MERGE} bar = STRUCT(staged.bar.open AS open)", "cannot be assigned to bar"),
    "a column that the source does not have": (f"{_MERGE} v = staged.nothing", "Name nothing not found inside staged"),
    "a TIMESTAMP into a FLOAT64": (f"{_MERGE} v = staged.written_at", "Value of type TIMESTAMP cannot be assigned to v"),
    "a FLOAT64 into an INT64": (f"{_MERGE} n = staged.v", "Value of type FLOAT64 cannot be assigned to n"),
    "a column that is not grouped": (f"SELECT symbol, MAX(v) FROM {T}", "neither grouped nor aggregated"),
    "an alias in WHERE": (f"SELECT n + 1 AS m FROM {T} WHERE m > 1", "Unrecognized name: m"),
    "a function of DuckDB's": (f"SELECT date_part('year', data_date) FROM {T}", "Function not found: date_part"),
    "a cast of DuckDB's": (f"SELECT n::FLOAT64 FROM {T}", 'but got ":"'),
    "QUALIFY, which nothing here needs": (f"SELECT n FROM {T} QUALIFY n > 1", "QUALIFY is not supported"),
    "a reserved word for a name": (f"SELECT n AS qualify FROM {T}", "QUALIFY"),
    "a parameter that is not given": (f"SELECT n FROM {T} WHERE n > @nope", "Query parameter 'nope' not found"),
    "an interval compared with a number of days": (
        f"SELECT n FROM {T} WHERE data_date - data_date > 3",
        "No matching signature for operator",
    ),
    "DATE_TRUNC with the part as a string": (
        f"SELECT DATE_TRUNC(data_date, 'MONTH') FROM {T}",
        "A valid date part name is required",
    ),
    "a SUM of BOOL": (f"SELECT SUM(flag) > 0 FROM {T}", "No matching signature for aggregate function SUM"),
    "a window by FLOAT64": (
        f"SELECT SUM(n) OVER (PARTITION BY v) FROM {T}",
        "Partitioning by expressions of type FLOAT64 is not allowed",
    ),
    "DELETE without WHERE": (f"DELETE FROM {T}", "DELETE must have a WHERE clause"),
    "UPDATE without WHERE": (f"UPDATE {T} SET n = 1", "UPDATE must have a WHERE clause"),
    "a field that the rows of a parameter do not have": (
        "SELECT r.open FROM UNNEST(@rows) AS r",
        "Field name open does not exist",
    ),
    "a scalar taken for rows": ("SELECT * FROM UNNEST(@day)", "Values referenced in UNNEST must be arrays"),
    "a table that the script has dropped": (f"DROP TABLE {S}; SELECT n FROM {S}", "Table not found"),
    "a column that the script has not added": (
        f"ALTER TABLE {T} ADD COLUMN IF NOT EXISTS extra STRING; SELECT another FROM {T}",
        "Unrecognized name: another",
    ),
    "a fault behind a semicolon": (f"BEGIN TRANSACTION; DELETE FROM {T} WHERE nothing = 1; COMMIT TRANSACTION;", "nothing"),
    "a condition that is no BOOL": (f"ASSERT (SELECT COUNT(*) FROM {T}) AS 'rows'", "ASSERT"),
    "a procedural statement": ("DECLARE x INT64; SELECT x", "DECLARE"),
    "no statement": ("-- nothing\n ", "there is no statement in it"),
}

RIGHT = {
    "a date bound as a STRING": (f"SELECT n FROM {T} WHERE data_date >= @text OR data_date < '2024-01-01'", ("query",)),
    "fields of a STRUCT in another order": (
        f"{_MERGE} bar = STRUCT(staged.bar.close AS close, staged.bar.open AS open)",
        ("merge",),
    ),
    "a table's own name": (f"SELECT t.n FROM {T}", ("query",)),
    "rows of a parameter": ("SELECT r.data_date, r.close FROM UNNEST(@rows) AS r", ("query",)),
    "an array parameter": (f"SELECT n FROM {T} WHERE symbol IN UNNEST(@symbols)", ("query",)),
    "a field of a parameter": ("SELECT @one.close + 1.0", ("query",)),
    "an element of a repeated column": (f"SELECT tag FROM {T}, UNNEST(tags) AS tag", ("query",)),
    "a script that makes, checks, merges and drops": (
        "BEGIN TRANSACTION;\nCREATE TEMP TABLE staged AS SELECT * FROM UNNEST(@rows);\n"
        "ASSERT (SELECT COUNT(*) FROM staged) = 3 AS 'not three';\n"
        f"MERGE {T} AS live USING staged ON live.data_date = staged.data_date WHEN MATCHED THEN UPDATE SET v = staged.close;\n"
        "DROP TABLE staged;\nCOMMIT TRANSACTION;\n-- the end; really",
        ("begin", "create_table_as_select", "assert", "merge", "drop", "commit"),
    ),
    "a column that the script adds": (
        f'ALTER TABLE {T} ADD COLUMN IF NOT EXISTS extra STRING OPTIONS(description="of `a.b`"); SELECT extra FROM {T}',
        ("alter_table", "query"),
    ),
    "a view that the script makes": (
        "CREATE OR REPLACE VIEW `my-project.d.w` (a OPTIONS(description='x')) AS SELECT 1; SELECT w.a FROM `my-project.d.w`",
        ("create_view", "query"),
    ),
    "a rolled back INSERT": (
        "BEGIN TRANSACTION;\n"
        f"INSERT INTO {T} (data_date, bar) VALUES (@day, STRUCT(1.0 AS open, 2.0 AS close)); ROLLBACK TRANSACTION",
        ("begin", "insert", "rollback"),
    ),
    "an emptied table": (f"TRUNCATE TABLE {S}", ("truncate",)),
    "an export": (f"EXPORT DATA OPTIONS(uri='gs://b/x-*.csv', format='CSV', header=true) AS SELECT n FROM {T}", ("export_data",)),
}

# For each feature that is switched on, a statement that needs it.
NEEDS = {
    "ANALYTIC_FUNCTIONS": f"SELECT LEAD(n, 21) OVER w FROM {T} WINDOW w AS (ORDER BY data_date)",
    "CREATE_VIEW_WITH_COLUMN_LIST": "CREATE VIEW `my-project.d.w` (a) AS SELECT 1",
    "CREATE_VIEWS_WITH_COLUMN_OPTIONS": "CREATE VIEW `my-project.d.w` (a OPTIONS(description='x')) AS SELECT 1",
    "V_1_3_IS_DISTINCT": f"SELECT n IS DISTINCT FROM n FROM {T}",
}


@pytest.mark.parametrize("fault", WRONG)
def test_sql_that_google_refuses_does_not_pass(googlesql: GoogleSql, fault: str) -> None:
    script, words = WRONG[fault]
    with pytest.raises(Refused) as refusal:
        googlesql.analyze(script, TABLES, PARAMETERS)
    assert words in str(refusal.value)


@pytest.mark.parametrize("what", RIGHT)
def test_sql_that_google_takes_is_not_refused(googlesql: GoogleSql, what: str) -> None:
    script, kinds = RIGHT[what]
    assert googlesql.analyze(script, TABLES, PARAMETERS) == kinds


@pytest.mark.parametrize("feature", FEATURES)
def test_no_feature_is_on_that_nothing_needs(googlesql: GoogleSql, googlesql_cache: Path, feature: str) -> None:
    googlesql.analyze(NEEDS[feature], TABLES, {})
    without = GoogleSql(googlesql_cache, [name for name in FEATURES if name != feature])
    with pytest.raises(Refused):
        without.analyze(NEEDS[feature], TABLES, {})
    without.close()


def test_one_refusal_does_not_spoil_the_next_answer(googlesql: GoogleSql) -> None:
    for _ in range(3):
        with pytest.raises(Refused):
            googlesql.analyze("SELECT nothing", TABLES, {})
        assert googlesql.analyze("SELECT 1", TABLES, {}) == ("query",)


def test_a_script_does_not_change_the_tables_of_the_next(googlesql: GoogleSql) -> None:
    googlesql.analyze(f"DROP TABLE {S}", TABLES, {})
    googlesql.analyze(f"SELECT n FROM {S}", TABLES, {})


def test_parameters_may_be_left_to_the_analyzer(googlesql: GoogleSql) -> None:
    """A reviewed statement in a file says nothing of its parameters' types."""
    googlesql.analyze(f"SELECT n FROM {T} WHERE data_date BETWEEN @low AND @high", TABLES, {}, undeclared=True)
    with pytest.raises(Refused):
        googlesql.analyze(f"SELECT n FROM {T} WHERE data_date BETWEEN @low AND 3", TABLES, {}, undeclared=True)


def test_names_in_strings_and_comments_are_no_tables() -> None:
    script = "SELECT '`a.b.c`', \"it's `d.e`\" /* `f.g` */ FROM `p.q.r` -- `h.i`\nWHERE `column` = 1 AND `p.q.r`.x = '''`j.k`'''"
    assert names_in(script) == ("p.q.r",)
    assert as_paths(script) == script.replace("`p.q.r`", "`p`.`q`.`r`")


def test_a_type_that_bigquery_does_not_have_is_no_type() -> None:
    with pytest.raises(ValueError, match="TYPE_VARCHAR"):
        type_of({"name": "x", "type": "VARCHAR"})


_COMPILE = """
import sys, time
from pathlib import Path
from zl_assets_tests.googlesql import analyzer
from zl_assets_tests.googlesql.analyzer import wasmtime

def slowly(engine, path, compile=wasmtime.Module.from_file):
    time.sleep(1)
    print("compiled", end=" ")
    return compile(engine, path)

wasmtime.Module.from_file = slowly
analyzer.get_wasm_path = lambda: sys.argv[1]
module = analyzer.compiled(wasmtime.Engine(), Path(sys.argv[2]))
print([export.name for export in module.exports])
"""


@pytest.mark.parametrize("before", ["nothing", "a file that was cut short"])
def test_two_workers_do_not_compile_at_once(tmp_path: Path, before: str) -> None:
    """Compiling the real module takes half a minute of two processors, and a gigabyte."""
    (tmp_path / "small.wasm").write_bytes(wasmtime.wat2wasm('(module (func (export "here")))'))
    folder = tmp_path / "cache"
    command = [sys.executable, "-c", _COMPILE, str(tmp_path / "small.wasm"), str(folder)]
    if before != "nothing":
        subprocess.run(command, check=True, capture_output=True)
        [kept] = folder.glob("*.cwasm")
        kept.write_bytes(kept.read_bytes()[:100])
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = sorted(process.communicate(timeout=60)[0].strip() for process in both)
    assert said == ["['here']", "compiled ['here']"]
    assert sorted(path.suffix for path in folder.iterdir()) == [".cwasm", ".lock"]


def test_the_cache_is_neither_in_the_repository_nor_in_a_temporary_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere/cache")
    assert cache_folder().parent == Path("/somewhere/cache")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder().parent == Path.home() / ".cache"
