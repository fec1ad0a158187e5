"""Frames that break their contract are refused, with the place; frames that keep it come back as they went."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zl_assets.warehouse.contract import PANDAS_DTYPES, Column, ColumnType, Leaf
from zl_assets.warehouse.errors import ContractViolation, SchemaConflict
from zl_assets.warehouse.frames import from_arrow, to_arrow, to_parquet, validate
from zl_assets_tests.warehouse.tables import SMALL, small_frame


def refused(frame: pd.DataFrame) -> str:
    with pytest.raises(ContractViolation) as caught:
        validate(frame, SMALL)
    return str(caught.value)


def test_a_missing_column_is_named() -> None:
    assert "missing: bar.close" in refused(small_frame().drop(columns="bar.close"))


def test_an_extra_or_misspelt_column_is_named() -> None:
    message = refused(small_frame().rename(columns={"note": "nota"}))
    assert "missing: note" in message
    assert "not in the contract: nota" in message


def test_a_column_that_is_there_twice_is_named() -> None:
    frame = small_frame()
    assert "twice: note" in refused(pd.concat([frame, frame[["note"]]], axis=1))


@pytest.mark.parametrize(
    ("column", "values", "found"),
    [
        ("bar.close", ["1", "2", "3", "4", "5"], "object"),
        ("bar.volume", [1.0, 2.0, 3.0, 4.0, 5.0], "float64"),
        ("day", ["2024-01-30"] * 5, "object"),
        ("day", pd.date_range("2024-01-30", periods=5, tz="UTC"), "datetime64[ns, UTC]"),
        ("flag", [0, 1, 0, 1, 0], "int64"),
    ],
)
def test_a_value_of_another_type_is_not_converted_on_the_quiet(column: str, values: object, found: str) -> None:
    frame = small_frame()
    frame[column] = pd.Series(values)  # type: ignore[call-overload]
    message = refused(frame)
    assert column in message
    assert found in message


def test_the_one_value_that_is_no_number_is_named_with_its_row() -> None:
    frame = small_frame()
    frame["bar.close"] = pd.Series([1.0, None, "n/a", 2.0, 3.0], dtype=object)
    assert "value 'n/a' in the row at position 2" in refused(frame)
    frame["bar.close"] = pd.Series([None, 1.0, 2.0, 3.0, 4.0], dtype=object)
    assert "value 1.0 in the row at position 1" in refused(frame)
    frame["bar.close"] = pd.Series([1.0, [1, 2], None, 2.0, 3.0], dtype=object)
    assert "value [1, 2] in the row at position 1" in refused(frame)
    frame["bar.close"] = pd.Series([None] * 5, dtype=object)
    assert refused(frame).endswith("expected float64 for FLOAT64.")


def test_a_time_of_day_is_not_cut_off_a_date() -> None:
    frame = small_frame()
    frame.loc[2, "day"] = pd.Timestamp("2024-02-01 13:00")
    assert "day is not a whole day in 1 of 5 rows" in refused(frame)


@pytest.mark.parametrize("column", ["day", "symbol"])
def test_a_null_key_names_its_row(column: str) -> None:
    frame = small_frame()
    frame.loc[3, column] = pd.NA if column == "symbol" else pd.NaT
    message = refused(frame)
    assert f"{column} is NULL" in message
    assert "row position 3" in message


def test_infinity_is_refused_with_its_key() -> None:
    frame = small_frame()
    frame.loc[1, "bar.close"] = np.inf
    message = refused(frame)
    assert "bar.close is infinite in 1 of 5 rows" in message
    assert "day=2024-01-31" in message


def test_a_duplicate_key_is_refused_with_its_key() -> None:
    frame = small_frame()
    frame.loc[4, "day"] = frame.loc[0, "day"]
    message = refused(frame)
    assert "2 rows share a key" in message
    assert "day=2024-01-30, symbol=ZL" in message


def test_an_empty_frame_never_empties_a_table() -> None:
    assert "empty" in refused(small_frame().iloc[:0])


def test_order_of_rows_and_columns_and_the_index_do_not_matter() -> None:
    frame = small_frame()
    shuffled = frame.sample(frac=1, random_state=1)[list(frame.columns[::-1])]
    shuffled.index = pd.Index([0] * len(shuffled))
    validate(shuffled, SMALL)


@given(
    closes=st.lists(st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)), min_size=1, max_size=20),
    volumes=st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), min_size=1, max_size=20),
    flags=st.lists(st.sampled_from([True, False, None]), min_size=1, max_size=20),
    notes=st.lists(st.one_of(st.none(), st.text(st.characters(codec="utf-8"))), min_size=1, max_size=20),
)
def test_no_value_changes_on_the_way_to_parquet_and_back(
    closes: list[float | None], volumes: list[int | None], flags: list[bool | None], notes: list[str | None]
) -> None:
    n = min(map(len, (closes, volumes, flags, notes)))
    columns: dict[str, list[object]] = {
        "bar.close": list(closes[:n]),
        "bar.volume": pd.array(volumes[:n], dtype="Int64").tolist(),
        "flag": list(flags[:n]),
        "note": list(notes[:n]),
    }
    frame = small_frame(n, **columns)
    frame["bar.volume"] = pd.array(volumes[:n], dtype="Int64")
    validate(frame, SMALL)
    import io

    back = from_arrow(pq.read_table(io.BytesIO(to_parquet(to_arrow(frame, SMALL.frame_leaves)))), SMALL.frame_leaves)
    pd.testing.assert_frame_equal(back, frame[list(back.columns)], check_exact=True)


def test_text_that_no_file_can_hold_is_refused_with_its_key() -> None:
    with pytest.raises(ContractViolation, match=r"note is not text that UTF-8 can hold in 1 of 3 rows.*2024-01-31.*\\ud800"):
        validate(small_frame(3, note=["a", "\ud800", "b"]), SMALL)


def test_a_time_finer_than_bigquery_keeps_is_refused() -> None:
    timed = replace(SMALL, columns=(*SMALL.columns, Column("seen_at", ColumnType.TIMESTAMP, "when")))
    at = pd.to_datetime(["2024-01-30 00:00:00.000001", "2024-01-30 00:00:00.000001001", None], utc=True)
    frame = small_frame(3).assign(seen_at=pd.Series(at).astype(PANDAS_DTYPES[ColumnType.TIMESTAMP]))
    with pytest.raises(ContractViolation, match=r"at is finer than a microsecond in 1 of 3 rows.*position 1.*000001001"):
        validate(frame, timed)


def test_a_date_that_pandas_cannot_hold_is_named() -> None:
    days = pa.table({"day": pa.array([dt.date(2024, 1, 30), dt.date(9999, 12, 31)])})
    with pytest.raises(SchemaConflict, match=r"day goes from 2024-01-30 to 9999-12-31.*Correct the rows outside of that"):
        from_arrow(days, [Leaf("day", SMALL.columns[0])])
