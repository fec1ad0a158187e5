"""What was forecast when, how it came out, and what would have been forecast: tables that all instruments and horizons share.

Must not be here: how a forecast, a band or a score is made.
"""

from collections.abc import Mapping
from functools import cache, partial

from zl_assets.contracts.columns import DATA_DATE, FRACTION, INGESTION_TS, PRICE, SYMBOL_COLUMN, counted, real
from zl_assets.contracts.features import TECHNICAL_FEATURE_NAMES, ta_features
from zl_assets.contracts.market import sessions
from zl_assets.contracts.training import of_csv
from zl_assets.instruments.base import Horizon, Instrument
from zl_assets.warehouse.contract import Column, ColumnType, Stamp, TableContract, WriteMode

RECORD, SCORE, REPLAY = "forecast_record", "forecast_score", "forecast_replay"

# In percent, as the columns carry them.
LEVELS = (50, 80, 95)

type MadeFrom = Mapping[str, tuple[str, ...]]

_ENDS = tuple(f"{end}_{level}_close" for level in LEVELS for end in ("low", "high"))

_HORIZON = Column("horizon", ColumnType.STRING, "how far ahead it looks, e.g. 1m", nullable=False)
_ISSUED_ON = Column("issued_on", ColumnType.DATE, "as-of date on which it was said", nullable=False)
_TARGET = Column(
    "target_session", ColumnType.DATE, "the session that is forecast, by the exchange's calendar of the day", nullable=False
)
_CLOSE = real("close", "last price of the session, unadjusted", PRICE, nullable=False)
_PREDICTED = (
    real("predicted_return", "forecast of the return over the horizon", FRACTION, nullable=False),
    real("predicted_close", "close * (1 + predicted_return)", PRICE, nullable=False),
)
_SOURCE = Column("source", ColumnType.STRING, "what its prices are: synthetic, bars or cloud", nullable=False)


def _bands(*, nullable: bool) -> tuple[Column, ...]:
    return tuple(
        real(f"{end}_{level}_close", f"{words} end of the band meant to hold {level} % of outcomes", PRICE, nullable=nullable)
        for level in LEVELS
        for end, words in (("low", "lower"), ("high", "upper"))
    )


_MOVE = (
    real("expected_move", "expected absolute return over the horizon", FRACTION, nullable=False),
    real("expected_move_price", "expected_move * close", PRICE, nullable=False),
    real("move_percentile", "share of the sessions before it whose expected move was smaller", FRACTION, nullable=False),
)


@cache
def record(*instruments: Instrument) -> TableContract:
    """What the published model said, when it said it."""
    return TableContract(
        dataset="predictions",
        table=RECORD,
        description="What the published model said of the newest session on the day it said it. Rows are added and never "
        "changed, and none is made again. This is what is scored.",
        columns=counted(
            (
                _ISSUED_ON,
                DATA_DATE,
                SYMBOL_COLUMN,
                _HORIZON,
                Column("model_id", ColumnType.STRING, "the published model", nullable=False),
                _TARGET,
                _CLOSE,
                *_PREDICTED,
                *_bands(nullable=False),
                *_MOVE,
                _SOURCE,
                Column(
                    "back_dated",
                    ColumnType.BOOL,
                    "recorded more than three days after issued_on, or said after target_session: no live forecast, and not in "
                    "the live figures",
                    nullable=False,
                ),
                Column("recorded_at", ColumnType.TIMESTAMP, "when this row was written", unit="UTC", stamp=Stamp.ON_INSERT),
            ),
            instruments,
        ),
        key=("issued_on", "data_date", "symbol", "horizon"),
        partition_by="data_date",
        cluster_by=("symbol",),
        mode=WriteMode.APPEND,
    )


