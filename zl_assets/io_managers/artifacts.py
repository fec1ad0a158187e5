"""IO managers of the two file artifacts: the training CSV and the model.

Belongs here: where in the state folder they are, how they are replaced in one step, and how a reader proves that it has what the
writer recorded. Must not be here: training, or the model's own format, which is model/fit/artifact.py.
"""

import hashlib
import io
import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import pandas as pd

from zl_assets.domain.families.base import Family
from zl_assets.files import ArtifactFault, replace_file
from zl_assets.instruments.base import Horizon, Instrument
from zl_assets.io_managers.failures import as_failures
from zl_assets.io_managers.lineage import as_metadata
from zl_assets.io_managers.metadata import Told, in_order
from zl_assets.io_managers.records import record_in, said
from zl_assets.pages.places import Pages
from zl_assets.provenance import INVENTED, PRICES, Provenance
from zl_assets.warehouse.contract import PANDAS_DTYPES, ColumnType, ViewContract
from zl_assets.warehouse.lineage import copied

if TYPE_CHECKING:
    from zl_assets.model.fit.artifact import LoadedModel, StoredModel
    from zl_assets.model.fit.config import ModelConfig
    from zl_assets.model.reuse.find import Made
    from zl_assets.model.reuse.made_of import MadeOf

SHA256 = "sha256"
MODEL_ID = "model_id"
ADVICE = "advice"
"""The metadata of a model that says whether it may advise: published, or why not (`Made.advice`)."""


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


class TrainingCsvIOManager(dg.IOManager):
    """Writes and reads `<state>/training_csv/<view>.csv`.

    Args:
        state_dir: the state folder.
        view: the training view, whose columns the file has.
        target: the target's column.
        provenance: whose the file is; what is verified is verified among the records of its state folder.
    """

    def __init__(self, state_dir: Path, view: ViewContract, target: str, provenance: Provenance) -> None:
        self.path = state_dir / "training_csv" / f"{view.table}.csv"
        self.view = view
        self.target = target
        self.provenance = provenance

    def handle_output(self, context: dg.OutputContext, obj: pd.DataFrame | Told) -> None:
        """Replace the file in one step; a killed write leaves the old one.

        Raises:
            dg.Failure: the folder cannot be written.
        """
        told = Told.of(obj)
        rows: pd.DataFrame = told.value
        content = csv_bytes(rows)
        with as_failures():
            replace_file(self.path, content)
        first, last = (str(day.date()) for day in (rows["data_date"].min(), rows["data_date"].max()))
        labelled = int(rows[self.target].notna().sum())
        done = {
            "written": f"{len(rows):,} rows, {first} to {last}, {labelled:,} of them with a target; {self.path.name} in "
            f"{self.path.parent.name}, in the state folder.",
            "dagster/row_count": len(rows),
            "path": dg.MetadataValue.path(self.path.resolve()),
            SHA256: hashlib.sha256(content).hexdigest(),
            "bytes": len(content),
            "first_date": first,
            "last_date": last,
            "labelled_rows": labelled,
        }
        lineage = as_metadata(copied(self.view, self.view.table))
        context.add_output_metadata(in_order({**told.facts, **done, **lineage, **self.provenance.metadata}))

    def load_input(self, context: dg.InputContext) -> TrainingCsv:
        """The rows of the file, if it is the one that its state folder's newest materialization recorded.

        Raises:
            dg.Failure: there is no such file or record, they disagree, or the file is of the sample and the settings name other
                prices, or the other way round.
        """
        with as_failures():
            asset = context.asset_key.to_user_string()
            content = _read(self.path, asset)
            found = hashlib.sha256(content).hexdigest()
            recorded = record_in(context.instance, context.asset_key, self.provenance, SHA256, lambda sha256: sha256 == found)
            if recorded is None or said(recorded, SHA256) != found:
                expected = (
                    f"sha256 {said(recorded, SHA256)}" if recorded else f"a record of the state folder {self.provenance.state}"
                )
                raise ArtifactFault(
                    f"{self.path} is not the file that {asset} recorded: expected {expected}, found sha256 {found} "
                    f"({len(content)} bytes). Materialize {asset} again."
                )
            if PRICES in recorded and (said(recorded, PRICES) == INVENTED) != self.provenance.synthetic:
                raise ArtifactFault(
                    f"{self.path} was made of other prices than ZL_BARS names now: {said(recorded, PRICES)}, instead of "
                    f"{self.provenance.prices}. Run the job zl_daily_refresh, or set ZL_BARS as it was."
                )
            # From the bytes that were hashed: another run may replace the file at any moment.
            return TrainingCsv(parse_csv(content, str(self.path), self.view), found, self.path)


