"""WASDE files: the real one, the format made up, what is refused by file and row, and versions."""

import datetime as dt
import os
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import pytest

from zl_assets.domain.revisions import with_stored
from zl_assets.domain.rules.wasde import QUANTITIES, WASDE_RULES
from zl_assets.sources.wasde_files import VERSIONS, require_readable
from zl_assets.warehouse.errors import DataFault
from zl_assets_tests.conftest import shared_data
from zl_assets_tests.support.wasde import HEADER, file_of, read, real_wasde, release, rows_of, skipped, table, text_of

type Rows = list[dict[str, str]]

JULY = release(508, "2012-07-11")
# 100 million pounds more are used in the newest year, and as many fewer are left.
AUGUST = release(509, "2012-08-10", stocks=(1900.0, 2000.0, 1400.0), use=(20_000.0, 20_500.0, 21_100.0))


def put(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refusal(path: Path) -> str:
    read_now = read(path)
    assert read_now.frame.empty
    [text] = read_now.refused.values()
    with pytest.raises(DataFault) as caught:
        require_readable(path)
    assert str(caught.value) == text
    return text


# --- the real file


def test_every_real_release_is_read_and_nothing_breaks_a_rule() -> None:
    loaded = real_wasde()
    frame = loaded.frame
    assert (loaded.refused, loaded.not_read, loaded.unknown, loaded.later) == ({}, (), {}, 0)
    assert (len(frame), frame["observed_on"].nunique(), frame["wasde_number"].nunique()) == (534, 178, 177)
    assert all(rule(frame).passed for rule in WASDE_RULES)
    again = frame[frame["wasde_number"].eq(584)]
    assert sorted(set(again["observed_on"].dt.strftime("%Y-%m-%d"))) == ["2018-12-11", "2018-12-14"]
    # No report in October 2013 and January 2019: the numbers go on.
    assert pd.Series(skipped(frame)).value_counts().sort_index().tolist() == [117, 189, 228]
    assert not frame.duplicated(["wasde_number", "observed_on", "market_year", "available_at"]).any()


def test_the_real_file_says_what_a_second_reading_of_it_says() -> None:
    raw = pd.read_csv(shared_data("wasde/wasde_us_soybean_oil.csv"), dtype=str)
    own = raw[(raw["ForecastYear"] + "-" + raw["ForecastMonth"].str.zfill(2)) == raw["ReleaseDate"].str[:7]]
    frame = real_wasde().frame
    key = [frame["observed_on"].dt.strftime("%Y-%m-%d"), frame["market_year"]]
    for line, column in {"Ending Stocks": "ending_stocks", "Use, Total": "total_use", "Production": "production"}.items():
        said = own[own["Attribute"] == line].set_index(["ReleaseDate", "MarketYear"])["Value"].astype(float)
        assert frame[column].tolist() == said.reindex(pd.MultiIndex.from_arrays(key)).tolist()
    for line in ("For Methyl Ester", "Methyl Ester", "Biodiesel", "Biofuel"):
        said = own[own["Attribute"] == line].set_index(["ReleaseDate", "MarketYear"])["Value"].astype(float)
        found = frame[frame["biofuel_line"].eq(line.casefold())]
        assert (len(found), found["biofuel"].sum()) == (len(said), said.sum())
    prices = own[own["Attribute"] == "Avg. Price"]["Value"]
    ranges = prices.str.contains(" - ").sum()
    assert int((frame["price_low"] < frame["price_high"]).sum()) == ranges == 105
    # What a release prints of the month before is what the release before said: to leave it out loses nothing.
    before = raw[~raw.index.isin(own.index) & raw["Attribute"].isin(["Ending Stocks", "Use, Total"])]
    newest = own.drop_duplicates(["WasdeNumber", "Attribute", "MarketYear"], keep="last")
    earlier = newest.assign(WasdeNumber=(newest["WasdeNumber"].astype(int) + 1).astype(str))
    both = before.merge(earlier, on=["WasdeNumber", "Attribute", "MarketYear"])
    assert (len(both), (both["Value_x"] != both["Value_y"]).sum()) == (324, 0)


def test_the_files_own_times_are_the_rules() -> None:
    raw = pd.read_csv(shared_data("wasde/wasde_us_soybean_oil.csv"), dtype=str).drop_duplicates("ReleaseDate")
    stated = pd.to_datetime(raw["ReleaseDate"] + " " + raw["ReleaseTime"]).dt.tz_localize("America/New_York")
    at = real_wasde().frame.drop_duplicates("observed_on")["available_at"]
    assert at.tolist() == stated.dt.tz_convert("UTC").tolist()
    assert [f"{at.iloc[n]:%Y-%m-%d %H:%M}" for n in (0, 30, -1)] == ["2010-07-09 12:30", "2013-01-11 17:00", "2025-05-12 16:00"]


# --- the format


def test_a_release_is_its_own_months_balances_whatever_else_the_file_has(tmp_path: Path) -> None:
    other = {"Commodity": "Meal, Soybean", "Unit": "Thousand Short Tons"}
    world = {"ReportTitle": "World Soybean Oil Supply and Use", "Unit": "Million Metric Tons", "Value": "9.1"}
    rows = [
        *(row | other for row in rows_of(JULY)),
        *(row | world for row in rows_of(JULY)),
        *rows_of(JULY, biofuel="Methyl Ester"),
        *rows_of(AUGUST, "12:00:00.0000000", "Biodiesel  4/"),
    ]
    # Other commodities' rows need not be sound text; columns may stand in any order.
    text = text_of(rows).replace("Meal, Soybean", "Meal, \udcffSoybean").encode("utf-8", "surrogateescape")
    loaded = read(put(tmp_path, "oce-wasde-report-data-2012.csv", b"\xef\xbb\xbf" + text))
    assert loaded.refused == {}
    expected = table(JULY.assign(biofuel_line="methyl ester"), AUGUST)
    # Noon of a day on which the rule says 08:30: the file's later time counts.
    expected.loc[expected["wasde_number"].eq(509), "available_at"] = pd.Timestamp("2012-08-10 16:00", tz="UTC")
    pd.testing.assert_frame_equal(loaded.frame.drop(columns="available_at"), expected.drop(columns="available_at"))
    assert loaded.frame["available_at"].tolist()[3:] == expected["available_at"].tolist()[3:]
    turned = pd.DataFrame(rows, columns=HEADER)[HEADER[::-1]].to_csv(index=False)
    pd.testing.assert_frame_equal(read(put(tmp_path / "turned", "a.csv", turned)).frame, loaded.frame)


@pytest.mark.parametrize(
    ("day", "time", "known"),
    [
        ("2012-07-11", "08:30:00", "12:30"),
        ("2012-07-11", "", "12:30"),
        # A time before the rule's is not believed.
        ("2012-07-11", "00:00:00", "12:30"),
        ("2012-07-11", "15:00", "19:00"),
        ("2013-01-11", "12:00:00.0000000", "17:00"),
        ("2013-01-11", "08:30:00", "17:00"),
        # Times that New York's clock leaves out, and has twice.
        ("2013-03-10", "02:30:00", "16:00"),
        ("2013-11-03", "01:30:00", "17:00"),
    ],
)
def test_a_release_is_known_by_the_rule_or_at_its_later_time(tmp_path: Path, day: str, time: str, known: str) -> None:
    number = {"2012-07": 508, "2013-01": 514, "2013-03": 516, "2013-11": 523}[day[:7]]
    path = put(tmp_path, "a.csv", text_of(rows_of(release(number, day), time)))
    assert set(read(path).frame["available_at"].dt.strftime("%Y-%m-%d %H:%M")) == {f"{day} {known}"}


def test_archives_and_folders_are_read_and_what_is_no_data_is_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "oce-wasde-report-data-2010-04-to-2015-12.zip", "w") as archive:
        archive.writestr("data/2012.csv", file_of(JULY))
        archive.writestr("readme.txt", "USDA")
    put(tmp_path, "months/2012-08.csv", file_of(AUGUST))
    put(tmp_path, "months/again.csv", file_of(AUGUST))
    put(tmp_path, "notes.txt", "mine")
    loaded = read(tmp_path)
    assert (loaded.refused, loaded.not_read, loaded.copies, list(loaded.files.values())) == ({}, ("notes.txt",), 3, [3, 3, 3])
    assert loaded.frame["wasde_number"].tolist() == [508] * 3 + [509] * 3
    put(tmp_path, "months/broken.zip", b"PK\x03\x04 and no more")
    assert "months/broken.zip: not a readable zip archive" in read(tmp_path).refused[str(tmp_path / "months/broken.zip")]


