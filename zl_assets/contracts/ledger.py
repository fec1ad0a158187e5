"""The ledger of the feature families."""

from zl_assets.contracts.columns import FRACTION, real
from zl_assets.warehouse.contract import Column, ColumnType, Stamp, TableContract, WriteMode

# One row an attempt; a look that was taken stays taken. Family and look are the key, so two measurements that start at once and
# both believe that theirs is the second look cannot both be written.
LEDGER = TableContract(
    dataset="training",
    table="feature_family_ledger",
    description="What each measurement of a feature family found, in the order of the looks. Rows are added and never changed.",
    columns=(
        Column("family", ColumnType.STRING, "feature family; of another instrument than ZL as mes_pivots", nullable=False),
        Column("look", ColumnType.INT64, "which look at this family it is, from 1", nullable=False),
        Column("registration_id", ColumnType.STRING, "hash of what was fixed before looking (config)", nullable=False),
        Column("data_sha256", ColumnType.STRING, "hash of every number that was looked at", nullable=False),
        Column("decision", ColumnType.STRING, "KEEP, PROVISIONAL, REJECT or INCONCLUSIVE", nullable=False),
        real("p", "share of placebo shifts, the family itself counted among them, that help at least as much", nullable=False),
        real("keep_bound", "the p at or below which KEEP is reached: 0.05 / 6 / look", nullable=False),
        real("effect", "squared error that the family saves / that of forecasting zero, ridge", FRACTION, nullable=False),
        real("effect_low", "lower end of the effect's 90 % block-bootstrap interval", FRACTION, nullable=False),
        real("effect_high", "upper end of the effect's 90 % block-bootstrap interval", FRACTION, nullable=False),
        real("smallest_effect", "the effect that had to be exceeded for p <= 0.05", FRACTION, nullable=False),
        Column("shifts", ColumnType.INT64, "placebo shifts behind p", nullable=False),
        Column("seed", ColumnType.INT64, "what drew the shifts and the bootstrap", nullable=False),
        real("boosting_p", "p of the LightGBM of record, reported only", nullable=False),
        real("boosting_effect", "effect on the LightGBM of record, reported only", FRACTION, nullable=False),
        real("boosting_low", "lower end of its 90 % interval", FRACTION, nullable=False),
        real("boosting_high", "upper end of its 90 % interval", FRACTION, nullable=False),
        Column("row_count", ColumnType.INT64, "labelled rows on which base and family have values", nullable=False),
        Column("rows_left_out", ColumnType.INT64, "labelled rows on which the family has no value", nullable=False),
        Column("test_rows", ColumnType.INT64, "rows in the six test blocks", nullable=False),
        Column("first_date", ColumnType.DATE, "first session used", nullable=False),
        Column("last_date", ColumnType.DATE, "last session used", nullable=False),
        real("mse_zero", "mean squared error of forecasting zero on the test rows", "fraction squared", nullable=False),
        real("mse_base", "mean squared error of the ridge without the family", "fraction squared", nullable=False),
        real("mse_family", "mean squared error of the ridge with the family", "fraction squared", nullable=False),
        Column("by_fold", ColumnType.STRING, "JSON: name, rows and effect of each test block", nullable=False),
        Column("by_regime", ColumnType.STRING, "JSON: name, rows and effect of each regime", nullable=False),
        Column("placebo", ColumnType.STRING, "JSON: the effect at each shift", nullable=False),
        Column("config", ColumnType.STRING, "JSON: what was registered", nullable=False),
        Column("measured_at", ColumnType.TIMESTAMP, "when this row was written", unit="UTC", stamp=Stamp.ON_INSERT),
    ),
    key=("family", "look"),
    mode=WriteMode.APPEND,
)
