"""Bars and sessions."""

from typing import TYPE_CHECKING, Any

import dagster as dg
import pandas as pd

from zl_assets.assets.common import FEATURES, OWNERS, SOURCE, group_of
from zl_assets.catalog import Catalog
from zl_assets.contracts import market
from zl_assets.domain.derivation import Stored, prove
from zl_assets.domain.regimes import regime_weights
from zl_assets.domain.sessions import Sessions
from zl_assets.instruments.base import Instrument
from zl_assets.io_managers.bigquery import Warehouse
from zl_assets.io_managers.failures import as_failures
from zl_assets.io_managers.keys import TABLES_IO
from zl_assets.io_managers.metadata import Told, described
from zl_assets.provenance import Provenance
from zl_assets.resources import AsOf
from zl_assets.settings import Settings

if TYPE_CHECKING:
    from zl_assets.warehouse.publish import Publisher


def build_bars(catalog: Catalog, settings: Settings, instrument: Instrument) -> dg.AssetsDefinition | dg.AssetSpec:
    """The instrument's bars as an asset that loads ZL_BARS (or the sample) in embedded mode, and as an external table in the
    cloud."""
    provenance = Provenance.of(settings)
    if provenance.label is None:
        return _external_bars(catalog, instrument)
    return _loaded_bars(catalog, settings, instrument, provenance.label)


def _description(instrument: Instrument) -> str:
    return (
        f"Daily {instrument.name.replace(' ', '-')} bars, one row per UTC date and symbol: the only market data that anything "
        f"here is made of. Prices are {instrument.price.name}, unadjusted for rolls; volume is {instrument.volume_unit}."
    )


def _external_bars(catalog: Catalog, instrument: Instrument) -> dg.AssetSpec:
    spec = dg.AssetSpec(
        instrument.asset(market.BARS_TABLE),
        description=f"{_description(instrument)}\n\nThis table belongs to somebody else's job. It is read, and never written.",
        group_name=group_of(instrument, SOURCE),
        kinds={"bigquery"},
        owners=OWNERS,
        metadata=described(catalog.bars(instrument)),
    )
    return spec.with_io_manager_key(TABLES_IO)


def _loaded_bars(catalog: Catalog, settings: Settings, instrument: Instrument, source: str) -> dg.AssetsDefinition:
    path, contract, asset = settings.bars, catalog.bars(instrument), instrument.asset(market.BARS_TABLE)

    @dg.asset(
        name=asset,
        description=_description(instrument),
        group_name=group_of(instrument, SOURCE),
        kinds={"bigquery", "parquet" if path else "python"},
        owners=OWNERS,
        tags={"source": source},
        metadata=described(contract),
        io_manager_key=TABLES_IO,
    )
    def bars_asset(context: dg.AssetExecutionContext, as_of: AsOf, warehouse: Warehouse) -> dg.MaterializeResult[Any]:
        from zl_assets.sources.bars import bars_to_load, facts
        from zl_assets.sources.sample import require_same_sample
        from zl_assets.warehouse.publish import Publication

        with as_failures():
            bars = bars_to_load(path, [instrument], catalog.others(instrument))
            if path is None:
                context.log.warning("These bars are a SYNTHETIC sample. Set ZL_BARS to use your own.")
            with warehouse.publisher(run=context.run.run_id, asset=asset) as publisher:
                # Rows of another source are not a history of these bars.
                publisher.inspect(contract, source).require()
                stored = stored_rows(publisher, catalog, instrument, loaded=True)
                if path is None:
                    require_same_sample(bars.frame, publisher.latest(contract, absent_ok=True))
            # Bars that would be refused further down are refused here, before the first write.
            prove(bars.frame, instrument, as_of.date, regime_weights(), stored)
        told = {**facts(bars), "as_of": str(as_of.date)}
        return dg.MaterializeResult(value=Told(Publication(bars.frame, source=source), told))

    return bars_asset


def stored_rows(publisher: "Publisher", catalog: Catalog, instrument: Instrument, *, loaded: bool) -> Stored:
    """What the tables hold of an instrument.

    Args:
        loaded: the bars table is filled by this product.
    """
    return Stored(
        publisher.latest(catalog.bars(instrument), absent_ok=True) if loaded else None,
        publisher.latest(market.sessions(instrument), absent_ok=True),
    )


def build_sessions_asset(settings: Settings, instrument: Instrument) -> dg.AssetsDefinition:
    """The sessions of one instrument."""
    contract = market.sessions(instrument)

    @dg.asset(
        name=contract.table,
        description=(
            f"Trading sessions of {instrument.symbol}: weekday bars with their weekend stubs merged in.\n\n"
            'A Sunday bar is the first hour of Monday\'s session and becomes part of it, so that "21 rows" means 21 trading '
            "days. The bar of\nthe as-of date may still be forming and is left out. Unsound bars (a missing or negative price, "
            "high below low, two different\nbars for one date, a bar from the future) stop the run before anything is written."
        ),
        group_name=group_of(instrument, FEATURES),
        kinds={"bigquery", "pandas"},
        owners=OWNERS,
        metadata=described(contract),
        ins={"bars": dg.AssetIn(instrument.asset(market.BARS_TABLE))},
        io_manager_key=TABLES_IO,
    )
    def sessions_asset(
        context: dg.AssetExecutionContext, bars: pd.DataFrame, as_of: AsOf, warehouse: Warehouse
    ) -> dg.MaterializeResult[Any]:
        with as_failures():
            with warehouse.publisher(run=context.run.run_id, asset=contract.table) as publisher:
                sessions_now = publisher.latest(contract, absent_ok=True)
            # Bars of our own table are what it holds: there are no others to go beside them.
            stored = Stored(bars.iloc[:0] if settings.embedded else None, sessions_now)
            sessions = prove(bars, instrument, as_of.date, regime_weights(), stored).sessions
        return dg.MaterializeResult(value=Told(sessions.frame, _counters(sessions) | {"as_of": str(as_of.date)}))

    return sessions_asset


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
