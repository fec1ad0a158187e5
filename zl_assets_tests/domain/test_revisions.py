"""Replaced files beside the table that they were read into: a changed value is a row of its own, and what was known stays."""

import datetime as dt

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zl_assets.domain.revisions import Versions, versions_in_files, with_stored
from zl_assets.warehouse.errors import DataFault

STATION_DAYS = Versions(of=("station", "observed_on"), values=("tmax_c", "prcp_mm"))
DOCUMENTS = Versions(of=("station", "observed_on"), values=("tmax_c", "prcp_mm"), blanks=False)
KEY = ["station", "observed_on", "available_at"]

# The rule of these rows: known at noon of the seventh day after.
LAG = pd.Timedelta(days=7, hours=12)


def rows(*given: tuple[str, float | None, float | None, str | None], station: str = "A") -> pd.DataFrame:
    """(day, tmax, rain, day of the download) -> rows that count by the rule, or, where a day has several, from their vintage."""
    frame = pd.DataFrame(given, columns=["observed_on", "tmax_c", "prcp_mm", "vintage"])
    frame["station"] = station
    frame["observed_on"] = pd.to_datetime(frame["observed_on"])
    frame["vintage"] = pd.to_datetime(frame["vintage"])
    ends = (frame["vintage"] + pd.Timedelta(days=1)).dt.tz_localize("UTC")
    rule = (frame["observed_on"] + LAG).dt.tz_localize("UTC")
    frame["available_at"] = rule.where(~frame.duplicated("observed_on"), ends).astype("datetime64[ns, UTC]")
    return frame.astype({"tmax_c": "float64", "prcp_mm": "float64"})[[*KEY, "tmax_c", "prcp_mm", "vintage"]]


