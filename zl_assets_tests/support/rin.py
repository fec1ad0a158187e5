"""RIN prices, made up: rows of their table, and files as EPA's page exports them; and the real ones read once."""

import datetime as dt
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from zl_assets.sources.rin_prices import CONTRACT, FILES, HEADER, known_by_rule
from zl_assets.sources.versioned_files import Read, read_versions
from zl_assets.warehouse.shape import conform
from zl_assets_tests.conftest import shared_data

AS_OF = dt.date(2025, 12, 31)
TODAY = dt.date(2026, 1, 20)


def read(path: Path, as_of: dt.date = AS_OF) -> Read:
    return read_versions(path, FILES, as_of, TODAY)


@cache
def real_prices() -> pd.DataFrame:
    """Every price of the shared data."""
    return read(shared_data("rin")).frame


def _row(day: pd.Timestamp, known: pd.Timestamp, price: float) -> dict[str, object]:
    row: dict[str, object] = {"observed_on": day, "rin_year": day.year, "transfer_year": day.year, "d_code": "D4"}
    return row | {"service": "Unverified", "available_at": known, "price": price, "vintage": pd.NaT}


def week(date: str, price: float, **said: object) -> dict[str, object]:
    """A row of the table: D4, Unverified, of the week's own year, known by the rule, or what is said."""
    day = pd.Timestamp(date)
    return _row(day, known_by_rule(pd.Series([day])).iloc[0], price) | said


def table(*rows: dict[str, object]) -> pd.DataFrame:
    return conform(pd.DataFrame(rows), CONTRACT)


def made_up(start: str, end: str, seed: int = 6) -> pd.DataFrame:
    """Rows of the table, each week with the RINs of two years, of two fuels and services; in a new year's first weeks of the old
    one alone."""
    random = np.random.default_rng(seed)
    rows = []
    days = pd.date_range(start, end, freq="W-MON")
    # Asked once: the rule takes 0.3 ms, for one day as for 260.
    for day, known in zip(days, known_by_rule(days.to_series()), strict=True):
        for code in ("D4", "D6"):
            for back in (0, 1):
                if back or day.dayofyear > 21:
                    price = round(0.3 + 1.5 * float(random.random()), 2)
                    service = "Unverified" if random.random() < 0.9 else "Q-RIN"
                    said = {"d_code": code, "rin_year": day.year - back, "service": service}
                    rows.append(_row(day, known, price) | said)
    return table(*rows)


def csv(*rows: tuple[str, str, str, str, str, str], header: tuple[str, ...] = HEADER) -> str:
    """The file that EPA's page exports."""
    lines = [",".join(header), *(",".join(f'"{cell}"' for cell in row) for row in rows)]
    return "\ufeff" + "\r\n".join(lines) + "\r\n"