class ModelIOManager(dg.IOManager):
    """Stores models of one instrument and horizon, and loads the one that its state folder's newest materialization recorded.

    Args:
        pages: the state folder's; the models are in `models` there, and their reports are pages.
        instrument, horizon: what is forecast.
        kept: the families whose inputs a model has.
        provenance: whose the models are.
    """

    def __init__(
        self, pages: Pages, instrument: Instrument, horizon: Horizon, kept: Sequence[Family], provenance: Provenance
    ) -> None:
        self.pages = pages
        self.folder = pages.folder / "models" / instrument.folder_at(horizon)
        self.instrument = instrument
        self.horizon = horizon
        self.kept = kept
        self.provenance = provenance

    def load(self, model_id: str = "latest") -> "LoadedModel":
        """A model with the inputs of the kept families.

        Raises:
            ArtifactFault: as `load_model`; or it was made of the sample and the settings name other prices, or the other way
                round.
        """
        from zl_assets.model.fit.artifact import load_model
        from zl_assets.model.fit.design import inputs_with

        model = load_model(self.folder, self.instrument, self.horizon, model_id, inputs_with(self.kept))
        # The contract of a model that an earlier version stored does not say.
        if model.synthetic not in (None, self.provenance.synthetic):
            made_of, now = ("the SYNTHETIC sample", "prices that are not") if model.synthetic else ("own bars", "the sample")
            raise ArtifactFault(
                f"Model {model.model_id} in {self.folder} was made of {made_of}, and this run's prices are {now}: no forecast is "
                "made of the one by the other. Run the job zl_daily_refresh: its model takes the place of that one once it has "
                "passed its gates. Or set another ZL_STATE_DIR."
            )
        return model

    def find(self, made_of: "MadeOf | None", frame: pd.DataFrame, config: "ModelConfig") -> "Made | str":
        """The stored model that training would make again, or why there is none.

        Raises:
            TrainingFault, ArtifactFault: as `model.reuse.find`.
        """
        from zl_assets.model.fit.design import inputs_with
        from zl_assets.model.reuse.find import find

        return find(self.folder, made_of, frame, config, self.instrument, self.horizon, inputs_with(self.kept))

    def store(self, made: "Made") -> "StoredModel":
        """Put a model in place; it becomes `latest` only if every gate passed.

        Raises:
            TrainingFault, ArtifactFault: as `model.reuse.store`.
        """
        from zl_assets.model.reuse.find import store

        return store(made, self.folder)

    def handle_output(self, context: dg.OutputContext, obj: "Made | Told") -> None:
        """Store the model; it becomes `latest` only if every gate passed.

        Raises:
            dg.Failure: the folder cannot be written.
        """
        from zl_assets.model.fit.artifact import REPORT_FILE

        told = Told.of(obj)
        made: Made = told.value
        with as_failures():
            stored = self.store(made)
        failed = [gate.name for gate in made.gates if not gate.passed]
        done = {
            MODEL_ID: stored.model_id,
            "path": dg.MetadataValue.path(stored.path.resolve()),
            "report_html": dg.MetadataValue.md(self.pages.link(stored.path / REPORT_FILE)),
            "is_latest": stored.is_latest,
            "gates_failed": ", ".join(failed) or "none",
            # As numbers, under names that stay, so that they can be plotted.
            **{f"gate_{gate.name}": gate.measured for gate in made.gates if math.isfinite(gate.measured)},
        }
        context.add_output_metadata(in_order({**told.facts, **done, **self.provenance.metadata}))
        if not stored.is_latest:
            context.log.warning(f"model {stored.model_id} is {made.advice}")

    def load_input(self, context: dg.InputContext) -> "LoadedModel":
        """The recorded model, verified.

        Raises:
            dg.Failure: it is missing, was changed, or does not reproduce its golden predictions.
        """
        with as_failures():
            recorded = record_in(
                context.instance, context.asset_key, self.provenance, MODEL_ID, lambda model_id: (self.folder / model_id).is_dir()
            )
            if recorded is None:
                asset = context.asset_key.to_user_string()
                raise ArtifactFault(
                    f"Dagster has no record of {asset} in the state folder {self.provenance.state}, and none of a model that is "
                    f"in {self.folder}. Materialize {asset} first."
                )
            return self.load(said(recorded, MODEL_ID))


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


def parse_csv(content: bytes, where: str, view: ViewContract) -> pd.DataFrame:
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
        raise ArtifactFault(f"{where}: {error}. Export the training view again.") from error
    return pd.DataFrame(frame)


def read_csv_with_arrow(path: Path, view: ViewContract) -> pd.DataFrame:
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


def _read(path: Path, asset: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ArtifactFault(f"{path} cannot be read: {error}. Materialize {asset} again.") from error
