"""Weather files: the real ones, each format made up, what is refused by file and row, and revisions."""

import datetime as dt
import gzip
import json
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from zl_assets.domain.rules.weather import WEATHER_RULES
from zl_assets.sources.weather import ghcn, gsod
from zl_assets.sources.weather.documents import ELEMENTS, Document
from zl_assets.warehouse.errors import DataFault
from zl_assets_tests.conftest import shared_data
from zl_assets_tests.support import weather as files
from zl_assets_tests.support.weather import access, dly, read, real_weather


def put(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def values(frame: pd.DataFrame) -> list[tuple[float, float, float]]:
    return [tuple(None if np.isnan(v) else round(float(v), 4) for v in row) for row in frame[list(ELEMENTS)].to_numpy()]  # type: ignore[misc]


def refusal(folder: Path) -> str:
    [text] = read(folder).refused.values()
    return text


# --- the real files


def test_every_real_file_is_read_and_nothing_breaks_a_rule() -> None:
    loaded = real_weather()
    assert (loaded.refused, loaded.not_read, loaded.later, len(loaded.files)) == ({}, (), 0, 75)
    assert loaded.not_listed == ("83612099999", "AR000087344", "ARM00087467", "ARM00087480")
    assert all(rule(loaded.frame).passed for rule in WEATHER_RULES)
    assert not loaded.frame.duplicated(["station", "observed_on", "available_at"]).any()
    own = loaded.frame[loaded.frame["source"] == "GHCN-Daily"].set_index("observed_on")
    assert own["station"].nunique() == 10
    assert own[list(ELEMENTS)].notna().mean().min() > 0.99
    # 8,760 rows without a value are no days.
    assert "A904" not in set(loaded.frame["station"])


def test_worked_values_of_gsod_and_inmet() -> None:
    frame = real_weather().frame
    day = frame[frame["observed_on"] == "2023-01-10"].set_index("station")
    assert day.loc["87480099999", list(ELEMENTS)].astype(float).round(2).tolist() == [39.11, 20.0, 0.0]
    assert day.loc["A901", list(ELEMENTS)].astype(float).tolist() == [33.2, 25.4, 0.0]


def test_the_two_downloads_of_ghcn_differ_as_measured_and_each_difference_is_a_row_of_its_own() -> None:
    old, new = shared_data("weather/ghcnd_dly_20181015"), shared_data("weather/ghcnd_access_20200630")
    both = differ = days = 0
    for file in sorted(old.glob("*.dly")):
        left = pd.concat(ghcn.read_dly(Document(file, "", None)))
        right = pd.concat(ghcn.read_access(Document(new / f"{file.stem}.csv", "", None)))
        pair = left.merge(right, on=["station", "observed_on"], suffixes=("_old", "_new"))
        was, now = (pair[[f"{name}_{end}" for name in ELEMENTS]].to_numpy() for end in ("old", "new"))
        there = ~np.isnan(was) & ~np.isnan(now)
        both, differ = both + int(there.sum()), differ + int((there & (was != now)).sum())
        # A day of which the older one said nothing is no revision.
        days += int(((was != now) & ~(np.isnan(was) & np.isnan(now))).any(axis=1)[~np.isnan(was).all(axis=1)].sum())
    assert (both, differ, days) == (2478, 120, 58)
    frame = real_weather().frame
    assert real_weather().revised == 58
    later = frame[frame.duplicated(["station", "observed_on"])]
    assert set(later["available_at"]) == {pd.Timestamp("2020-07-01", tz="UTC")}
    assert set(later["vintage"]) == {pd.Timestamp("2020-06-30")}


def test_gsods_zero_with_flag_i_is_missing_on_as_many_real_days_as_were_measured() -> None:
    counts = {}
    for station in ("72546014933", "87371099999", "87453099999", "87467099999", "87480099999", "87548099999"):
        paths = [shared_data(f"weather/gsod/{year}/{station}.csv") for year in (2022, 2023, 2024)]
        rows = pd.concat([pd.concat(gsod.read(Document(path, "", None))) for path in paths], ignore_index=True)
        raw = pd.concat([pd.read_csv(path, dtype=str) for path in paths], ignore_index=True)
        silent = raw["PRCP_ATTRIBUTES"].str.strip().eq("I") & raw["PRCP"].str.strip().eq("0.00")
        assert rows["prcp_mm"][silent].isna().all()
        assert (rows["prcp_mm"].isna() == (silent | raw["PRCP"].str.strip().eq("99.99"))).all()
        counts[station] = int(silent.sum())
    assert list(counts.values()) == [7, 212, 243, 200, 212, 203]


# --- formats


def test_ghcn_in_its_four_forms_says_the_same(tmp_path: Path) -> None:
    expected = [(29.4, 17.8, 0.0), (31.1, None, 12.7)]
    flags = {"TMAX": {7: (294, "  7"), 8: (311, "  7")}, "TMIN": {7: (178, "  7"), 8: (139, " I7")}}
    fixed = dly("USC00115079", "201807", **flags, PRCP={7: (0, "P 7"), 8: (127, "  7")}, SNOW={7: (5, "  7")})
    csv = access(("2018-07-07", "0", "294", "178"), ("2018-07-08", "127", "311", "139"))
    csv = csv.replace('"  139",",,7"', '"  139",",I,7"')
    long = "".join(
        f"USC00115079,201807{day},{element},{value},,{quality},7,0700\n"
        for day, element, value, quality in (
            ("07", "TMAX", 294, ""), ("07", "TMIN", 178, ""), ("07", "PRCP", 0, ""), ("07", "SNOW", 5, ""),
            ("08", "TMAX", 311, ""), ("08", "TMIN", 139, "I"), ("08", "PRCP", 127, ""),
        )
    )  # fmt: skip
    header = "ID,DATE,ELEMENT,DATA_VALUE,M_FLAG,Q_FLAG,S_FLAG,OBS_TIME\n"
    stranger = "XX000000001,20180707,TMAX,5000,,,7,\n"
    for name, text in {
        "a/USC00115079.dly": fixed,
        "b/USC00115079.csv": csv,
        "c/2018.csv": stranger + long,
        "d/USC00115079.csv": header + long,
    }.items():
        folder = put(tmp_path, name, text) / name[0]
        loaded = read(folder)
        assert loaded.refused == {}
        assert values(loaded.frame) == expected, name
        assert loaded.frame["available_at"].astype(str).tolist() == ["2018-07-14 12:00:00+00:00", "2018-07-15 12:00:00+00:00"]
    # Alike in all of them: counted once.
    loaded = read(tmp_path)
    assert (len(loaded.frame), loaded.copies, loaded.refused) == (2, 6, {})
    put(tmp_path, "e/2018.csv.gz", gzip.compress((stranger + long).encode()))
    assert values(read(tmp_path / "e").frame) == expected


def test_gsod_is_fahrenheit_and_inches_and_its_silent_zero_is_not_dry(tmp_path: Path) -> None:
    text = files.gsod(
        ("2023-01-10", "102.4", "68.0", "0.00", "C"),
        ("2023-01-11", "9999.9", "68.0", "0.00", "I"),
        ("2023-01-12", "86.0", "68.0", "99.99", " "),
        ("2023-01-13", "86.0", "68.0", "0.50", "I"),
    )
    frame = read(put(tmp_path, "87480099999.csv", text)).frame
    assert values(frame) == [(39.1111, 20.0, 0.0), (None, 20.0, None), (30.0, 20.0, None), (30.0, 20.0, 12.7)]
    assert frame["available_at"].astype(str).iloc[0] == "2023-01-13 12:00:00+00:00"


def hours(day: str, count: int, first: int = 4, rain: str = "1,5") -> list[tuple[str, str, str, str]]:
    """Hours of UTC of a local day in Mato Grosso, which begins at 04:00 UTC."""
    moments = pd.date_range(f"{day} {first:02d}:00", periods=count, freq="h")
    return [(f"{moment:%Y/%m/%d;%H%M} UTC", rain, f"{30 + moment.hour / 10:.1f}".replace(".", ","), "22,5") for moment in moments]


def test_inmets_hours_are_of_the_local_day_and_a_day_needs_twenty(tmp_path: Path) -> None:
    whole = files.inmet(*hours("2023-01-10", 24), *hours("2023-01-11", 19))
    assert values(read(put(tmp_path, "a/x.CSV", whole) / "a").frame) == [(32.3, 22.5, 36.0)]
    # The evening of the year's last day is in the next year's file, and missing where there is no value.
    evening = hours("2022-12-31", 24)
    archive = tmp_path / "b" / "2022.zip"
    archive.parent.mkdir()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("2022/INMET_CO_MT_A901_CUIABA.CSV", files.inmet(*evening[:20]))
        opened.writestr(
            "2023/INMET_CO_MT_A901_CUIABA.CSV", files.inmet(*evening[20:], *[(h[0], "", "", "") for h in hours("2023-01-01", 24)])
        )
        opened.writestr("2022/INMET_CO_MT_A999_ELSEWHERE.CSV", files.inmet(*evening, station="A999"))
    loaded = read(archive)
    assert (values(loaded.frame), loaded.not_listed, loaded.refused) == ([(32.3, 22.5, 36.0)], ("A999",), {})
    assert loaded.frame["observed_on"].tolist() == [pd.Timestamp("2022-12-31")]


def test_a_year_of_inmet_without_a_value_is_no_day(tmp_path: Path) -> None:
    empty = files.inmet(*[(h[0], "", "", "") for h in hours("2021-01-01", 48)])
    loaded = read(put(tmp_path, "x.CSV", empty))
    assert (loaded.frame.empty, loaded.refused) == (True, {})
    old = files.inmet(
        *[(h[0].replace("/", "-").replace("00 UTC", ":00"), "-9999", "-9999", "-9999") for h in hours("2017-01-01", 24)]
    )
    loaded = read(put(tmp_path, "x.CSV", old))
    assert (loaded.frame.empty, loaded.refused) == (True, {})


OPEN_METEO = (
    "latitude,longitude,elevation,utc_offset_seconds,timezone,timezone_abbreviation\n-13.04,-55.95,380.0,-14400,America/Cuiaba,GMT-4\n\n"
    "time,temperature_2m_max (°C),temperature_2m_min (°C),precipitation_sum "
    "(mm)\n2023-01-10,33.2,22.1,4.5\n2023-01-11,,22.0,0.0\n"
)
POWER = (
    "-BEGIN HEADER-\nNASA/POWER Source Native Resolution Daily Data\nDates (month/day/year): 01/10/2023 through 01/11/2023\n"
    "Location: Latitude  -13.0   Longitude -56.0\nThe value for missing source data: -999\nParameter(s):\n"
    "T2M_MAX         MERRA-2 Temperature at 2 Meters Maximum (C)\nT2M_MIN         MERRA-2 Temperature at 2 Meters Minimum (C)\n"
    "PRECTOTCORR     MERRA-2 Precipitation Corrected (mm/day)\n-END HEADER-\n"
    "YEAR,DOY,T2M_MAX,T2M_MIN,PRECTOTCORR\n2023,10,33.2,22.1,4.5\n2023,11,-999,22.0,0.0\n"
)
POWER_BY_MONTH = POWER.replace("YEAR,DOY", "YEAR,MO,DY").replace("2023,10", "2023,1,10").replace("2023,11", "2023,1,11")


def as_json(text: str = OPEN_METEO) -> dict[str, object]:
    return {
        "latitude": -13.04,
        "longitude": -55.95,
        "utc_offset_seconds": -14400,
        "daily_units": {"time": "iso8601", "temperature_2m_max": "°C", "temperature_2m_min": "°C", "precipitation_sum": "mm"},
        "daily": {
            "time": ["2023-01-10", "2023-01-11"],
            "temperature_2m_max": [33.2, None],
            "temperature_2m_min": [22.1, 22.0],
            "precipitation_sum": [4.5, 0.0],
        },
    }


@pytest.mark.parametrize(
    ("name", "text", "station", "known"),
    [
        ("a.csv", OPEN_METEO, "Open-Meteo MT", "2023-01-16 12:00:00+00:00"),
        ("a.json", json.dumps(as_json()), "Open-Meteo MT", "2023-01-16 12:00:00+00:00"),
        ("a.json", json.dumps([{**as_json(), "latitude": 50.0}, as_json()]), "Open-Meteo MT", "2023-01-16 12:00:00+00:00"),
        ("a.csv", POWER, "NASA POWER MT", "2023-01-17 12:00:00+00:00"),
        ("a.csv", POWER_BY_MONTH, "NASA POWER MT", "2023-01-17 12:00:00+00:00"),
    ],
)
def test_grids_are_the_listed_point_that_is_near(tmp_path: Path, name: str, text: str, station: str, known: str) -> None:
    loaded = read(put(tmp_path, name, text))
    assert loaded.refused == {}
    assert set(loaded.frame["station"]) == {station}
    assert values(loaded.frame) == [(33.2, 22.1, 4.5), (None, 22.0, 0.0)]
    assert loaded.frame["available_at"].astype(str).iloc[0] == known
    # An answer for a place that stands for no state is named.
    assert loaded.not_listed == (("Open-Meteo at 50 -55.95",) if "50.0" in text else ())


# --- vintages


def test_a_later_vintage_counts_from_the_end_of_its_day_and_alike_ones_once(tmp_path: Path) -> None:
    put(tmp_path, "old_20180801/USC00115079.csv", access(("2018-07-07", "0", "294", "178"), ("2018-07-08", "0", "300", "178")))
    put(tmp_path, "USC00115079_20190101.csv", access(("2018-07-07", "0", "299", "178"), ("2018-07-08", "0", "300", "178")))
    put(tmp_path, "USC00115079_20200101.csv", access(("2018-07-07", "0", "294", "178")))
    # Without a day of its own, but what one of these says.
    put(tmp_path, "again.csv", access(("2018-07-07", "0", "299", "178")))
    loaded = read(tmp_path)
    assert (loaded.refused, loaded.copies) == ({}, 1)
    frame = loaded.frame
    assert frame["tmax_c"].tolist() == [29.4, 29.9, 29.4, 30.0]
    assert frame["available_at"].dt.strftime("%Y-%m-%d %H").tolist() == [
        "2018-07-14 12",
        "2019-01-02 00",
        "2020-01-02 00",
        "2018-07-15 12",
    ]
    assert frame["vintage"].dt.strftime("%Y%m%d").tolist() == ["20180801", "20190101", "20200101", "20180801"]


def test_a_value_that_its_publisher_took_back_is_a_revision_to_null(tmp_path: Path) -> None:
    put(tmp_path, "a_20180801.csv", access(("2018-07-07", "0", "294", "178")))
    put(tmp_path, "b_20190101.csv", access(("2018-07-07", "0", "294", "178")).replace('"  294",",,7"', '"  294",",G,7"'))
    assert values(read(tmp_path).frame) == [(29.4, 17.8, 0.0), (None, 17.8, 0.0)]


def test_a_vintage_before_the_rule_does_not_make_a_day_known_early(tmp_path: Path) -> None:
    put(tmp_path, "a_20180708.csv", access(("2018-07-07", "0", "294", "178")))
    put(tmp_path, "b_20180710.csv", access(("2018-07-07", "0", "299", "178")))
    frame = read(tmp_path).frame
    assert (frame["tmax_c"].tolist(), frame["available_at"].astype(str).tolist()) == ([29.9], ["2018-07-14 12:00:00+00:00"])


@pytest.mark.parametrize("other", ["USC00115079.csv", "again/USC00115079_20190101.csv"])
def test_files_that_disagree_without_a_day_of_download_are_refused_by_file_and_row(tmp_path: Path, other: str) -> None:
    put(tmp_path, "first/USC00115079.csv", access(("2018-07-07", "0", "294", "178")))
    put(tmp_path, other, access(("2018-07-07", "0", "299", "178")))
    put(tmp_path, "sound.csv", access(("2018-07-07", "0", "310", "178"), station="USC00115712", place=MINONK))
    loaded = read(tmp_path)
    assert loaded.frame["station"].tolist() == ["USC00115712"]
    assert "first/USC00115079.csv, line 2: 2018-07-07 29.4 17.8 0" in loaded.refused["USC00115079"]
    assert f"{other}, line 2: 2018-07-07 29.9 17.8 0" in loaded.refused["USC00115079"]


def test_days_after_the_as_of_date_are_left_out(tmp_path: Path) -> None:
    put(tmp_path, "USC00115079.csv", access(("2018-07-07", "0", "294", "178"), ("2018-07-08", "0", "294", "178")))
    loaded = read(tmp_path, dt.date(2018, 7, 7))
    assert (len(loaded.frame), loaded.later) == (1, 1)


# --- what is refused

MINONK = '"40.91254","-89.03378"'
SUMMER = [(f"2018-07-{day:02d}", "0", "294", "178") for day in range(1, 6)]
AUGUST = ("2018-08-01", "0", "294", "178")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        # Fahrenheit, and Celsius, where tenths of a degree Celsius are expected; tenths of tenths.
        ("USC00115079.csv", access(*((d, r, "85", "64") for d, r, *_ in SUMMER)), "a mean of 8.5"),
        ("USC00115079.csv", access(*((d, r, "29", "18") for d, r, *_ in SUMMER)), "a mean of 2.9"),
        ("USC00115079.csv", access(*((d, r, "29.4", "17.8") for d, r, *_ in SUMMER)), "line 2: '29.4'"),
        ("USC00115079.csv", access(*((d, r, "2940", "1780") for d, r, *_ in SUMMER)), "line 2, 3, 4"),
        ("87480099999.csv", files.gsod(("2023-01-10", "39.1", "20.0", "0.00", "C")), "a mean of 3.9"),
        ("a.csv", OPEN_METEO.replace("°C", "°F"), "is in '°F', expected '°C'"),
        ("a.csv", OPEN_METEO.replace("(mm)", "(inch)"), "is in 'inch', expected 'mm'"),
        ("a.csv", POWER.replace("Maximum (C)", "Maximum (F)"), "expected the unit (C)"),
        # The unit that the file names is not the one that it has.
        ("a.csv", OPEN_METEO.replace("33.2,22.1", "91.8,71.8"), "line 5"),
        ("a.json", json.dumps(as_json()).replace("33.2", "332"), "line 1"),
        ("a.csv", POWER.replace("33.2,22.1", "91.8,71.8"), "line 12"),
        ("a.csv", POWER.replace("33.2,22.1", "3.3,2.2"), "a mean of 3.3"),
        ("a.CSV", files.inmet(*[(h, r, "91,8", "72,5") for h, r, *_ in hours("2023-01-10", 24)]), "line"),
        # Another station, another place.
        ("USC00115079.csv", access(*SUMMER, station="USC00115712", place=MINONK), "named for USC00115079 and has USC00115712"),
        ("USC00115079.csv", access(*SUMMER, place='"41.152","-89.3387"'), "the station has moved"),
        # It moves in the middle of the file.
        ("USC00115079.csv", access(*SUMMER) + access(AUGUST, place='"40.352","-89.3387"').splitlines()[1], "says 40.352"),
        ("87480099999.csv", files.gsod(("2023-01-10", "90.0", "68.0", "0.00", "C"), place='"",""'), "says nothing, nothing"),
        ("a.CSV", files.inmet(*hours("2023-01-10", 24), place=("-16,5", "-56,1")), "another station's file"),
        # Damage.
        ("USC00115079.csv", "<!DOCTYPE html><html><body>503</body></html>", "an HTML or XML page"),
        ("USC00115079.csv", access(*SUMMER)[:-20], "line 6"),
        ("USC00115079.dly", dly("USC00115079", "201807", TMAX={1: (294, "  7")})[:-40], "line 1 has not"),
        ("USC00115079.dly", dly("USC00115079", "201807", TMAX={1: (294, "  7")}).replace("  294", "  2x4"), "line 1: '2x4'"),
        ("2018.csv", "USC00115079,20180707,TMAX,294,,,7,\nUSC00115079,20180707,TM\n", "line 2"),
        ("2018.csv", "USC00115079,20180707,TMAX,294,,,7,\nUSC00115079,20180707,TMAX,299,,,7,\n", "a value twice: line 1"),
        ("a.json", json.dumps(as_json())[:-60], "not readable JSON"),
        ("a.json", json.dumps({"error": True, "reason": "limit"}), "not an answer of Open-Meteo"),
        ("a.json", json.dumps({**as_json(), "longitude": None}), "longitude are"),
        ("a.json", json.dumps({**as_json(), "daily": {"time": 5}}), "time of `daily` is no array"),
        ("a.json", json.dumps({**as_json(), "daily_units": []}), "not an answer of Open-Meteo"),
        ("a.csv", OPEN_METEO.replace("-13.04", "13 S"), "expected degrees"),
        ("2023.zip", b"PK\x03\x04 cut short", "not a readable zip"),
        ("a.csv.gz", gzip.compress(access(*SUMMER).encode())[:-30], "cannot be read"),
        ("a.csv", "", "it is empty"),
        ("a.csv", "date,temperature\n2023-01-01,3\n", "not a weather file that is known"),
        ("a.csv", 'STATION,DATE,TMAX,TMIN,PRCP\nUSC00115079,2018-07-07,29.4,17.8,0\n', "does not say its unit"),
        ("a.CSV", files.inmet(*hours("2023-01-10", 24), *hours("2023-01-10", 1)), "an hour is there twice: line 10"),
        # Values that there are not.
        ("USC00115079.csv", access(("2018-04-07", "0", "100", "178")), "line 2"),
        ("USC00115079.csv", access(("2018-04-07", "5010", "200", "178")), "line 2"),
        ("USC00115079.csv", access(("2018-13-07", "0", "200", "178")), "line 2: '2018-13-07'"),
        ("USC00115079_20180701.csv", access(("2018-07-07", "0", "294", "178")), "line 2 is of 2018-07-07, after 2018-07-01"),
        ("USC00115079_20181301.csv", access(*SUMMER), "that is no date"),
        ("USC00115079_20991231.csv", access(*SUMMER), "which has not come"),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused_by_file_and_row_and_the_others_are_read(
    tmp_path: Path, name: str, content: str | bytes, said: str
) -> None:
    put(tmp_path, name, content)
    put(tmp_path, "sound/USC00138296.csv", access(*SUMMER, station="USC00138296", place='"42.0354","-92.5805"'))
    loaded = read(tmp_path)
    [text] = loaded.refused.values()
    assert name in text
    assert said in text
    assert set(loaded.frame["station"]) == {"USC00138296"}
    assert len(loaded.frame) == len(SUMMER)


def test_a_folder_without_weather_is_refused_and_other_kinds_of_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataFault, match=r"hold no file\. Set ZL_WEATHER"):
        read(tmp_path)
    with pytest.raises(DataFault, match="no such file or folder"):
        read(tmp_path / "gone")
    put(tmp_path, "notes/readme.txt", "x")
    put(tmp_path, ".hidden.csv", "x")
    with pytest.raises(DataFault, match="no file that ends in"):
        read(tmp_path)
    put(tmp_path, "USC00115079.csv", access(*SUMMER))
    assert read(tmp_path).not_read == ("notes/readme.txt",)
