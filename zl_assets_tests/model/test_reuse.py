"""An unchanged model is found again, and whatever could change it or its report makes it be trained."""

import ast
import dataclasses
import importlib.metadata
import json
import platform
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import zl_assets
from zl_assets.files import ArtifactFault
from zl_assets.model.fit.config import EvidenceConfig
from zl_assets.model.fit.contract import contract_text
from zl_assets.model.fit.design import BASE_INPUTS
from zl_assets.model.fit.gates import evaluate_gates, with_permutation
from zl_assets.model.fit.predictions import oof_rows
from zl_assets.model.fit.training import TrainedModel
from zl_assets.model.report.evidence import gather_evidence
from zl_assets.model.report.report import build_report
from zl_assets.model.reuse import find as finding
from zl_assets.model.reuse import made_of as making
from zl_assets.model.reuse.find import Made
from zl_assets.model.reuse.made_of import MODULES, ROOMS, MadeOf, code_sha256, made_of
from zl_assets.model.reuse.record import folds_of, read_record
from zl_assets_tests.model.conftest import SHA
from zl_assets_tests.model.record import RECORD, config_of, load_model, train
from zl_assets_tests.model.replays import NO_REPLAY
from zl_assets_tests.support.builders import features_of, sessions_of
from zl_assets_tests.support.contracts import MONTH, ZL

PACKAGE = Path(zl_assets.__file__).parent
CODE = code_sha256()


@pytest.fixture(scope="module")
def sessions(walk: pd.DataFrame) -> pd.DataFrame:
    """The walk on an index that is the walk itself, with the 62 sessions before the view's first."""
    before = walk["close"].iloc[0] * np.exp(0.01 * np.random.default_rng(3).standard_normal(62))
    rows = sessions_of([*before, *walk["close"]])
    dates = pd.bdate_range(end=walk["data_date"].iloc[0] - pd.Timedelta(days=1), periods=62)
    rows["data_date"] = [*dates, *walk["data_date"]]
    return features_of(rows)


@pytest.fixture(scope="module")
def parts(sessions: pd.DataFrame, walk_replay: pd.DataFrame) -> MadeOf:
    found = made_of(SHA, sessions, walk_replay, RECORD, EvidenceConfig(1), ZL, MONTH, BASE_INPUTS, CODE, synthetic=False)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def made(walk: pd.DataFrame, walk_model: TrainedModel, sessions: pd.DataFrame, walk_replay: pd.DataFrame, parts: MadeOf) -> Made:
    trained = with_permutation(walk_model)
    gates = evaluate_gates(trained)
    report = build_report(gather_evidence(trained, gates, walk, sessions, walk_replay, EvidenceConfig(1)))
    return Made(trained, gates, report, parts, why="a test")


