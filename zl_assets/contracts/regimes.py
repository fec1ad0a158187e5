"""Market regimes. Must not be here: the regimes themselves (domain/regimes.py)."""

from zl_assets.warehouse.contract import Column, ColumnType, Stamp, TableContract, WriteMode

REGIME_WEIGHTS = TableContract(
    dataset="training",
    table="regime_weights",
    description="The seven market regimes, their dates and their sample weights.",
    columns=(
        Column("regime", ColumnType.STRING, "name of the regime", nullable=False),
        Column("weight", ColumnType.INT64, "sample weight of a session in the regime", "relative"),
        Column("description", ColumnType.STRING, "what the period was"),
        Column("research_rationale", ColumnType.STRING, "why it has this weight"),
        Column("created_at", ColumnType.TIMESTAMP, "when this row was inserted", "UTC", stamp=Stamp.ON_INSERT),
        Column("start_date", ColumnType.DATE, "first day"),
        Column("end_date", ColumnType.DATE, "last day, included"),
    ),
    key=("regime",),
    mode=WriteMode.RECORD,
)
