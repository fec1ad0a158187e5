"""What only feature families read, as assets: economic series, volatility indices and hourly bars.

Belongs here: loading ZL_FRED and ZL_BARS_1H, and saying so where they are unset. Must not be here: any calculation on them.
"""

import datetime as dt
from collections.abc import Callable
from typing import Any

import dagster as dg
import pandas as pd

from zl_assets.assets.common import OWNERS, RETRY, SOURCE, TABLES_IO
from zl_assets.contracts.intelligence import FRED_OBSERVATIONS, VOLATILITY_DAILY
from zl_assets.contracts.tables import BARS_1H, SYMBOL
from zl_assets.domain.releases import MACRO_SERIES, RELEASES, VOLATILITY_SERIES
from zl_assets.io_managers.bigquery import table_schema
from zl_assets.io_managers.failures import as_failures
from zl_assets.resources import AsOf
from zl_assets.settings import Settings
from zl_assets.warehouse.contract import TableContract

# The series that each table is filled with.
SERIES_OF = {FRED_OBSERVATIONS.table: MACRO_SERIES, VOLATILITY_DAILY.table: VOLATILITY_SERIES}

NO_FRED = (
    "ZL_FRED is not set, so nothing is loaded: what needs these series stays NULL. Set it to a folder of FRED's CSV files, or to "
    "https://fred.stlouisfed.org."
)
NO_HOURS = "ZL_BARS_1H is not set, so nothing is loaded: what needs hourly bars stays NULL. Set it to a file or folder of them."


def build_intelligence_sources(settings: Settings, assets: frozenset[str]) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """The assets of these tables, in the order of contracts.INTELLIGENCE; none for another name.

    Economic series are loaded by this product wherever BigQuery is. Hourly bars are loaded in embedded mode, and are an external
    table in the cloud, as the daily bars are.
    """
    build: dict[str, Callable[[Settings], dg.AssetsDefinition | dg.AssetSpec]] = {
        FRED_OBSERVATIONS.table: lambda settings: _observations(settings, FRED_OBSERVATIONS),
        VOLATILITY_DAILY.table: lambda settings: _observations(settings, VOLATILITY_DAILY),
        BARS_1H.table: lambda settings: _loaded_hours(settings) if settings.embedded else _external_hours(),
    }
    return [make(settings) for name, make in build.items() if name in assets]


def _observations(settings: Settings, contract: TableContract) -> dg.AssetsDefinition:
    series = SERIES_OF[contract.table]
    rules = "\n".join(f"- `{name}`, {RELEASES[name].meaning}: {RELEASES[name].rule}" for name in series)

    @dg.asset(
        name=contract.table,
        description=f"{contract.description}\n\nIn a session's features an observation counts from its release on:\n\n{rules}",
        group_name=SOURCE,
        kinds={"bigquery", "csv"},
        owners=OWNERS,
        metadata=_described(contract),
        io_manager_key=TABLES_IO,
        retry_policy=RETRY,
    )
    def observations(context: dg.AssetExecutionContext, as_of: AsOf) -> dg.MaterializeResult[Any]:
        from zl_assets.sources import fred
        from zl_assets.warehouse.publish import Withheld

        folder = settings.fred_folder
        if folder is None:
            context.log.warning(NO_FRED)
            return dg.MaterializeResult(value=Withheld(NO_FRED), metadata={"source": NO_FRED})
        with as_failures():
            problems: dict[str, str] = {}
            if settings.fred_address:
                problems = fred.fetch(settings.fred_address, series, folder, dt.datetime.now(dt.UTC))
            loaded = fred.read_folder(folder, series, contract, as_of.date)
        for problem in (*problems.values(), *loaded.refused.values()):
            context.log.warning(problem)
        metadata: dict[str, Any] = {
            "source": settings.fred,
            "as_of": str(as_of.date),
            "series": dg.MetadataValue.table(
                [
                    dg.TableRecord(
                        {
                            "series": name,
                            "observations": read.observations,
                            "without_a_value": read.missing,
                            "duplicates_dropped": read.duplicates,
                            "fetched_at": f"{read.fetched_at:%Y-%m-%d %H:%M:%S} UTC",
                            "files": ", ".join(read.files),
                        }
                    )
                    for name, read in loaded.series.items()
                ]
                or [dg.TableRecord({"series": "none"})]
            ),
            "refused": "; ".join(f"{name}: {fault}" for name, fault in loaded.refused.items()) or "none",
            "not_fetched": "; ".join(problems.values()) or "none",
        }
        if loaded.frame.empty:
            reason = f"none of {', '.join(series)} can be used: {metadata['refused']}"
            return dg.MaterializeResult(value=Withheld(reason), metadata=metadata)
        return dg.MaterializeResult(value=loaded.frame, metadata=metadata)

    return observations


def _loaded_hours(settings: Settings) -> dg.AssetsDefinition:
    @dg.asset(
        name=BARS_1H.table,
        description=f"{BARS_1H.description}\n\nLoaded from ZL_BARS_1H, for the intraday family.",
        group_name=SOURCE,
        kinds={"bigquery", "parquet"},
        owners=OWNERS,
        metadata=_described(BARS_1H),
        io_manager_key=TABLES_IO,
        retry_policy=RETRY,
    )
    def databento_futures_ohlcv_1h(context: dg.AssetExecutionContext, as_of: AsOf) -> dg.MaterializeResult[Any]:
        from zl_assets.sources.bars_1h import read_bars_1h
        from zl_assets.warehouse.publish import Withheld

        if settings.bars_1h is None:
            context.log.warning(NO_HOURS)
            return dg.MaterializeResult(value=Withheld(NO_HOURS), metadata={"source": NO_HOURS})
        with as_failures():
            hours = read_bars_1h(settings.bars_1h, (SYMBOL,))
        # As for daily bars: those of the as-of date may still be forming.
        final = hours.frame[hours.frame["ts_event"] < pd.Timestamp(as_of.date, tz="UTC")]
        if final.empty:
            reason = f"no hour of {hours.description} is before {as_of.date}"
            return dg.MaterializeResult(value=Withheld(reason), metadata={"source": hours.description})
        return dg.MaterializeResult(
            value=final,
            metadata={
                "source": hours.description,
                "as_of": str(as_of.date),
                "hours_not_final_left_out": len(hours.frame) - len(final),
                "ignored_symbols": ", ".join(f"{s} ({n} rows)" for s, n in hours.ignored_symbols.items()) or "none",
                "duplicates_dropped": hours.duplicates_dropped,
            },
        )

    return databento_futures_ohlcv_1h


def _external_hours() -> dg.AssetSpec:
    spec = dg.AssetSpec(
        BARS_1H.table,
        description=f"{BARS_1H.description}\n\nThis table belongs to somebody else's job. It is read, and never written.",
        group_name=SOURCE,
        kinds={"bigquery"},
        owners=OWNERS,
        metadata=_described(BARS_1H),
    )
    return spec.with_io_manager_key(TABLES_IO)


def _described(contract: TableContract) -> dict[str, Any]:
    return {"dagster/column_schema": table_schema(contract), "dagster/table_name": contract.name, "key": ", ".join(contract.key)}
