"""Commitments of Traders, made up: rows of their table, and files as the CFTC has them; and the real ones read once."""

import datetime as dt
import io
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from zl_assets.sources.cot_weekly import CONTRACT, FILES, MARKET, POSITIONS, known_by_rule
from zl_assets.sources.versioned_files import Read, read_versions
from zl_assets.warehouse.shape import conform
from zl_assets_tests.conftest import shared_data

AS_OF = dt.date(2025, 12, 31)
TODAY = dt.date(2026, 1, 20)


def read(path: Path, as_of: dt.date = AS_OF) -> Read:
    return read_versions(path, FILES, as_of, TODAY)


@cache
def real_reports() -> pd.DataFrame:
    """Every report of the shared data."""
    return read(shared_data("cot")).frame


def positions(
    open_interest: int = 100_000, mm: tuple[int, int] = (30_000, 10_000), commercial: tuple[int, int] = (20_000, 60_000)
) -> dict[str, int]:
    """Positions that add up: long and short of managed money and of the commercials, the rest of those too small to report."""
    counts = dict.fromkeys(POSITIONS, 0) | {"open_interest": open_interest}
    for side, own, theirs in (("long", mm[0], commercial[0]), ("short", mm[1], commercial[1])):
        counts |= {f"mm_{side}": own, f"prod_merc_{side}": theirs, f"nonrept_{side}": open_interest - own - theirs}
    return counts


def _row(day: pd.Timestamp, known: pd.Timestamp, counts: dict[str, int]) -> dict[str, object]:
    return {"market_code": MARKET, "observed_on": day, "available_at": known, "vintage": pd.NaT} | counts


def report(date: str, **said: object) -> dict[str, object]:
    """A row of the table, known by the rule, or what is said."""
    day = pd.Timestamp(date)
    return _row(day, known_by_rule(pd.Series([day])).iloc[0], positions()) | said


def table(*rows: dict[str, object]) -> pd.DataFrame:
    return conform(pd.DataFrame(rows), CONTRACT)


def made_up(start: str, end: str, seed: int = 5) -> pd.DataFrame:
    """Rows of the table, a report each Tuesday, known by the rule."""
    random = np.random.default_rng(seed)
    days = pd.date_range(start, end, freq="W-TUE")
    interest = random.integers(200_000, 700_000, len(days)).tolist()
    shares = random.random((len(days), 4)).tolist()
    rows = []
    # Asked once: the rule takes 1 ms for one day, and 2 for 260.
    for day, known, whole, (a, b, c, d) in zip(days, known_by_rule(days.to_series()), interest, shares, strict=True):
        third = whole // 3
        rows.append(_row(day, known, positions(whole, (int(a * third), int(b * third)), (int(c * third), int(d * third)))))
    return table(*rows)


def text(*rows: dict[str, object], renamed: bool = True, kind: str = "FutOnly", market: str = MARKET) -> str:
    """The text of a year: since 2013 with the renamed date, and with the blanks of 2010."""
    date = "Report_Date_as_YYYY-MM-DD" if renamed else "Report_Date_as_MM_DD_YYYY"
    names = ["Market_and_Exchange_Names", "As_of_Date_In_Form_YYMMDD", date, "CFTC_Contract_Market_Code"]
    header = [*names, *(theirs for theirs, _ in POSITIONS.values()), "FutOnly_or_Combined"]
    lines = [",".join(f'"{name}"' for name in header)]
    for row in rows:
        day = pd.Timestamp(str(row["observed_on"]))
        counts = ",".join(f"{row[name]!s:>8}" for name in POSITIONS)
        lines += [
            f'"{name} - CHICAGO BOARD OF TRADE" ,{day:%y%m%d} ,{day:%Y-%m-%d},{code} ,{counts},"{kind}"'
            for name, code in (("SOYBEANS", "005602"), ("SOYBEAN OIL", market))
        ]
    return "\r\n".join(lines) + "\r\n"


def zipped(content: str, member: str = "f_year.txt") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, content)
    return buffer.getvalue()
