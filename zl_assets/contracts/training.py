"""The training view, and its file. Must not be here: the view's SQL (domain/training_view.py)."""

from functools import cache

from zl_assets.contracts.columns import DATA_DATE, FRACTION, PRICE, counted, real
from zl_assets.contracts.features import TECHNICAL_FEATURES
from zl_assets.instruments.base import Horizon, Instrument
from zl_assets.warehouse.contract import Column, ColumnType, ViewContract

# The training view as a file: the same columns, by name.
TRAINING_CSV = "training_csv"
MODEL = "lgbm_model"


def forward(horizon: Horizon) -> str:
    """What the target is, in words."""
    return f"close {horizon.sessions} sessions later / close - 1"


@cache
def training_view(instrument: Instrument, horizon: Horizon) -> ViewContract:
    """The training view of one instrument at one horizon."""
    return ViewContract(
        dataset="training",
        table=instrument.view_at(horizon),
        description=f"Flat training rows with the {horizon.sessions}-session forward return as target. One SELECT over "
        "daily_ml_matrix, no joins.",
        columns=counted(
            (
                DATA_DATE,
                real("close", "last price of the session, unadjusted", PRICE),
                *TECHNICAL_FEATURES,
                Column("regime_name", ColumnType.STRING, "market regime of the date"),
                Column("sample_weight", ColumnType.INT64, "sample weight of the regime", "relative"),
                real(horizon.target, f"{forward(horizon)}; NULL for the newest {horizon.sessions}", FRACTION),
                Column("split", ColumnType.STRING, f"train before {instrument.split_date}, test from then on"),
            ),
            [instrument],
        ),
        key=("data_date",),
    )


def of_csv(instrument: Instrument, horizon: Horizon, *names: str) -> tuple[str, ...]:
    """Columns of the training view's file, as lineage names them."""
    return tuple(f"{instrument.asset_at(horizon, TRAINING_CSV)}.{name}" for name in names)
