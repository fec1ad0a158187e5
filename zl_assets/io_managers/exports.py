"""The training view by way of Cloud Storage, as a resource: which storage goes with which BigQuery.

Belongs here: dagster over warehouse/export.py. Must not be here: EXPORT DATA itself, or the training CSV's own file.
"""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import pandas as pd

from zl_assets.files import ArtifactFault
from zl_assets.io_managers.artifacts import parse_csv
from zl_assets.warehouse.contract import ViewContract

if TYPE_CHECKING:
    from zl_assets.warehouse.export import Exported, Storage
    from zl_assets.warehouse.publish import Publisher


class Exports(dg.ConfigurableResource, ABC):  # type: ignore[type-arg]
    """Where EXPORT DATA leaves its files."""

    @abstractmethod
    def storage(self, publisher: "Publisher") -> "Storage":
        """The storage that goes with the publisher's BigQuery."""


class CloudExports(Exports):
    """Google Cloud Storage, with application-default credentials."""

    project: str

    def storage(self, publisher: "Publisher") -> "Storage":
        """A client of the project's buckets."""
        from google.cloud import storage

        from zl_assets.warehouse.export import BucketStorage

        return BucketStorage(storage.Client(project=self.project), publisher.runner)


class EmbeddedExports(Exports):
    """The gs:// files of the embedded BigQuery, which are in the state folder."""

    state_dir: str

    def storage(self, publisher: "Publisher") -> "Storage":
        """The folder of the state folder's buckets."""
        from zl_assets.embedded.folder import Folder
        from zl_assets.warehouse.export import FolderStorage

        return FolderStorage(Folder.of(Path(self.state_dir)).data / "gcs")


def training_rows(exported: "Exported", view: ViewContract) -> pd.DataFrame:
    """The exported rows of the training view, in order of their key, with the view's types: the frame that reading it would give.

    Raises:
        ArtifactFault: other columns, a value of another type, or a date twice.
    """
    frame = parse_csv(exported.content, exported.uri, view)
    frame = frame.sort_values(list(view.key), kind="stable", ignore_index=True)
    twice = frame.duplicated(list(view.key))
    if twice.any():
        first = frame.loc[twice, "data_date"].iloc[0].date()
        raise ArtifactFault(f"{exported.uri}: {int(twice.sum())} rows were exported twice, the first of {first}. Run it again.")
    return frame
