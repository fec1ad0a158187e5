"""EXPORT DATA and its files: every digit, one header, any number of files, nothing left behind."""

import datetime as dt
import os
import time
from pathlib import Path

import pandas as pd
import pytest
from google.cloud import bigquery, storage

from zl_assets.errors import SettingError
from zl_assets.files import ArtifactFault
from zl_assets.settings import Settings
from zl_assets.warehouse.contract import Column, ColumnType, ViewContract
from zl_assets.warehouse.errors import WarehouseRefused
from zl_assets.warehouse.export import BucketStorage, FolderStorage, export_view
from zl_assets.warehouse.publish import Publisher
from zl_assets_tests.warehouse.gcs import Bucket, serving
from zl_assets_tests.warehouse.tables import publisher

VIEW = ViewContract(
    "d",
    "v",
    "a view",
    (
        Column("day", ColumnType.DATE, "the day", nullable=False),
        Column("value", ColumnType.FLOAT64, "a value"),
        Column("name", ColumnType.STRING, "a name"),
    ),
    ("day",),
)
HARD = (0.1 + 0.2, 1 / 3, 5e-324, 1.7976931348623157e308, -0.0, 1e22, 123456789.12345679, -1e-7, 2.0**53 + 2)


@pytest.fixture
def gcs(warehouse: Path) -> FolderStorage:
    return FolderStorage(warehouse / "warehouse" / "data" / "gcs")


@pytest.fixture
def one(bq: bigquery.Client, prefix: str) -> Publisher:
    """A publisher, and a view with a row for each hard value and one without any."""
    bq.create_dataset(f"{prefix}d")
    bq.query(f"CREATE TABLE `{prefix}d.t` (day DATE, value FLOAT64, name STRING)").result()
    for i, value in enumerate([None, *HARD]):
        config = bigquery.QueryJobConfig(query_parameters=[bigquery.ScalarQueryParameter("v", "FLOAT64", value)])
        bq.query(
            f"INSERT INTO `{prefix}d.t` VALUES (DATE_SUB('2024-01-31', INTERVAL {i} DAY), @v, NULL)", job_config=config
        ).result()
    bq.query(f"CREATE VIEW `{prefix}d.v` AS SELECT * FROM `{prefix}d.t`").result()
    return publisher(bq, prefix)


def test_every_float_comes_back_to_the_last_bit_in_order_of_the_key(one: Publisher, gcs: FolderStorage, tmp_path: Path) -> None:
    exported = export_view(one, gcs, f"gs://bucket/{one.namespace.dataset_prefix}", VIEW, "run-1")
    path = tmp_path / "x.csv"
    path.write_bytes(exported.content)
    frame = pd.read_csv(path, float_precision="round_trip")
    assert frame["day"].tolist() == sorted(frame["day"])
    assert frame["value"].tolist()[-1] != frame["value"].tolist()[-1]  # NULL
    assert [value.hex() for value in frame["value"].tolist()[:-1]] == [value.hex() for value in reversed(HARD)]
    assert frame["name"].isna().all()
    assert exported.files == 1


def test_nothing_is_left_and_a_later_run_uses_a_folder_of_its_own(one: Publisher, gcs: FolderStorage) -> None:
    uri = f"gs://bucket/{one.namespace.dataset_prefix}"
    folders = {export_view(one, gcs, uri, VIEW, run).uri for run in ("run-1", "run-2")}
    assert len(folders) == 2
    assert not [p for p in gcs._path(uri).rglob("*") if p.is_file()]


def test_an_earlier_try_of_the_same_run_leaves_no_file_among_ours(one: Publisher, gcs: FolderStorage) -> None:
    """The first try was killed when it had written two files; the second writes one."""
    uri = f"gs://bucket/{one.namespace.dataset_prefix}"
    stale = gcs._path(f"{uri}/zl_export_run-1")
    stale.mkdir(parents=True)
    (stale / "v-000000000001.csv").write_text("day,value,name\n1999-01-01,1.0,\n")
    assert b"1999" not in export_view(one, gcs, uri, VIEW, "run-1").content


def test_files_of_killed_runs_go_once_they_are_old(one: Publisher, gcs: FolderStorage) -> None:
    uri = f"gs://bucket/{one.namespace.dataset_prefix}"
    for name, age in (("zl_export_old", 7 * 3600), ("zl_export_running", 60), ("theirs", 7 * 3600)):
        folder = gcs._path(f"{uri}/{name}")
        folder.mkdir(parents=True)
        (folder / "v-0.csv").write_text("x")
        for path in (folder / "v-0.csv", folder):
            os.utime(path, (time.time() - age, time.time() - age))
    export_view(one, gcs, uri, VIEW, "run-1")
    assert {p.name for p in gcs._path(uri).iterdir()} == {"zl_export_running", "theirs"}


