"""The ledger of the feature families."""

from dataclasses import replace

from zl_assets.contracts.columns import FRACTION, real
from zl_assets.warehouse.contract import Column, ColumnType, Stamp, TableContract, WriteMode


def _measured(column: Column) -> Column:
    """A column that has a value only where something was measured. The first ledgers had no other rows, and it NOT NULL."""
    return replace(column, once_required=True)


# One row an attempt; a look that was taken stays taken. Family and look are the key, so two measurements that start at once and
# both believe that theirs is the second row cannot both be written.
LEDGER = TableContract(
    dataset="training",
    table="feature_family_ledger",
    description="What each attempt to measure a feature family found, in their order. Rows are added and never changed.",
    columns=(
        Column("family", ColumnType.STRING, "feature family; of another instrument than ZL as mes_pivots", nullable=False),
        Column("look", ColumnType.INT64, "which row of this family it is, from 1; NOT TESTABLE was no look", nullable=False),
        Column("registration_id", ColumnType.STRING, "hash of what was fixed before looking (config)", nullable=False),
        Column("data_sha256", ColumnType.STRING, "hash of every number that was looked at", nullable=False),
        Column("decision", ColumnType.STRING, "KEEP, PROVISIONAL, REJECT, INCONCLUSIVE or NOT TESTABLE", nullable=False),
        _measured(real("p", "share of placebo shifts, the family itself counted among them, that help at least as much")),
        _measured(real("keep_bound", "the p at or below which KEEP is reached: 0.05 / 10 / looks, those before and this one")),
        _measured(real("effect", "squared error that the family saves / that of forecasting zero, ridge", FRACTION)),
        _measured(real("effect_low", "lower end of the effect's 90 % block-bootstrap interval", FRACTION)),
        _measured(real("effect_high", "upper end of the effect's 90 % block-bootstrap interval", FRACTION)),
        _measured(real("smallest_effect", "the effect that had to be exceeded for p <= 0.05", FRACTION)),
        _measured(Column("shifts", ColumnType.INT64, "placebo shifts behind p")),
        Column("seed", ColumnType.INT64, "what drew the shifts and the bootstrap", nullable=False),
        _measured(real("boosting_p", "p of the LightGBM of record, reported only")),
        _measured(real("boosting_effect", "effect on the LightGBM of record, reported only", FRACTION)),
        _measured(real("boosting_low", "lower end of its 90 % interval", FRACTION)),
        _measured(real("boosting_high", "upper end of its 90 % interval", FRACTION)),
        Column("row_count", ColumnType.INT64, "labelled rows on which base and family have values", nullable=False),
        Column("rows_left_out", ColumnType.INT64, "labelled rows on which the family has no value", nullable=False),
        _measured(Column("test_rows", ColumnType.INT64, "rows in the six test blocks")),
        Column(
            "first_date",
            ColumnType.DATE,
            "first session used, or labelled where none was",
            nullable=False,
        ),
        Column("last_date", ColumnType.DATE, "last session used, or labelled where none was", nullable=False),
        _measured(real("mse_zero", "mean squared error of forecasting zero on the test rows", "fraction squared")),
        _measured(real("mse_base", "mean squared error of the ridge without the family", "fraction squared")),
        _measured(real("mse_family", "mean squared error of the ridge with the family", "fraction squared")),
        _measured(Column("by_fold", ColumnType.STRING, "JSON: name, rows and effect of each test block")),
        _measured(Column("by_regime", ColumnType.STRING, "JSON: name, rows and effect of each regime")),
        _measured(Column("placebo", ColumnType.STRING, "JSON: the effect at each shift")),
        Column("config", ColumnType.STRING, "JSON: what was registered", nullable=False),
        # NULL in rows from before they were there.
        Column("left_out", ColumnType.STRING, "JSON: inputs that were not measured, since the loaded sources cannot fill them"),
        Column("reason", ColumnType.STRING, "why nothing was measured; NULL where something was"),
        Column(
            "directions",
            ColumnType.STRING,
            "JSON: rank correlation with the target of each input of which theory said a direction beforehand (in config), "
            "reported only; NULL where nothing was measured, or no direction was said",
        ),
        Column("measured_at", ColumnType.TIMESTAMP, "when this row was written", unit="UTC", stamp=Stamp.ON_INSERT),
    ),
    key=("family", "look"),
    mode=WriteMode.APPEND,
)
