"""A trained model on disk: its text, its contract, and the way back.

    <models>/<id>/model.txt         the booster in LightGBM's text format; never a pickle
    <models>/<id>/contract.json     what the numbers in model.txt mean, and how they were made
    <models>/<id>/report.html       the same evidence for a person; not part of the id, so better pictures are not another model
    <models>/<id>/record.json       how it was made, so that an unchanged model is not made again (model/reuse/record)
    <models>/latest -> <id>         the newest model of the view's horizon that passed every gate
    <models>/.lock                  held while a model is being written
    <models>/.new-*                 what a killed write left; swept by the next one

The id is a hash of the contract, which holds the hash of the text. A folder of models is of one instrument at one horizon.

Belongs here: writing, reading and verifying these files. Must not be here: what a contract says (contract), fitting, gates,
Dagster.
"""

import datetime as dt
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from zl_assets.contracts.training import MODEL
from zl_assets.files import ArtifactFault, exclusive, put_file, put_folder, put_link, replace_file, sweep
from zl_assets.instruments.base import Horizon, Instrument
from zl_assets.model.fit.boosting import forecast, read_booster
from zl_assets.model.fit.config import ModelConfig
from zl_assets.model.fit.contract import FORMAT, contract_text, digest, inputs_of, versions
from zl_assets.model.fit.design import BASE_INPUTS, Input
from zl_assets.model.fit.gates import GateResult
from zl_assets.model.fit.training import TrainedModel

LATEST_LINK = "latest"
MODEL_FILE = "model.txt"
CONTRACT_FILE = "contract.json"
REPORT_FILE = "report.html"

_ID_LENGTH = 16  # 64 bits: short enough to read out, and no two of a few thousand models share one
# A sum of 40 leaf values in fixed order is the same on every machine; this only forgives the last digit.
_GOLDEN_TOLERANCE = 1e-12


@dataclass(frozen=True)
class StoredModel:
    """Where a model was put.

    Attributes:
        path: its folder.
        is_latest: `latest` points at it; False when a gate failed, or when it forecasts another horizon than the view's.
    """

    model_id: str
    path: Path
    is_latest: bool


