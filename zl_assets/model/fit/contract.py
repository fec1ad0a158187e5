"""What the numbers in a stored model mean, and how they were made: the text of its contract.json.

Nothing in it depends on the clock, the host or a path, so the same rows, config and libraries give the same bytes; its hash is
the model's id, so not one of them may change without need.

Belongs here: making that text. Must not be here: files and folders (artifact).
"""

import hashlib
import importlib.metadata
import json
import math
from dataclasses import asdict
from typing import Any

from zl_assets.contracts.columns import FRACTION
from zl_assets.model.fit.boosting import forecast
from zl_assets.model.fit.design import Input
from zl_assets.model.fit.gates import GateResult
from zl_assets.model.fit.training import TrainedModel

FORMAT = 1

_LIBRARIES = ("lightgbm", "numpy", "pandas", "scikit-learn")


def contract_text(trained: TrainedModel, gates: tuple[GateResult, ...], text: bytes) -> bytes:
    """The contract as JSON.

    Args:
        text: of the booster.
    """
    data, config = trained.data, trained.config
    golden = [0, len(data.dates) // 2, len(data.dates) - 1]
    inputs = data.features.iloc[golden]
    content = {
        "format": FORMAT,
        "model_sha256": digest(text),
        "csv_sha256": trained.csv_sha256,
        "synthetic_prices": trained.synthetic,
        "features": inputs_of(data.inputs),
        "target": {"name": f"close {config.horizon} sessions later / close - 1", "unit": FRACTION, "horizon": config.horizon},
        "config": {name: value.isoformat() if name == "split_date" else value for name, value in asdict(config).items()},
        "lightgbm": {**config.lightgbm_params, "num_boost_round": config.rounds},
        "versions": versions(),
        "saved_fit": {
            "rows": len(data.dates),
            "first": f"{data.dates[0]:%Y-%m-%d}",
            "last": f"{data.dates[-1]:%Y-%m-%d}",
            "last_label_end": f"{data.label_ends[-1]:%Y-%m-%d}",
        },
        "scores": [asdict(score) for score in trained.scores],
        "gates": gates_in(gates),
        "golden": [
            {"data_date": f"{data.dates[row]:%Y-%m-%d}", "inputs": values.to_dict(), "prediction": float(prediction)}
            for row, (_, values), prediction in zip(golden, inputs.iterrows(), forecast(trained.booster, inputs), strict=True)
        ],
    }
    return json.dumps(_json_safe(content), indent=2, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def inputs_of(inputs: tuple[Input, ...]) -> list[dict[str, str]]:
    """The model's inputs as its contract names them."""
    return [{"name": item.name, "formula": item.formula, "type": "float64"} for item in inputs]


def gates_in(gates: tuple[GateResult, ...]) -> list[dict[str, Any]]:
    """The gates as a contract has them: without the explanations, so that better wording is not another model."""
    named = [
        {"name": gate.name, "passed": gate.passed, "measured": gate.measured, "bound": gate.bound, "detail": gate.detail}
        for gate in gates
    ]
    safe: list[dict[str, Any]] = _json_safe(named)
    return safe


def versions() -> dict[str, str]:
    """The installed libraries that a forecast depends on."""
    return {name: importlib.metadata.version(name) for name in _LIBRARIES}


def _json_safe(value: Any) -> Any:
    """JSON has no NaN: a number that could not be computed becomes null."""
    if isinstance(value, dict):
        return {key: _json_safe(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_json_safe(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def digest(content: bytes) -> str:
    """The sha256 of a file's content."""
    return hashlib.sha256(content).hexdigest()
