"""The sources that only feature families read, as assets: each is made from its source's module alone.

Belongs here: loading, and telling a person when a source is not set. Must not be here: any calculation on the rows.
"""

import datetime as dt
from typing import Any

import dagster as dg
import pandas as pd

from zl_assets.assets.common import INSTRUMENT, OWNERS, SOURCE, group_of
from zl_assets.catalog import Catalog
from zl_assets.domain.revisions import with_stored
from zl_assets.io_managers.bigquery import Warehouse
from zl_assets.io_managers.failures import as_failures
from zl_assets.io_managers.keys import TABLES_IO
from zl_assets.io_managers.metadata import Told, described, rows_table
from zl_assets.resources import AsOf
from zl_assets.settings import Settings
from zl_assets.sources.base import SourceAsset, nothing_to_fetch


def build_sources(catalog: Catalog, settings: Settings) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """The sources that the families that are on read.

    A source that this product also loads in the cloud is always an asset. Any other is an external table there, as the daily
    bars are.
    """
    return [
        _loaded(settings, asset) if settings.embedded or asset.source.loaded_in_cloud else _external(asset)
        for asset in catalog.source_assets
    ]


def _loaded(settings: Settings, of: SourceAsset) -> dg.AssetsDefinition:
    source, contract = of.source, of.contract

    @dg.asset(
        name=of.key,
        description=f"{contract.description}\n\n{source.description}",
        group_name=group_of(of.instruments[0], SOURCE),
        kinds=set(source.kinds),
        owners=OWNERS,
        tags=_tags(of),
        metadata=described(contract),
        io_manager_key=TABLES_IO,
    )
    def source_asset(context: dg.AssetExecutionContext, as_of: AsOf, warehouse: Warehouse) -> dg.MaterializeResult[Any]:
        from zl_assets.warehouse.publish import Withheld

        if not source.is_set(settings):
            context.log.warning(source.unset)
            return dg.MaterializeResult(value=Told(Withheld(source.unset), {"source": source.unset}))
        with as_failures():
            problems = source.fetch(settings, dt.datetime.now(dt.UTC))
            loaded = source.read(settings, of, as_of.date)
            rows = loaded.frame
            if source.versions is not None:
                with warehouse.publisher(run=context.run.run_id, asset=of.key) as publisher:
                    stored = publisher.latest(contract, absent_ok=True)
                # Fetching may have gone on past midnight.
                rows = with_stored(rows, stored, source.versions, dt.datetime.now(dt.UTC).date())
        for problem in (*problems.values(), *loaded.warnings):
            context.log.warning(problem)
        facts: dict[str, Any] = {
            name: rows_table(fact) if isinstance(fact, pd.DataFrame) else fact for name, fact in loaded.facts.items()
        }
        if source.fetch is not nothing_to_fetch:
            facts["not_fetched"] = "; ".join(problems.values()) or "none"
        return dg.MaterializeResult(value=Told(Withheld(loaded.nothing) if loaded.nothing else rows, facts))

    return source_asset


def _external(of: SourceAsset) -> dg.AssetSpec:
    contract = of.contract
    spec = dg.AssetSpec(
        of.key,
        description=f"{contract.description}\n\nThis table belongs to somebody else's job. It is read, and never written.",
        group_name=group_of(of.instruments[0], SOURCE),
        kinds={"bigquery"},
        owners=OWNERS,
        tags=_tags(of),
        metadata=described(contract),
    )
    return spec.with_io_manager_key(TABLES_IO)


def _tags(of: SourceAsset) -> dict[str, str]:
    """The instrument whose rows these are; none where they are for all."""
    symbols = of.contract.symbols
    return {INSTRUMENT: symbols[0]} if symbols else {}
