"""Everything that a model and its report are made of, as text that can be compared.

Belongs here: the list of it. Two makings with the same list give the same bytes, so what may change a byte and is not listed is a
fault; what is listed and changes none only costs a training. Must not be here: looking for a model that was made of the same.
"""

import functools
import hashlib
import importlib.metadata
import platform
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import pandas as pd

import zl_assets
from zl_assets.contracts import forecasts
from zl_assets.instruments.base import Horizon, Instrument
from zl_assets.model.fit.config import EvidenceConfig, ModelConfig
from zl_assets.model.fit.design import Input

# The rooms and modules whose code can change a model or its report, under the package's folder: the model's own and all that it
# imports of ours, in whole rooms, because a feature family's module is found by name and not by import.
ROOMS = ("model", "domain", "contracts", "instruments")
MODULES = (
    "assets/training.py",
    "errors.py",
    "files.py",
    "imports.py",
    "warehouse/contract.py",
    "warehouse/diff.py",
    "warehouse/digits.py",
    "warehouse/errors.py",
    "warehouse/shape.py",
    "warehouse/verdict.py",
)

# Fits and forecasts, the calendar of the open forecasts, the drawing.
LIBRARIES = (
    "lightgbm",
    "numpy",
    "pandas",
    "scikit-learn",
    "scipy",
    "pandas-market-calendars",
    "exchange-calendars",
    "matplotlib",
    "pillow",
)

type MadeOf = Mapping[str, str]
"""A line for each part, by its name: `training_csv`, `prices`, `roll_index`, `replay`, `choices`, `instrument`, `inputs`,
`libraries`, `code`."""


def made_of(
    csv_sha256: str,
    sessions: pd.DataFrame,
    replay: pd.DataFrame,
    config: ModelConfig,
    evidence: EvidenceConfig,
    instrument: Instrument,
    horizon: Horizon,
    inputs: tuple[Input, ...],
    code_at_start: str,
    *,
    synthetic: bool,
) -> MadeOf | None:
    """What training would be given now; None where the code on disk is not the code that this process began with.

    Such a process may hold modules that were read before the edit beside others that are read after it, so nobody can say what
    its model is made of.

    Args:
        csv_sha256: of the training CSV.
        sessions: data_date, symbol and roll_index of every session, for the comparison on the roll index.
        replay: rows of the contract `replay`, for the ranges in the report.
        evidence: what of the report was chosen.
        inputs: what the model sees.
        code_at_start: `code_sha256()` when the definitions were built.
        synthetic: the prices are invented. Listed although the bytes of the CSV decide on the numbers: what its report says and
            shows, and the model's id, depend on it too.
    """
    code = code_sha256()
    if code != code_at_start:
        return None
    return {
        "training_csv": csv_sha256,
        "prices": "invented" if synthetic else "given",
        "roll_index": _roll_index_sha256(sessions),
        "replay": _replay_sha256(replay, instrument),
        "choices": _listed({**asdict(config), **asdict(evidence)}),
        "instrument": hashlib.sha256(f"{instrument!r}\n{horizon!r}".encode()).hexdigest(),
        "inputs": _inputs(inputs),
        "libraries": _libraries(),
        "code": code,
    }


# All that one fit and its forecast are made of beside the rows: what the replay would come out otherwise with.
FIT_MODULES = (
    "model/fit/boosting.py",
    "model/fit/config.py",
    "model/fit/design.py",
    "model/fit/training_set.py",
    "model/replay/walk.py",
)
FIT_LIBRARIES = ("lightgbm", "numpy", "pandas")


def fit_made_with(config: ModelConfig, inputs: tuple[Input, ...], package: Path = Path(zl_assets.__file__).parent) -> str:
    """What a fit depends on beside the rows, as text that can be compared."""
    hashed = hashlib.sha256()
    for name in FIT_MODULES:
        hashed.update((package / name).read_bytes())
    libraries = {name: importlib.metadata.version(name) for name in FIT_LIBRARIES}
    return f"{_listed(asdict(config))}; {_inputs(inputs)}; {_listed(libraries)}; {hashed.hexdigest()}"


def code_sha256(package: Path = Path(zl_assets.__file__).parent) -> str:
    """A hash of the source of every module that can change a model or its report; 5 ms."""
    files = [path for room in ROOMS for path in (package / room).rglob("*.py")] + [package / name for name in MODULES]
    hashed = hashlib.sha256()
    for path in sorted(files):
        content = path.read_bytes()
        hashed.update(f"{path.relative_to(package).as_posix()} {len(content)}\n".encode())
        hashed.update(content)
    return hashed.hexdigest()


@functools.cache
def _libraries() -> str:
    return _listed({"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in LIBRARIES})


def _inputs(inputs: tuple[Input, ...]) -> str:
    return "; ".join(f"{item.name} = {item.formula} of {', '.join(item.columns)}" for item in inputs)


def _listed(values: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())


def _roll_index_sha256(sessions: pd.DataFrame) -> str:
    hashed = hashlib.sha256(sessions["data_date"].to_numpy("datetime64[ns]").tobytes())
    hashed.update("\n".join(sessions["symbol"].astype(str)).encode())
    hashed.update(sessions["roll_index"].to_numpy("float64", na_value=float("nan")).tobytes())
    return hashed.hexdigest()


def _replay_sha256(replay: pd.DataFrame, instrument: Instrument) -> str:
    """Without the stamp of the table, which is no part of what the rows say."""
    columns = list(forecasts.replay(instrument).frame_columns)
    return hashlib.sha256(pd.util.hash_pandas_object(replay[columns], index=False).to_numpy().tobytes()).hexdigest()