@cache
def score(*instruments: Instrument) -> TableContract:
    """How each recorded forecast came out, once it has."""
    return TableContract(
        dataset="predictions",
        table=SCORE,
        description="Each recorded forecast whose target session has come, beside what came: of several about one session the "
        "first that was said.",
        columns=counted(
            (
                DATA_DATE,
                SYMBOL_COLUMN,
                _HORIZON,
                _SOURCE,
                _ISSUED_ON,
                Column("model_id", ColumnType.STRING, "the model that said it", nullable=False),
                Column("back_dated", ColumnType.BOOL, "as in the record", nullable=False),
                _TARGET,
                Column("came_on", ColumnType.DATE, "the session that was that many sessions later", nullable=False),
                _CLOSE,
                real("came_close", "raw close of that session", PRICE, nullable=False),
                _PREDICTED[0],
                real("came_return", "came_close / close - 1", FRACTION, nullable=False),
                real("adjusted_return", "the same without the gaps between contracts; NULL without instrument_id", FRACTION),
                Column("contract_changes", ColumnType.INT64, "changes of contract on the way; NULL without instrument_id"),
                real("error", "came_return - predicted_return", FRACTION, nullable=False),
                *(
                    Column(f"inside_{level}", ColumnType.BOOL, f"the outcome was inside the {level} % band; NULL without one")
                    for level in LEVELS
                ),
                INGESTION_TS,
            ),
            instruments,
        ),
        key=("data_date", "symbol", "horizon", "source"),
        partition_by="data_date",
        cluster_by=("symbol",),
    )


@cache
def replay(*instruments: Instrument) -> TableContract:
    """What a model of each day would have said of it."""
    return TableContract(
        dataset="predictions",
        table=REPLAY,
        description="What would have been said of each session, by a model and errors known on it: walk-forward, computed "
        "afterwards. Nobody said it then. Published bands are made of its errors.",
        columns=counted(
            (
                DATA_DATE,
                SYMBOL_COLUMN,
                _HORIZON,
                _CLOSE,
                *_PREDICTED,
                real("volatility", "standard deviation of a session's return, as known on it: the scale of the band", FRACTION),
                *_bands(nullable=True),
                real("expected_move", "expected absolute return over the horizon; NULL before a year is known", FRACTION),
                real("move_percentile", "share of the sessions before it whose expected move was smaller", FRACTION),
                Column("made_of", ColumnType.STRING, "hash of all that predicted_return depends on", nullable=False),
                INGESTION_TS,
            ),
            instruments,
        ),
        key=("data_date", "symbol", "horizon"),
        partition_by="data_date",
        cluster_by=("symbol",),
    )


def replay_made_from(instrument: Instrument, horizon: Horizon) -> MadeFrom:
    """What the replay's columns are made of."""
    of = partial(of_csv, instrument, horizon)
    target, index = of(horizon.target), (f"{ta_features(instrument).table}.roll_index",)
    # Where the bars do not name their contract, of the raw close.
    returns = (*index, f"{sessions(instrument).table}.close")
    learnt = of("close", *TECHNICAL_FEATURE_NAMES, horizon.target, "sample_weight")
    return {
        "data_date": of("data_date"),
        "close": of("close"),
        **dict.fromkeys(("predicted_return", "predicted_close", "made_of"), learnt),
        "volatility": returns,
        **dict.fromkeys(_ENDS, (*learnt, *returns)),
        **dict.fromkeys(("expected_move", "move_percentile"), (*target, *returns)),
    }


def record_made_from(instrument: Instrument, horizon: Horizon) -> MadeFrom:
    """What the record's columns are made of: the newest row of the open forecasts."""
    of = instrument.table_at(horizon, "latest")
    renamed = {"low_80_close": "low_close", "high_80_close": "high_close"}
    return {name: (f"{of}.{column}",) for name, column in renamed.items()}


def score_made_from(instrument: Instrument, horizon: Horizon) -> MadeFrom:
    """What the score's columns are made of: the record, and the sessions since."""
    said, of_sessions, rolls = instrument.asset_at(horizon, RECORD), sessions(instrument).table, ta_features(instrument).table
    own = ("data_date", "symbol", "horizon", "source", "issued_on", "model_id", "back_dated", "target_session", "close")
    close, came = f"{said}.close", f"{of_sessions}.close"
    return {
        **{name: (f"{said}.{name}",) for name in (*own, "predicted_return")},
        "came_on": (f"{of_sessions}.data_date",),
        "came_close": (came,),
        "came_return": (close, came),
        "adjusted_return": (f"{rolls}.roll_index",),
        "contract_changes": (f"{rolls}.is_roll",),
        "error": (close, came, f"{said}.predicted_return"),
        **{f"inside_{level}": (came, f"{said}.low_{level}_close", f"{said}.high_{level}_close") for level in LEVELS},
    }
