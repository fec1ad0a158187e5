"""FRED's CSV files: what is accepted, what is refused by name, and fetching from a server on this machine (no network here)."""

import datetime as dt
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zl_assets.domain.releases import MACRO_SERIES, RELEASES, VOLATILITY_SERIES, as_known
from zl_assets.files import ArtifactFault
from zl_assets.sources import fetching, fred
from zl_assets.warehouse.errors import DataFault
from zl_assets_tests.conftest import shared_data
from zl_assets_tests.support.contracts import FRED_OBSERVATIONS
from zl_assets_tests.support.publisher import Query, publisher
from zl_assets_tests.support.series import delivered, write_file

AS_OF = dt.date(2024, 2, 1)
NOW = dt.datetime(2024, 2, 1, 12, tzinfo=dt.UTC)
SOUND = "observation_date,DGS2\n2024-01-08,4.3\n2024-01-09,\n2024-01-10,4.4\n"


def read(folder: Path, *series: str, as_of: dt.date = AS_OF) -> fred.Observations:
    return fred.read_folder(folder, series or ("DGS2",), FRED_OBSERVATIONS, as_of)


def write(folder: Path, text: str, name: str = "DGS2.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return folder


# --- what is accepted


@pytest.mark.parametrize(
    "text",
    [
        SOUND,
        SOUND.replace("observation_date", "DATE").replace("09,\n", "09,.\n"),
        SOUND.replace("\n", "\r\n"),
        "\ufeff" + SOUND,
        SOUND.replace("08,4.3", "08, 4.3 ") + "\n",
        SOUND + "2024-01-10,4.4\n2024-01-10,4.4\n",
    ],
)
def test_files_as_fred_delivers_them_and_has_delivered_them(tmp_path: Path, text: str) -> None:
    loaded = read(write(tmp_path, text))
    assert loaded.refused == {}
    assert loaded.frame["value"].tolist() == [4.3, 4.4]
    assert loaded.frame["observed_on"].dt.strftime("%m-%d").tolist() == ["01-08", "01-10"]
    assert loaded.frame["available_at"].astype(str).tolist() == ["2024-01-09 21:15:00+00:00", "2024-01-11 21:15:00+00:00"]
    assert loaded.frame["vintage"].isna().all()
    assert loaded.series["DGS2"].missing == 1
    assert loaded.series["DGS2"].duplicates == (2 if text.count("4.4") == 3 else 0)


def test_an_empty_cell_is_neither_zero_nor_the_value_before(tmp_path: Path) -> None:
    loaded = read(write(tmp_path, SOUND.replace("DGS2", "T10Y2Y").replace("10,4.4", "10,0"), "T10Y2Y.csv"), "T10Y2Y")
    assert loaded.frame["value"].tolist() == [4.3, 0.0]
    assert pd.Timestamp("2024-01-09") not in set(loaded.frame["observed_on"])


def test_a_vintage_is_known_when_its_day_has_passed(tmp_path: Path) -> None:
    write(tmp_path, SOUND)
    write(tmp_path, "observation_date,DGS2_20240115\n2024-01-08,4.35\n2024-01-10,4.4\n", "DGS2_20240115.csv")
    frame = read(tmp_path).frame
    assert frame["vintage"].dt.strftime("%Y%m%d").fillna("").tolist() == ["", "20240115", "", "20240115"]
    assert frame["available_at"].astype(str).tolist()[1] == "2024-01-16 00:00:00+00:00"
    # A vintage of the day itself does not come before the release.
    write(tmp_path, "observation_date,DGS2_20240110\n2024-01-10,4.4\n", "DGS2_20240110.csv")
    assert read(tmp_path).frame["available_at"].min() >= pd.Timestamp("2024-01-09 21:15", tz="UTC")


WIDE = "observation_date,DGS2_20240115,DGS2_20240110\n2024-01-08,4.35,4.3\n2024-01-09,4.4,4.4\n2024-01-10,4.5,\n2024-01-11,,.\n"


def observations(*rows: tuple[str, str, str], **said: object) -> str:
    """ALFRED's answer: date, realtime_start and value."""
    given = [{"date": d, "realtime_start": v, "realtime_end": "9999-12-31", "value": value} for d, v, value in rows]
    return json.dumps({"units": "lin", "output_type": 1, "count": len(given), "limit": 100000, "observations": given, **said})


ANSWER = (
    ("2024-01-08", "2024-01-10", "4.3"),
    ("2024-01-08", "2024-01-15", "4.35"),
    ("2024-01-09", "2024-01-10", "4.4"),
    # The same value again, in a period of its own.
    ("2024-01-09", "2024-01-12", "4.4"),
    ("2024-01-10", "2024-01-15", "4.5"),
    ("2024-01-11", "2024-01-15", "."),
)


@pytest.mark.parametrize(
    ("text", "name"),
    [(WIDE, "DGS2.csv"), (WIDE, "DGS2_2_Vintages_Starting_2024_01_10.csv"), (observations(*ANSWER), "DGS2.json")],
)
def test_of_many_vintages_a_row_is_what_one_of_them_changed(tmp_path: Path, text: str, name: str) -> None:
    found = read(write(tmp_path, text, name))
    assert found.refused == {}
    assert found.series["DGS2"].missing == 1
    frame = found.frame
    assert list(zip(frame["observed_on"].dt.strftime("%d"), frame["vintage"].dt.strftime("%d"), frame["value"], strict=True)) == [
        ("08", "10", 4.3),
        ("08", "15", 4.35),
        ("09", "10", 4.4),
        ("10", "15", 4.5),
    ]
    # At the end of the vintage's day, and not before the release: that of the 9th is on the 10th at 16:15 New York.
    assert frame["available_at"].dt.strftime("%d %H:%M").tolist() == ["11 00:00", "16 00:00", "11 00:00", "16 00:00"]


def test_no_session_sees_a_later_vintage(tmp_path: Path) -> None:
    frame = read(write(tmp_path, observations(*ANSWER[:4]), "DGS2.json")).frame
    # No newer observation than the 9th; of the 8th alone the revision counts from the 16th on.
    days = pd.to_datetime(["2024-01-10", "2024-01-11", "2024-01-15", "2024-01-16"])
    sessions = pd.DataFrame({"data_date": days, "decided_at": days.tz_localize("UTC") + pd.Timedelta(hours=19, minutes=20)})
    old = frame[frame["observed_on"] == "2024-01-08"]
    assert np.array_equal(as_known(old, "DGS2", sessions), [np.nan, 4.3, 4.3, 4.35], equal_nan=True)
    assert np.array_equal(as_known(frame, "DGS2", sessions), [np.nan, 4.4, 4.4, 4.4], equal_nan=True)
    # What is known at each session does not depend on what came later.
    for at in range(len(sessions)):
        known = frame[frame["available_at"] < sessions["decided_at"].iloc[at]]
        then = as_known(known, "DGS2", sessions)[at]
        assert np.array_equal([then], [as_known(frame, "DGS2", sessions)[at]], equal_nan=True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (observations(*ANSWER)[:200], "this is not whole JSON"),
        ("<html>502</html>", "this is not whole JSON"),
        ('{"error_code": 400, "error_message": "Bad Request. The series does not exist."}', "The series does not exist"),
        ("[]", "no observations"),
        (observations(*ANSWER, count=7), "has 6 of 7 observations"),
        (observations(*ANSWER, units="pch"), "units=pch"),
        (observations(*ANSWER).replace("value", "DGS2_20240115"), "have no value"),
        (observations(*ANSWER, ("2024-01-12", "2024-01-15", "4,5")), "row 7: '4,5'"),
        (observations(*ANSWER, ("2024-01-12", "2024-01-11", "4.5")), "row 7: 2024-01-12 in 2024-01-11"),
        (observations(*ANSWER, ("2024-01-13", "2024-01-15", "4.5")), "on_observation_days"),
        (observations(*ANSWER, ("2024-01-10", "2024-01-15", "4.6")), "more than one value for a date: 2024-01-10"),
    ],
)
def test_an_answer_of_vintages_that_cannot_be_believed_is_refused(tmp_path: Path, text: str, said: str) -> None:
    assert said in read(write(tmp_path, text, "DGS2.json")).refused["DGS2"]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("DGS2_20240115,DGS2", "for each of several vintages"),
        ("DGS2_20240115,DGS2_20240115", "for each of several vintages"),
        ("DGS2_20240115,DGS10_20240110", "for each of several vintages"),
        ("DGS2_20240115,DGS2_20241310", "does not end in a date"),
        ("DGS2_20240115,DGS2_20240107", "row 2: 2024-01-08 in 2024-01-07"),
    ],
)
def test_columns_that_are_no_vintages_of_the_series_are_refused(tmp_path: Path, header: str, said: str) -> None:
    text = WIDE.replace("DGS2_20240115,DGS2_20240110", header)
    assert said in read(write(tmp_path, text)).refused["DGS2"]


