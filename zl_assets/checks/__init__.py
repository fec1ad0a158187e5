"""The asset checks: which question is asked of which asset, as objects; and the one place that turns them into Dagster's.

Belongs here: a `Check` for each question, its words and its level. Must not be here: the rules themselves (domain/rules,
model/fit gates), and any `except`: a check that cannot be computed raises, it does not turn red.
"""

from zl_assets.catalog import Catalog
from zl_assets.checks import families, features, folders, forecasts, impact, market, predictions, sources, training
from zl_assets.checks.group import Group
from zl_assets.settings import Settings


def build(catalog: Catalog, settings: Settings) -> list[Group]:
    """Every check of the catalog, in the order of the graph."""
    groups = [group for instrument in catalog.instruments for group in market.bars_checks(catalog, settings, instrument)]
    groups += [*sources.source_checks(catalog, settings), features.regime_checks()]
    for instrument in catalog.instruments:
        groups += [market.session_checks(instrument), *families.family_checks(catalog, instrument)]
        groups += [features.feature_checks(instrument), features.matrix_checks(catalog, instrument)]
        for horizon in instrument.horizons:
            groups += training.training_checks(catalog, instrument, horizon)
            groups += predictions.prediction_checks(catalog, instrument, horizon)
            groups += forecasts.forecast_checks(catalog, settings, instrument, horizon)
    groups += folders.folder_checks(catalog, settings)
    return [*groups, *(group for one in catalog.instruments for group in impact.impact_checks(catalog, one))]
