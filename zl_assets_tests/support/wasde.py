"""Made-up WASDE releases, as rows of the table and as USDA's file; and the real ones."""

import csv
import datetime as dt
import functools
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from zl_assets.domain.wasde import known_by_rule, newest_year, skipped_months, year_name
from zl_assets.sources.wasde_balance import CONTRACT
from zl_assets.sources.wasde_files import Balances, read_wasde
from zl_assets.warehouse.shape import conform
from zl_assets_tests.conftest import shared_data

AS_OF = dt.date(2025, 11, 15)
HEADER = [
    *("WasdeNumber", "ReportDate", "ReportTitle", "Attribute", "ReliabilityProjection", "Commodity", "Region", "MarketYear"),
    *("ProjEstFlag", "AnnualQuarterFlag", "Value", "Unit", "ReleaseDate", "ReleaseTime", "ForecastYear", "ForecastMonth"),
]
TITLE = "U.S. Soybeans and Products Supply and Use (Domestic Measure)"
LINES = {
    "beginning_stocks": "Beginning Stocks",
    "production": "Production",
    "imports": "Imports",
    "total_supply": "Supply, Total",
    "domestic_use": "Domestic Disappearance",
    "biofuel": "Biodiesel",
    "exports": "Exports",
    "total_use": "Use, Total",
    "ending_stocks": "Ending Stocks",
}


def release(
    number: int,
    day: str,
    stocks: Sequence[float] = (1900.0, 2000.0, 1500.0),
    use: Sequence[float] = (20_000.0, 20_500.0, 21_000.0),
    biofuel: Sequence[float] | None = (5000.0, 5500.0, 6000.0),
    newest: int | None = None,
) -> pd.DataFrame:
    """The three balances of a release as rows of the table, which add up.

    Args:
        newest: the calendar year in which its newest marketing year begins; by default what the day says.
    """
    days = pd.Series([pd.Timestamp(day)] * 3).astype("datetime64[ns]")
    first = int(newest_year(days)[0]) if newest is None else newest
    ending, used = np.array(stocks), np.array(use)
    begins = np.array([1800.0, *ending[:2]])
    frame = pd.DataFrame(
        {
            "wasde_number": number,
            "observed_on": days,
            "market_year": [year_name(first - back) for back in (2, 1, 0)],
            "available_at": known_by_rule(days),
            "beginning_stocks": begins,
            "production": ending + used - begins - 300.0,
            "imports": 300.0,
            "total_supply": ending + used,
            "domestic_use": used - 2000.0,
            "biofuel": np.full(3, np.nan) if biofuel is None else np.array(biofuel),
            "exports": 2000.0,
            "total_use": used,
            "ending_stocks": ending,
            "price_low": 34.0,
            "price_high": 38.0,
            "biofuel_line": None if biofuel is None else "biodiesel",
            "vintage": pd.NaT,
        }
    )
    return frame.astype({"biofuel_line": "object", "vintage": "datetime64[ns]"})


def table(*releases: pd.DataFrame) -> pd.DataFrame:
    """The rows as the source has them."""
    return conform(pd.concat(releases, ignore_index=True), CONTRACT)


def monthly(first: str = "2014-10-10", months: int = 30, number: int = 534, seed: int = 4) -> pd.DataFrame:
    """A release on the tenth of each month, with numbers drawn at random."""
    random = np.random.default_rng(seed)
    days = [pd.Timestamp(first) + pd.DateOffset(months=k) for k in range(months)]
    return table(
        *(
            release(
                number + k,
                str(day.date()),
                tuple(random.integers(1000, 3000, 3).astype(float)),
                tuple(random.integers(18_000, 26_000, 3).astype(float)),
                tuple(random.integers(4000, 9000, 3).astype(float)),
            )
            for k, day in enumerate(days)
        )
    )


def rows_of(frame: pd.DataFrame, time: str | None = None, biofuel: str = "Biodiesel") -> list[dict[str, str]]:
    """The rows of USDA's file, line by line of the balance as in a report; the column of the month before is there once more."""
    rows = []
    for name, line in {**LINES, "biofuel": biofuel, "price": "Avg. Price"}.items():
        for balance in frame.to_dict("records"):
            day = pd.Timestamp(balance["observed_on"])
            price = f"{balance['price_low']:.2f} - {balance['price_high']:.2f}"
            value = price if name == "price" else f"{balance[name]:g}"
            if value == "nan":
                continue
            row = {
                "WasdeNumber": str(balance["wasde_number"]),
                "ReportDate": f"{day:%B %Y}",
                "ReportTitle": TITLE,
                "Attribute": line,
                "Commodity": "Oil, Soybean",
                "Region": "United States",
                "MarketYear": str(balance["market_year"]),
                "AnnualQuarterFlag": "Annual",
                "Value": value,
                "Unit": "Cents/Pound" if name == "price" else "Million Pounds",
                "ReleaseDate": f"{day:%Y-%m-%d}",
                "ReleaseTime": ("12:00:00" if day.year >= 2013 else "08:30:00") if time is None else time,
                "ForecastYear": str(day.year),
                "ForecastMonth": str(day.month),
            }
            before = day.replace(day=1) - pd.Timedelta(days=1)
            if balance["market_year"] == frame["market_year"].max() and name != "price":
                rows.append(row | {"Value": "1", "ForecastYear": str(before.year), "ForecastMonth": str(before.month)})
            rows.append(row)
    return rows


def text_of(rows: Sequence[dict[str, str]]) -> str:
    """USDA's file with these rows."""
    out = io.StringIO()
    writer = csv.DictWriter(out, HEADER, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def file_of(*releases: pd.DataFrame) -> str:
    """USDA's file with these releases."""
    return text_of([row for one in releases for row in rows_of(one)])


def read(path: Path, as_of: dt.date = AS_OF) -> Balances:
    return read_wasde(path, CONTRACT, as_of)


@functools.cache
def _real(path: Path) -> Balances:
    return read(path)


def real_wasde() -> Balances:
    """What the real file gives."""
    return _real(shared_data("wasde"))


def skipped(frame: pd.DataFrame) -> list[int]:
    """How many months had no release before each of these rows."""
    counted: list[int] = skipped_months(frame["wasde_number"].astype("int64"), frame["observed_on"]).tolist()
    return counted
