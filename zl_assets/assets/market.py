"""Bars and sessions."""

from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd

from zl_assets.assets.common import FEATURES, OWNERS, RETRY, SOURCE, TABLES_IO, of_contract
from zl_assets.contracts.tables import BARS, SESSIONS, SYMBOL
from zl_assets.domain.derivation import derive
from zl_assets.domain.regimes import regime_weights
from zl_assets.domain.sessions import Sessions
from zl_assets.io_managers.failures import as_failures
from zl_assets.resources import AsOf
from zl_assets.settings import Settings

SYNTHETIC, OWN_BARS = "synthetic", "bars"

_DESCRIPTION = (
    "Daily soybean-oil bars, one row per UTC date and symbol: the only market data that anything here is made of. Prices are US "
    "cents per pound, unadjusted for rolls; volume is contracts of 60,000 lb."
)
_SYNTHETIC = "\n\n**Synthetic sample**: these bars are invented. Set ZL_BARS to a Parquet or CSV file to use your own."


def build_source(settings: Settings) -> dg.AssetsDefinition | dg.AssetSpec:
    """The bars as an asset that loads ZL_BARS (or the sample) in embedded mode, and as an external table in the cloud."""
    return _loaded_source(settings.bars) if settings.embedded else _external_source()


def _external_source() -> dg.AssetSpec:
    spec = dg.AssetSpec(
        BARS.table,
        description=f"{_DESCRIPTION}\n\nThis table belongs to somebody else's job. It is read, and never written.",
        group_name=SOURCE,
        kinds={"bigquery"},
        owners=OWNERS,
        metadata=of_contract(BARS.table),
    )
    return spec.with_io_manager_key(TABLES_IO)


def _loaded_source(path: Path | None) -> dg.AssetsDefinition:
    @dg.asset(
        name=BARS.table,
        description=_DESCRIPTION if path else _DESCRIPTION + _SYNTHETIC,
        group_name=SOURCE,
        kinds={"bigquery", "parquet" if path else "python"},
        owners=OWNERS,
        tags={"source": OWN_BARS if path else SYNTHETIC},
        metadata=of_contract(BARS.table),
        io_manager_key=TABLES_IO,
        retry_policy=RETRY,
    )
    def databento_futures_ohlcv_1d(context: dg.AssetExecutionContext, as_of: AsOf) -> dg.MaterializeResult[Any]:
        from zl_assets.sources.bars import bars_to_load
        from zl_assets.warehouse.publish import Publication

        with as_failures():
            bars = bars_to_load(path)
            if path is None:
                context.log.warning("These bars are a SYNTHETIC sample. Set ZL_BARS to use your own.")
            # Bars that would be refused further down are refused here, before the first write.
            derive(bars.frame, SYMBOL, as_of.date, regime_weights())
        return dg.MaterializeResult(
            value=Publication(bars.frame, source=OWN_BARS if path else SYNTHETIC),
            metadata={
                "source": bars.description,
                "ignored_symbols": ", ".join(f"{s} ({n} rows)" for s, n in bars.ignored_symbols.items()) or "none",
                "duplicates_dropped": bars.duplicates_dropped,
                "as_of": str(as_of.date),
            },
        )

    return databento_futures_ohlcv_1d


@dg.asset(
    group_name=FEATURES,
    kinds={"bigquery", "pandas"},
    owners=OWNERS,
    metadata=of_contract(SESSIONS.table),
    io_manager_key=TABLES_IO,
    retry_policy=RETRY,
)
def zl_ohlcv(databento_futures_ohlcv_1d: pd.DataFrame, as_of: AsOf) -> dg.MaterializeResult[pd.DataFrame]:
    """Trading sessions of ZL: weekday bars with their weekend stubs merged in.

    A Sunday bar is the first hour of Monday's session and becomes part of it, so that "21 rows" means 21 trading days. The bar of
    the as-of date may still be forming and is left out. Unsound bars (a missing or negative price, high below low, two different
    bars for one date, a bar from the future) stop the run before anything is written.
    """
    with as_failures():
        sessions = derive(databento_futures_ohlcv_1d, SYMBOL, as_of.date, regime_weights()).sessions
    return dg.MaterializeResult(value=sessions.frame, metadata=_counters(sessions) | {"as_of": str(as_of.date)})


def _counters(sessions: Sessions) -> dict[str, Any]:
    return {
        "bars": sessions.bars,
        "forming_bars_left_out": sessions.forming_bars,
        "stubs_merged": sessions.stubs_merged,
        "stubs_held_back": sessions.stubs_held_back,
        "stubs_of_another_instrument": sessions.stubs_of_another_instrument,
        "stub_prints_left_out": "; ".join(map(str, sessions.stub_prints_left_out)) or "none",
        "thin_sessions": len(sessions.thin),
    }
