"""A server that was killed while it made a dataset or a table: the half of it that nobody was told of must go."""

import duckdb

from zl_assets.embedded.compaction import drop_half_made


def test_what_has_no_record_goes_and_tables_with_rows_stay() -> None:
    connection = duckdb.connect()
    connection.execute(
        "ATTACH ':memory:' AS emulator; ATTACH ':memory:' AS \"zl-local\";"
        "CREATE TABLE emulator.tables (project_id VARCHAR, dataset_id VARCHAR, table_id VARCHAR);"
        "CREATE TABLE emulator.datasets (project_id VARCHAR, dataset_id VARCHAR);"
        "INSERT INTO emulator.datasets VALUES ('zl-local', 'whole');"
        "INSERT INTO emulator.tables VALUES ('zl-local', 'whole', 'recorded'), ('other', 'whole', 'half');"
        'CREATE SCHEMA "zl-local".whole; CREATE SCHEMA "zl-local".half; CREATE SCHEMA "zl-local".by_query;'
        'CREATE TABLE "zl-local".whole.recorded (k INT); CREATE TABLE "zl-local".whole.half (k INT);'
        'CREATE TABLE "zl-local".by_query.t AS SELECT 1 AS k; CREATE VIEW "zl-local".whole.v AS SELECT 1 AS k'
    )
    assert drop_half_made(connection, "zl-local") == 3
    there = "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'zl-local' ORDER BY ALL"
    assert connection.execute(there).fetchall() == [("by_query", "t"), ("whole", "recorded")]
    schemas = (
        "SELECT schema_name FROM duckdb_schemas() WHERE database_name = 'zl-local' AND NOT internal AND schema_name <> 'main'"
    )
    assert {name for (name,) in connection.execute(schemas).fetchall()} == {"whole", "by_query"}
    assert drop_half_made(connection, "zl-local") == 0
    connection.close()