@dataclass(frozen=True)
class LoadedModel:
    """A verified model.

    Attributes:
        instrument, horizon: what the folder's models are of.
        is_latest: `latest` points at it.
        contract: the parsed contract.json.
        booster: the lightgbm.Booster.
        inputs: what it sees, in order.
    """

    model_id: str
    path: Path
    is_latest: bool
    instrument: Instrument
    horizon: Horizon
    contract: dict[str, Any]
    booster: Any
    inputs: tuple[Input, ...]

    @property
    def config(self) -> ModelConfig:
        """What it was trained with."""
        values = self.contract["config"]
        return ModelConfig(**values | {"split_date": dt.date.fromisoformat(values["split_date"])})

    @property
    def trained_through(self) -> dt.date:
        """The newest session that the saved fit was trained on; its target is known a horizon later."""
        return dt.date.fromisoformat(self.contract["saved_fit"]["last"])

    @property
    def synthetic(self) -> bool | None:
        """Was it made of invented prices? None where an earlier version of the product stored it, which did not say."""
        return self.contract.get("synthetic_prices")

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The inputs, in order."""
        return tuple(feature["name"] for feature in self.contract["features"])

    def predict(self, features: pd.DataFrame) -> np.ndarray:
        """Forecast returns, as fractions, one for each row of a design matrix.

        Args:
            features: columns `feature_names`, in that order, float64 and finite (`design_matrix` makes it); NaN in an input of a
                feature family only.

        Raises:
            ArtifactFault: other columns, another order, other types, or a value that is missing or infinite.
        """
        found = tuple(map(str, features.columns))
        if found != self.feature_names:
            what = "in another order" if sorted(found) == sorted(self.feature_names) else "different"
            raise ArtifactFault(
                f"Model {self.model_id}: the columns are {what}. Expected: {', '.join(self.feature_names)}. Found: "
                f"{', '.join(found)}."
            )
        may_miss = {item.name for item in self.inputs if item.may_miss}
        for column in found:
            if features[column].dtype != np.float64:
                raise ArtifactFault(f"Model {self.model_id}: column {column} must be float64, but is {features[column].dtype}.")
            values = features[column].to_numpy()
            bad = np.flatnonzero(np.isinf(values) if column in may_miss else ~np.isfinite(values))
            if bad.size:
                raise ArtifactFault(
                    f"Model {self.model_id}: column {column} has {bad.size} values that are missing or infinite, the first "
                    f"in row {bad[0]}."
                )
        return forecast(self.booster, features)


def store_model(trained: TrainedModel, gates: tuple[GateResult, ...], models: Path) -> StoredModel:
    """Write a model under its id, and make it `latest` if every gate passed and it forecasts the view's target.

    The files are written beside their place, flushed to disk and renamed, so a process killed at any moment leaves either
    nothing or a whole model, and `latest` on the old one or the new one. An unchanged model is found and left as it is; a file of
    it that was changed or cut short is put right.

    Args:
        models: folder of all models of this instrument and horizon; made if it does not exist.

    Raises:
        ArtifactFault: the folder cannot be written, or another process holds it.
    """
    text = trained.model_text.encode()
    contract = contract_text(trained, gates, text)
    model_id = digest(contract)[:_ID_LENGTH]
    try:
        models.mkdir(parents=True, exist_ok=True)
        with exclusive(models):
            sweep(models)
            _publish(models / model_id, {MODEL_FILE: text, CONTRACT_FILE: contract})
            passed = becomes_latest(trained, gates)
            if passed:
                put_link(models / LATEST_LINK, model_id)
            return StoredModel(model_id, models / model_id, passed)
    except OSError as error:
        raise ArtifactFault(
            f"The model cannot be written under {models}: {error}. No stored model was changed. Make the folder writable, free "
            "some space, or choose another ZL_STATE_DIR."
        ) from error


def withheld(trained: TrainedModel, gates: tuple[GateResult, ...]) -> tuple[str, ...]:
    """Why the model does not become `latest`, for a person: each gate that failed, and another horizon than the view's."""
    reasons = [f"failed the gate {gate.reading}" for gate in gates if not gate.passed]
    if not gates:
        reasons.append("no gate was evaluated")
    published = trained.data.horizon.sessions
    if trained.config.horizon != published:
        reasons.append(f"it forecasts {trained.config.horizon} sessions ahead, and what is published {published}")
    return tuple(reasons)


def becomes_latest(trained: TrainedModel, gates: tuple[GateResult, ...]) -> bool:
    """Did every gate pass, and does it forecast the view's target."""
    return not withheld(trained, gates)


def store_report(stored: StoredModel, html: str) -> None:
    """Put the report beside the model, in one step; an older one is replaced.

    Raises:
        ArtifactFault: the folder cannot be written.
    """
    path, content = stored.path / REPORT_FILE, html.encode()
    if not path.exists() or path.read_bytes() != content:
        replace_file(path, content)


