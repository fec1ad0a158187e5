"""What is kept of a model's making beside its two files, so that an unchanged one need not be made again.

    <models>/<id>/record.json       what it was made of and when, hashes of its two files, what its gates are measured on, and
                                    the report's words, tables and pictures

The report's file is written from here again where it is not what it should be: its first words are those of the day.

It is no part of the id: another report, or another version of this file, is not another model. A model without it, which is what
older versions of the product left, is trained again and has one then.

Belongs here: the file's text, and its way back. Must not be here: whether a model may be used again (find).
"""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from zl_assets.files import ArtifactFault
from zl_assets.model.fit.artifact import CONTRACT_FILE, MODEL_FILE
from zl_assets.model.fit.config import ModelConfig
from zl_assets.model.fit.contract import digest
from zl_assets.model.fit.training import Fit, TrainedModel, cross_validate, scored
from zl_assets.model.fit.training_set import TrainingSet
from zl_assets.model.report.page import Part, Picture, Report, Table
from zl_assets.model.reuse.made_of import MadeOf

RECORD_FILE = "record.json"
FORMAT = 1
FILES = (MODEL_FILE, CONTRACT_FILE)


@dataclass(frozen=True, eq=False)
class Record:
    """The parsed file, whose own hash was right.

    Attributes:
        made_of: as `made_of` listed it.
        trained_at: when, in UTC.
        files: sha256 of the model's two files, by name.
        folds: the folds, oldest first, and the holdout, as JSON has them.
        report: as JSON has it.
    """

    made_of: MadeOf
    trained_at: str
    files: Mapping[str, str]
    folds: list[dict[str, Any]]
    report: dict[str, Any]


def record_text(made_of: MadeOf, trained_at: str, folder: Path, trained: TrainedModel, report: Report) -> bytes:
    """The file's text for a model whose two files are in `folder`; the same model at the same time gives the same bytes.

    Raises:
        ArtifactFault: a file cannot be read.
    """
    content = {
        "format": FORMAT,
        "made_of": dict(made_of),
        "trained_at": trained_at,
        "files": {name: digest(_read(folder / name)) for name in FILES},
        "folds": [_fold(fit) for fit in (*trained.folds, trained.holdout)],
        "report": _report(report),
    }
    return json.dumps({"sha256": digest(_text(content)), "record": content}).encode() + b"\n"


def read_record(folder: Path) -> Record | None:
    """The record of the model in `folder`; None if it has none, or one of another version.

    Raises:
        ArtifactFault: it cannot be read, or was changed or cut short after it was written.
    """
    path = folder / RECORD_FILE
    if not path.exists():
        return None
    try:
        parsed = json.loads(_read(path))
        content, said = parsed["record"], parsed["sha256"]
    except (ValueError, KeyError, TypeError):
        raise _changed(path) from None
    if digest(_text(content)) != said:
        raise _changed(path)
    return Record(**{name: value for name, value in content.items() if name != "format"}) if content["format"] == FORMAT else None


def require_files(record: Record, folder: Path) -> None:
    """Hold the model's two files against the record.

    Raises:
        ArtifactFault: one is missing or is not the one that was recorded.
    """
    for name, said in record.files.items():
        if digest(_read(folder / name)) != said:
            raise _changed(folder / name)


def fits_of(record: Record, data: TrainingSet) -> tuple[Fit, ...]:
    """The folds, oldest first, and the holdout, scored anew on these rows; without boosters, which are not kept.

    Raises:
        ArtifactFault: the rows are not those that it was made of.
    """
    if max(fold["test"][1] for fold in record.folds) >= len(data.dates):
        raise ArtifactFault("The record is of more training rows than there are.")
    return tuple(_fit(fold, data) for fold in record.folds)


def folds_of(folder: Path) -> Callable[[TrainingSet, ModelConfig], tuple[Fit, ...]]:
    """The folds of the model in `folder` as they were recorded or, where that is not possible, fitted again."""

    def folds(data: TrainingSet, config: ModelConfig) -> tuple[Fit, ...]:
        try:
            record = read_record(folder)
            return cross_validate(data, config) if record is None else fits_of(record, data)[:-1]
        except ArtifactFault:
            return cross_validate(data, config)

    return folds


def report_of(record: Record) -> Report:
    """The report as it was when the model was trained."""
    kept = record.report
    return Report(
        title=kept["title"],
        forecast=_part_of(kept["forecast"]),
        evidence=_part_of(kept["evidence"]),
        tables=tuple(Table(t["name"], t["title"], pd.DataFrame(t["columns"]), tuple(t["brief"])) for t in kept["tables"]),
    )


def _part_of(kept: dict[str, Any]) -> Part:
    pictures = (Picture(p["name"], p["title"], base64.b64decode(p["png"], validate=True), p["caption"]) for p in kept["pictures"])
    return Part(tuple(kept["words"]), tuple(pictures))


def _fold(fit: Fit) -> dict[str, Any]:
    # The rows of a fit are neighbours: its training rows and its test rows are a range each.
    return {
        "name": fit.score.name,
        "train": [int(fit.train[0]), int(fit.train[-1])],
        "test": [int(fit.test[0]), int(fit.test[-1])],
        "prediction": fit.prediction.tolist(),
        "gain": fit.gain.tolist(),
        "permuted": None if fit.permuted is None else fit.permuted.tolist(),
    }


def _fit(kept: dict[str, Any], data: TrainingSet) -> Fit:
    train, test = (np.arange(first, last + 1) for first, last in (kept["train"], kept["test"]))
    permuted = None if kept["permuted"] is None else np.array(kept["permuted"], "float64")
    prediction, gain = np.array(kept["prediction"], "float64"), np.array(kept["gain"], "float64")
    return scored(kept["name"], train, test, None, prediction, gain, data, permuted)


def _report(report: Report) -> dict[str, Any]:
    return {
        "title": report.title,
        "forecast": _part(report.forecast),
        "evidence": _part(report.evidence),
        "tables": [
            {
                "name": table.name,
                "title": table.title,
                "columns": {str(name): column.tolist() for name, column in table.rows.items()},
                "brief": list(table.brief),
            }
            for table in report.tables
        ],
    }


def _part(part: Part) -> dict[str, Any]:
    return {
        "words": list(part.words),
        "pictures": [
            {"name": p.name, "title": p.title, "png": base64.b64encode(p.png).decode(), "caption": p.caption}
            for p in part.pictures
        ],
    }


def _text(content: dict[str, Any]) -> bytes:
    # Floats come back from JSON as they went, so what was read gives the text that was hashed.
    return json.dumps(content).encode()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ArtifactFault(f"{path} cannot be read: {error.strerror}.") from error


def _changed(path: Path) -> ArtifactFault:
    return ArtifactFault(f"{path} was changed or cut short after it was written.")