def merged(table: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """What a MERGE by key makes of a table."""
    both = pd.concat([table, new]).drop_duplicates(KEY, keep="last")
    return both.sort_values(KEY, ignore_index=True)


def refreshed(table: pd.DataFrame, read: pd.DataFrame, today: str, versions: Versions = STATION_DAYS) -> pd.DataFrame:
    return merged(table, with_stored(read, table, versions, dt.date.fromisoformat(today)))


def told(table: pd.DataFrame) -> list[tuple[str, float, str, str]]:
    """Rain, and since when it is known, with the vintage."""
    days = table["vintage"].dt.strftime("%m-%d").fillna("")
    known = table["available_at"].dt.strftime("%m-%d %H:%M")
    return list(zip(table["observed_on"].dt.strftime("%m-%d"), table["prcp_mm"], known, days, strict=True))


def test_a_file_that_takes_another_s_place_does_not_overwrite_what_was_known() -> None:
    table = rows(("2024-01-01", 30, 0, None), ("2024-01-02", 31, 5, None))
    now = refreshed(
        table, rows(("2024-01-01", 30, 12, None), ("2024-01-02", 31, 5, None), ("2024-01-03", 29, 1, None)), "2024-02-01"
    )
    assert told(now) == [
        ("01-01", 0, "01-08 12:00", ""),
        ("01-01", 12, "02-02 00:00", "02-01"),
        ("01-02", 5, "01-09 12:00", ""),
        ("01-03", 1, "01-10 12:00", ""),
    ]
    # The same files the next day change nothing, and a value that goes back is a third version.
    again = rows(("2024-01-01", 30, 12, None))
    assert refreshed(now, again, "2024-02-02").equals(now)
    back = refreshed(now, rows(("2024-01-01", 30, 0, None)), "2024-02-05")
    assert [value for day, value, *_ in told(back) if day == "01-01"] == [0, 12, 0]


def test_a_value_that_comes_late_is_a_version_and_one_that_is_taken_back_as_well() -> None:
    table = rows(("2024-01-01", 30, None, None))
    now = refreshed(table, rows(("2024-01-01", 30, 4, None)), "2024-02-01")
    assert [(value, known) for _, value, known, _ in told(now)][1:] == [(4, "02-02 00:00")]
    gone = refreshed(now, rows(("2024-01-01", None, None, None)), "2024-02-03")
    assert gone["tmax_c"].isna().tolist() == [False, False, True]


def test_what_no_session_has_seen_yet_is_put_right_in_its_place() -> None:
    table = rows(("2024-01-30", 30, 0, None))
    now = refreshed(table, rows(("2024-01-30", 30, 9, None)), "2024-02-01")
    assert told(now) == [("01-30", 9, "02-06 12:00", "02-01")]


def test_a_dated_file_in_the_place_of_an_undated_one_is_a_version_of_its_day() -> None:
    table = rows(("2024-01-01", 30, 0, None))
    now = refreshed(table, rows(("2024-01-01", 30, 12, "2024-01-20")), "2024-02-01")
    assert told(now) == [("01-01", 0, "01-08 12:00", ""), ("01-01", 12, "01-21 00:00", "01-20")]
    # And an earlier download than the stored one was known before it.
    table = rows(("2024-01-01", 30, 12, "2024-01-20"))
    earlier = rows(("2024-01-01", 30, 0, "2024-01-10"), ("2024-01-01", 30, 12, "2024-01-20"))
    assert told(refreshed(table, earlier, "2024-02-01")) == [
        ("01-01", 0, "01-08 12:00", "01-10"),
        ("01-01", 12, "01-21 00:00", "01-20"),
    ]


def test_two_downloads_in_the_place_of_an_undated_file_stay_two_however_often_they_are_read() -> None:
    table = rows(("2024-01-01", 30, 7, None))
    both = rows(("2024-01-01", 30, 0, "2024-01-10"), ("2024-01-01", 30, 12, "2024-01-20"))
    for day in ("2024-03-01", "2024-03-02", "2024-03-03"):
        table = refreshed(table, both, day)
        assert [(value, known) for _, value, known, _ in told(table)] == [
            (7, "01-08 12:00"),
            (0, "01-11 00:00"),
            (12, "01-21 00:00"),
        ]


def test_a_download_that_is_given_late_does_not_take_the_place_of_what_came_after_it() -> None:
    table = refreshed(rows(("2024-01-01", 30, 0, None)), rows(("2024-01-01", 30, 12, None)), "2024-02-01")
    now = refreshed(table, rows(("2024-01-01", 30, 5, "2024-01-20")), "2024-03-01")
    assert [(value, known) for _, value, known, _ in told(now)] == [(0, "01-08 12:00"), (5, "01-21 00:00"), (12, "02-02 00:00")]


@pytest.mark.parametrize("day", ["2024-01-05", "2024-01-20"], ids=["before the rule", "after it"])
def test_another_file_under_the_same_dated_name_does_not_overwrite_what_was_known(day: str) -> None:
    table = rows(("2024-01-01", 30, 0, "2024-01-02"), ("2024-01-01", 30, 12, day)).tail(1 if day == "2024-01-05" else 2)
    read = table.assign(prcp_mm=table["prcp_mm"].where(table["vintage"].ne(pd.Timestamp(day)), 13.0))
    now = refreshed(table, read, "2024-03-01")
    assert told(now)[:-1] == told(table)
    assert told(now)[-1] == ("01-01", 13, "03-02 00:00", "03-01")
    assert refreshed(now, read, "2024-03-02").equals(now)


def test_a_dated_file_that_leaves_out_what_is_stored_does_not_take_it_away() -> None:
    table = rows(("2024-01-01", 30, 5, "2024-01-20"))
    now = refreshed(table, rows(("2024-01-01", 30, None, "2024-01-25")), "2024-03-01", DOCUMENTS)
    assert told(now) == [("01-01", 5, "01-08 12:00", "01-20")]


def test_dated_files_alone_are_what_they_say() -> None:
    both = rows(("2024-01-01", 30, 0, "2024-01-10"), ("2024-01-01", 30, 12, "2024-01-20"))
    table = refreshed(both.iloc[:0], both, "2024-02-01")
    assert with_stored(both, table, STATION_DAYS, dt.date(2024, 2, 2)).equals(both)


def test_where_a_blank_says_nothing_it_is_filled_in_its_place() -> None:
    table = rows(("2024-01-01", 30, None, None), ("2024-01-02", 31, 5, None))
    read = rows(("2024-01-01", None, 4, None), ("2024-01-02", None, None, None))
    now = refreshed(table, read, "2024-02-01", DOCUMENTS)
    assert told(now) == [("01-01", 4, "01-08 12:00", ""), ("01-02", 5, "01-09 12:00", "")]
    assert now["tmax_c"].tolist() == [30, 31]
    other = refreshed(now, rows(("2024-01-01", 32, None, None)), "2024-02-02", DOCUMENTS)
    assert other["tmax_c"].tolist() == [30, 32, 31]


def test_another_observation_is_another_s() -> None:
    table = rows(("2024-01-01", 30, 0, None))
    read = rows(("2024-01-01", 20, 3, None), station="B")
    assert with_stored(read, table, STATION_DAYS, dt.date(2024, 2, 1)).equals(read)


def in_files(*given: tuple[str, float | None, float | None, str | None]) -> pd.DataFrame:
    frame = rows(*given)
    rule = (frame["observed_on"] + LAG).dt.tz_localize("UTC").astype("datetime64[ns, UTC]")
    return frame.assign(available_at=rule, place=[f"file {n}" for n in range(len(frame))])


def test_dated_files_are_versions_and_a_copy_is_none() -> None:
    read = in_files(
        ("2024-01-01", 30, 12, "2024-02-01"),
        ("2024-01-01", 30, 0, "2024-01-10"),
        ("2024-01-01", 30, 0, "2024-01-20"),
        ("2024-01-01", 30, 12, None),
        # Not known by the rule yet when it was downloaded again.
        ("2024-01-02", 30, 1, "2024-01-03"),
        ("2024-01-02", 30, 2, "2024-01-04"),
    )
    assert told(versions_in_files(read, STATION_DAYS)) == [
        ("01-01", 0, "01-08 12:00", "01-10"),
        ("01-01", 12, "02-02 00:00", "02-01"),
        ("01-02", 2, "01-09 12:00", "01-04"),
    ]


@pytest.mark.parametrize(
    "vintages", [(None, None), ("2024-01-10", "2024-01-10"), ("2024-01-10", None)], ids=["none", "one", "half"]
)
def test_files_that_differ_and_do_not_say_when_they_were_downloaded_are_refused_by_place(
    vintages: tuple[str | None, str | None],
) -> None:
    read = in_files(*(("2024-01-01", 30, rain, day) for rain, day in zip((0, 12), vintages, strict=True)))
    with pytest.raises(DataFault, match="file 0; file 1: these rows are of one observation and differ"):
        versions_in_files(read, STATION_DAYS)


_VALUE = st.sampled_from([None, 1.0, 2.0])
_FILE = st.dictionaries(st.sampled_from(["2024-01-01", "2024-01-02"]), st.tuples(_VALUE, _VALUE), min_size=1)


@given(st.lists(_FILE, min_size=1, max_size=5))
def test_whatever_files_follow_each_other_what_was_known_stays_and_the_newest_is_the_last_file_s(
    files: list[dict[str, tuple[float | None, float | None]]],
) -> None:
    table = rows().iloc[:0]
    for n, file in enumerate(files):
        today = pd.Timestamp("2024-03-01") + pd.Timedelta(days=n)
        read = rows(*((day, *values, None) for day, values in sorted(file.items())))
        before, table = table, refreshed(table, read, f"{today:%Y-%m-%d}")
        assert not table.duplicated(KEY).any()
        known = before[before["available_at"] <= today.tz_localize("UTC")]
        pd.testing.assert_frame_equal(table.merge(known[KEY], on=KEY), known.reset_index(drop=True))
        newest = table.sort_values("available_at").drop_duplicates("observed_on", keep="last").set_index("observed_on")
        values = ["tmax_c", "prcp_mm"]
        pd.testing.assert_frame_equal(newest.loc[read["observed_on"], values].reset_index(drop=True), read[values])


_DATED = st.dictionaries(st.sampled_from(["2024-01-03", "2024-01-10", "2024-01-20"]), st.tuples(_VALUE, _VALUE), min_size=1)


@settings(max_examples=25)
@given(st.lists(_DATED | st.tuples(_VALUE, _VALUE), min_size=1, max_size=5), st.sampled_from([STATION_DAYS, DOCUMENTS]))
def test_whether_files_say_their_day_or_not_what_was_known_stays_and_reading_them_again_changes_nothing(
    folders: list[dict[str, tuple[float | None, float | None]] | tuple[float | None, float | None]], versions: Versions
) -> None:
    table = rows().iloc[:0]
    for n, folder in enumerate(folders):
        today = pd.Timestamp("2024-03-01") + pd.Timedelta(days=2 * n)
        said = folder if isinstance(folder, dict) else {None: folder}
        files = in_files(*(("2024-01-01", *values, day) for day, values in said.items()))
        read = versions_in_files(files, versions)[list(table.columns)]
        before, table = table, refreshed(table, read, f"{today:%Y-%m-%d}", versions)
        assert not table.duplicated(KEY).any()
        # An earlier download than the stored one may say what was known before it.
        standing = before[~before["vintage"].gt(read["vintage"].min()) & before["available_at"].le(today.tz_localize("UTC"))]
        now = standing[KEY].merge(table, on=KEY)
        for name in versions.values:
            kept = standing[name].reset_index(drop=True)
            assert (now[name].eq(kept) | kept.isna() & (now[name].isna() | (not versions.blanks))).all()
        assert refreshed(table, read, f"{today + pd.Timedelta(days=1):%Y-%m-%d}", versions).equals(table)
