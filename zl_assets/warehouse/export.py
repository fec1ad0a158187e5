"""A query's rows by way of Cloud Storage: EXPORT DATA, and its files brought together as one CSV.

Belongs here: the export's own folder, its files, and its end. Must not be here: what the rows mean, and how a CSV is parsed. The
embedded BigQuery keeps gs:// files in a folder of its own; whoever makes the client knows which of the two storages goes with it.
"""

import datetime as dt
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from zl_assets.files import ArtifactFault
from zl_assets.warehouse import sql
from zl_assets.warehouse.contract import ViewContract
from zl_assets.warehouse.jobs import JobRunner
from zl_assets.warehouse.publish import Publisher

if TYPE_CHECKING:
    from google.cloud import storage

# An export and its download take seconds to minutes; what is older was left by a run that was killed.
ABANDONED_AFTER = dt.timedelta(hours=6)


class Storage(Protocol):
    """The files below a gs:// folder."""

    def read(self, uri: str) -> list[bytes]:
        """The files' contents, in order of their names."""

    def delete(self, uri: str) -> None:
        """Delete the files; none is an error."""

    def delete_older(self, uri: str, prefix: str, age: dt.timedelta) -> None:
        """Delete the files below those subfolders that begin with `prefix`, if they are older."""


@dataclass(frozen=True)
class FolderStorage:
    """The gs:// files of the embedded BigQuery.

    Attributes:
        root: a bucket is a folder in it.
    """

    root: Path

    def read(self, uri: str) -> list[bytes]:
        """As in `Storage`."""
        return [path.read_bytes() for path in self._files(self._path(uri))]

    def delete(self, uri: str) -> None:
        """As in `Storage`."""
        shutil.rmtree(self._path(uri), ignore_errors=True)

    def delete_older(self, uri: str, prefix: str, age: dt.timedelta) -> None:
        """As in `Storage`."""
        before = time.time() - age.total_seconds()
        for folder in self._path(uri).glob(f"{prefix}*"):
            # The folder too: one without files may be another run's, which is about to write the first.
            if all(path.stat().st_mtime < before for path in (folder, *self._files(folder))):
                shutil.rmtree(folder, ignore_errors=True)

    def _path(self, uri: str) -> Path:
        return self.root / uri.removeprefix("gs://")

    def _files(self, folder: Path) -> list[Path]:
        return sorted(path for path in folder.rglob("*") if path.is_file())


@dataclass(frozen=True)
class BucketStorage:
    """Google Cloud Storage, within the deadline and the error messages of a `JobRunner`."""

    client: "storage.Client"
    runner: JobRunner

    def read(self, uri: str) -> list[bytes]:
        """As in `Storage`."""
        blobs = sorted(self._blobs(f"{uri}/"), key=lambda blob: str(blob.name))
        return [self.runner.call("download_export", blob.download_as_bytes) for blob in blobs]

    def delete(self, uri: str) -> None:
        """As in `Storage`."""
        for blob in self._blobs(f"{uri}/"):
            self.runner.find("delete_export", blob.delete)

    def delete_older(self, uri: str, prefix: str, age: dt.timedelta) -> None:
        """As in `Storage`."""
        before = dt.datetime.now(dt.UTC) - age
        for blob in self._blobs(f"{uri}/{prefix}"):
            if blob.updated is not None and blob.updated < before:
                self.runner.find("delete_export", blob.delete)

    def _blobs(self, uri: str) -> "list[storage.Blob]":
        bucket, _, prefix = uri.removeprefix("gs://").partition("/")

        def listed(**how: object) -> "list[storage.Blob]":
            return list(self.client.list_blobs(bucket, prefix=prefix, **how))

        return self.runner.call("list_export", listed)


@dataclass(frozen=True)
class Exported:
    """A view as CSV text.

    Attributes:
        content: one header, then the rows of all files, in the order of the files.
        files: how many files BigQuery wrote.
        uri: the folder they were in.
    """

    content: bytes
    files: int
    uri: str


def export_view(publisher: Publisher, storage: Storage, uri: str, view: ViewContract, run: str) -> Exported:
    """Export a view's rows into a folder of this run's own below `uri`, bring the files together, and delete them.

    Args:
        uri: gs://bucket/path, without a slash at its end.
        run: names the folder.

    Raises:
        ArtifactFault: BigQuery left no file, or files with different headers.
        WarehouseUnavailable, WarehouseRefused: BigQuery's or Cloud Storage's side.
    """
    prefix = f"{publisher.terms.marks.prefix}_export_"
    storage.delete_older(uri, prefix, ABANDONED_AFTER)
    folder = f"{uri}/{prefix}{re.sub('[^A-Za-z0-9_-]', '_', run)}"
    storage.delete(folder)  # of an earlier try of this run, whose files may be more than ours
    try:
        select = sql.select_frame(publisher.namespace.of(view), view.frame_leaves, view.key)
        publisher.runner.query(sql.export_csv(f"{folder}/{view.table}-*.csv", select), "export")
        files = storage.read(folder)
    finally:
        storage.delete(folder)
    return Exported(_joined(files, folder), len(files), folder)


def _joined(files: list[bytes], folder: str) -> bytes:
    if not files:
        raise ArtifactFault(f"EXPORT DATA left no file in {folder}. Is somebody else deleting there? Run it again.")
    parts = [file.partition(b"\n") for file in files]
    headers = {header.rstrip(b"\r") for header, _, _ in parts}
    if len(headers) != 1:
        raise ArtifactFault(f"{folder}: the exported files begin with different headers: {sorted(headers)}. Run it again.")
    rows = [rows if not rows or rows.endswith(b"\n") else rows + b"\n" for _, _, rows in parts]
    return b"\n".join([headers.pop(), b"".join(rows)])