@pytest.fixture(scope="module")
def original(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("original") / "models"
    finding.store(made, folder)
    return folder


@pytest.fixture
def models(original: Path, tmp_path: Path) -> Path:
    """A folder of one model with its record."""
    return Path(shutil.copytree(original, tmp_path / "models", symlinks=True))


def test_the_tables_stamp_is_no_part_of_what_the_replay_says(
    models: Path, walk: pd.DataFrame, sessions: pd.DataFrame, walk_replay: pd.DataFrame
) -> None:
    read = walk_replay.assign(ingestion_ts=pd.Timestamp("2026-01-01", tz="UTC"))
    parts = made_of(SHA, sessions, read, RECORD, EvidenceConfig(1), ZL, MONTH, BASE_INPUTS, CODE, synthetic=False)
    assert isinstance(find(models, walk, parts), Made)


def find(models: Path, walk: pd.DataFrame, parts: MadeOf | None, config: Any = RECORD) -> Made | str:
    return finding.find(models, parts, walk, config, ZL, MONTH, BASE_INPUTS)


def files(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in folder.rglob("*") if p.is_file()}


# Found.


def test_what_is_found_is_what_was_trained(models: Path, walk: pd.DataFrame, made: Made) -> None:
    found = find(models, walk, made.made_of)
    assert isinstance(found, Made)
    assert found.gates == made.gates
    text = found.trained.model_text.encode()
    assert contract_text(found.trained, found.gates, text) == contract_text(made.trained, made.gates, text)
    assert (found.report.title, found.report.words, found.report.pictures) == (
        made.report.title,
        made.report.words,
        made.report.pictures,
    )
    for one, two in zip(found.report.tables, made.report.tables, strict=True):
        assert (one.name, one.title) == (two.name, two.title)
        pd.testing.assert_frame_equal(one.rows, two.rows, check_exact=True, check_dtype=False)


def test_a_found_model_writes_nothing(models: Path, walk: pd.DataFrame, parts: MadeOf) -> None:
    found, before = find(models, walk, parts), files(models)
    assert isinstance(found, Made)
    stored = finding.store(found, models)
    assert (stored.model_id, stored.is_latest) == (found.found, True)
    assert files(models) == before


def test_the_page_says_which_model_it_is_of_which_data_and_whose_prices(made: Made, walk: pd.DataFrame) -> None:
    page = dataclasses.replace(made, prices="<b>own</b> bars").page("0123")
    assert "<dt>Model</dt><dd>0123, published</dd>" in page
    assert f"<dt>Data</dt><dd>sessions to {walk['data_date'].iloc[-1]:%Y-%m-%d}; it learned from those of " in page
    assert "<dt>Prices</dt><dd>&lt;b&gt;own&lt;/b&gt; bars</dd>" in page
    # What is said of its making is none of these, or a renamed file would be another model.
    assert "own" not in str(made.made_of)
    red = dataclasses.replace(made, gates=(dataclasses.replace(made.gates[0], passed=False), *made.gates[1:]))
    assert "<dd>0123, not published</dd>" in red.page("0123")


def test_latest_goes_back_to_a_found_model_after_an_experiment(models: Path, walk: pd.DataFrame, made: Made) -> None:
    experiment = train(walk, config_of(rounds=41), SHA)
    gates = tuple(dataclasses.replace(gate, passed=True) for gate in evaluate_gates(experiment))
    other = finding.store(Made(experiment, gates, made.report, None, why="a test"), models)
    assert load_model(models).model_id == other.model_id
    found = find(models, walk, made.made_of)
    assert isinstance(found, Made)
    assert finding.store(found, models).is_latest
    assert load_model(models).model_id == found.found != other.model_id


def test_a_found_model_that_fails_a_gate_does_not_become_latest(models: Path, walk: pd.DataFrame, parts: MadeOf) -> None:
    found = find(models, walk, parts)
    assert isinstance(found, Made)
    (models / "latest").unlink()
    red = dataclasses.replace(found, gates=(dataclasses.replace(found.gates[0], passed=False), *found.gates[1:]))
    assert not finding.store(red, models).is_latest
    assert not (models / "latest").exists()


def test_the_recorded_folds_give_the_forecasts_that_fitting_them_again_gives(models: Path, walk: pd.DataFrame) -> None:
    model = load_model(models)
    recorded = oof_rows(model, walk, SHA, folds_of(model.path))
    pd.testing.assert_frame_equal(recorded, oof_rows(model, walk, SHA), check_exact=True)


def test_folds_without_a_sound_record_are_fitted_again(models: Path, walk: pd.DataFrame) -> None:
    model = load_model(models)
    expected = oof_rows(model, walk, SHA)
    record = model.path / "record.json"
    record.write_bytes(record.read_bytes().replace(b"0.0", b"0.1", 1))
    pd.testing.assert_frame_equal(oof_rows(model, walk, SHA, folds_of(model.path)), expected, check_exact=True)
    record.unlink()
    pd.testing.assert_frame_equal(oof_rows(model, walk, SHA, folds_of(model.path)), expected, check_exact=True)


# Changed: trained again.


def changed_index(sessions: pd.DataFrame) -> pd.DataFrame:
    return sessions.assign(roll_index=sessions["roll_index"] * np.where(np.arange(len(sessions)) == 7, 1 + 1e-12, 1))


def changed_replay(replay: pd.DataFrame) -> pd.DataFrame:
    last = np.arange(len(replay)) == len(replay) - 1
    return replay.assign(high_80_close=replay["high_80_close"] * np.where(last, 1 + 1e-12, 1))


ARGUMENTS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "training_csv": ("csv_sha256", lambda _: "6" * 64),
    "prices": ("synthetic", lambda _: True),
    "roll_index": ("sessions", changed_index),
    "replay": ("replay", changed_replay),
    "replay that was not there": ("replay", lambda _: NO_REPLAY),
    "choices": ("config", lambda _: config_of(seed=1)),
    "choices of the evidence": ("evidence", lambda _: EvidenceConfig(2)),
    "choices of the horizon": ("config", lambda _: config_of(horizon=20)),
    "instrument": (
        "instrument",
        lambda _: dataclasses.replace(ZL, gates=(dataclasses.replace(ZL.gates[0], high=9), *ZL.gates[1:])),
    ),
    "instrument's horizon": ("horizon", lambda _: dataclasses.replace(MONTH, words="four weeks")),
    "inputs": ("inputs", lambda inputs: inputs[:-1]),
}