def test_the_folder_that_another_run_has_just_made_is_not_taken_for_a_killed_runs(one: Publisher, gcs: FolderStorage) -> None:
    uri = f"gs://bucket/{one.namespace.dataset_prefix}"
    new, old = (gcs._path(f"{uri}/zl_export_{name}") for name in ("new", "old"))
    for folder in (new, old):
        folder.mkdir(parents=True)
    os.utime(old, (time.time() - 7 * 3600, time.time() - 7 * 3600))
    export_view(one, gcs, uri, VIEW, "run-1")
    assert list(gcs._path(uri).iterdir()) == [new]


def test_a_failed_export_cleans_up_too(one: Publisher, gcs: FolderStorage) -> None:
    uri = f"gs://bucket/{one.namespace.dataset_prefix}"
    gone = ViewContract("d", "gone", "no such view", VIEW.columns, VIEW.key)
    with pytest.raises(WarehouseRefused, match="export"):
        export_view(one, gcs, uri, gone, "run-1")
    assert not [p for p in gcs._path(uri).rglob("*") if p.is_file()]


class Cloud(BucketStorage):
    """Cloud Storage into which BigQuery has written by the time of the download: several files, as it does for large results."""

    bucket: Bucket
    files: tuple[bytes, ...]

    @classmethod
    def of(cls, client: storage.Client, one: Publisher, bucket: Bucket, *files: bytes) -> "Cloud":
        made = cls(client, one.runner)
        made.__dict__.update(bucket=bucket, files=files)
        return made

    def read(self, uri: str) -> list[bytes]:
        for i, content in enumerate(self.files):
            self.bucket.put(f"{uri.removeprefix('gs://')}/v-{i:012d}.csv", content)
        return super().read(uri)


def test_several_files_in_a_bucket_become_one_with_one_header(one: Publisher) -> None:
    bucket = Bucket()
    bucket.put("my-bucket/path/zl_export_run-1/v-000000000007.csv", b"of an earlier try")
    bucket.put("my-bucket/path/other.csv", b"theirs")
    bucket.put("my-bucket/path/zl_export_killed/v-0.csv", b"old", age=dt.timedelta(hours=7))
    bucket.put("my-bucket/path/zl_export_running/v-0.csv", b"new", age=dt.timedelta(minutes=7))
    bucket.faults = [503]  # and a fault on the way, which is tried again
    with serving(bucket) as client:
        files = (b"a,b\n1,2\n3,4\n", b"a,b\n", b"a,b\n5,6", b"a,b\n7,8\n", b"a,b\n9,0\n")
        exported = export_view(one, Cloud.of(client, one, bucket, *files), "gs://my-bucket/path", VIEW, "run-1")
    assert exported.content == b"a,b\n1,2\n3,4\n5,6\n7,8\n9,0\n"
    assert exported.files == 5
    assert set(bucket.objects) == {"my-bucket/path/other.csv", "my-bucket/path/zl_export_running/v-0.csv"}


def test_files_that_disagree_or_are_not_there_are_refused(one: Publisher) -> None:
    bucket = Bucket()
    with serving(bucket) as client:
        with pytest.raises(ArtifactFault, match="different headers"):
            export_view(one, Cloud.of(client, one, bucket, b"a,b\n1,2\n", b"b,a\n1,2\n"), "gs://my-bucket/path", VIEW, "run-1")
        assert bucket.objects == {}
        with pytest.raises(ArtifactFault, match="left no file"):
            export_view(one, Cloud.of(client, one, bucket), "gs://my-bucket/path", VIEW, "run-1")


def test_a_bucket_that_we_may_not_read_is_one_clear_error(one: Publisher) -> None:
    bucket = Bucket(faults=[403])
    with serving(bucket) as client, pytest.raises(WarehouseRefused, match="denied the step 'list_export'"):
        export_view(one, BucketStorage(client, one.runner), "gs://my-bucket/path", VIEW, "run-1")


@pytest.mark.parametrize("uri", ["gs://my-bucket", "gs://my-bucket/a/b-c_d.e/"])
def test_a_folder_in_a_bucket_is_accepted(uri: str) -> None:
    assert Settings.load(export_uri=uri).export_uri == uri.rstrip("/")


@pytest.mark.parametrize(
    "uri",
    [
        "my-bucket",
        "s3://my-bucket",
        "gs://",
        "gs://B",
        "gs://my-bucket/a//b",
        "gs://my-bucket/../x",
        'gs://my-bucket/"',
        "gs://b*t/x",
    ],
)
def test_what_could_climb_or_break_out_of_a_quote_never_reaches_sql(uri: str) -> None:
    with pytest.raises(SettingError, match="ZL_EXPORT_URI"):
        Settings.load(export_uri=uri)
