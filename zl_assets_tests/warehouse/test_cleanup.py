"""Leftovers are dropped only on proof."""

from collections.abc import Callable

import pytest
from google.api_core import exceptions as api
from google.cloud import bigquery

from zl_assets.warehouse import cleanup
from zl_assets.warehouse.errors import BadName, WarehouseRefused
from zl_assets.warehouse.jobs import JobRunner
from zl_assets.warehouse.names import ListedName
from zl_assets.warehouse.publish import Publisher
from zl_assets_tests.warehouse.tables import publisher


def inspect_view(publisher: Publisher) -> cleanup.Leftover:
    return cleanup.inspect_view(publisher, "features", "master_features_all")


def inspect_dataset(publisher: Publisher) -> cleanup.Leftover:
    return cleanup.inspect_dataset(publisher, "z_archive_20251119")


def names(bq: bigquery.Client, prefix: str) -> set[str]:
    datasets = [d.dataset_id for d in bq.list_datasets() if d.dataset_id.startswith(prefix)]
    tables = {f"{d}.{t.table_id}" for d in datasets for t in bq.list_tables(d)}
    return {name.removeprefix(prefix) for name in {*datasets, *tables}}


@pytest.fixture
def run(bq: bigquery.Client, prefix: str) -> Callable[..., None]:
    bq.create_dataset(f"{prefix}features")

    def statement(text: str) -> None:
        bq.query(text.replace("@", prefix)).result()

    return statement


def test_nothing_there_is_nothing_to_do(bq: bigquery.Client, prefix: str) -> None:
    one = publisher(bq, prefix)
    view, dataset = inspect_view(one), inspect_dataset(one)
    assert (view.droppable, dataset.droppable) == (False, False)
    assert "There is nothing to drop" in cleanup.markdown([view, dataset], None)
    assert cleanup.drop(one, view, dataset).gone == ()


def test_a_view_over_a_table_that_is_gone_is_dropped(bq: bigquery.Client, prefix: str, run: Callable[[str], None]) -> None:
    run("CREATE TABLE `@features.gone` (a INT64)")
    run("CREATE VIEW `@features.master_features_all` AS SELECT a FROM `@features.gone`")
    run("CREATE VIEW `@features.bystander` AS SELECT a FROM `@features.gone`")
    run("DROP TABLE `@features.gone`")
    one = publisher(bq, prefix)
    view, dataset = inspect_view(one), inspect_dataset(one)
    assert view.droppable
    assert "features.master_features_all" in names(bq, prefix)
    assert "`apply: true`" in cleanup.markdown([view, dataset], None)
    assert cleanup.drop(one, view, dataset).gone == (f"{bq.project}.{prefix}features.master_features_all",)
    assert names(bq, prefix) == {"features", "features.bystander"}


@pytest.mark.parametrize(
    "kind", ["VIEW `@features.master_features_all` AS SELECT 1 AS a", "TABLE `@features.master_features_all` (a INT64)"]
)
def test_a_view_that_runs_and_a_table_of_that_name_stay(
    bq: bigquery.Client, prefix: str, run: Callable[[str], None], kind: str
) -> None:
    run(f"CREATE {kind}")
    one = publisher(bq, prefix)
    view = inspect_view(one)
    assert not view.droppable
    cleanup.drop(one, view, inspect_dataset(one))
    assert "features.master_features_all" in names(bq, prefix)


