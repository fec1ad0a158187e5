"""Checks on what only feature families read. None of them blocks: a series that is late must not stop the graph without it."""

from collections.abc import Iterator

import dagster as dg
import pandas as pd

from zl_assets.assets.intelligence import NO_FRED, SERIES_OF
from zl_assets.checks.common import result, spec
from zl_assets.contracts import BARS_1H, FRED_OBSERVATIONS, SESSIONS, VOLATILITY_DAILY, TableContract
from zl_assets.domain import assertions
from zl_assets.io_managers.failures import as_failures
from zl_assets.resources import AsOf
from zl_assets.settings import Settings


def build_intelligence_checks(settings: Settings, assets: frozenset[str]) -> list[dg.AssetChecksDefinition]:
    """The checks on these tables; none for another name."""
    checks = [_observation_checks(settings, c) for c in (FRED_OBSERVATIONS, VOLATILITY_DAILY) if c.table in assets]
    return [*checks, *([_hour_checks()] if BARS_1H.table in assets else [])]


def _observation_checks(settings: Settings, contract: TableContract) -> dg.AssetChecksDefinition:
    asset, series = contract.table, SERIES_OF[contract.table]

    @dg.multi_asset_check(
        name=f"{asset}_checks",
        specs=[
            spec(asset, "unique_key", "One row per series, day and time at which it became known."),
            spec(asset, "series_accepted", f"Each of {', '.join(series)} was there and sound. A warning where ZL_FRED is unset."),
            spec(asset, "observations_in_range", "Every value is one that its series can have."),
            spec(asset, "no_observation_jump", "No value is 50 times the one before, or a fiftieth of it."),
            spec(asset, "available_by_rule", "Every observation is available when its series' release rule says."),
            spec(asset, "no_vanished_observation", "Every stored observation is still in the files."),
            spec(asset, "series_fresh", "No series has stopped. A warning, by name."),
            spec(
                asset,
                "series_start_in_time",
                "Every series was known to the first session. A warning, by name.",
                against=(SESSIONS.table,),
            ),
        ],
        ins={asset: dg.AssetIn(asset), SESSIONS.table: dg.AssetIn(SESSIONS.table)},
    )
    def checks(as_of: AsOf, **tables: pd.DataFrame) -> Iterator[dg.AssetCheckResult]:
        """The table against its rules, the files and the calendar."""
        from zl_assets.sources import fred

        table, sessions = tables[asset], tables[SESSIONS.table]
        folder = settings.fred_folder
        refused = dict.fromkeys(series, NO_FRED)
        source = table.head(0)
        if folder is not None:
            with as_failures():
                files = fred.read_folder(folder, series, contract, as_of.date)
            refused, source = files.refused, files.frame
        yield result(asset, assertions.unique_key(table, contract.key))
        yield result(asset, assertions.series_accepted(refused, settings.fred or "ZL_FRED"), warn=folder is None)
        for assertion in assertions.OBSERVATION_ASSERTIONS:
            yield result(asset, assertion(table))
        yield result(asset, assertions.no_vanished_observation(table, source))
        yield result(asset, assertions.series_fresh(table, series, as_of.date), warn=True)
        yield result(asset, assertions.series_start_in_time(table, series, sessions), warn=True)

    return checks


def _hour_checks() -> dg.AssetChecksDefinition:
    asset = BARS_1H.table

    @dg.multi_asset_check(
        name=f"{asset}_checks",
        specs=[
            spec(asset, "unique_key", "One bar per hour and symbol."),
            spec(
                asset,
                "hours_make_sessions",
                "From the first hour on, the hours of each session trade its volume. A warning, with the dates.",
                against=(SESSIONS.table,),
            ),
        ],
        ins={asset: dg.AssetIn(asset), SESSIONS.table: dg.AssetIn(SESSIONS.table)},
    )
    def checks(**tables: pd.DataFrame) -> Iterator[dg.AssetCheckResult]:
        """The hours against the sessions."""
        yield result(asset, assertions.unique_key(tables[asset], BARS_1H.key))
        yield result(asset, assertions.hours_make_sessions(tables[asset], tables[SESSIONS.table]), warn=True)

    return checks
