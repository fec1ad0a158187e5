"""A trained model on disk: its text, its contract, and the way back.

    <models>/<id>/model.txt         the booster in LightGBM's text format; never a pickle
    <models>/<id>/contract.json     what the numbers in model.txt mean, and how they were made
    <models>/<id>/report.html       the same evidence for a person; not part of the id, so better pictures are not another model
    <models>/latest -> <id>         the newest one-month model that passed every gate
    <models>/.lock                  held while a model is being written
    <models>/.new-*                 what a killed write left; swept by the next one

The id is a hash of the contract, which holds the hash of the text. Nothing in either depends on the clock, the host or a path,
so the same rows, config and libraries give the same id and the same bytes.

Belongs here: writing, reading and verifying these files. Must not be here: fitting, gates, Dagster.
"""

import datetime as dt
import hashlib
import importlib.metadata
import json
import math
import os
import re
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from zl_assets.contracts.tables import HORIZON, TRAINING_VIEW
from zl_assets.files import TEMPORARY, ArtifactFault, exclusive, fsync_folder, replace_file
from zl_assets.model.fit.boosting import forecast, read_booster
from zl_assets.model.fit.config import ModelConfig
from zl_assets.model.fit.design import FEATURES, Feature
from zl_assets.model.fit.forecast import Interval, holdout_coverage, published_interval
from zl_assets.model.fit.gates import GateResult
from zl_assets.model.fit.training import TrainedModel

LATEST = "latest"
MODEL_FILE = "model.txt"
CONTRACT_FILE = "contract.json"
REPORT_FILE = "report.html"
FORMAT = 1

_ID_LENGTH = 16  # 64 bits: short enough to read out, and no two of a few thousand models share one
# A sum of 40 leaf values in fixed order is the same on every machine; this only forgives the last digit.
_GOLDEN_TOLERANCE = 1e-12
_LIBRARIES = ("lightgbm", "numpy", "pandas", "scikit-learn")


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
        is_latest: `latest` points at it.
        contract: the parsed contract.json.
        booster: the lightgbm.Booster.
        inputs: what it sees, in order.
    """

    model_id: str
    path: Path
    is_latest: bool
    contract: dict[str, Any]
    booster: Any
    inputs: tuple[Feature, ...] = FEATURES

    @property
    def config(self) -> ModelConfig:
        """What it was trained with."""
        values = self.contract["config"]
        return ModelConfig(**values | {"split_date": dt.date.fromisoformat(values["split_date"])})

    @property
    def trained_through(self) -> dt.date:
        """The newest session that the saved fit was trained on; its target is known 21 sessions later."""
        return dt.date.fromisoformat(self.contract["saved_fit"]["last"])

    @property
    def interval(self) -> Interval:
        """The interval of its forecasts."""
        return Interval(**self.contract["interval"])

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
        may_miss = {feature.name for feature in self.inputs if feature.may_miss}
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
    nothing or a whole model, and `latest` on the old one or the new one. An unchanged model is found and left as it is.

    Args:
        models: folder of all models; made if it does not exist.

    Raises:
        TrainingFault: too few out-of-fold labels end before the split date to say what an interval would have held.
        ArtifactFault: the folder cannot be written, another process holds it, or a model with this id is there with other
        content.
    """
    text = trained.model_text.encode()
    contract = _contract(trained, gates, text)
    model_id = _digest(contract)[:_ID_LENGTH]
    try:
        models.mkdir(parents=True, exist_ok=True)
        with exclusive(models):
            _sweep(models)
            _publish(models, model_id, {MODEL_FILE: text, CONTRACT_FILE: contract})
            passed = bool(gates) and all(gate.passed for gate in gates) and trained.config.horizon == HORIZON
            if passed:
                _point_latest(models, model_id)
            return StoredModel(model_id, models / model_id, passed)
    except OSError as error:
        raise ArtifactFault(
            f"The model cannot be written under {models}: {error}. No stored model was changed. Make the folder writable, free "
            "some space, or choose another ZL_STATE_DIR."
        ) from error


