"""The assets: thin. Each reads its inputs, calls a pure function and returns a MaterializeResult.

Belongs here: names, descriptions for the person looking at the graph, and metadata. Must not be here: calculations, SQL text,
files.
"""

from collections.abc import Callable, Sequence

import dagster as dg

from zl_assets.assets import briefing, families, features, forecasts, impact, market, predictions, sources, training
from zl_assets.assets.common import INSTRUMENT
from zl_assets.catalog import Catalog
from zl_assets.instruments.base import Instrument
from zl_assets.provenance import Provenance
from zl_assets.settings import Settings

type Asset = dg.AssetsDefinition | dg.AssetSpec


def build(catalog: Catalog, settings: Settings) -> list[Asset]:
    """The assets that a refresh makes, in the order of the graph."""
    provenance = Provenance.of(settings)
    bars: list[Asset] = []
    assets: list[Asset] = []
    for instrument in catalog.instruments:
        bars += _of([market.build_bars(catalog, settings, instrument)], instrument)
        own: list[Asset] = [
            market.build_sessions_asset(settings, instrument),
            features.build_features(instrument),
            *families.build_families(catalog, instrument, provenance),
            features.build_matrix(catalog, instrument, provenance),
        ]
        for horizon in instrument.horizons:
            own += [
                training.build_view(catalog, instrument, horizon),
                training.build_csv(catalog, settings, instrument, horizon),
                forecasts.build_replay(catalog, instrument, horizon, provenance),
                training.build_model(catalog, settings, instrument, horizon),
                predictions.build_oof(instrument, horizon, provenance),
                predictions.build_latest(instrument, horizon, provenance),
                forecasts.build_record(catalog, instrument, horizon, provenance),
                forecasts.build_score(catalog, instrument, horizon, provenance),
            ]
        assets += _of(own, instrument)
    given = [*sources.build_sources(catalog, settings), features.regime_weights]
    return [*_marked(bars, provenance), *given, *_marked(assets, provenance)]


def build_measurements(catalog: Catalog, settings: Settings) -> list[Asset]:
    """The assets that only a job of their own makes: what each feature family is worth."""
    found = [asset for one in catalog.instruments for asset in _of(impact.build_impact(catalog, one), one)]
    return _marked(found, Provenance.of(settings))


def build_briefings(catalog: Catalog, settings: Settings, troubles: Callable[[Instrument], briefing.Troubles]) -> list[Asset]:
    """The morning pages, which are made after a refresh.

    Args:
        troubles: of an instrument, what is wrong now.
    """
    made = [
        asset
        for one in catalog.instruments
        for asset in _of([briefing.build_briefing(catalog, settings, one, troubles(one))], one)
    ]
    return _marked(made, Provenance.of(settings))


_SYNTHETIC = (
    "**Synthetic sample**: with these settings (ZL_BARS is unset) the prices behind this are invented, and nothing here is about "
    "the market. `prices` in the metadata says what the newest run's were."
)


def _of(assets: Sequence[Asset], instrument: Instrument) -> list[Asset]:
    """Assets with the tag of their instrument."""

    def tagged(spec: dg.AssetSpec) -> dg.AssetSpec:
        return spec.merge_attributes(tags={INSTRUMENT: instrument.symbol})

    return [asset.map_asset_specs(tagged) if isinstance(asset, dg.AssetsDefinition) else tagged(asset) for asset in assets]


def _marked(assets: Sequence[Asset], provenance: Provenance) -> list[Asset]:
    """Assets that are made of prices; where those are invented, each description says so."""

    def marked(spec: dg.AssetSpec) -> dg.AssetSpec:
        return spec.replace_attributes(description=f"{spec.description}\n\n{_SYNTHETIC}")

    if not provenance.synthetic:
        return list(assets)
    return [asset.map_asset_specs(marked) if isinstance(asset, dg.AssetsDefinition) else asset for asset in assets]