def test_observations_after_the_as_of_date_are_left_out(tmp_path: Path) -> None:
    assert len(read(write(tmp_path, SOUND), as_of=dt.date(2024, 1, 9)).frame) == 1


def test_real_files_keep_every_value_and_no_other() -> None:
    folder = shared_data("fred/DGS2.csv").parent
    loaded = read(folder, *MACRO_SERIES, *VOLATILITY_SERIES, as_of=dt.date(2025, 12, 31))
    assert loaded.refused == {}
    for series in RELEASES:
        raw = pd.read_csv(folder / f"{series}.csv", parse_dates=["observation_date"])
        own = loaded.frame[loaded.frame["series"] == series]
        assert own["value"].tolist() == raw[series].dropna().tolist()
        assert own["observed_on"].tolist() == raw.loc[raw[series].notna(), "observation_date"].tolist()
        assert loaded.series[series].missing == raw[series].isna().sum()


# --- what is refused, by name, while the others are read


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "there is no DGS2.csv"),
        ("", "not a readable CSV file"),
        ("observation_date,DGS2\n", "no observation"),
        ("observation_date,DGS2\n2024-01-08,\n", "no observation"),
        ("observation_date,DGS10\n2024-01-08,4.3\n", "expected 'observation_date,DGS2'"),
        ("observation_date,DGS2,DGS10\n2024-01-08,4.3,4\n", "expected 'observation_date,DGS2'"),
        ("<html><body>Not found</body></html>\n", "expected 'observation_date,DGS2'"),
        (SOUND.replace("4.4", "n/a"), "row 4: 'n/a'"),
        (SOUND.replace("4.4", "1e999"), "DGS2"),
        (SOUND.replace("4.4", "4,4"), "not a readable CSV file"),
        (SOUND.replace("2024-01-10", "10.01.2024"), "row 4: '10.01.2024'"),
        (SOUND.replace("2024-01-10", ""), "row 4: ''"),
        (SOUND.replace("2024-01-10", "2205-01-10"), "row 4: '2205-01-10'"),
        (SOUND + "2024-01-10,4.5\n", "2024-01-10: 4.4; 2024-01-10: 4.5"),
        (SOUND.replace("4.4", "440"), "observations_in_range failed"),
        (SOUND.replace("4.3", "0.1").replace("4.4", "10"), "no_observation_jump failed"),
        (SOUND.replace("4.4", "0"), "no_zero_observation failed"),
        (SOUND.replace("4.4", "0.044"), "decimals_as_quoted failed"),
        (SOUND.replace("01-10", "01-13"), "row=4, series=DGS2, observed_on=2024-01-13, weekday=Saturday"),
        (SOUND.replace("01-08", "01-07"), "row=2, series=DGS2, observed_on=2024-01-07, weekday=Sunday"),
        (SOUND.replace("01-08", "01-03"), "look weekly"),
        ("observation_date,DGS2\n2023-11-01,4.3\n2023-12-01,4.4\n2024-01-01,4.35\n", "look monthly"),
    ],
)
def test_a_series_that_cannot_be_used_is_refused_by_name_and_the_others_are_read(
    tmp_path: Path, text: str | None, said: str
) -> None:
    if text is not None:
        write(tmp_path, text)
    write(tmp_path, "observation_date,DGS10\n2024-01-08,4.0\n", "DGS10.csv")
    loaded = read(tmp_path, "DGS2", "DGS10")
    assert list(loaded.refused) == ["DGS2"]
    assert "DGS2" in loaded.refused["DGS2"]
    assert said in loaded.refused["DGS2"]
    assert loaded.frame["series"].tolist() == ["DGS10"]