def store_report(stored: StoredModel, html: str) -> None:
    """Put the report beside the model, in one step; an older one is replaced.

    Raises:
        ArtifactFault: the folder cannot be written.
    """
    path, content = stored.path / REPORT_FILE, html.encode()
    if not path.exists() or path.read_bytes() != content:
        replace_file(path, content)


def load_model(models: Path, model_id: str = LATEST, inputs: tuple[Feature, ...] = FEATURES) -> LoadedModel:
    """Read a model and prove that it is the one its contract describes.

    Args:
        inputs: what this product's model sees, with the feature families that are kept.

    Raises:
        ArtifactFault: there is no such model; a file is missing or is not the one the id names; its inputs are not those of
            this version of the product; or it no longer gives its three golden predictions with the libraries that are installed.
    """
    model_id = _latest_id(models) if model_id == LATEST else model_id
    if not re.fullmatch(rf"[0-9a-f]{{{_ID_LENGTH}}}", model_id):
        raise ArtifactFault(f"{model_id!r} is not a model id: {_ID_LENGTH} hexadecimal digits, or '{LATEST}'.")
    path = models / model_id
    if not path.is_dir():
        raise ArtifactFault(f"There is no model {model_id} in {models}. Found: {', '.join(stored_models(models)) or 'none'}.")
    raw = _read(path / CONTRACT_FILE)
    if _digest(raw)[:_ID_LENGTH] != model_id:
        raise _changed(path / CONTRACT_FILE)
    contract: dict[str, Any] = json.loads(raw)
    if contract["format"] != FORMAT or contract["features"] != _features(inputs):
        raise ArtifactFault(
            f"Model {model_id} was made by another version of this product, or with other ZL_KEPT_FAMILIES: its inputs are "
            f"{contract['features']} (format {contract['format']}), this one's are {_features(inputs)} (format {FORMAT}). Train "
            "again, or use that version and those families."
        )
    text = _read(path / MODEL_FILE)
    if _digest(text) != contract["model_sha256"]:
        raise _changed(path / MODEL_FILE)
    is_latest = (models / LATEST).is_symlink() and os.readlink(models / LATEST) == model_id
    model = LoadedModel(model_id, path, is_latest, contract, read_booster(text.decode()), inputs)
    _verify_golden(model)
    return model


def stored_models(models: Path) -> tuple[str, ...]:
    """Ids of the models in the folder, in order of id."""
    if not models.is_dir():
        return ()
    return tuple(sorted(p.name for p in models.iterdir() if re.fullmatch(rf"[0-9a-f]{{{_ID_LENGTH}}}", p.name)))