def test_numbers_with_thousands_and_one_price_are_read(tmp_path: Path) -> None:
    rows = [row | {"Value": f"{float(row['Value']):,.1f}" if " - " not in row["Value"] else "31.5"} for row in rows_of(JULY)]
    frame = read(put(tmp_path, "a.csv", text_of(rows))).frame
    assert frame[list(QUANTITIES)].equals(table(JULY)[list(QUANTITIES)])
    assert frame[["price_low", "price_high"]].to_numpy().tolist() == [[31.5, 31.5]] * 3


def test_a_line_that_nobody_knows_is_told_and_biofuel_is_null(tmp_path: Path) -> None:
    loaded = read(put(tmp_path, "a.csv", text_of(rows_of(JULY, biofuel="Renewable Fuel"))))
    assert loaded.frame["biofuel"].isna().all()
    # Beside a file that has the line, and one without a price.
    without_price = [row | ({"Value": "NA"} if row["Attribute"] == "Avg. Price" else {}) for row in rows_of(AUGUST)]
    put(tmp_path, "b.csv", text_of(without_price))
    assert read(tmp_path).frame["biofuel"].notna().tolist() == [False] * 3 + [True] * 3
    assert read(tmp_path).frame["price_low"].notna().tolist() == [True] * 3 + [False] * 3
    assert loaded.unknown == {"renewable fuel": f"{tmp_path / 'a.csv'}, line 25"}


