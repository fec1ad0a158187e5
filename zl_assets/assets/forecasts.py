"""What was said when, how it came out, and what would have been said: the record, its score and the replay.

Belongs here: reading what each needs, and metadata for the person looking at the graph. Must not be here: how a forecast, a band or a
score is made.
"""

import datetime as dt
from typing import TYPE_CHECKING, Any

import dagster as dg
import pandas as pd

from zl_assets.assets.common import OWNERS, PREDICTIONS, group_of
from zl_assets.catalog import Catalog
from zl_assets.contracts import features
from zl_assets.contracts import forecasts as contracts
from zl_assets.contracts import predictions
from zl_assets.contracts.training import TRAINING_CSV
from zl_assets.domain.forecast_record import Remembered, is_back_dated, taken
from zl_assets.domain.forecast_score import scores
from zl_assets.instruments.base import Horizon, Instrument
from zl_assets.io_managers.artifacts import TrainingCsv
from zl_assets.io_managers.bigquery import Warehouse
from zl_assets.io_managers.failures import as_failures
from zl_assets.io_managers.keys import TABLES_IO
from zl_assets.io_managers.metadata import described
from zl_assets.io_managers.records import record_in, said
from zl_assets.model.errors import TrainingFault
from zl_assets.model.fit.config import ModelConfig
from zl_assets.model.reuse.made_of import code_sha256, fit_made_with
from zl_assets.provenance import Provenance
from zl_assets.resources import AsOf

if TYPE_CHECKING:
    from zl_assets.warehouse.contract import TableContract
    from zl_assets.warehouse.publish import Publisher

# Of the metadata of the record, by which the next run knows whether a row was lost.
ROWS, NEWEST = "rows_recorded", "newest_issued_on"


def build_replay(catalog: Catalog, instrument: Instrument, horizon: Horizon, provenance: Provenance) -> dg.AssetsDefinition:
    """What would have been said of each session."""
    contract, name = contracts.replay(*catalog.instruments), instrument.asset_at(horizon, contracts.REPLAY)
    kept = catalog.selection(instrument).kept

    @dg.asset(
        name=name,
        description=(
            "What would have been said of each session, by a model and errors known on it: walk-forward, computed afterwards. "
            "Nobody said it then; what was said is the record.\n\nOne fit a session: about 45 s the first time, then one a day. A row "
            "whose fit depends on nothing that has changed is not computed again. Published bands are made of its errors."
        ),
        group_name=group_of(instrument, PREDICTIONS),
        kinds={"bigquery", "lightgbm"},
        owners=OWNERS,
        metadata=described(contract),
        ins={
            "csv": dg.AssetIn(instrument.asset_at(horizon, TRAINING_CSV)),
            "ta_features": dg.AssetIn(features.ta_features(instrument).table),
            "sessions": dg.AssetIn(instrument.table("ohlcv")),
        },
        io_manager_key=TABLES_IO,
    )
    def replay_asset(
        context: dg.AssetExecutionContext,
        csv: TrainingCsv,
        ta_features: pd.DataFrame,
        sessions: pd.DataFrame,
        warehouse: Warehouse,
    ) -> dg.MaterializeResult[Any]:
        from zl_assets.model.fit.design import inputs_with
        from zl_assets.model.replay.rows import replay_rows
        from zl_assets.model.reuse.made_of import fit_made_with
        from zl_assets.warehouse.publish import Publication, Withheld

        config, inputs = ModelConfig.of(instrument, horizon), inputs_with(kept)
        with as_failures(), warehouse.publisher(run=context.run.run_id, asset=name) as publisher:
            stored = of_horizon(publisher, contract, instrument, horizon)
        of_sessions = sessions[["data_date", "close"]].merge(ta_features[["data_date", "roll_index"]], on="data_date", how="left")
        try:
            found = replay_rows(
                csv.frame, of_sessions, stored, config, fit_made_with(config, inputs), instrument, horizon, inputs
            )
        except TrainingFault as fault:
            context.log.warning(str(fault))
            return dg.MaterializeResult(value=Withheld(str(fault)))
        return dg.MaterializeResult(
            value=Publication(found.rows, source=provenance.label, adopts=True),
            metadata={"computed_now": found.fitted, "stood_in_the_table": len(found.rows) - found.fitted},
        )

    return replay_asset


def of_horizon(publisher: "Publisher", contract: "TableContract", instrument: Instrument, horizon: Horizon) -> pd.DataFrame:
    """The rows that a table has of one instrument and horizon; none where there is no such table."""
    rows = publisher.latest(contract, absent_ok=True)
    return rows[rows["symbol"].eq(instrument.symbol) & rows["horizon"].eq(horizon.name)].reset_index(drop=True)
