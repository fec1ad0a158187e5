"""The assets: thin. Each reads its inputs, calls a pure function and returns a MaterializeResult.

Belongs here: names, descriptions for the person looking at the graph, and metadata. Must not be here: calculations, SQL text,
files.
"""

import dagster as dg

from zl_assets.assets import families, features, impact, market, predictions, sources, training
from zl_assets.catalog import Catalog
from zl_assets.settings import Settings


def build(catalog: Catalog, settings: Settings) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """The assets that a refresh makes, in the order of the graph."""
    assets = [market.build_bars(catalog, settings), *sources.build_sources(catalog, settings), features.regime_weights]
    for instrument in catalog.instruments:
        assets += [
            market.build_sessions_asset(settings, instrument),
            features.build_features(instrument),
            *families.build_families(catalog, instrument),
            features.build_matrix(catalog, instrument),
        ]
        for horizon in instrument.horizons:
            assets += [
                training.build_view(catalog, instrument, horizon),
                training.build_csv(catalog, settings, instrument, horizon),
                training.build_model(catalog, settings, instrument, horizon),
                predictions.build_oof(instrument, horizon),
                predictions.build_latest(instrument, horizon),
            ]
    return assets


def build_measurements(catalog: Catalog) -> list[dg.AssetSpec]:
    """The assets that only a job of their own makes: what each feature family is worth.

    For the first instrument alone: the ledger names no instrument, and another one's measurements would count as its looks.
    """
    return impact.build_impact(catalog, catalog.instruments[0])