@pytest.mark.parametrize("part", list(ARGUMENTS))
def test_a_changed_part_is_named_and_forces_training(
    models: Path, walk: pd.DataFrame, sessions: pd.DataFrame, walk_replay: pd.DataFrame, part: str
) -> None:
    given = {
        "csv_sha256": SHA,
        "sessions": sessions,
        "replay": walk_replay,
        "config": RECORD,
        "evidence": EvidenceConfig(1),
        "instrument": ZL,
        "horizon": MONTH,
        "inputs": BASE_INPUTS,
        "code_at_start": CODE,
        "synthetic": False,
    }
    assert isinstance(find(models, walk, made_of(**given)), Made)
    argument, change = ARGUMENTS[part]
    why = find(models, walk, made_of(**given | {argument: change(given[argument])}))
    name = part.removesuffix("'s horizon").partition(" ")[0]
    assert isinstance(why, str)
    assert why.startswith("changed since model ")
    assert why.endswith(f": {name}")


@pytest.mark.parametrize("library", [*making.LIBRARIES, "python"])
def test_another_version_of_a_library_forces_training(
    models: Path,
    walk: pd.DataFrame,
    sessions: pd.DataFrame,
    walk_replay: pd.DataFrame,
    library: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    version = importlib.metadata.version
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "0.0" if name == library else version(name))
    if library == "python":
        monkeypatch.setattr(platform, "python_version", lambda: "3.0")
    making._libraries.cache_clear()
    try:
        parts = made_of(SHA, sessions, walk_replay, RECORD, EvidenceConfig(1), ZL, MONTH, BASE_INPUTS, CODE, synthetic=False)
    finally:
        making._libraries.cache_clear()
    why = find(models, walk, parts)
    assert isinstance(why, str)
    assert why.endswith(": libraries")


@pytest.mark.parametrize(
    "module",
    [
        "model/fit/gates.py",
        "model/report/words.py",
        "model/ranges/bands.py",
        "model/replay/rows.py",
        "domain/families/pivots.py",
        "instruments/zl.py",
        MODULES[0],
    ],
)
def test_another_line_of_code_is_another_code(tmp_path: Path, module: str) -> None:
    package = Path(shutil.copytree(PACKAGE, tmp_path / "package", ignore=shutil.ignore_patterns("__pycache__")))
    assert code_sha256(package) == CODE
    (package / module).write_text((package / module).read_text() + "# changed\n")
    assert code_sha256(package) != CODE


def test_all_code_of_ours_that_the_model_imports_is_hashed() -> None:
    seen: set[Path] = set()
    todo = [*(PACKAGE / "model").rglob("*.py")]
    while todo:
        path = todo.pop()
        if path in seen or path == PACKAGE / "__init__.py":
            continue
        seen.add(path)
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("zl_assets"):
                for name in (str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)):
                    place = PACKAGE.parent / name.replace(".", "/")
                    todo += [p for p in (place.with_suffix(".py"), place / "__init__.py") if p.exists()]
    unhashed = {p.relative_to(PACKAGE).as_posix() for p in seen if p.relative_to(PACKAGE).parts[0] not in ROOMS} - {*MODULES}
    assert unhashed <= {"warehouse/__init__.py"}


def test_code_that_was_edited_under_a_running_process_is_not_recorded_as_its_own(
    walk: pd.DataFrame, sessions: pd.DataFrame, walk_replay: pd.DataFrame, made: Made, tmp_path: Path
) -> None:
    parts = made_of(
        SHA, sessions, walk_replay, RECORD, EvidenceConfig(1), ZL, MONTH, BASE_INPUTS, "the code at its start", synthetic=False
    )
    assert parts is None
    stored = finding.store(dataclasses.replace(made, made_of=parts), tmp_path)
    assert read_record(stored.path) is None
    assert find(tmp_path, walk, parts) == "the code was changed after this process had begun"


