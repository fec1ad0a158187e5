"""The code location: the only place where assets, checks, jobs and resources are put together."""

import dagster as dg

from zl_assets import automation
from zl_assets.assets import families, features, impact, intelligence, market, predictions, training
from zl_assets.checks import families as family_checks
from zl_assets.checks import features as feature_checks
from zl_assets.checks import impact as impact_checks
from zl_assets.checks import intelligence as intelligence_checks
from zl_assets.checks import market as market_checks
from zl_assets.checks import predictions as prediction_checks
from zl_assets.checks import training as training_checks
from zl_assets.domain.families.registry import select
from zl_assets.operations import build_jobs
from zl_assets.resources import build_resources
from zl_assets.settings import Settings


def build_defs(settings: Settings | None = None) -> dg.Definitions:
    """Everything, for one Settings (by default the environment's).

    Raises:
        SettingError: a ZL_* variable has a value that is not allowed.
        FamilyConflict: two feature families collide, or one cannot be used.
    """
    settings = settings or Settings.load()
    selection = select(settings.families, settings.kept_families)
    return dg.Definitions(
        assets=[
            *automation.with_freshness(
                [
                    market.build_source(settings),
                    market.zl_ohlcv,
                    *intelligence.build_intelligence_sources(settings, selection.sources),
                    features.zl_ta_features,
                    features.regime_weights,
                    *families.build_family_assets(selection),
                    features.build_matrix_asset(selection),
                    training.build_training_view(selection),
                    training.build_training_csv(settings, selection),
                    training.build_model(selection),
                    predictions.zl_1m_oof,
                    predictions.zl_1m_latest,
                ]
            ),
            *impact.build_impact_asset(selection),
        ],
        asset_checks=[
            *market_checks.build_source_checks(settings),
            *market_checks.CHECKS,
            *intelligence_checks.build_intelligence_checks(settings, selection.sources),
            *family_checks.build_family_checks(selection),
            *feature_checks.CHECKS,
            feature_checks.build_matrix_checks(selection),
            *training_checks.build_training_checks(selection),
            *prediction_checks.CHECKS,
            *impact_checks.build_impact_checks(selection),
        ],
        jobs=[*automation.JOBS, *(automation.FAMILY_JOBS if selection.on else []), *build_jobs(settings, selection)],
        schedules=automation.SCHEDULES,
        sensors=automation.build_sensors(settings),
        resources=build_resources(settings),
        # The whole graph takes seconds; a process for each step would cost more than its work.
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """Built when Dagster asks for it, so that importing this module reads no environment."""
    return build_defs()
