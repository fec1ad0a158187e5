"""IO managers of the two file artifacts: the training CSV and the model.

Belongs here: where in the state folder they are, how they are replaced in one step, and how a reader proves that it has what the
writer recorded. Must not be here: training, or the model's own format, which is model/artifact.py.
"""

import hashlib
import io
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import pandas as pd

from zl_assets.contracts.tables import HORIZON, TRAINING_VIEW
from zl_assets.domain.families.registry import select
from zl_assets.domain.families.tables import training_view_contract
from zl_assets.files import ArtifactFault, replace_file
from zl_assets.io_managers.failures import as_failures
from zl_assets.io_managers.lineage import as_metadata
from zl_assets.warehouse.contract import PANDAS_DTYPES, ColumnType, ViewContract
from zl_assets.warehouse.lineage import copied

if TYPE_CHECKING:
    from zl_assets.model.fit.artifact import LoadedModel
    from zl_assets.model.fit.gates import GateResult
    from zl_assets.model.fit.training import TrainedModel

SHA256 = "sha256"
MODEL_ID = "model_id"


@dataclass(frozen=True, eq=False)
class TrainingCsv:
    """The exported training rows, proven to be the bytes that the materialization recorded.

    Attributes:
        frame: columns of the training view.
        sha256: of the file.
    """

    frame: pd.DataFrame
    sha256: str
    path: Path


@dataclass(frozen=True, eq=False)
class GatedModel:
    """A trained model, the verdict of its gates, which decide whether it becomes `latest`, and a person's report of both.

    Attributes:
        report: HTML, self-contained.
    """

    trained: "TrainedModel"
    gates: "tuple[GateResult, ...]"
    report: str


class TrainingCsvIOManager(dg.ConfigurableIOManager):
    """Writes and reads `<state>/training_csv/vw_zl_1m_flat.csv`.

    Attributes:
        kept_families: ZL_KEPT_FAMILIES, whose columns the file has.
    """

    state_dir: str
    kept_families: list[str] = []  # noqa: RUF012 - a field of a pydantic model

    @property
    def path(self) -> Path:
        """The CSV."""
        return Path(self.state_dir) / "training_csv" / f"{TRAINING_VIEW.table}.csv"

    def handle_output(self, context: dg.OutputContext, obj: pd.DataFrame) -> None:
        """Replace the file in one step; a killed write leaves the old one.

        Raises:
            dg.Failure: the folder cannot be written.
        """
        content = csv_bytes(obj)
        with as_failures():
            replace_file(self.path, content)
        context.add_output_metadata(
            {
                "dagster/row_count": len(obj),
                "path": dg.MetadataValue.path(self.path.resolve()),
                SHA256: hashlib.sha256(content).hexdigest(),
                "bytes": len(content),
                "first_date": str(obj["data_date"].min().date()),
                "last_date": str(obj["data_date"].max().date()),
                "labelled_rows": int(obj["target_1m"].notna().sum()),
                **as_metadata(copied(self._view(), TRAINING_VIEW.table)),
            }
        )

    def load_input(self, context: dg.InputContext) -> TrainingCsv:
        """The rows of the file, if it is the one that the newest materialization recorded.

        Raises:
            dg.Failure: there is no such file or record, or they disagree.
        """
        with as_failures():
            recorded = _recorded(context, SHA256)
            content = _read(self.path)
            found = hashlib.sha256(content).hexdigest()
            if found != recorded:
                raise ArtifactFault(
                    f"{self.path} is not the file that training_csv recorded: expected sha256 {recorded}, found {found} "
                    f"({len(content)} bytes). Materialize training_csv again; "
                    "if the newest record is of another ZL_STATE_DIR, set that."
                )
            # From the bytes that were hashed: another run may replace the file at any moment.
            return TrainingCsv(parse_csv(content, str(self.path), self._view()), found, self.path)

    def _view(self) -> ViewContract:
        return training_view_contract(select(self.kept_families, self.kept_families).kept)


