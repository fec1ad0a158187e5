"""The forecasts' tables. Must not be here: how a forecast is made."""

from functools import cache, partial

from zl_assets.contracts.columns import DATA_DATE, FRACTION, INGESTION_TS, PRICE, SYMBOL_COLUMN, counted, real
from zl_assets.contracts.features import TECHNICAL_FEATURE_NAMES
from zl_assets.contracts.forecasts import LEVELS, RECORD, REPLAY
from zl_assets.contracts.training import MODEL, forward, of_csv
from zl_assets.instruments.base import Horizon, Instrument
from zl_assets.warehouse.contract import Column, ColumnType, TableContract


def _model_id(instrument: Instrument, horizon: Horizon) -> Column:
    where = f"as in {instrument.asset_at(horizon, MODEL)}'s metadata"
    return Column("model_id", ColumnType.STRING, f"the model behind the row, {where}", nullable=False)


_CLOSE = real("close", "last price of the session, unadjusted", PRICE, nullable=False)

# The level whose range was here before there were others.
FIRST_LEVEL = 80


def end_column(end: str, level: int) -> str:
    """The column of the open forecasts that holds an end of a range, `low` or `high`."""
    return f"{end}_close" if level == FIRST_LEVEL else f"{end}_{level}_close"


def _ends(level: int, *, nullable: bool) -> tuple[Column, ...]:
    return tuple(
        real(end_column(end, level), f"{words} end of the range meant to hold {level} % of outcomes", PRICE, nullable=nullable)
        for end, words in (("low", "lower"), ("high", "upper"))
    )


# One row a session, whatever model it comes from: a model is trained anew every day, and a key with its id would add the whole
# history every day.
@cache
def oof(instrument: Instrument, horizon: Horizon) -> TableContract:
    """Out-of-fold forecasts of one instrument at one horizon."""
    of = partial(of_csv, instrument, horizon)
    inputs = of("close", *TECHNICAL_FEATURE_NAMES)
    return TableContract(
        dataset="predictions",
        table=instrument.table_at(horizon, "oof"),
        description="What cross-validation forecast for each labelled session, by a fit that had not seen it, beside what came. "
        "The sessions before the first test fold have no forecast. All rows are of one model, the newest one that passed its "
        "gates.",
        columns=counted(
            (
                DATA_DATE,
                SYMBOL_COLUMN,
                _model_id(instrument, horizon),
                Column("target_session", ColumnType.DATE, "session whose close the target looks at", nullable=False),
                Column("regime_name", ColumnType.STRING, "market regime of the date", nullable=False),
                _CLOSE,
                real(horizon.target, f"{forward(horizon)}: what came", FRACTION, nullable=False),
                Column("fold", ColumnType.INT64, "test fold that the session is in, 1 is the oldest; NULL before the first"),
                real("predicted_return", f"forecast of {horizon.target} by the fold's fit", FRACTION),
                real("predicted_close", "close * (1 + predicted_return)", PRICE),
                INGESTION_TS,
            ),
            [instrument],
        ),
        key=("data_date", "symbol"),
        partition_by="data_date",
        cluster_by=("symbol",),
        # Each forecast is of a fit made here, on the rows before its fold.
        made_from={
            "target_session": of("data_date"),
            "predicted_return": (*inputs, *of(horizon.target, "sample_weight")),
            "predicted_close": (*inputs, *of(horizon.target, "sample_weight")),
        },
    )


@cache
def latest(instrument: Instrument, horizon: Horizon) -> TableContract:
    """Open forecasts of one instrument at one horizon."""
    of = partial(of_csv, instrument, horizon)
    inputs = of("close", *TECHNICAL_FEATURE_NAMES)
    replayed = f"{instrument.asset_at(horizon, REPLAY)}."
    others = [level for level in LEVELS if level != FIRST_LEVEL]
    return TableContract(
        dataset="predictions",
        table=instrument.table_at(horizon, "latest"),
        description="The newest forecast of every session, made while its target was not known: the newest "
        f"{horizon.sessions} sessions are open, and a newer model updates them; older rows stay as they were last forecast. "
        "It must not be scored: those rows were forecast anew, day after day, by models that had learnt from labels which "
        f"overlap their own. What was said on the day is in {RECORD}.",
        columns=counted(
            (
                DATA_DATE,
                SYMBOL_COLUMN,
                _model_id(instrument, horizon),
                Column(
                    "target_session",
                    ColumnType.DATE,
                    f"the session that is forecast, {horizon.sessions} sessions later by the exchange's calendar",
                    nullable=False,
                ),
                _CLOSE,
                real("predicted_return", f"forecast of the {forward(horizon)}", FRACTION, nullable=False),
                real("predicted_close", "close * (1 + predicted_return)", PRICE, nullable=False),
                *_ends(FIRST_LEVEL, nullable=False),
                real("interval_level", "share of outcomes meant to lie from low_close to high_close", FRACTION, nullable=False),
                # Rows of older versions have none of these.
                *(column for level in others for column in _ends(level, nullable=True)),
                real("expected_move", "expected absolute return over the horizon, whatever its direction", FRACTION),
                real("expected_move_price", "expected_move * close", PRICE),
                real("move_percentile", "share of the sessions before it whose expected move was smaller", FRACTION),
                INGESTION_TS,
            ),
            [instrument],
        ),
        key=("data_date", "symbol"),
        partition_by="data_date",
        cluster_by=("symbol",),
        # What the stored model was fitted to is not a column of this run's CSV; the width of a range is the replay's.
        made_from={
            "data_date": of("data_date"),
            "close": of("close"),
            "target_session": of("data_date"),
            **dict.fromkeys(("predicted_return", "predicted_close"), inputs),
            **{
                end_column(end, level): (
                    *inputs,
                    *(f"{replayed}{column}" for column in ("close", f"low_{level}_close", f"high_{level}_close")),
                )
                for level in LEVELS
                for end in ("low", "high")
            },
            "expected_move_price": (*of("close"), f"{replayed}expected_move"),
        },
    )