def _contract(trained: TrainedModel, gates: tuple[GateResult, ...], text: bytes) -> bytes:
    data, config = trained.data, trained.config
    golden = [0, len(data.dates) // 2, len(data.dates) - 1]
    inputs = data.features.iloc[golden]
    target = next(leaf.column for leaf in TRAINING_VIEW.frame_leaves if leaf.path == "target_1m")
    content = {
        "format": FORMAT,
        "model_sha256": _digest(text),
        "csv_sha256": trained.csv_sha256,
        "features": _features(data.inputs),
        "target": {"name": f"close {config.horizon} sessions later / close - 1", "unit": target.unit, "horizon": config.horizon},
        "config": {name: value.isoformat() if name == "split_date" else value for name, value in asdict(config).items()},
        "lightgbm": {**config.lightgbm_params, "num_boost_round": config.rounds},
        "versions": _versions(),
        "saved_fit": {
            "rows": len(data.dates),
            "first": f"{data.dates[0]:%Y-%m-%d}",
            "last": f"{data.dates[-1]:%Y-%m-%d}",
            "last_label_end": f"{data.label_ends[-1]:%Y-%m-%d}",
        },
        "scores": [asdict(score) for score in trained.scores],
        "interval": asdict(published_interval(trained)),
        "coverage": asdict(holdout_coverage(trained)),
        # Without the explanations, so that better wording is not another model.
        "gates": [
            {"name": gate.name, "passed": gate.passed, "measured": gate.measured, "bound": gate.bound, "detail": gate.detail}
            for gate in gates
        ],
        "golden": [
            {"data_date": f"{data.dates[row]:%Y-%m-%d}", "inputs": values.to_dict(), "prediction": float(prediction)}
            for row, (_, values), prediction in zip(golden, inputs.iterrows(), forecast(trained.booster, inputs), strict=True)
        ],
    }
    return json.dumps(_json_safe(content), indent=2, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def _features(inputs: tuple[Feature, ...]) -> list[dict[str, str]]:
    return [{"name": feature.name, "formula": feature.formula, "type": "float64"} for feature in inputs]


def _versions() -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in _LIBRARIES}


def _json_safe(value: Any) -> Any:
    """JSON has no NaN: a number that could not be computed becomes null."""
    if isinstance(value, dict):
        return {key: _json_safe(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_json_safe(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _verify_golden(model: LoadedModel) -> None:
    golden = model.contract["golden"]
    inputs = pd.DataFrame([row["inputs"] for row in golden], columns=list(model.feature_names), dtype="float64")
    expected = np.array([row["prediction"] for row in golden])
    found = model.predict(inputs)
    if not np.allclose(found, expected, rtol=0, atol=_GOLDEN_TOLERANCE):
        row = int(np.argmax(np.abs(found - expected)))
        then, now = model.contract["versions"], _versions()
        other = ", ".join(f"{name} {then.get(name)} then, {now[name]} now" for name in now if then.get(name) != now[name])
        raise ArtifactFault(
            f"Model {model.model_id} no longer gives its golden predictions: {golden[row]['data_date']} was "
            f"{expected[row]!r}, is now {found[row]!r}. Libraries: {other or 'the same versions as then'}. Install those "
            "versions, or train again."
        )


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ArtifactFault(f"{path} cannot be read: {error.strerror}. Run the job again to train the model anew.") from error


def _changed(path: Path) -> ArtifactFault:
    return ArtifactFault(
        f"{path} is not the file its model id names: it was changed or cut short after it was written. Remove the folder "
        f"{path.parent} and run the job again."
    )


def _latest_id(models: Path) -> str:
    try:
        return os.readlink(models / LATEST)
    except FileNotFoundError:
        raise ArtifactFault(
            f"There is no {LATEST} model in {models}: none has passed its gates yet. Stored: "
            f"{', '.join(stored_models(models)) or 'none'}. Run the job zl_daily_refresh, and see the checks of lgbm_model."
        ) from None
    except OSError as error:
        raise ArtifactFault(
            f"{models / LATEST} is not the link that this product writes: {error.strerror}. Remove it."
        ) from error


def _sweep(models: Path) -> None:
    """Remove what killed writes left. Under the lock nobody is writing, so all of it is left over."""
    for leftover in models.glob(f"{TEMPORARY}*"):
        if leftover.is_dir() and not leftover.is_symlink():
            shutil.rmtree(leftover)
        else:
            leftover.unlink()


def _publish(models: Path, model_id: str, files: dict[str, bytes]) -> None:
    final = models / model_id
    if final.exists():
        for name, content in files.items():
            if _read(final / name) != content:
                raise _changed(final / name)
        return
    temporary = models / f"{TEMPORARY}{model_id}"
    temporary.mkdir()
    for name, content in files.items():
        with open(temporary / name, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    fsync_folder(temporary)
    temporary.rename(final)
    fsync_folder(models)


def _point_latest(models: Path, model_id: str) -> None:
    link = models / f"{TEMPORARY}{LATEST}"
    link.symlink_to(model_id)
    os.replace(link, models / LATEST)
    fsync_folder(models)
