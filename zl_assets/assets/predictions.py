"""The prediction tables: what the published model says, and what it would have said."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pandas as pd

from zl_assets.assets.common import OWNERS, PREDICTIONS, PUBLISHED_MODEL_IO, RETRY, TABLES_IO, of_contract
from zl_assets.contracts.tables import LATEST, OOF
from zl_assets.io_managers.artifacts import TrainingCsv
from zl_assets.io_managers.failures import as_failures
from zl_assets.model.fit.artifact import LoadedModel


@dg.asset(
    group_name=PREDICTIONS,
    kinds={"bigquery", "lightgbm"},
    owners=OWNERS,
    metadata=of_contract(OOF.table),
    io_manager_key=TABLES_IO,
    retry_policy=RETRY,
    output_required=False,
)
def zl_1m_oof(
    context: dg.AssetExecutionContext, lgbm_model: LoadedModel, training_csv: TrainingCsv
) -> Iterator[dg.MaterializeResult[Any]]:
    """What cross-validation forecast for each labelled session, by a fit that had not seen it, beside what came.

    Sessions before the first test fold are here too, without a forecast: the folds move as the history grows, and a row that no
    fold tests any more must not keep an old model's forecast. Left as it is when the run's model did not become `latest`.
    """
    from zl_assets.model.fit.predictions import oof_rows

    if not lgbm_model.is_latest:
        context.log.warning(f"model {lgbm_model.model_id} is not latest: {OOF.name} keeps the forecasts of the one that is")
        return
    with as_failures():
        rows = oof_rows(lgbm_model, training_csv.frame, training_csv.sha256)
    yield dg.MaterializeResult(
        value=rows, metadata={"model_id": lgbm_model.model_id, "forecasts": int(rows["predicted_return"].notna().sum())}
    )


@dg.asset(
    group_name=PREDICTIONS,
    kinds={"bigquery", "lightgbm"},
    owners=OWNERS,
    metadata=of_contract(LATEST.table),
    io_manager_key=TABLES_IO,
    retry_policy=RETRY,
    ins={"lgbm_model": dg.AssetIn(input_manager_key=PUBLISHED_MODEL_IO)},
)
def zl_1m_latest(
    context: dg.AssetExecutionContext, lgbm_model: LoadedModel, training_csv: TrainingCsv
) -> dg.MaterializeResult[pd.DataFrame]:
    """The forecast of every session whose target is not known yet, in cents per pound, with an interval meant to hold 80 % of
    outcomes.

    Made by `latest`, the newest model that passed its gates, which may be older than this run's. A newer model updates these
    rows; once a target is known its row stays as it was last forecast. Target sessions are the exchange calendar's.
    """
    from zl_assets.model.fit.predictions import latest_rows

    with as_failures():
        rows = latest_rows(lgbm_model, training_csv.frame)
    newest = rows.iloc[-1]
    csv = training_csv.frame
    behind = csv["target_1m"].notna() & csv["data_date"].gt(pd.Timestamp(lgbm_model.trained_through))
    return dg.MaterializeResult(
        value=rows,
        metadata={
            "model_id": lgbm_model.model_id,
            "trained_through": str(lgbm_model.trained_through),
            "sessions_behind": int(behind.sum()),
            "newest_model": _newest_model(context.instance),
            "newest_forecast": f"{newest.data_date:%Y-%m-%d} for {newest.target_session:%Y-%m-%d}: {newest.predicted_close:.2f} "
            f"US cents per pound, interval {newest.low_close:.2f} to {newest.high_close:.2f}",
        },
    )


def _newest_model(instance: dg.DagsterInstance) -> str:
    """The newest run's model, and why the forecasts are not its own if they are not."""
    event = instance.get_latest_materialization_event(dg.AssetKey("lgbm_model"))
    recorded = event.asset_materialization.metadata if event is not None and event.asset_materialization is not None else {}
    found = {name: recorded[name].value for name in ("model_id", "is_latest", "gates_failed") if name in recorded}
    if not found:
        return "not recorded"
    return (
        f"{found['model_id']} ({'published' if found['is_latest'] else f'not published; gates failed: {found["gates_failed"]}'})"
    )