class ModelIOManager(dg.ConfigurableIOManager):
    """Stores models under `<state>/models`, and loads the one that the newest materialization recorded.

    Attributes:
        kept_families: ZL_KEPT_FAMILIES, whose inputs a model of this product has.
    """

    state_dir: str
    kept_families: list[str] = []  # noqa: RUF012 - a field of a pydantic model

    @property
    def folder(self) -> Path:
        """The folder of all models."""
        return Path(self.state_dir) / "models"

    def load(self, model_id: str = "latest") -> "LoadedModel":
        """A model with the inputs of the kept families.

        Raises:
            ArtifactFault: as `load_model`.
        """
        from zl_assets.model.fit.artifact import load_model
        from zl_assets.model.fit.design import features_with

        return load_model(self.folder, model_id, features_with(select(self.kept_families, self.kept_families).kept))

    def handle_output(self, context: dg.OutputContext, obj: GatedModel) -> None:
        """Store the model; it becomes `latest` only if every gate passed.

        Raises:
            dg.Failure: the folder cannot be written.
        """
        from zl_assets.model.fit.artifact import REPORT_FILE, store_model, store_report

        with as_failures():
            stored = store_model(obj.trained, obj.gates, self.folder)
            store_report(stored, obj.report)
        failed = [gate.name for gate in obj.gates if not gate.passed]
        horizon = obj.trained.config.horizon
        context.add_output_metadata(
            {
                MODEL_ID: stored.model_id,
                "path": dg.MetadataValue.path(stored.path.resolve()),
                "report_html": dg.MetadataValue.path((stored.path / REPORT_FILE).resolve()),
                "is_latest": stored.is_latest,
                "gates_failed": ", ".join(failed) or "none",
            }
        )
        if not stored.is_latest:
            why = f"gates failed: {', '.join(failed)}" if failed else f"its horizon is {horizon} sessions, not {HORIZON}"
            context.log.warning(f"model {stored.model_id} did not become latest: {why}")

    def load_input(self, context: dg.InputContext) -> "LoadedModel":
        """The recorded model, verified.

        Raises:
            dg.Failure: it is missing, was changed, or does not reproduce its golden predictions.
        """
        with as_failures():
            return self.load(_recorded(context, MODEL_ID))


class PublishedModelIOManager(ModelIOManager):
    """Loads the model that `latest` names, whichever the newest run trained."""

    def load_input(self, context: dg.InputContext) -> "LoadedModel":
        """The published model, verified.

        Raises:
            dg.Failure: no model has passed its gates yet, or it does not reproduce its golden predictions.
        """
        with as_failures():
            return self.load()


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """The training rows as CSV: dates as YYYY-MM-DD, NULL as nothing, floats with the digits that give back the same float64."""
    text: str = frame.to_csv(index=False, date_format="%Y-%m-%d", lineterminator="\n")
    return text.encode()


def read_csv(path: Path, view: ViewContract = TRAINING_VIEW) -> pd.DataFrame:
    """`parse_csv` of a file."""
    return parse_csv(path.read_bytes(), str(path), view)


def parse_csv(content: bytes, where: str, view: ViewContract = TRAINING_VIEW) -> pd.DataFrame:
    """The training rows of a CSV, with the view's types; floats exactly as written.

    Args:
        where: the file, for the message.

    Raises:
        ArtifactFault: the columns are not those of the training view, or a value has another type.
    """
    header = list(pd.read_csv(io.BytesIO(content), nrows=0).columns)
    expected = [column.name for column in view.columns]
    if header != expected:
        raise ArtifactFault(f"{where}: expected the columns {', '.join(expected)}, found {', '.join(header)}.")
    dates = [column.name for column in view.columns if column.type is ColumnType.DATE]
    types: dict[Hashable, str] = {c.name: PANDAS_DTYPES[c.type] for c in view.columns if c.name not in dates}
    try:
        frame = pd.read_csv(
            io.BytesIO(content), dtype=types, parse_dates=dates, date_format="%Y-%m-%d", float_precision="round_trip"
        )
    except ValueError as error:
        raise ArtifactFault(f"{where}: {error}. Materialize training_csv again.") from error
    return pd.DataFrame(frame)


def read_csv_with_arrow(path: Path, view: ViewContract = TRAINING_VIEW) -> pd.DataFrame:
    """The same rows by a reader that shares no code with the writer, for the check that compares them with the view."""
    import pyarrow as pa
    from pyarrow import csv

    types = {
        ColumnType.DATE: pa.date32(),
        ColumnType.STRING: pa.string(),
        ColumnType.INT64: pa.int64(),
        ColumnType.FLOAT64: pa.float64(),
        ColumnType.BOOL: pa.bool_(),
    }
    table = csv.read_csv(
        path,
        convert_options=csv.ConvertOptions(
            column_types={c.name: types[c.type] for c in view.columns}, null_values=[""], strings_can_be_null=True
        ),
    )
    frame: pd.DataFrame = table.to_pandas(date_as_object=False)
    return frame.astype({c.name: PANDAS_DTYPES[c.type] for c in view.columns if c.name in frame})


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ArtifactFault(f"{path} cannot be read: {error}. Materialize training_csv again.") from error


def _recorded(context: dg.InputContext, name: str) -> str:
    """A text that the newest materialization of the input's asset recorded."""
    event = context.instance.get_latest_materialization_event(context.asset_key)
    materialization = event.asset_materialization if event is not None else None
    value = materialization.metadata.get(name) if materialization is not None else None
    if value is None:
        asset = context.asset_key.to_user_string()
        raise ArtifactFault(f"Dagster has no record of {asset} with its {name}. Materialize {asset} first.")
    return str(value.value)