def test_a_view_that_we_may_not_read_is_not_taken_for_broken(
    bq: bigquery.Client, prefix: str, run: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    run("CREATE VIEW `@features.master_features_all` AS SELECT 1 AS a")

    def forbidden(*_: object) -> int:
        raise WarehouseRefused("BigQuery denied the step") from api.Forbidden("no")

    monkeypatch.setattr(JobRunner, "dry_run", forbidden)
    view = inspect_view(publisher(bq, prefix))
    assert not view.droppable
    assert "so it stays" in view.evidence


@pytest.mark.parametrize(
    "words",
    [
        "Cannot reference a legacy SQL view in a standard SQL query",
        "Cannot query over table 'x' without a filter over column(s) 'd' that can be used for partition elimination",
    ],
)
def test_a_view_that_only_our_count_cannot_ask_is_not_taken_for_broken(
    bq: bigquery.Client, prefix: str, run: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    run("CREATE VIEW `@features.master_features_all` AS SELECT 1 AS a")

    def refused(*_: object) -> int:
        raise WarehouseRefused(f"BigQuery refused the step: BadRequest: {words}") from api.BadRequest(words)

    monkeypatch.setattr(JobRunner, "dry_run", refused)
    assert not inspect_view(publisher(bq, prefix)).droppable


def test_what_is_in_another_location_than_ours_is_not_taken_for_broken_or_empty(
    bq: bigquery.Client, prefix: str, run: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """BigQuery's answer, which the embedded one never gives: in its jobs the location means nothing."""
    run("CREATE VIEW `@features.master_features_all` AS SELECT 1 AS a")
    bq.create_dataset(f"{prefix}z_archive_20251119")

    def not_found(*_: object) -> int:
        words = f"Not found: Dataset {prefix}features was not found in location EU"
        raise WarehouseRefused(f"BigQuery refused the step: {words}") from api.NotFound(words)

    monkeypatch.setattr(JobRunner, "dry_run", not_found)
    one = publisher(bq, prefix, location="EU")
    view, dataset = inspect_view(one), inspect_dataset(one)
    assert (view.droppable, dataset.droppable) == (False, False)
    for leftover in (view, dataset):
        assert "in us-central1, and this works in EU, so it cannot be looked at, and stays" in leftover.evidence
    assert cleanup.drop(one, view, dataset).gone == ()


def test_a_dataset_of_empty_tables_is_dropped(bq: bigquery.Client, prefix: str, run: Callable[[str], None]) -> None:
    bq.create_dataset(f"{prefix}z_archive_20251119")
    run("CREATE TABLE `@z_archive_20251119.one` (a INT64)")
    run("CREATE TABLE `@z_archive_20251119.two` (a INT64)")
    run("INSERT INTO `@z_archive_20251119.two` VALUES (1)")
    one = publisher(bq, prefix)
    dataset = inspect_dataset(one)
    assert (dataset.droppable, dataset.evidence) == (False, "two has 1 rows: the dataset stays")
    assert cleanup.drop(one, inspect_view(one), dataset).gone == ()
    run("DELETE FROM `@z_archive_20251119.two` WHERE TRUE")
    dataset = inspect_dataset(one)
    assert dataset.droppable
    assert len(cleanup.drop(one, inspect_view(one), dataset).gone) == 3
    assert names(bq, prefix) == {"features"}


def test_rows_that_come_after_the_look_are_not_dropped(bq: bigquery.Client, prefix: str, run: Callable[[str], None]) -> None:
    bq.create_dataset(f"{prefix}z_archive_20251119")
    for table in ("one", "two", "zoo"):
        run(f"CREATE TABLE `@z_archive_20251119.{table}` (a INT64)")
    one = publisher(bq, prefix)
    view, dataset = inspect_view(one), inspect_dataset(one)
    assert dataset.droppable
    run("INSERT INTO `@z_archive_20251119.two` VALUES (1)")
    outcome = cleanup.drop(one, view, dataset)
    full = f"{bq.project}.{prefix}z_archive_20251119"
    assert names(bq, prefix) == {"features", "z_archive_20251119", "z_archive_20251119.two", "z_archive_20251119.zoo"}
    assert outcome.gone == (f"{full}.one",)
    said = cleanup.markdown([view, dataset], outcome)
    assert f"Dropped: {full}.one. {full}.two has 1 rows by now: it stays, and so does the rest of {full}." in said


@pytest.mark.parametrize("table", ["old-table", "2024_backup"])
def test_a_table_whose_name_is_not_one_of_ours_does_not_stop_the_cleanup(bq: bigquery.Client, prefix: str, table: str) -> None:
    bq.create_dataset(f"{prefix}z_archive_20251119")
    bq.create_table(bigquery.Table(f"{bq.project}.{prefix}z_archive_20251119.{table}", [bigquery.SchemaField("a", "INT64")]))
    one = publisher(bq, prefix)
    dataset = inspect_dataset(one)
    assert (dataset.droppable, dataset.evidence) == (True, "1 tables, each with 0 rows")
    assert len(cleanup.drop(one, inspect_view(one), dataset).gone) == 2
    assert names(bq, prefix) == set()


def test_a_listed_name_cannot_end_its_own_quotes() -> None:
    assert ListedName("my-project", "d", "Ärger am-1 Mai").quoted == "`my-project.d.Ärger am-1 Mai`"
    with pytest.raises(BadName, match="has a backtick"):
        ListedName("my-project", "d", "x`; DROP TABLE t; --")


def test_a_dataset_with_a_view_in_it_stays(bq: bigquery.Client, prefix: str, run: Callable[[str], None]) -> None:
    bq.create_dataset(f"{prefix}z_archive_20251119")
    run("CREATE VIEW `@z_archive_20251119.v` AS SELECT 1 AS a")
    one = publisher(bq, prefix)
    dataset = inspect_dataset(one)
    assert dataset.evidence == "v is a VIEW, not a table: the dataset stays"
    assert cleanup.drop(one, inspect_view(one), dataset).gone == ()
