"""The stored model that training would make again, if there is one; and putting a model with its record in place.

Belongs here: whether a stored model may be used instead of a training, and why not. Must not be here: what a model is made of
(made_of), the record's text (record), the model's own files (fit/artifact).
"""

import datetime as dt
import os
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from zl_assets.files import ArtifactFault, exclusive, put_link, replace_file
from zl_assets.instruments.base import Horizon, Instrument
from zl_assets.model.fit.artifact import (
    LATEST_LINK,
    StoredModel,
    becomes_latest,
    load_model,
    store_model,
    store_report,
    stored_models,
    withheld,
)
from zl_assets.model.fit.config import ModelConfig
from zl_assets.model.fit.contract import gates_in
from zl_assets.model.fit.design import Input
from zl_assets.model.fit.gates import GateResult, evaluate_gates
from zl_assets.model.fit.training import TrainedModel
from zl_assets.model.fit.training_set import training_set
from zl_assets.model.report.page import Report, report_html
from zl_assets.model.reuse.made_of import MadeOf
from zl_assets.model.reuse.record import (
    RECORD_FILE,
    Record,
    fits_of,
    read_record,
    record_text,
    report_of,
    require_files,
)


@dataclass(frozen=True, eq=False)
class Made:
    """A model with its gates and its report, trained now or found.

    Attributes:
        trained: of a found one without its folds' boosters.
        gates: evaluated now.
        report: as it was when the model was trained.
        standing: what stands before the report now (`report.standing`), which is no part of the record.
        prices: what its prices are, for a person; no part of the record either.
        made_of: None where it must not be found again.
        found: where it is stored, if it was found.
        trained_at: when, in UTC, if it was found.
        why: why it was trained, if it was.
    """

    trained: TrainedModel
    gates: tuple[GateResult, ...]
    report: Report
    made_of: MadeOf | None
    found: str | None = None
    trained_at: str | None = None
    why: str | None = None
    standing: tuple[str, ...] = ()
    prices: str = ""

    @property
    def advice(self) -> str:
        """Whether the model may advise: published, or why not, in words."""
        reasons = withheld(self.trained, self.gates)
        return f"not published: {'; '.join(reasons)}" if reasons else "published"

    @property
    def shown(self) -> Report:
        """The report as a person is given it."""
        return self.report.begun_with(self.standing)

    def page(self, model_id: str) -> str:
        """The report as a file."""
        data = self.trained.data
        head = {
            "Model": f"{model_id}, {self.advice.partition(':')[0]}",
            "Data": f"sessions to {data.label_ends[-1]:%Y-%m-%d}; it learned from those of {data.dates[0]:%Y-%m-%d} to "
            f"{data.dates[-1]:%Y-%m-%d}, whose outcome is known",
            "Prices": self.prices,
        }
        return report_html(self.shown, head)


def find(
    models: Path,
    made_of: MadeOf | None,
    frame: pd.DataFrame,
    config: ModelConfig,
    instrument: Instrument,
    horizon: Horizon,
    inputs: tuple[Input, ...],
) -> Made | str:
    """The stored model that was made of the same and is whole, its gates evaluated anew; or why there is none, for a person.

    Args:
        models: folder of all models of this instrument and horizon.
        made_of: what training would be given now.
        frame: the training CSV's rows.
        inputs: what the model sees.

    Raises:
        TrainingFault: the rows cannot support a fit.
    """
    if made_of is None:
        return "the code was changed after this process had begun"
    nearest = "no stored model has a record of how it was made"
    differing = len(made_of) + 1
    for model_id in _newest_first(models):
        try:
            record = read_record(models / model_id)
            if record is None:
                continue
            others = [name for name, said in made_of.items() if record.made_of.get(name) != said]
            if others:
                if len(others) < differing:
                    differing, nearest = len(others), f"changed since model {model_id}: {', '.join(others)}"
                continue
            return _made(models, model_id, record, frame, config, instrument, horizon, inputs)
        except ArtifactFault as fault:
            differing, nearest = 0, f"model {model_id} cannot be used again: {fault}"
    return nearest


def store(made: Made, models: Path) -> StoredModel:
    """Put a model, its report and its record in place. Of a found one nothing is written, but that `latest` may be set to it, and
    that its report may begin with other words today.

    Raises:
        ArtifactFault: the folder cannot be written, or another process holds it.
    """
    if made.found is not None:
        stored = _set_latest(made, models, made.found)
        store_report(stored, made.page(stored.model_id))
        return stored
    stored = store_model(made.trained, made.gates, models)
    store_report(stored, made.page(stored.model_id))
    if made.made_of is not None:
        _store_record(made, made.made_of, stored)
    return stored


def _store_record(made: Made, made_of: MadeOf, stored: StoredModel) -> None:
    """Last, so that a write that is killed before it leaves a model that is trained again."""
    try:
        before = read_record(stored.path)
    except ArtifactFault:
        before = None
    now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
    path = stored.path / RECORD_FILE
    # The same model trained again is the one that was there: its record keeps the time of the first.
    for trained_at in ([before.trained_at] if before else []) + [now]:
        content = record_text(made_of, trained_at, stored.path, made.trained, made.report)
        if path.exists() and path.read_bytes() == content:
            return
    replace_file(path, content)


def _set_latest(made: Made, models: Path, model_id: str) -> StoredModel:
    passed = becomes_latest(made.trained, made.gates)
    link = models / LATEST_LINK
    if passed and not (link.is_symlink() and os.readlink(link) == model_id):
        try:
            with exclusive(models):
                put_link(link, model_id)
        except OSError as error:
            raise ArtifactFault(
                f"{link} cannot be written: {error}. No stored model was changed. Make the folder writable, or choose another "
                "ZL_STATE_DIR."
            ) from error
    return StoredModel(model_id, models / model_id, passed)


def _newest_first(models: Path) -> list[str]:
    """The models, by when their records were written: the one that an unchanged refresh looks for is the first."""

    def written(model_id: str) -> float:
        path = models / model_id / RECORD_FILE
        return path.stat().st_mtime if path.exists() else 0.0

    return sorted(stored_models(models), key=written, reverse=True)


def _made(
    models: Path,
    model_id: str,
    record: Record,
    frame: pd.DataFrame,
    config: ModelConfig,
    instrument: Instrument,
    horizon: Horizon,
    inputs: tuple[Input, ...],
) -> Made:
    loaded = load_model(models, instrument, horizon, model_id, inputs)
    require_files(record, loaded.path)
    data = training_set(frame, config, instrument, horizon, inputs)
    *folds, holdout = fits_of(record, data)
    trained = TrainedModel(
        config, loaded.contract["csv_sha256"], data, tuple(folds), holdout, loaded.booster, bool(loaded.synthetic)
    )
    gates = evaluate_gates(trained)
    if gates_in(gates) != loaded.contract["gates"]:
        raise ArtifactFault("its gates are not what its contract says.")
    return Made(trained, gates, report_of(record), record.made_of, loaded.model_id, record.trained_at)