def test_every_file_of_a_series_is_judged_and_named(tmp_path: Path) -> None:
    rows = delivered("VIXCLS", "2022-01-01", "2023-12-31")
    write_file(tmp_path, rows)
    assert read(tmp_path, "VIXCLS").refused == {}
    early = rows.assign(observed_on=rows["observed_on"] - pd.Timedelta(days=1))
    write_file(tmp_path, early, "VIXCLS_20240115")
    refused = read(tmp_path, "VIXCLS").refused["VIXCLS"]
    assert "VIXCLS_20240115.csv: this is not VIXCLS as FRED delivers it" in refused
    assert "the dates are a day early" in refused
    assert "First: row=2, series=VIXCLS, observed_on=2022-01-02, weekday=Sunday" in refused
    assert "https://fred.stlouisfed.org/series/VIXCLS" in refused
    # A few rows of a vintage are sound, weekly ones are not.
    write_file(tmp_path, rows.tail(3), "VIXCLS_20240115")
    assert read(tmp_path, "VIXCLS").refused == {}
    write_file(tmp_path, rows[rows["observed_on"].dt.dayofweek == 4].tail(3), "VIXCLS_20240115")
    assert "look weekly" in read(tmp_path, "VIXCLS").refused["VIXCLS"]


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows.assign(value=(rows["value"] + 0.05).round(2)),
        lambda rows: rows.assign(value=rows["value"].shift(-1)).dropna(),
        lambda rows: delivered("DGS2").assign(series="DGS10"),
        lambda rows: delivered("T10YIE").assign(series="DGS10"),
    ],
)
def test_series_that_contradict_each_other_are_refused_and_the_others_are_read(
    tmp_path: Path, change: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    for series in MACRO_SERIES:
        write_file(tmp_path, delivered(series))
    assert read(tmp_path, *MACRO_SERIES).refused == {}
    write_file(tmp_path, change(delivered("DGS10")))
    loaded = read(tmp_path, *MACRO_SERIES)
    wrong = {"DGS10", "DGS2", "T10Y2Y"}
    assert wrong <= set(loaded.refused) <= wrong | {"T10YIE"}
    assert "T10Y2Y is not DGS10 - DGS2" in loaded.refused["DGS2"]
    assert str(tmp_path) in loaded.refused["DGS2"]
    assert set(loaded.frame["series"]) == set(loaded.series) == set(MACRO_SERIES) - set(loaded.refused)


def test_one_date_that_contradicts_is_loaded_and_left_to_the_check(tmp_path: Path) -> None:
    for series in ("DGS10", "DGS2", "T10Y2Y"):
        rows = delivered(series)
        write_file(tmp_path, rows.assign(value=rows["value"].where(rows.index != 100, 2.22)))
    assert read(tmp_path, "DGS10", "DGS2", "T10Y2Y").refused == {}


def test_what_else_is_in_the_folder_is_told(tmp_path: Path) -> None:
    for name in ("DGS2 (1).csv", "dgs2.csv", "DGS2.csv.gz", "VIXCLS.csv"):
        write(tmp_path, SOUND, name)
    assert read(write(tmp_path, SOUND)).not_read == ("DGS2 (1).csv", "DGS2.csv.gz", "dgs2.csv")


def test_a_folder_that_is_none_stops_and_says_what_is_wanted(tmp_path: Path) -> None:
    for folder in (tmp_path / "nowhere", write(tmp_path, SOUND) / "DGS2.csv"):
        with pytest.raises(DataFault, match=r"ZL_FRED.*DGS2\.csv"):
            read(folder)


@settings(max_examples=20)
@given(st.text(alphabet='obsdDGS2,.-0123456789\n\r"eE+ ', max_size=80))
def test_no_file_whatever_is_in_it_ends_in_a_crash(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("fred")
    loaded = read(write(folder, "observation_date,DGS2\n" + text))
    assert set(loaded.frame["series"]) | set(loaded.refused) == {"DGS2"}


# --- fetching


class Answers:
    """What FRED gives, by series: a status and a text, in turn; the last one stays."""

    def __init__(self) -> None:
        self.by_series: dict[str, list[tuple[int, str]]] = {}
        self.asked: list[str] = []

    def __call__(self, path: str, query: Query) -> tuple[int, str]:
        name = query.get("id", [""])[0]
        self.asked.append(name)
        queue = self.by_series.get(name, [(404, "not here")])
        status, text = queue.pop(0) if len(queue) > 1 else queue[0]
        return (status if path == "/graph/fredgraph.csv" else 404), text


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def address(answers: Answers) -> Iterator[str]:
    with publisher(answers) as address:
        yield address


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(fetching, "BACKOFF", 0.0)


def test_files_are_fetched_once_an_hour_and_their_time_is_kept(tmp_path: Path, answers: Answers, address: str) -> None:
    answers.by_series = {"DGS2": [(200, SOUND)]}
    folder = tmp_path / "state" / "fred"
    now = dt.datetime.now(dt.UTC)
    assert fred.fetch(address, ["DGS2"], folder, now) == {}
    loaded = read(folder)
    assert loaded.frame["value"].tolist() == [4.3, 4.4]
    assert abs(loaded.series["DGS2"].fetched_at - now) < dt.timedelta(minutes=1)
    # Nor is the lock of the folder one of somebody's files.
    assert loaded.not_read == ()
    assert fred.fetch(address, ["DGS2"], folder, now + dt.timedelta(minutes=50)) == {}
    assert answers.asked == ["DGS2"]
    answers.by_series = {"DGS2": [(200, SOUND.replace("4.4", "4.5"))]}
    assert fred.fetch(address, ["DGS2"], folder, now + dt.timedelta(minutes=70)) == {}
    assert read(folder).frame["value"].tolist() == [4.3, 4.5]


def test_a_server_that_is_busy_is_asked_again(tmp_path: Path, answers: Answers, address: str) -> None:
    answers.by_series = {"DGS2": [(503, ""), (429, ""), (200, SOUND)]}
    assert fred.fetch(address, ["DGS2"], tmp_path, NOW) == {}
    assert len(answers.asked) == 3


@pytest.mark.parametrize("answer", [(404, "no such series"), (503, "busy"), (200, "<html>maintenance</html>"), (200, "")])
def test_what_is_no_file_leaves_the_one_before_and_is_named(
    tmp_path: Path, answers: Answers, address: str, answer: tuple[int, str]
) -> None:
    answers.by_series = {"DGS2": [answer], "DGS10": [(200, SOUND.replace("DGS2", "DGS10"))]}
    problems = fred.fetch(address, ["DGS2", "DGS10"], tmp_path, NOW)
    assert "there is no earlier file" in problems["DGS2"]
    assert list(problems) == ["DGS2"]
    write(tmp_path, SOUND)
    os.utime(tmp_path / "DGS2.csv", (1704067200, 1704067200))
    problems = fred.fetch(address, ["DGS2"], tmp_path, NOW)
    assert "the file of 2024-01-01 00:00 UTC is used" in problems["DGS2"]
    assert (tmp_path / "DGS2.csv").read_text() == SOUND


def test_an_answer_at_another_frequency_leaves_the_file_before(tmp_path: Path, answers: Answers, address: str) -> None:
    monthly = "observation_date,DGS2\n2023-11-01,4.3\n2023-12-01,4.4\n2024-01-01,4.35\n"
    answers.by_series = {"DGS2": [(200, monthly)]}
    write(tmp_path, SOUND)
    os.utime(tmp_path / "DGS2.csv", (1704067200, 1704067200))
    assert "look monthly" in fred.fetch(address, ["DGS2"], tmp_path, NOW)["DGS2"]
    assert (tmp_path / "DGS2.csv").read_text() == SOUND


def test_nobody_at_the_address_is_a_message_and_not_a_crash(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "fred"
    problems = fred.fetch("http://127.0.0.1:9", ["DGS2"], folder, NOW)
    assert "did not give DGS2" in problems["DGS2"]
    assert "there is no DGS2.csv" in read(folder).refused["DGS2"]


def test_a_state_folder_that_takes_nothing_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(ArtifactFault, match="ZL_STATE_DIR"):
        fred.fetch("http://127.0.0.1:9", ["DGS2"], tmp_path / "state" / "fred", NOW)


def test_an_answer_without_end_is_cut_off(
    tmp_path: Path, answers: Answers, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "MAX_BYTES", 1000)
    answers.by_series = {"DGS2": [(200, "x" * 200_000)]}
    assert "more than 1,000 bytes" in fred.fetch(address, ["DGS2"], tmp_path, NOW)["DGS2"]
    assert not (tmp_path / "DGS2.csv").exists()