def load_model(
    models: Path,
    instrument: Instrument,
    horizon: Horizon,
    model_id: str = LATEST_LINK,
    inputs: tuple[Input, ...] = BASE_INPUTS,
) -> LoadedModel:
    """Read a model and prove that it is the one its contract describes.

    Args:
        models: folder of all models of this instrument and horizon.
        inputs: what this product's model sees, with the feature families that are kept.

    Raises:
        ArtifactFault: there is no such model; a file is missing or is not the one the id names; its inputs are not those of
            this version of the product; or it no longer gives its three golden predictions with the libraries that are installed.
    """
    model_id = _latest_id(models, instrument.asset_at(horizon, MODEL)) if model_id == LATEST_LINK else model_id
    if not re.fullmatch(rf"[0-9a-f]{{{_ID_LENGTH}}}", model_id):
        raise ArtifactFault(f"{model_id!r} is not a model id: {_ID_LENGTH} hexadecimal digits, or '{LATEST_LINK}'.")
    path = models / model_id
    if not path.is_dir():
        raise ArtifactFault(f"There is no model {model_id} in {models}. Found: {', '.join(stored_models(models)) or 'none'}.")
    raw = _read(path / CONTRACT_FILE)
    if digest(raw)[:_ID_LENGTH] != model_id:
        raise _changed(path / CONTRACT_FILE)
    contract: dict[str, Any] = json.loads(raw)
    if contract["format"] != FORMAT or contract["features"] != inputs_of(inputs):
        raise ArtifactFault(
            f"Model {model_id} was made by another version of this product, or with other ZL_KEPT_FAMILIES: its inputs are "
            f"{contract['features']} (format {contract['format']}), those of this version are {inputs_of(inputs)} (format "
            f"{FORMAT}). Train again, or use that version and those families."
        )
    text = _read(path / MODEL_FILE)
    if digest(text) != contract["model_sha256"]:
        raise _changed(path / MODEL_FILE)
    link = models / LATEST_LINK
    is_latest = link.is_symlink() and os.readlink(link) == model_id
    model = LoadedModel(model_id, path, is_latest, instrument, horizon, contract, read_booster(text.decode()), inputs)
    _verify_golden(model)
    return model


def stored_models(models: Path) -> tuple[str, ...]:
    """Ids of the models in the folder, in order of id."""
    if not models.is_dir():
        return ()
    return tuple(sorted(p.name for p in models.iterdir() if re.fullmatch(rf"[0-9a-f]{{{_ID_LENGTH}}}", p.name)))


def _verify_golden(model: LoadedModel) -> None:
    golden = model.contract["golden"]
    inputs = pd.DataFrame([row["inputs"] for row in golden], columns=list(model.feature_names), dtype="float64")
    expected = np.array([row["prediction"] for row in golden])
    found = model.predict(inputs)
    if not np.allclose(found, expected, rtol=0, atol=_GOLDEN_TOLERANCE):
        row = int(np.argmax(np.abs(found - expected)))
        then, now = model.contract["versions"], versions()
        other = ", ".join(f"{name} {then.get(name)} then, {now[name]} now" for name in now if then.get(name) != now[name])
        raise ArtifactFault(
            f"Model {model.model_id} no longer gives its golden predictions: {golden[row]['data_date']} was "
            f"{expected[row]!r}, is now {found[row]!r}. Libraries: {other or 'the same versions as then'}. Install those "
            "versions, or train again."
        )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ArtifactFault(f"{path} cannot be read: {error.strerror}. Run the job again to train the model anew.") from error


def _changed(path: Path) -> ArtifactFault:
    return ArtifactFault(
        f"{path} is not the file its model id names: it was changed or cut short after it was written. Run the job again to "
        "train the model anew."
    )


def _latest_id(models: Path, asset: str) -> str:
    try:
        return os.readlink(models / LATEST_LINK)
    except FileNotFoundError:
        raise ArtifactFault(
            f"There is no {LATEST_LINK} model in {models}: none has passed its gates yet. Stored: "
            f"{', '.join(stored_models(models)) or 'none'}. Run the job zl_daily_refresh, and see the checks of {asset}."
        ) from None
    except OSError as error:
        raise ArtifactFault(
            f"{models / LATEST_LINK} is not the link that this product writes: {error.strerror}. Remove it."
        ) from error


def _publish(folder: Path, files: dict[str, bytes]) -> None:
    """Put a model in place, or find it there; the id is of its content, so a file with another content is a damaged one."""
    if not folder.exists():
        put_folder(folder, files)
        return
    sweep(folder)
    for name, content in files.items():
        path = folder / name
        if not path.exists() or path.read_bytes() != content:
            put_file(path, content)