def test_releases_after_the_as_of_date_are_left_out(tmp_path: Path) -> None:
    loaded = read(put(tmp_path, "a.csv", file_of(JULY, AUGUST)), dt.date(2012, 8, 9))
    assert (loaded.frame["wasde_number"].tolist(), loaded.later) == ([508] * 3, 3)


# --- what is refused


def changed(at: int, **cells: str) -> Callable[[Rows], Rows]:
    return lambda rows: [row | cells if n == at else row for n, row in enumerate(rows)]


def all_rows(**cells: str) -> Callable[[Rows], Rows]:
    return lambda rows: [row | cells for row in rows]


def place(line: str, year: str = "2012/13") -> int:
    """Where the line of the balance is that counts."""
    rows = rows_of(JULY)
    [at] = [n for n, r in enumerate(rows) if (r["Attribute"], r["MarketYear"], r["ForecastMonth"]) == (line, year, "7")]
    return at


def moved(by: float) -> Callable[[Rows], Rows]:
    """Use and supply of the newest year alike, so that the balance adds up."""
    lines = {"Use, Total", "Supply, Total", "Production", "Domestic Disappearance"}

    def change(rows: Rows) -> Rows:
        return [
            row | {"Value": f"{float(row['Value']) + by:g}"} if row["Attribute"] in lines and row["ForecastMonth"] == "7" else row
            for row in rows
        ]

    return change