def test_a_found_models_report_begins_with_what_is_to_be_known_today(models: Path, walk: pd.DataFrame, parts: MadeOf) -> None:
    """The stored text was written on another day, and no file but the report's is touched."""
    before = files(models)
    for standing in (("Stale by 9 sessions.",), ()):
        found = find(models, walk, parts)
        assert isinstance(found, Made)
        finding.store(dataclasses.replace(found, standing=standing), models)
        text = (models / str(found.found) / "report.html").read_text()
        assert ("<p>Stale by 9 sessions.</p>" in text) == bool(standing)
        assert {name for name, content in files(models).items() if content != before[name]} == {"report.html"}
    assert files(models)["report.html"][0] == before["report.html"][0]


@pytest.mark.parametrize("damage", ["byte", "cut", "gone"])
def test_a_damaged_report_is_written_again_without_training(models: Path, walk: pd.DataFrame, made: Made, damage: str) -> None:
    path = load_model(models).path / "report.html"
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(content[:-50] if damage == "cut" else content.replace(b"0", b"1", 1))
    found = find(models, walk, made.made_of)
    assert isinstance(found, Made)
    finding.store(found, models)
    assert path.read_bytes() == content


@pytest.mark.parametrize("name", ["model.txt", "contract.json", "record.json"])
@pytest.mark.parametrize("damage", ["byte", "cut", "gone"])
def test_a_damaged_file_is_named_and_trained_again_and_put_right(
    models: Path, walk: pd.DataFrame, made: Made, name: str, damage: str
) -> None:
    path = load_model(models).path / name
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(content[:-50] if damage == "cut" else content.replace(b"0", b"1", 1))
    why = find(models, walk, made.made_of)
    assert isinstance(why, str)
    if (name, damage) == ("record.json", "gone"):
        assert why == "no stored model has a record of how it was made"
    else:
        assert "cannot be used again" in why
        assert name in why
    finding.store(made, models)
    if name != "record.json":
        assert path.read_bytes() == content
    assert isinstance(find(models, walk, made.made_of), Made)


def test_a_record_whose_gates_are_not_the_contracts_is_not_believed(models: Path, walk: pd.DataFrame, made: Made) -> None:
    """Its own hash is right: only the gates, evaluated anew, can tell."""
    trained = made.trained
    first = dataclasses.replace(trained.folds[0], permuted=trained.folds[0].permuted * 1.01)
    path = load_model(models).path
    (path / "record.json").unlink()
    false = dataclasses.replace(trained, folds=(first, *trained.folds[1:]))
    assert made.made_of is not None
    text = finding.record_text(made.made_of, "2026-01-01 00:00 UTC", path, false, made.report)
    (path / "record.json").write_bytes(text)
    why = find(models, walk, made.made_of)
    assert isinstance(why, str)
    assert "its gates are not what its contract says" in why


def test_a_model_of_an_older_version_of_the_product_is_trained_again_and_found_then(
    models: Path, walk: pd.DataFrame, made: Made
) -> None:
    (load_model(models).path / "record.json").unlink()
    assert find(models, walk, made.made_of) == "no stored model has a record of how it was made"
    finding.store(made, models)
    assert isinstance(find(models, walk, made.made_of), Made)


def test_a_record_of_another_format_is_not_read(models: Path) -> None:
    path = load_model(models).path / "record.json"
    content = json.loads(path.read_text())["record"] | {"format": 0}
    from zl_assets.model.reuse.record import _text, digest

    path.write_text(json.dumps({"sha256": digest(_text(content)), "record": content}))
    assert read_record(path.parent) is None


def test_the_same_model_trained_again_keeps_the_time_of_the_first(models: Path, made: Made) -> None:
    path = load_model(models).path
    record = path / "record.json"
    assert made.made_of is not None
    record.write_bytes(finding.record_text(made.made_of, "2020-01-01 00:00 UTC", path, made.trained, made.report))
    before = files(path)
    finding.store(made, models)
    assert files(path) == before


def test_a_record_of_more_rows_than_there_are_is_refused(models: Path, walk: pd.DataFrame, made: Made) -> None:
    record = read_record(load_model(models).path)
    assert record is not None
    short = dataclasses.replace(made.trained.data, dates=made.trained.data.dates[:3000])
    with pytest.raises(ArtifactFault, match="more training rows"):
        finding.fits_of(record, short)
