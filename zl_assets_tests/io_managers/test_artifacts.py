"""The CSV: what is written is what is read, to the last bit, by two readers."""

import hashlib
import math
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zl_assets.files import ArtifactFault
from zl_assets.io_managers import artifacts
from zl_assets.io_managers.artifacts import (
    SHA256,
    TrainingCsvIOManager,
    csv_bytes,
    parse_csv,
    read_csv_with_arrow,
)
from zl_assets.provenance import OWN_BARS, Provenance
from zl_assets.warehouse.contract import PANDAS_DTYPES, ColumnType
from zl_assets_tests.support.contracts import MONTH, TRAINING_VIEW


def frame(values: list[float | None]) -> pd.DataFrame:
    n = len(values)
    columns: dict[str, object] = {}
    for column in TRAINING_VIEW.columns:
        if column.type is ColumnType.DATE:
            columns[column.name] = pd.date_range("2020-01-01", periods=n)
        elif column.type is ColumnType.STRING:
            columns[column.name] = ["a,b", 'quote"d', "plain"][:n] + ["x"] * max(0, n - 3)
        elif column.type is ColumnType.INT64:
            columns[column.name] = list(range(n))
        else:
            columns[column.name] = [math.nan if v is None else v for v in values]
    made = pd.DataFrame(columns)
    return made.astype({c.name: PANDAS_DTYPES[c.type] for c in TRAINING_VIEW.columns})


floats = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False))


@given(st.lists(floats, min_size=1, max_size=10))
def test_every_float_comes_back_with_every_bit_from_both_readers(values: list[float | None]) -> None:
    import tempfile

    written = frame(values)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_bytes(csv_bytes(written))
        pd.testing.assert_frame_equal(parse_csv(path.read_bytes(), str(path), TRAINING_VIEW), written, check_exact=True)
        pd.testing.assert_frame_equal(read_csv_with_arrow(path, TRAINING_VIEW), written, check_exact=True)


def test_the_text_is_canonical(tmp_path: Path) -> None:
    text = csv_bytes(frame([0.1, None])).decode()
    header, first, second, end = text.split("\n")
    assert header == ",".join(column.name for column in TRAINING_VIEW.columns)
    assert first.startswith("2020-01-01,0.1,")
    assert second.startswith("2020-01-02,,")
    assert end == ""


def test_a_file_with_other_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("data_date,close\n2020-01-01,1\n")
    with pytest.raises(ArtifactFault, match="expected the columns data_date, close, return_1d"):
        parse_csv(path.read_bytes(), str(path), TRAINING_VIEW)


def test_a_value_of_another_type_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(csv_bytes(frame([0.5, 1.5])).replace(b"0.5", b"half", 1))
    with pytest.raises(ArtifactFault, match="half"):
        parse_csv(path.read_bytes(), str(path), TRAINING_VIEW)


def test_the_rows_are_those_of_the_hash_when_another_run_replaces_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = csv_bytes(frame([0.5, 1.5])), csv_bytes(frame([7.0, 8.0]))
    provenance = Provenance("own bars: bars.parquet", str(tmp_path), OWN_BARS)
    manager = TrainingCsvIOManager(tmp_path, TRAINING_VIEW, MONTH.target, provenance)
    manager.path.parent.mkdir()
    manager.path.write_bytes(ours)

    def replaced_meanwhile(path: Path, _asset: str) -> bytes:
        path.write_bytes(theirs)
        return ours

    monkeypatch.setattr(artifacts, "_read", replaced_meanwhile)
    recorded = {SHA256: dg.MetadataValue.text(hashlib.sha256(ours).hexdigest())}
    monkeypatch.setattr(artifacts, "record_in", lambda *_: recorded)
    with dg.DagsterInstance.ephemeral() as instance:
        loaded = manager.load_input(dg.build_input_context(asset_key=["training_csv"], instance=instance))
    assert loaded.frame["close"].tolist() == [0.5, 1.5]
