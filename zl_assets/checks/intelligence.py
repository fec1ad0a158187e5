"""Checks on what only feature families read. None of them blocks: a series that is late must not stop the graph without it."""

from collections.abc import Iterator

import dagster as dg
import pandas as pd

from zl_assets.assets.intelligence import NO_FRED, SERIES_OF
from zl_assets.checks.common import result, spec
from zl_assets.contracts.intelligence import FRED_OBSERVATIONS, VOLATILITY_DAILY
from zl_assets.contracts.tables import BARS_1H, SESSIONS
from zl_assets.domain.rules.observations import (
    hours_make_sessions,
    no_vanished_observation,
    series_accepted,
    series_fresh,
    series_start_in_time,
)
from zl_assets.domain.rules.rows import OBSERVATION_RULES
from zl_assets.domain.rules.tables import unique_key
from zl_assets.io_managers.failures import as_failures
from zl_assets.resources import AsOf
from zl_assets.settings import Settings
from zl_assets.warehouse.contract import TableContract


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
        yield result(asset, unique_key(table, contract.key))
        yield result(asset, series_accepted(refused, settings.fred or "ZL_FRED"), warn=folder is None)
        for assertion in OBSERVATION_RULES:
            yield result(asset, assertion(table))
        # The files are read up to the as-of date; what a later one has stored is not held against them.
        stored = table[table["observed_on"] <= pd.Timestamp(as_of.date)]
        yield result(asset, no_vanished_observation(stored, source))
        yield result(asset, series_fresh(table, series, as_of.date), warn=True)
        yield result(asset, series_start_in_time(table, series, sessions), warn=True)

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
        yield result(asset, unique_key(tables[asset], BARS_1H.key))
        yield result(asset, hours_make_sessions(tables[asset], tables[SESSIONS.table]), warn=True)

    return checks
