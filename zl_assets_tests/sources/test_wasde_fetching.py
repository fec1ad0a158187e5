"""Fetching WASDE files from USDA, tried against a server on this machine: what is asked, and what a fault leaves."""

import datetime as dt
import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from zl_assets.settings import Settings
from zl_assets.sources import fetching
from zl_assets.sources.base import SourceAsset
from zl_assets.sources.wasde_balance import CONTRACT, HOST, SOURCE, wanted
from zl_assets_tests.support.contracts import ZL
from zl_assets_tests.support.publisher import Query, publisher
from zl_assets_tests.support.wasde import file_of, release

NOW = dt.datetime(2021, 5, 12, 18, tzinfo=dt.UTC)
OF = SourceAsset("wasde_balance", SOURCE, (ZL,), (), CONTRACT)
PATH = "/sites/default/files/documents/oce-wasde-report-data-"


def archive() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as opened:
        opened.writestr("oce-wasde-report-data.csv", file_of(release(508, "2012-07-11")))
    return content.getvalue()


class Usda:
    """Has the months from January to May 2021, of which March has no release, and an archive for both of the first spans."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.files: dict[str, str | bytes] = {
            f"2021-{month:02d}.csv": file_of(release(number, f"2021-{month:02d}-12"))
            for month, number in ((1, 608), (2, 609), (4, 610), (5, 611))
        }
        self.files |= {"2010-04-to-2015-12.zip": archive(), "2016-01-to-2020-12.zip": archive()}
        self.down = False

    def __call__(self, path: str, query: Query) -> tuple[int, str | bytes]:
        self.asked.append(path.removeprefix(PATH))
        if self.down:
            return 503, "down"
        answer = self.files.get(path.removeprefix(PATH))
        return (404, "no such file") if answer is None else (200, answer)


@pytest.fixture
def usda() -> Usda:
    return Usda()


@pytest.fixture
def settings(usda: Usda, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(fetching, "BACKOFF", 0.0)
    with publisher(usda) as address:
        yield Settings.load(wasde=address, state_dir=str(tmp_path))


def fetch(settings: Settings, now: dt.datetime) -> dict[str, str]:
    """What went wrong; every file that came is as of now."""
    folder = settings.files_of("wasde")
    assert folder is not None
    there = set(folder.glob("*")) if folder.exists() else set()
    problems = SOURCE.fetch(settings, now)
    for file in set(folder.glob("*")) - there:
        os.utime(file, (now.timestamp(), now.timestamp()))
    return problems


def test_every_month_and_both_archives_are_asked_for_and_read(settings: Settings, usda: Usda) -> None:
    assert fetch(settings, NOW) == {}
    expected = ["2021-05", "2021-04", "2021-03", "2021-02", "2021-01"]
    assert usda.asked == [f"{month}.csv" for month in expected] + ["2010-04-to-2015-12.zip", "2016-01-to-2020-12.zip"]
    loaded = SOURCE.read(settings, OF, NOW.date())
    # Both archives say the same.
    assert sorted(set(loaded.frame["wasde_number"])) == [508, 608, 609, 610, 611]
    assert loaded.warnings == ()


def test_what_cannot_change_is_asked_for_once_and_a_month_without_a_release_not_for_ever(settings: Settings, usda: Usda) -> None:
    fetch(settings, NOW)
    usda.asked.clear()
    assert fetch(settings, NOW + dt.timedelta(hours=2)) == {}
    # April's may be put right until the end of May, and March's is known not to be there.
    assert usda.asked == ["2021-05.csv", "2021-04.csv"]


def test_this_month_is_asked_for_from_the_first_day_on_which_a_release_can_be_there() -> None:
    for day, newest in ((7, "2025-11"), (8, "2025-12")):
        first = next(wanted(f"https://{HOST}", dt.datetime(2025, 12, day, tzinfo=dt.UTC)))
        assert first.address == f"https://www.usda.gov{PATH}{newest}.csv"
    january = [one.file for one in wanted(f"https://{HOST}", dt.datetime(2021, 1, 3, tzinfo=dt.UTC))]
    assert january == ["oce-wasde-report-data-2010-04-to-2015-12.zip", "oce-wasde-report-data-2016-01-to-2020-12.zip"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "404"),
        ("<html>Access Denied</html>", "a web page"),
        (file_of(release(611, "2021-05-12")).replace("Oil, Soybean", "Meal, Soybean"), "a file of another commodity"),
        (file_of(release(611, "2021-05-12"))[:-30], "cut off"),
    ],
    ids=["not there", "a page", "another commodity", "cut off"],
)
def test_what_cannot_be_used_is_named_and_leaves_the_file_before_and_the_other_files(
    settings: Settings, usda: Usda, answer: str | None, words: str
) -> None:
    fetch(settings, NOW)
    folder = settings.files_of("wasde")
    assert folder is not None
    before = (folder / "oce-wasde-report-data-2021-05.csv").read_bytes()
    usda.files |= {"2021-05.csv": answer} if answer is not None else {}
    if answer is None:
        del usda.files["2021-05.csv"]
    problems = fetch(settings, NOW + dt.timedelta(hours=2))
    assert list(problems) == ["WASDE of 2021-05"]
    assert words in problems["WASDE of 2021-05"]
    assert "the file of 2021-05-12 18:00 UTC is used" in problems["WASDE of 2021-05"]
    assert (folder / "oce-wasde-report-data-2021-05.csv").read_bytes() == before


def test_a_publisher_that_does_not_answer_is_left_alone_after_two_files(settings: Settings, usda: Usda) -> None:
    usda.down = True
    problems = fetch(settings, NOW)
    assert len(usda.asked) == fetching.PATIENCE * (fetching.RETRIES + 1)
    assert len(problems) == 7
    # The step says so, and what was there before stays; there was nothing here.
    loaded = SOURCE.read(settings, OF, NOW.date())
    assert loaded.frame.empty
    assert "has given no file yet" in loaded.nothing
    assert SOURCE.checks(settings, OF).prepare(NOW.date())["refused"]