USE, STOCKS = place("Use, Total"), place("Ending Stocks")
FAULTS: dict[str, tuple[Callable[[Rows], Rows], Sequence[str]]] = {
    "another commodity": (
        all_rows(Commodity="Meal, Soybean"),
        ["no row of soybean oil", "Meal, Soybean (United States)", "a file of another commodity"],
    ),
    "the world's table alone": (all_rows(ReportTitle="World Soybean Oil Supply and Use"), ["no row of soybean oil"]),
    "one row of another commodity": (
        changed(USE, Commodity="Meal, Soybean"),
        [f"{place('Exports') + 2}, {place('Ending Stocks') + 2}: the balance of 2012/13 in release 508 has no total_use"],
    ),
    "another unit": (
        changed(USE, Unit="Thousand Metric Tons"),
        [f"line {USE + 2}: Use, Total in 'Thousand Metric Tons', expected million pounds"],
    ),
    "a price in another unit": (changed(place("Avg. Price"), Unit="Dollars/Ton"), ["in 'Dollars/Ton', expected cents/pound"]),
    "tonnes under the name of pounds": (moved(-12_000.0), ["balance_in_range failed", "total_use=9000"]),
    "a balance that does not add up": (
        changed(STOCKS, Value="1502"),
        [f", {USE + 2}, {STOCKS + 2}:", "balance_adds_up failed", "off_stocks=-2"],
    ),
    "a use that is not its parts'": (changed(place("Exports"), Value="2100"), ["balance_adds_up failed", "off_use=100"]),
    "a supply that is not its parts'": (changed(place("Imports"), Value="3000"), ["off_supply=2700"]),
    "more biofuel than use": (changed(place("Biodiesel"), Value="60000"), ["balance_adds_up failed"]),
    "stocks that do not go on": (
        lambda rows: changed(place("Beginning Stocks"), Value="2500")(changed(place("Production"), Value="19700")(rows)),
        ["release 508 of 2012-07-11: its ending stocks are not those with which the next marketing year begins"],
    ),
    "a value that is no number": (changed(USE, Value="21 000"), [f"row {USE + 2}: '21 000'"]),
    "a price that is no range": (changed(place("Avg. Price"), Value="34 - 36 - 38"), ["neither a number nor a range"]),
    "a price the wrong way round": (changed(place("Avg. Price"), Value="38 - 34"), ["balance_in_range failed"]),
    "a duplicate that disagrees": (
        lambda rows: [*rows, rows[USE] | {"Value": "21001"}],
        [f"line {USE + 2}, {len(rows_of(JULY)) + 2}: 'use, total' of one release and marketing year"],
    ),
    "one line under two names": (
        lambda rows: [*rows, rows[place("Biodiesel")] | {"Attribute": "Biofuel"}],
        ["biodiesel, biofuel are one line of the balance under several names"],
    ),
    "a release of another month than its report": (
        changed(USE, ReleaseDate="2012-08-11"),
        [f"line {USE + 2}: release 508 of 2012-08-11: its ReleaseDate is not in the month of its ReportDate"],
    ),
    "another year than its number's": (
        lambda rows: [
            r | {"ReleaseDate": "2013-07-11", "ReportDate": "July 2013", "ForecastYear": str(int(r["ForecastYear"]) + 1)}
            for r in rows
        ],
        ["wasde_dates_agree failed"],
    ),
    "marketing years that it does not have": (
        lambda rows: [r | {"MarketYear": f"20{int(r['MarketYear'][2:4]) + 1}/{int(r['MarketYear'][5:]) + 1}"} for r in rows],
        ["wasde_dates_agree failed", "market_year=2013/14"],
    ),
    "a number of another month": (all_rows(WasdeNumber="509"), ["wasde_dates_agree failed"]),
    "no month of a report": (changed(USE, ReportDate="July 9999"), ["column ReportDate must be a month such as July 2010"]),
    "no date": (changed(USE, ReleaseDate="July 11"), ["column ReleaseDate must be a date", f"row {USE + 2}: 'July 11'"]),
    "no month": (changed(USE, ForecastMonth="13"), ["column ForecastMonth must be a month, 1 to 12"]),
    "no time": (changed(USE, ReleaseTime="noon"), ["column ReleaseTime must be a time such as 12:00:00"]),
    "no marketing year": (changed(USE, MarketYear="2012"), ["column MarketYear must be a marketing year"]),
    "cut off between two lines": (lambda rows: rows[:STOCKS], ["the balance of", "has no ending_stocks", "cut off"]),
    "a marketing year that is not there": (
        lambda rows: [row for row in rows if row["MarketYear"] != "2012/13"],
        ["release 508 of 2012-07-11: it has not the 3 marketing years of a release: the file was cut off"],
    ),
    "no row at all": (lambda rows: [], ["no row of soybean oil", "but of nothing at all"]),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_file_that_is_not_its_releases_is_refused_by_name_and_row(tmp_path: Path, fault: str) -> None:
    change, words = FAULTS[fault]
    said = refusal(put(tmp_path, "wasde.csv", text_of(change(rows_of(JULY)))))
    assert said.startswith(f"{tmp_path / 'wasde.csv'}:")
    for word in words:
        assert word in said, said
    # The files beside it are read.
    put(tmp_path, "sound.csv", file_of(AUGUST))
    assert read(tmp_path).frame["wasde_number"].tolist() == [509] * 3


TEXTS: dict[str, tuple[Callable[[str], str], str]] = {
    "an HTML page": (lambda text: "<!DOCTYPE html>\n<html><body>Access Denied</body></html>", "a web page (HTML or XML)"),
    "another CSV": (lambda text: "observation_date,DGS10\n2012-07-11,1.5\n", "lacks WasdeNumber, ReportDate"),
    "a column that is left out": (lambda text: text.replace("ForecastMonth", "Month", 1), "lacks ForecastMonth"),
    "a column twice": (lambda text: text.replace("ReliabilityProjection", "Region", 1), "has Region twice"),
    "nothing": (lambda text: "", "its first line is ''"),
    "cut off within a line": (lambda text: text[:-20], "fields and the header 16: the file was cut off"),
    "cut off within quotes": (lambda text: text[: text.rindex('"')], "not a readable CSV file"),
}


@pytest.mark.parametrize("fault", TEXTS)
def test_what_is_no_wasde_file_is_refused_by_name(tmp_path: Path, fault: str) -> None:
    change, words = TEXTS[fault]
    assert words in refusal(put(tmp_path, "wasde.csv", change(file_of(JULY))))


def test_a_date_in_the_future_is_one_after_the_download(tmp_path: Path) -> None:
    path = put(tmp_path, "wasde_20120710.csv", file_of(JULY))
    assert "release 508 of 2012-07-11: its ReleaseDate is after 2012-07-10, when the file was downloaded" in refusal(path)
    # Without a day in its name a file has no release that is later than itself.
    undated = put(tmp_path / "undated", "wasde.csv", file_of(JULY))
    os.utime(undated, (dt.datetime(2012, 7, 11, 1, tzinfo=dt.UTC).timestamp(),) * 2)
    assert read(undated).refused == {}
    os.utime(undated, (dt.datetime(2012, 7, 10, 23, tzinfo=dt.UTC).timestamp(),) * 2)
    assert "after 2012-07-10" in refusal(undated)


# --- versions


def test_files_that_disagree_without_a_day_of_download_are_refused_by_release_and_row(tmp_path: Path) -> None:
    other = release(508, "2012-07-11", use=(20_000.0, 20_500.0, 21_400.0))
    put(tmp_path, "a.csv", file_of(JULY, AUGUST))
    put(tmp_path, "b.csv", file_of(other))
    loaded = read(tmp_path)
    assert loaded.frame["wasde_number"].tolist() == [509] * 3
    assert list(loaded.refused) == ["release 508"]
    for name in ("a.csv, line 5", "b.csv, line 5"):
        assert f"{tmp_path / name}" in loaded.refused["release 508"]


def test_a_later_download_that_differs_counts_from_the_end_of_its_day(tmp_path: Path) -> None:
    other = release(508, "2012-07-11", use=(20_000.0, 20_500.0, 21_400.0))
    put(tmp_path, "a_20120712.csv", file_of(JULY))
    put(tmp_path, "b_20120901.csv", file_of(other, AUGUST))
    frame = read(tmp_path).frame
    newest = frame[frame["wasde_number"].eq(508) & frame["market_year"].eq("2012/13")]
    assert newest["total_use"].tolist() == [21_000.0, 21_400.0]
    assert newest["available_at"].dt.strftime("%Y-%m-%d %H:%M").tolist() == ["2012-07-11 12:30", "2012-09-02 00:00"]
    # What was first seen late counts from the release all the same.
    assert set(frame.loc[frame["wasde_number"].eq(509), "available_at"].dt.strftime("%m-%d %H:%M")) == {"08-10 12:30"}
    assert len(frame) == 7
    assert all(rule(frame).passed for rule in WASDE_RULES)


def test_a_file_in_anothers_place_changes_no_stored_row(tmp_path: Path) -> None:
    path = put(tmp_path, "a.csv", file_of(JULY))
    stored = read(path).frame
    put(tmp_path, "a.csv", file_of(release(508, "2012-07-11", use=(20_000.0, 20_500.0, 21_400.0))))
    rows = with_stored(read(path).frame, stored, VERSIONS, dt.date(2012, 9, 1))
    newest = rows[rows["market_year"].eq("2012/13")]
    assert (newest["total_use"].tolist(), str(newest["available_at"].iloc[0])) == ([21_400.0], "2012-09-02 00:00:00+00:00")
    assert rows[~rows["market_year"].eq("2012/13")].reset_index(drop=True).equals(stored.head(2))
