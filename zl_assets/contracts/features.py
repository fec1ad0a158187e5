"""Technical features, and the matrix that everything is stamped into. Must not be here: a feature family's own columns."""

from functools import cache

from zl_assets.contracts.columns import (
    DATA_DATE,
    FRACTION,
    INGESTION_TS,
    POINTS,
    PRICE,
    SYMBOL_COLUMN,
    counted,
    real,
    reserved,
    struct,
)
from zl_assets.contracts.market import OHLC, of_bars, of_sessions
from zl_assets.contracts.regimes import REGIME_WEIGHTS
from zl_assets.instruments.base import Instrument
from zl_assets.warehouse.contract import Column, ColumnType, TableContract

MATRIX_TABLE = "daily_ml_matrix"

TECHNICAL_FEATURES = (
    real("return_1d", "close / close one session before - 1", FRACTION),
    real("return_5d", "close / close 5 sessions before - 1", FRACTION),
    real("return_21d", "close / close 21 sessions before - 1", FRACTION),
    real("ma_5", "mean of the last 5 closes, today's included", PRICE),
    real("ma_21", "mean of the last 21 closes, today's included", PRICE),
    real("ma_63", "mean of the last 63 closes, today's included", PRICE),
    real("volatility_21d", "sample standard deviation of the last 21 return_1d, not annualised", "fraction per session"),
    real("rsi_14", "Wilder's relative strength index over 14 sessions", POINTS),
)
TECHNICAL_FEATURE_NAMES = tuple(column.name for column in TECHNICAL_FEATURES)


ROLLS = (
    real(
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


@cache
def ta_features(instrument: Instrument) -> TableContract:
    """The technical features of one instrument."""
    return TableContract(
        dataset="features",
        table=instrument.table("ta_features"),
        description="The eight technical features of every session, NULL while a window is not full, and where the series rolls.",
        columns=counted((DATA_DATE, SYMBOL_COLUMN, *TECHNICAL_FEATURES, *ROLLS, INGESTION_TS), [instrument]),
        key=("data_date", "symbol"),
        partition_by="data_date",
        cluster_by=("symbol",),
        made_from={
            # The key is the sessions'; the bars are only looked up by it.
            "symbol": of_sessions(instrument, "symbol"),
            **dict.fromkeys(TECHNICAL_FEATURE_NAMES, of_sessions(instrument, "close")),
            "roll_index": (*of_sessions(instrument, "open", "close", "instrument_id"), *of_bars(instrument, "open")),
            "is_roll": of_sessions(instrument, "instrument_id"),
        },
    )


_LATER = "reserved for the policy family (v3)"
# Why a field of the policy family stays without a value.
_SENTIMENT = (
    "stays NULL: it needs a sentiment, titles hold none, and no list of words for one is given. With full texts: (relief - "
    "escalation) / (relief + escalation + 1)"
)
_EVENTS = "stays NULL: no measured response is behind it; a mean over past events has 20 events in 15 years"
_CONSTANT = "stays NULL: it would be a constant, of which nothing can be learned"
_NO_TITLE = "stays NULL: none of 831 executive orders of 2009 to 2025 has soy, biofuel or vegetable oil in its title"
_DOCUMENTS = "documents"

POLICY = (
    real("trump_action_prob", _LATER, FRACTION),
    real("trump_expected_zl_move", _EVENTS),
    real("trump_score", _SENTIMENT),
    real("trump_score_signed", _SENTIMENT),
    real("trump_confidence", _CONSTANT),
    real("trump_sentiment_7d", _SENTIMENT),
    real("trump_tariff_intensity", _LATER, POINTS),
    Column("trump_procurement_alert", ColumnType.BOOL, _LATER),
    Column("trump_mentions", ColumnType.INT64, _LATER, _DOCUMENTS),
    Column("trumpxi_china_mentions", ColumnType.INT64, _LATER, _DOCUMENTS),
    real("trumpxi_sentiment_volatility", _SENTIMENT),
    real("trumpxi_policy_impact", _EVENTS),
    real("trumpxi_volatility_30d_ma", _SENTIMENT),
    real("trump_soybean_sentiment_7d", _NO_TITLE),
    real("policy_trump_topic_multiplier", _CONSTANT),
    real("policy_trump_recency_decay", _LATER, FRACTION),
)


@cache
def matrix(instrument: Instrument, *others: Instrument) -> TableContract:
    """The matrix as one instrument writes it; the table holds rows of the others as well."""
    return TableContract(
        dataset="features",
        table=MATRIX_TABLE,
        description="One row per session and symbol: bar, features and regime, denormalised. The only source of the training "
        "view.",
        columns=counted(
            (
                DATA_DATE,
                SYMBOL_COLUMN,
                struct(
                    "market_data",
                    "the session's bar",
                    *OHLC,
                    real("vwap", "volume-weighted mean price, reserved for the intraday family", PRICE, reserved=True),
                    real(
                        "realized_vol_1h", "hourly realised volatility, reserved for the intraday family", FRACTION, reserved=True
                    ),
                ),
                reserved(
                    "pivots",
                    "pivot levels, reserved for the pivots family (v1)",
                    *(real(name, "pivot level", PRICE) for name in ("P", "R1", "R2", "S1", "S2")),
                    real("distance_to_P", "close - P", PRICE),
                    real("distance_to_nearest_pivot", "distance to the nearest level", PRICE),
                    real("weekly_pivot_distance", "distance to the weekly pivot", PRICE),
                    Column("price_above_P", ColumnType.BOOL, "close > P"),
                ),
                reserved(
                    "policy",
                    "documents on trade and biofuel, reserved for the policy family (v3)",
                    *POLICY,
                ),
                reserved(
                    "golden_zone",
                    "Fibonacci zone, reserved for a later family",
                    Column("state", ColumnType.INT64, "state of the zone"),
                    real("swing_high", "swing high", PRICE),
                    real("swing_low", "swing low", PRICE),
                    real("fib_50", "50 % retracement", PRICE),
                    real("fib_618", "61.8 % retracement", PRICE),
                    real("vol_decay_slope", "slope of the volume decay"),
                    Column("qualified_trigger", ColumnType.BOOL, "the zone triggered"),
                ),
                struct(
                    "regime",
                    "the market regime of the date",
                    Column("name", ColumnType.STRING, "name of the regime"),
                    Column("weight", ColumnType.INT64, "sample weight", "relative"),
                    real("vol_percentile", "volatility percentile, reserved for the volatility family", FRACTION, reserved=True),
                    real(
                        "k_vol",
                        "volatility multiplier, always NULL: no formula of it exists; the system before this one has an example "
                        "in a comment, 1.92 (Clamped Scalar), and elsewhere NULL or 1.0",
                        reserved=True,
                    ),
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
            [instrument, *others],
        ),
        key=("data_date", "symbol"),
        partition_by="data_date",
        cluster_by=("symbol",),
        made_from={
            f"regime.{field}": (
                *of_sessions(instrument, "data_date"),
                *(f"{REGIME_WEIGHTS.table}.{name}" for name in (column, "start_date", "end_date")),
            )
            for field, column in (("name", "regime"), ("weight", "weight"))
        },
    )
