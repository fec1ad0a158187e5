"""One contract per table and view: the only place where columns are named, typed, described and given a unit.

Belongs here: names, types, keys, layout and meaning. DDL, staging schemas, frame validation, Dagster's column schema, the checks
and the docs are all derived from these objects. Must not be here: SQL text, pandas code, anything from dagster or google.

A frame of a table holds one column per leaf: a field of a STRUCT is named with a dot (`market_data.open`). pandas types, by
BigQuery type, are those of `PANDAS_DTYPES`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

SYMBOL = "ZL"
HORIZON = 21
SPLIT_DATE = "2023-01-01"

CENTS = "US cents per pound"
LOTS = "contracts of 60,000 lb"
FRACTION = "fraction (0.01 = 1 %)"
POINTS = "index points, 0 to 100"

# BigQuery allows letters, digits and underscores in column, table and dataset names (hyphens in some, which we never use).
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,299}")


class ColumnType(StrEnum):
    """The BigQuery types this product uses."""

    STRING = "STRING"
    INT64 = "INT64"
    FLOAT64 = "FLOAT64"
    BOOL = "BOOL"
    DATE = "DATE"
    TIMESTAMP = "TIMESTAMP"
    STRUCT = "STRUCT"


# One pandas type for each BigQuery type, nullable or not, so that a frame read back equals the frame written.
PANDAS_DTYPES: dict[ColumnType, str] = {
    ColumnType.STRING: "string",
    ColumnType.INT64: "Int64",
    ColumnType.FLOAT64: "float64",
    ColumnType.BOOL: "boolean",
    ColumnType.DATE: "datetime64[ns]",
    ColumnType.TIMESTAMP: "datetime64[ns, UTC]",
}


class Stamp(StrEnum):
    """When the write path sets a timestamp of its own."""

    ON_WRITE = "on write"
    """at every insert and update of the row"""
    ON_INSERT = "on insert"
    """at the insert of the row, and never again"""


class WriteMode(StrEnum):
    """What a MERGE may do to rows that exist."""

    UPSERT = "upsert"
    """insert new keys, update changed rows"""
    RECORD = "record"
    """insert new keys; a live row that differs stops the run: the code is the record, and somebody else changed the table"""
    APPEND = "append"
    """insert new keys; no row is ever changed, and a key that another run has taken meanwhile stops the run"""


@dataclass(frozen=True)
class Column:
    """A column or a STRUCT field.

    Attributes:
        unit: what a number is counted in, shown wherever the column is.
        fields: the fields of a STRUCT.
        reserved: exists in the schema but is not written by this version: it is left to a later feature family or to other
            people's jobs, and what they wrote there stays.
        stamp: set by the write path itself; never in a frame.
        copy_of: a leaf whose value this column repeats, only in a live table that already has the column. Never created.
    """

    name: str
    type: ColumnType
    description: str
    unit: str | None = None
    nullable: bool = True
    fields: tuple["Column", ...] = ()
    reserved: bool = False
    stamp: Stamp | None = None
    copy_of: str | None = None

    def __post_init__(self) -> None:
        if not IDENTIFIER.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is not a BigQuery column name")
        if bool(self.fields) != (self.type is ColumnType.STRUCT):
            raise ValueError(f"{self.name}: a STRUCT has fields, nothing else has")

    @property
    def text(self) -> str:
        """Description with the unit."""
        return f"{self.description} [{self.unit}]" if self.unit else self.description


@dataclass(frozen=True)
class Leaf:
    """A value column: a top-level column, or one field of a STRUCT.

    Attributes:
        path: dotted name, as in frames and in SQL (`market_data.open`).
        column: the Column it comes from.
        struct: name of the STRUCT it is in, or None.
    """

    path: str
    column: Column
    struct: str | None = None

    @property
    def staged(self) -> str:
        """Its flat name in a staging table."""
        return self.path.replace(".", "__")


def leaves_of(columns: tuple[Column, ...]) -> Iterator[Leaf]:
    """Every leaf of the columns, in order."""
    for column in columns:
        if column.fields:
            for inner in column.fields:
                yield Leaf(f"{column.name}.{inner.name}", inner, column.name)
        else:
            yield Leaf(column.name, column)


@dataclass(frozen=True)
class Part:
    """STRUCT fields of a table that are switched on and off as one: what a feature family adds to the matrix.

    Attributes:
        name: lower-case letters, digits and underscores; a label of the live table records it while its fields
            are this product's.
        structs: the STRUCTs it has fields in, each with the part's own fields only.
        on: its fields are in the contract and are written. One that is off is here for a live table on which it was on before.
    """

    name: str
    structs: tuple[Column, ...]
    on: bool


@dataclass(frozen=True)
class TableContract:
    """A BigQuery table that this product reads or writes.

    Attributes:
        key: columns that identify a row; not null, unique.
        partition_by: DATE column the table is partitioned by, by month, or None.
        cluster_by: clustering columns.
        mode: what a refresh may do to existing rows.
        symbols: the symbols whose rows are read; empty where all are. A vendor's bars table may hold hundreds.
        parts: what can be switched on and off.
        made_from: what a computed column is made from, `table.column` of tables upstream. A column that is not here is copied
            from the columns of its name upstream, or constant. Column lineage is made of this; perturbation tests hold it.
    """

    dataset: str
    table: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    partition_by: str | None = None
    cluster_by: tuple[str, ...] = ()
    mode: WriteMode = WriteMode.UPSERT
    symbols: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    made_from: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        by_name = {column.name: column for column in self.columns}
        unknown = self.made_from.keys() - {leaf.path for leaf in leaves_of(self.columns)}
        if unknown:
            raise ValueError(f"{self.name}: made_from names {', '.join(sorted(unknown))}, which it does not have")
        staged = [leaf.staged for leaf in leaves_of(self.columns)]
        if len(by_name) != len(self.columns) or len({name.casefold() for name in staged}) != len(staged):
            raise ValueError(f"{self.name}: two columns or fields have the same name")
        for name in (*self.key, *self.cluster_by, *([self.partition_by] if self.partition_by else [])):
            if name not in by_name or by_name[name].nullable:
                raise ValueError(f"{self.name}: {name} is a key, partition or cluster column and must exist and be NOT NULL")

    @property
    def name(self) -> str:
        """dataset.table, without the configured prefix."""
        return f"{self.dataset}.{self.table}"

    def with_parts(self, parts: Iterable[Part]) -> "TableContract":
        """The contract with the fields of these parts as columns that are written: fields of STRUCTs that it has stop being
        reserved, a STRUCT that it does not have is added at the end."""
        columns = {column.name.casefold(): column for column in self.columns}
        for struct in (struct for part in parts for struct in part.structs):
            found = columns.get(struct.name.casefold())
            if found is None:
                columns[struct.name.casefold()] = struct
                continue
            own = {field.name.casefold(): field for field in struct.fields}
            fields = tuple(own.pop(field.name.casefold(), field) for field in found.fields)
            columns[struct.name.casefold()] = replace(found, fields=(*fields, *own.values()))
        return replace(self, columns=tuple(columns.values()))

    def leaving(self, names: Iterable[str]) -> "TableContract":
        """The contract without these parts: their fields are left as they are in the live table, and so is whose they are."""
        left = [part for part in self.parts if part.name in set(names)]
        own = {(struct.name, field.name) for part in left for struct in part.structs for field in struct.fields}
        columns = tuple(
            replace(column, fields=tuple(replace(f, reserved=f.reserved or (column.name, f.name) in own) for f in column.fields))
            for column in self.columns
        )
        return replace(self, columns=columns, parts=tuple(part for part in self.parts if part not in left))

    @property
    def created_columns(self) -> tuple[Column, ...]:
        """The columns of a table that this product creates."""
        return tuple(column for column in self.columns if column.copy_of is None)

    @property
    def frame_leaves(self) -> tuple[Leaf, ...]:
        """The leaves a frame holds: everything written from data, in contract order."""
        return tuple(
            leaf
            for leaf in leaves_of(self.columns)
            if not leaf.column.reserved and leaf.column.stamp is None and leaf.column.copy_of is None
        )

    @property
    def frame_columns(self) -> tuple[str, ...]:
        """Dotted names of `frame_leaves`."""
        return tuple(leaf.path for leaf in self.frame_leaves)

    @property
    def value_leaves(self) -> tuple[Leaf, ...]:
        """`frame_leaves` without the key."""
        return tuple(leaf for leaf in self.frame_leaves if leaf.path not in self.key)

    @property
    def stamps(self) -> tuple[Column, ...]:
        """The columns that the write path sets itself."""
        return tuple(column for column in self.columns if column.stamp is not None)


@dataclass(frozen=True)
class ViewContract:
    """A BigQuery view that this product publishes and reads."""

    dataset: str
    table: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def name(self) -> str:
        """dataset.view, without the configured prefix."""
        return f"{self.dataset}.{self.table}"

    @property
    def symbols(self) -> tuple[str, ...]:
        """None: a view is read as it is."""
        return ()

    @property
    def frame_leaves(self) -> tuple[Leaf, ...]:
        """The leaves a frame of the view holds."""
        return tuple(leaves_of(self.columns))


def _float(name: str, description: str, unit: str | None = None, *, nullable: bool = True, reserved: bool = False) -> Column:
    return Column(name, ColumnType.FLOAT64, description, unit, nullable, reserved=reserved)


def _struct(name: str, description: str, *fields: Column) -> Column:
    return Column(name, ColumnType.STRUCT, description, fields=fields)


def _reserved(name: str, description: str, *fields: Column) -> Column:
    return _struct(name, description, *(replace(f, reserved=True) for f in fields))


INGESTION_TS = Column(
    "ingestion_ts", ColumnType.TIMESTAMP, "when this row was last inserted or changed", unit="UTC", stamp=Stamp.ON_WRITE
)
_DATA_DATE = Column("data_date", ColumnType.DATE, "session date: the UTC date of the weekday bar", nullable=False)
_SYMBOL = Column("symbol", ColumnType.STRING, "continuous contract, e.g. ZL", nullable=False)
_INSTRUMENT_ID = Column(
    "instrument_id", ColumnType.INT64, "vendor id of the contract behind the bar; it changes when the series rolls"
)

BARS = TableContract(
    dataset="market_data",
    table="databento_futures_ohlcv_1d",
    description="Daily bars of continuous futures (front month by volume, prices unadjusted), one row per UTC date and symbol.",
    columns=(
        Column("date", ColumnType.DATE, "UTC date of the bar; Sundays hold the first hour of Monday's session", nullable=False),
        _SYMBOL,
        _float("open", "first price", CENTS),
        _float("high", "highest price", CENTS),
        _float("low", "lowest price", CENTS),
        _float("close", "last price", CENTS),
        Column("volume", ColumnType.INT64, "traded volume", LOTS),
        _INSTRUMENT_ID,
    ),
    key=("date", "symbol"),
    partition_by="date",
    cluster_by=("symbol",),
    symbols=(SYMBOL,),
)


def _of_bars(*names: str) -> tuple[str, ...]:
    return tuple(f"{BARS.table}.{name}" for name in names)


OHLC = (
    _float("open", "first price of the session, of its weekend stub if it has one", CENTS),
    _float("high", "highest price of the session and its stub", CENTS),
    _float("low", "lowest price of the session and its stub", CENTS),
    _float("close", "last price of the weekday bar, unadjusted for rolls", CENTS),
    Column("volume", ColumnType.INT64, "volume of the session and its stub", LOTS),
)

SESSIONS = TableContract(
    dataset="features",
    table="zl_ohlcv",
    description="Trading sessions of one symbol: weekday bars with their weekend stubs merged in.",
    columns=(
        _DATA_DATE,
        _SYMBOL,
        *(replace(column, nullable=False) for column in OHLC),
        _INSTRUMENT_ID,
        Column("stub_merged", ColumnType.BOOL, "a Saturday or Sunday bar was merged into this session", nullable=False),
        INGESTION_TS,
    ),
    key=("data_date", "symbol"),
    partition_by="data_date",
    cluster_by=("symbol",),
    # A stub of another instrument gives no price, and a price too far from the stub's close none either: with a bad high left
    # out, the stub's open or close may be the session's highest price.
    made_from={
        "data_date": _of_bars("date"),
        "open": _of_bars("open", "close", "instrument_id"),
        "high": _of_bars("open", "high", "close", "instrument_id"),
        "low": _of_bars("open", "low", "close", "instrument_id"),
        "stub_merged": _of_bars("date"),
    },
)


def _of_sessions(*names: str) -> tuple[str, ...]:
    return tuple(f"{SESSIONS.table}.{name}" for name in names)


TECHNICAL_FEATURES = (
    _float("return_1d", "close / close one session before - 1", FRACTION),
    _float("return_5d", "close / close 5 sessions before - 1", FRACTION),
    _float("return_21d", "close / close 21 sessions before - 1", FRACTION),
    _float("ma_5", "mean of the last 5 closes, today's included", CENTS),
    _float("ma_21", "mean of the last 21 closes, today's included", CENTS),
    _float("ma_63", "mean of the last 63 closes, today's included", CENTS),
    _float("volatility_21d", "sample standard deviation of the last 21 return_1d, not annualised", "fraction per session"),
    _float("rsi_14", "Wilder's relative strength index over 14 sessions", POINTS),
)
TECHNICAL_FEATURE_NAMES = tuple(column.name for column in TECHNICAL_FEATURES)

ROLLS = (
    _float(
        "roll_index",
        "price path without the gaps between contracts: steps by close / close before, where the series rolled by close / the "
        "weekday bar's own open; NULL without instrument_id",
        "100 on the first session",
    ),
    Column(
        "is_roll", ColumnType.BOOL, "the contract behind the bar is another than one session before; NULL without instrument_id"
    ),
)
ROLL_NAMES = tuple(column.name for column in ROLLS)

FEATURES = TableContract(
    dataset="features",
    table="zl_ta_features",
    description="The eight technical features of every session, NULL while a window is not full, and where the series rolls.",
    columns=(_DATA_DATE, _SYMBOL, *TECHNICAL_FEATURES, *ROLLS, INGESTION_TS),
    key=("data_date", "symbol"),
    partition_by="data_date",
    cluster_by=("symbol",),
    made_from={
        # The key is the sessions'; the bars are only looked up by it.
        "symbol": _of_sessions("symbol"),
        **dict.fromkeys(TECHNICAL_FEATURE_NAMES, _of_sessions("close")),
        "roll_index": (*_of_sessions("open", "close", "instrument_id"), *_of_bars("open")),
        "is_roll": _of_sessions("instrument_id"),
    },
)

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

_POLICY_FLOATS_BEFORE = (
    "trump_action_prob",
    "trump_expected_zl_move",
    "trump_score",
    "trump_score_signed",
    "trump_confidence",
    "trump_sentiment_7d",
    "trump_tariff_intensity",
)
_POLICY_FLOATS_AFTER = (
    "trumpxi_sentiment_volatility",
    "trumpxi_policy_impact",
    "trumpxi_volatility_30d_ma",
    "trump_soybean_sentiment_7d",
    "policy_trump_topic_multiplier",
    "policy_trump_recency_decay",
)
_LATER = "reserved for the policy family (v3)"

MATRIX = TableContract(
    dataset="features",
    table="daily_ml_matrix",
    description="One row per session and symbol: bar, features and regime, denormalised. The only source of the training view.",
    columns=(
        _DATA_DATE,
        _SYMBOL,
        _struct(
            "market_data",
            "the session's bar",
            *OHLC,
            _float("vwap", "volume-weighted mean price, reserved for the intraday family", CENTS, reserved=True),
            _float("realized_vol_1h", "hourly realised volatility, reserved for the intraday family", FRACTION, reserved=True),
        ),
        _reserved(
            "pivots",
            "pivot levels, reserved for the pivots family (v1)",
            *(_float(name, "pivot level", CENTS) for name in ("P", "R1", "R2", "S1", "S2")),
            _float("distance_to_P", "close - P", CENTS),
            _float("distance_to_nearest_pivot", "distance to the nearest level", CENTS),
            _float("weekly_pivot_distance", "distance to the weekly pivot", CENTS),
            Column("price_above_P", ColumnType.BOOL, "close > P"),
        ),
        _reserved(
            "policy",
            _LATER,
            *(_float(name, _LATER) for name in _POLICY_FLOATS_BEFORE),
            Column("trump_procurement_alert", ColumnType.BOOL, _LATER),
            Column("trump_mentions", ColumnType.INT64, _LATER),
            Column("trumpxi_china_mentions", ColumnType.INT64, _LATER),
            *(_float(name, _LATER) for name in _POLICY_FLOATS_AFTER),
        ),
        _reserved(
            "golden_zone",
            "Fibonacci zone, reserved for a later family",
            Column("state", ColumnType.INT64, "state of the zone"),
            _float("swing_high", "swing high", CENTS),
            _float("swing_low", "swing low", CENTS),
            _float("fib_50", "50 % retracement", CENTS),
            _float("fib_618", "61.8 % retracement", CENTS),
            _float("vol_decay_slope", "slope of the volume decay"),
            Column("qualified_trigger", ColumnType.BOOL, "the zone triggered"),
        ),
        _struct(
            "regime",
            "the market regime of the date",
            Column("name", ColumnType.STRING, "name of the regime"),
            Column("weight", ColumnType.INT64, "sample weight", "relative"),
            _float("vol_percentile", "volatility percentile, reserved for the volatility family", FRACTION, reserved=True),
            _float("k_vol", "volatility multiplier, reserved", reserved=True),
        ),
        *TECHNICAL_FEATURES,
        *ROLLS,
        INGESTION_TS,
        Column(
            "regime_name",
            ColumnType.STRING,
            "the regime's name, repeated where a live table has this column",
            copy_of="regime.name",
        ),
    ),
    key=("data_date", "symbol"),
    partition_by="data_date",
    cluster_by=("symbol",),
    made_from={
        f"regime.{field}": (
            *_of_sessions("data_date"),
            *(f"{REGIME_WEIGHTS.table}.{name}" for name in (column, "start_date", "end_date")),
        )
        for field, column in (("name", "regime"), ("weight", "weight"))
    },
)

TRAINING_VIEW = ViewContract(
    dataset="training",
    table="vw_zl_1m_flat",
    description="Flat training rows with the 21-session forward return as target. One SELECT over daily_ml_matrix, no joins.",
    columns=(
        _DATA_DATE,
        _float("close", "last price of the session, unadjusted", CENTS),
        *TECHNICAL_FEATURES,
        Column("regime_name", ColumnType.STRING, "market regime of the date"),
        Column("sample_weight", ColumnType.INT64, "sample weight of the regime", "relative"),
        _float("target_1m", f"close {HORIZON} sessions later / close - 1; NULL for the newest {HORIZON}", FRACTION),
        Column("split", ColumnType.STRING, f"train before {SPLIT_DATE}, test from then on"),
    ),
    key=("data_date",),
)

# The training view as a file: the same columns, by name.
TRAINING_CSV = "training_csv"


def _of_csv(*names: str) -> tuple[str, ...]:
    return tuple(f"{TRAINING_CSV}.{name}" for name in names)


_MODEL_INPUTS = _of_csv("close", *TECHNICAL_FEATURE_NAMES)

_MODEL_ID = Column("model_id", ColumnType.STRING, "the model behind the row, as in lgbm_model's metadata", nullable=False)
_CLOSE = _float("close", "last price of the session, unadjusted", CENTS, nullable=False)

# One row a session, whatever model it comes from: a model is trained anew every day, and a key with its id would add the whole
# history every day.
OOF = TableContract(
    dataset="predictions",
    table="zl_1m_oof",
    description="What cross-validation forecast for each labelled session, by a fit that had not seen it, beside what came. The "
    "sessions before the first test fold have no forecast. All rows are of one model, the newest one that passed its gates.",
    columns=(
        _DATA_DATE,
        _SYMBOL,
        _MODEL_ID,
        Column("target_session", ColumnType.DATE, "session whose close the target looks at", nullable=False),
        Column("regime_name", ColumnType.STRING, "market regime of the date", nullable=False),
        _CLOSE,
        _float("target_1m", f"close {HORIZON} sessions later / close - 1: what came", FRACTION, nullable=False),
        Column("fold", ColumnType.INT64, "test fold that the session is in, 1 is the oldest; NULL before the first"),
        _float("predicted_return", "forecast of target_1m by the fold's fit", FRACTION),
        _float("predicted_close", "close * (1 + predicted_return)", CENTS),
        INGESTION_TS,
    ),
    key=("data_date", "symbol"),
    partition_by="data_date",
    cluster_by=("symbol",),
    # Each forecast is of a fit made here, on the rows before its fold.
    made_from={
        "target_session": _of_csv("data_date"),
        "predicted_return": (*_MODEL_INPUTS, *_of_csv("target_1m", "sample_weight")),
        "predicted_close": (*_MODEL_INPUTS, *_of_csv("target_1m", "sample_weight")),
    },
)

LATEST = TableContract(
    dataset="predictions",
    table="zl_1m_latest",
    description="The newest forecast of every session, made while its target was not known: the newest 21 sessions are open, and "
    "a newer model updates them; older rows stay as they were last forecast.",
    columns=(
        _DATA_DATE,
        _SYMBOL,
        _MODEL_ID,
        Column(
            "target_session",
            ColumnType.DATE,
            f"the session that is forecast, {HORIZON} sessions later by the exchange's calendar",
            nullable=False,
        ),
        _CLOSE,
        _float("predicted_return", f"forecast of the close {HORIZON} sessions later / close - 1", FRACTION, nullable=False),
        _float("predicted_close", "close * (1 + predicted_return)", CENTS, nullable=False),
        _float("low_close", "lower end of the interval", CENTS, nullable=False),
        _float("high_close", "upper end of the interval", CENTS, nullable=False),
        _float("interval_level", "share of outcomes that the interval is meant to hold", FRACTION, nullable=False),
        INGESTION_TS,
    ),
    key=("data_date", "symbol"),
    partition_by="data_date",
    cluster_by=("symbol",),
    # What the stored model was fitted to is not a column of this run's CSV.
    made_from={
        "target_session": _of_csv("data_date"),
        **dict.fromkeys(("predicted_return", "predicted_close", "low_close", "high_close"), _MODEL_INPUTS),
    },
)

# One row an attempt; a look that was taken stays taken. Family and look are the key, so two measurements that start at once and
# both believe that theirs is the second look cannot both be written.
LEDGER = TableContract(
    dataset="training",
    table="feature_family_ledger",
    description="What each measurement of a feature family found, in the order of the looks. Rows are added and never changed.",
    columns=(
        Column("family", ColumnType.STRING, "feature family", nullable=False),
        Column("look", ColumnType.INT64, "which look at this family it is, from 1", nullable=False),
        Column("registration_id", ColumnType.STRING, "hash of what was fixed before looking (config)", nullable=False),
        Column("data_sha256", ColumnType.STRING, "hash of every number that was looked at", nullable=False),
        Column("decision", ColumnType.STRING, "KEEP, PROVISIONAL, REJECT or INCONCLUSIVE", nullable=False),
        _float("p", "share of placebo shifts, the family itself counted among them, that help at least as much", nullable=False),
        _float("keep_bound", "the p at or below which KEEP is reached: 0.05 / 6 / look", nullable=False),
        _float("effect", "squared error that the family saves / that of forecasting zero, ridge", FRACTION, nullable=False),
        _float("effect_low", "lower end of the effect's 90 % block-bootstrap interval", FRACTION, nullable=False),
        _float("effect_high", "upper end of the effect's 90 % block-bootstrap interval", FRACTION, nullable=False),
        _float("smallest_effect", "the effect that had to be exceeded for p <= 0.05", FRACTION, nullable=False),
        Column("shifts", ColumnType.INT64, "placebo shifts behind p", nullable=False),
        Column("seed", ColumnType.INT64, "what drew the shifts and the bootstrap", nullable=False),
        _float("boosting_p", "p of the LightGBM of record, reported only", nullable=False),
        _float("boosting_effect", "effect on the LightGBM of record, reported only", FRACTION, nullable=False),
        _float("boosting_low", "lower end of its 90 % interval", FRACTION, nullable=False),
        _float("boosting_high", "upper end of its 90 % interval", FRACTION, nullable=False),
        Column("row_count", ColumnType.INT64, "labelled rows on which base and family have values", nullable=False),
        Column("rows_left_out", ColumnType.INT64, "labelled rows on which the family has no value", nullable=False),
        Column("test_rows", ColumnType.INT64, "rows in the six test blocks", nullable=False),
        Column("first_date", ColumnType.DATE, "first session used", nullable=False),
        Column("last_date", ColumnType.DATE, "last session used", nullable=False),
        _float("mse_zero", "mean squared error of forecasting zero on the test rows", "fraction squared", nullable=False),
        _float("mse_base", "mean squared error of the ridge without the family", "fraction squared", nullable=False),
        _float("mse_family", "mean squared error of the ridge with the family", "fraction squared", nullable=False),
        Column("by_fold", ColumnType.STRING, "JSON: name, rows and effect of each test block", nullable=False),
        Column("by_regime", ColumnType.STRING, "JSON: name, rows and effect of each regime", nullable=False),
        Column("placebo", ColumnType.STRING, "JSON: the effect at each shift", nullable=False),
        Column("config", ColumnType.STRING, "JSON: what was registered", nullable=False),
        Column("measured_at", ColumnType.TIMESTAMP, "when this row was written", unit="UTC", stamp=Stamp.ON_INSERT),
    ),
    key=("family", "look"),
    mode=WriteMode.APPEND,
)

_OBSERVATIONS = (
    Column("series", ColumnType.STRING, "name of the series at FRED", nullable=False),
    Column("observed_on", ColumnType.DATE, "day, or first day of the month, that the value is of", nullable=False),
    Column(
        "available_at",
        ColumnType.TIMESTAMP,
        "when the value became known: by the series' release rule, or for a dated vintage when its day had passed",
        "UTC",
        nullable=False,
    ),
    _float("value", "the value, in the series' own unit; an observation without one has no row", nullable=False),
    Column("vintage", ColumnType.DATE, "day whose state of knowledge the value is; NULL: the newest when it was fetched"),
    INGESTION_TS,
)

# What only feature families read: no asset of it is there unless a family that needs it is switched on.
FRED_OBSERVATIONS = TableContract(
    dataset="raw_intelligence",
    table="fred_observations",
    description="Observations of economic series as FRED gives them, with the time at which each became known.",
    columns=_OBSERVATIONS,
    key=("series", "observed_on", "available_at"),
    partition_by="observed_on",
    cluster_by=("series",),
)

VOLATILITY_DAILY = replace(
    FRED_OBSERVATIONS,
    table="volatility_daily",
    description="Daily closes of volatility indices (VIXCLS) as FRED gives them, with the time at which each became known.",
)

BARS_1H = TableContract(
    dataset="market_data",
    table="databento_futures_ohlcv_1h",
    description="Hourly bars of continuous futures (front month by volume, prices unadjusted), one row per hour and symbol.",
    columns=(
        Column("ts_event", ColumnType.TIMESTAMP, "start of the hour", "UTC", nullable=False),
        _SYMBOL,
        _float("open", "first price", CENTS),
        _float("high", "highest price", CENTS),
        _float("low", "lowest price", CENTS),
        _float("close", "last price", CENTS),
        Column("volume", ColumnType.INT64, "traded volume", LOTS),
        _INSTRUMENT_ID,
    ),
    key=("ts_event", "symbol"),
    cluster_by=("symbol",),
    symbols=(SYMBOL,),
)

INTELLIGENCE: dict[str, TableContract] = {contract.table: contract for contract in (FRED_OBSERVATIONS, VOLATILITY_DAILY, BARS_1H)}

# Asset key -> contract, in the order of the graph.
CONTRACTS: dict[str, TableContract | ViewContract] = {
    contract.table: contract for contract in (BARS, REGIME_WEIGHTS, SESSIONS, FEATURES, MATRIX, TRAINING_VIEW, OOF, LATEST)
}
