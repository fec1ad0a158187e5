"""Which share of sessions has a value of each family's columns, by year, as a Markdown table.

    python -m zl_assets_tests.domain.families.coverage BARS HOURS FRED WEATHER POLICY WASDE COT RIN --as-of 2025-11-15

Columns that have the same shares in every year are in one row.
"""

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from zl_assets.domain.families import biofuel, cot, intraday, macro, pivots, policy, volatility, wasde, weather
from zl_assets.domain.releases import MACRO_SERIES, VOLATILITY_SERIES
from zl_assets.domain.sessions import build_sessions
from zl_assets.domain.stubs import with_stubs
from zl_assets.sources import cot_weekly, rin_prices
from zl_assets.sources.bars import read_bars
from zl_assets.sources.bars_1h import read_bars_1h
from zl_assets.sources.fred import read_folder
from zl_assets.sources.policy_documents import read_documents
from zl_assets.sources.versioned_files import read_versions
from zl_assets.sources.wasde_files import read_wasde
from zl_assets.sources.weather.reading import read_weather
from zl_assets_tests.support.builders import decided
from zl_assets_tests.support.contracts import (
    BARS_1H,
    COT_WEEKLY,
    FRED_OBSERVATIONS,
    POLICY_DOCUMENTS,
    RIN_PRICES,
    VOLATILITY_DAILY,
    WASDE_BALANCE,
    WEATHER_DAILY,
    ZL,
)

FAMILIES = tuple(part.FAMILY for part in (pivots, volatility, intraday, macro, weather, policy, wasde, cot, biofuel))


def main(
    bars: Path,
    hours: Path,
    fred: Path,
    weather_files: Path,
    documents: Path,
    balances: Path,
    reports: Path,
    prices: Path,
    as_of: Annotated[str, typer.Option()],
) -> None:
    """Print the table."""
    day, today = dt.date.fromisoformat(as_of), dt.datetime.now(dt.UTC).date()
    sessions = build_sessions(read_bars(bars, [ZL]).frame, ZL, day).frame
    sources = {
        FRED_OBSERVATIONS.table: read_folder(fred, MACRO_SERIES, FRED_OBSERVATIONS, day).frame,
        VOLATILITY_DAILY.table: read_folder(fred, VOLATILITY_SERIES, VOLATILITY_DAILY, day).frame,
        WEATHER_DAILY.table: read_weather(weather_files, WEATHER_DAILY, day).frame,
        POLICY_DOCUMENTS.table: read_documents(documents, day).frame,
        WASDE_BALANCE.table: read_wasde(balances, WASDE_BALANCE, day).frame,
        COT_WEEKLY.table: read_versions(reports, cot_weekly.FILES, day, today).frame,
        RIN_PRICES.table: read_versions(prices, rin_prices.FILES, day, today).frame,
        BARS_1H.table: with_stubs(read_bars_1h(hours, [ZL]).frame, ZL),
    }
    years = sessions["data_date"].dt.year
    counted = years.value_counts().sort_index()
    print("| family | columns | first value |", " | ".join(map(str, counted.index)), "|")
    print("|---" * (3 + len(counted)) + "|")
    print("| sessions | | |", " | ".join(map(str, counted)), "|")
    for family in FAMILIES:
        rows: dict[tuple[str, ...], list[str]] = {}
        for name, values in family.compute(decided(sessions), sources).items():
            shares = values.notna().groupby(years).mean()
            first = values.first_valid_index()
            shown = ("never" if first is None else f"{sessions['data_date'][first]:%Y-%m-%d}", *(_percent(s) for s in shares))
            rows.setdefault(shown, []).append(f"`{name}`")
        for shown, names in rows.items():
            print(f"| {family.name} | {', '.join(names)} |", " | ".join(shown), "|")


def _percent(share: float) -> str:
    return "100" if share == 1.0 else f"{100 * share:.1f}"


if __name__ == "__main__":
    typer.run(main)
