"""Checks on the prediction tables."""

from collections.abc import Iterator

import dagster as dg
import pandas as pd

from zl_assets.assets.common import PUBLISHED_MODEL_IO
from zl_assets.checks.common import result, spec
from zl_assets.contracts.tables import LATEST, OOF, TRAINING_VIEW
from zl_assets.domain.rules.predictions import (
    forecasts_sound,
    interval_ordered,
    model_up_to_date,
    open_sessions_forecast,
    outcomes_are_the_views,
)
from zl_assets.domain.rules.tables import unique_key
from zl_assets.model.fit.artifact import LoadedModel

MODEL = "lgbm_model"


@dg.multi_asset_check(
    name="zl_1m_oof_checks",
    specs=[
        spec(OOF.table, "unique_key", "One row per session date and symbol."),
        spec(OOF.table, "forecasts_sound", "Every forecast is finite, in cents what it is as a return, and of a fold."),
        spec(
            OOF.table,
            "outcomes_are_the_views",
            "Every labelled session is here with the view's target, and all rows are of one model.",
            against=(TRAINING_VIEW.table,),
        ),
    ],
    ins={table: dg.AssetIn(table) for table in (OOF.table, TRAINING_VIEW.table)},
)
def zl_1m_oof_checks(zl_1m_oof: pd.DataFrame, vw_zl_1m_flat: pd.DataFrame) -> Iterator[dg.AssetCheckResult]:
    """The out-of-fold forecasts against the view."""
    for verdict in (
        unique_key(zl_1m_oof, OOF.key),
        forecasts_sound(zl_1m_oof),
        outcomes_are_the_views(zl_1m_oof, vw_zl_1m_flat),
    ):
        yield result(OOF.table, verdict)


@dg.multi_asset_check(
    name="zl_1m_latest_checks",
    specs=[
        spec(LATEST.table, "unique_key", "One row per session date and symbol."),
        spec(LATEST.table, "forecasts_sound", "Every forecast is finite, and in cents what it is as a return."),
        spec(LATEST.table, "interval_ordered", "Every forecast lies inside its interval."),
        spec(
            LATEST.table,
            "open_sessions_forecast",
            "Every session whose target is not known has a forecast of the model that `latest` names.",
            against=(TRAINING_VIEW.table, MODEL),
        ),
        spec(
            LATEST.table,
            "model_up_to_date",
            "The model behind the forecasts is at most five sessions behind the newest known target. A warning.",
            against=(TRAINING_VIEW.table, MODEL),
        ),
    ],
    ins={
        **{table: dg.AssetIn(table) for table in (LATEST.table, TRAINING_VIEW.table)},
        MODEL: dg.AssetIn(MODEL, input_manager_key=PUBLISHED_MODEL_IO),
    },
)
def zl_1m_latest_checks(
    zl_1m_latest: pd.DataFrame, vw_zl_1m_flat: pd.DataFrame, lgbm_model: LoadedModel
) -> Iterator[dg.AssetCheckResult]:
    """The open forecasts against the view and the published model."""
    for verdict in (
        unique_key(zl_1m_latest, LATEST.key),
        forecasts_sound(zl_1m_latest),
        interval_ordered(zl_1m_latest),
        open_sessions_forecast(zl_1m_latest, vw_zl_1m_flat, lgbm_model.model_id),
    ):
        yield result(LATEST.table, verdict)
    yield result(
        LATEST.table,
        model_up_to_date(vw_zl_1m_flat, lgbm_model.model_id, lgbm_model.trained_through),
        warn=True,
    )


CHECKS = [zl_1m_oof_checks, zl_1m_latest_checks]
