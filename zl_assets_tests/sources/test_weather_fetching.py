"""Fetching weather from its publishers, tried against a server on this machine: what is asked, and what a fault leaves."""

import datetime as dt
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from zl_assets.domain.stations import GHCN, GSOD, OPEN_METEO, POWER, STATIONS
from zl_assets.settings import Settings
from zl_assets.sources import fetching
from zl_assets.sources.base import SourceAsset
from zl_assets.sources.weather import publishers
from zl_assets.sources.weather_daily import CONTRACT, SOURCE
from zl_assets_tests.support.contracts import ZL
from zl_assets_tests.support.publisher import Query, publisher
from zl_assets_tests.support.weather import access, gsod, open_meteo_csv, power

NOW = dt.datetime(2024, 7, 20, 12, tzinfo=dt.UTC)
AS_OF = dt.date(2024, 7, 20)
OF = SourceAsset("weather_daily", SOURCE, (ZL,), (), CONTRACT)


class Publishers:
    """Gives a day of July 2024 of whatever is asked for; what `broken` says of a path goes before."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.queries: list[Query] = []
        self.broken: dict[str, tuple[int, str]] = {}
        self.high = "294"

    def __call__(self, path: str, query: Query) -> tuple[int, str]:
        self.asked.append(path)
        self.queries.append(query)
        for part, answer in self.broken.items():
            if part in path or part in str(query):
                return answer
        if path.startswith("/data/global-historical"):
            station = STATIONS[Path(path).stem]
            place = f'"{station.latitude}","{station.longitude}"'
            return 200, access(("2024-07-07", "0", self.high, "178"), station=station.id, place=place)
        if path.startswith("/data/global-summary"):
            station, year = STATIONS[Path(path).stem], Path(path).parent.name
            place = f'"{station.latitude}","{station.longitude}"'
            if year != "2024":
                return 404, "no such year"
            return 200, gsod(("2024-07-07", "84.9", "64.0", "0.00", "G"), station=station.id, place=place)
        at = float(query["latitude"][0]), float(query["longitude"][0])
        return 200, power(*at) if "power" in path or "point" in path else open_meteo_csv(*at)


@pytest.fixture
def server() -> Publishers:
    return Publishers()


@pytest.fixture
def settings(server: Publishers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(fetching, "BACKOFF", 0.0)
    # Two years of GSOD are enough to see which are asked for.
    monkeypatch.setattr(publishers, "FIRST_YEAR", 2023)
    with publisher(server) as address:
        yield Settings.load(weather=address, state_dir=str(tmp_path))


def fetched(settings: Settings) -> Path:
    """The folder, with every file as it was fetched at NOW."""
    SOURCE.fetch(settings, NOW)
    folder = settings.files_of("weather")
    assert folder is not None
    for file in folder.rglob("*.csv"):
        os.utime(file, (NOW.timestamp(), NOW.timestamp()))
    return folder


def number(network: object) -> int:
    return sum(station.network == network for station in STATIONS.values())


def test_every_station_of_every_publisher_is_asked_for_and_read(settings: Settings, server: Publishers) -> None:
    assert SOURCE.fetch(settings, NOW) == {}
    assert len(server.asked) == number(GHCN) + 2 * number(GSOD) + number(POWER) + number(OPEN_METEO)
    loaded = SOURCE.read(settings, OF, AS_OF)
    assert set(loaded.frame["station"]) == set(STATIONS) - {name for name in STATIONS if name.startswith("A")}
    assert loaded.warnings == ()
    # Days after the last that can be there are not asked for.
    assert {query["end"][0] for query in server.queries if "end" in query} == {"20240719"}
    assert {query["end_date"][0] for query in server.queries if "end_date" in query} == {"2024-07-19"}


def test_a_publisher_is_asked_for_its_own_files_only() -> None:
    asked = {host: list(publishers.wanted(f"https://{host}", AS_OF)) for host in publishers.HOSTS}
    assert [len(files) for files in asked.values()] == [
        number(GHCN) + number(GSOD) * (2024 - publishers.FIRST_YEAR + 1),
        number(POWER),
        number(OPEN_METEO),
    ]
    assert {one.publisher for files in asked.values() for one in files} == {f"https://{host}" for host in publishers.HOSTS}
    every = [one.file for files in asked.values() for one in files]
    assert len(every) == len(set(every))


def test_a_second_refresh_asks_only_for_what_can_change(settings: Settings, server: Publishers) -> None:
    fetched(settings)
    server.asked.clear()
    assert SOURCE.fetch(settings, NOW + dt.timedelta(minutes=50)) == {}
    # Nor for a past year that the publisher does not have.
    assert server.asked == []
    assert SOURCE.fetch(settings, NOW + dt.timedelta(hours=2)) == {}
    assert len(server.asked) == number(GHCN) + number(GSOD) + number(POWER) + number(OPEN_METEO)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((503, "busy"), "too many 503"),
        ((404, "gone"), "404"),
        ((200, "<html>maintenance</html>"), "HTML"),
        ((200, access(("2024-07-07", "0", "849", "640"))), "weather_in_range"),
        ((200, access(("2024-07-07", "0", "294", "178"), place='"10.0","-89.3387"')), "another station's file"),
    ],
    ids=["busy", "gone", "a page", "Fahrenheit", "elsewhere"],
)
def test_what_cannot_be_used_is_named_and_leaves_the_file_before_and_the_other_files(
    settings: Settings, server: Publishers, answer: tuple[int, str], words: str
) -> None:
    folder = fetched(settings)
    before = (folder / "ghcn/USC00115079.csv").read_text()
    server.high = "301"
    server.broken = {"USC00115079": answer}
    problems = SOURCE.fetch(settings, NOW + dt.timedelta(hours=2))
    assert list(problems) == ["USC00115079"]
    assert words in problems["USC00115079"]
    assert "UTC is used" in problems["USC00115079"]
    assert (folder / "ghcn/USC00115079.csv").read_text() == before
    loaded = SOURCE.read(settings, OF, AS_OF)
    highs = loaded.frame.set_index("station")["tmax_c"]
    assert (highs["USC00115079"], highs["USC00115712"]) == (29.4, 30.1)


def test_another_place_s_answer_is_not_kept_as_the_one_that_was_asked_for(settings: Settings, server: Publishers) -> None:
    # As a cache would answer that does not look at the query.
    server.broken = {"/api/temporal": (200, power(40.0, -89.25)), "/v1/archive": (200, open_meteo_csv(10.0, 20.0))}
    problems = SOURCE.fetch(settings, NOW)
    right = {name for name in STATIONS if name.startswith("NASA POWER")} - set(problems)
    assert len(right) == 1
    assert len(problems) == number(POWER) - 1 + number(OPEN_METEO)
    assert all(f"named for {name} and has" in problem for name, problem in problems.items())


def test_a_publisher_that_does_not_answer_is_left_alone_after_two_files(
    settings: Settings, server: Publishers, tmp_path: Path
) -> None:
    server.broken = {"/": (503, "down")}
    problems = SOURCE.fetch(settings, NOW)
    assert len(server.asked) == fetching.PATIENCE * (fetching.RETRIES + 1)
    assert sum("not asked" in problem for problem in problems.values()) == len(problems) - fetching.PATIENCE
    # The step says so, and what was there before stays; there was nothing here.
    loaded = SOURCE.read(settings, OF, AS_OF)
    assert loaded.frame.empty
    assert "has given no file yet" in loaded.nothing
    assert SOURCE.checks(settings, OF).prepare(AS_OF)["refused"]
