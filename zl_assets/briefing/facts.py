"""The numbers of the morning page, from the tables. Must not be here: a sentence, a picture, what is red (troubles come made)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from zl_assets.contracts.columns import PRICE
from zl_assets.contracts.predictions import FIRST_LEVEL
from zl_assets.domain.families.base import Family
from zl_assets.domain.forecast_score import first_said
from zl_assets.instruments.base import Horizon, Instrument, PriceUnit
from zl_assets.model.replay.verdicts import HELD_FROM, bands_held, live_rows

# Sessions of five years and of one, as exchanges count them; fewer than a year of moves say nothing of what is usual.
FIVE_YEARS, YEAR = 1260, 252

SPANS = (1, 5, 21)

# Last week's range is that of the session five before, or of the nearest one before it within two weeks.
WEEK, OLDEST = 5, 10


@dataclass(frozen=True)
class Move:
    """A change of price up to the newest session.

    Attributes:
        sessions: over so many.
        change: as a fraction, without the gaps between contracts where these are known.
        usual: share of the moves over as many sessions, of the five years before, that were smaller, whatever their direction;
            None where fewer than a year is known.
    """

    sessions: int
    change: float
    usual: float | None


@dataclass(frozen=True)
class YearsRange:
    """The closes of the last 252 sessions, or of as many as there are: the raw ones, as they were paid."""

    sessions: int
    low: float
    low_on: pd.Timestamp
    high: float
    high_on: pd.Timestamp
    close: float

    @property
    def place(self) -> float:
        """Where the close lies between the two, 0 to 1; a half where they are one."""
        return (self.close - self.low) / (self.high - self.low) if self.high > self.low else 0.5


@dataclass(frozen=True)
class Said:
    """A recorded forecast's range.

    Attributes:
        afterwards: it was no forecast that was there on its day.
    """

    session: pd.Timestamp
    target_session: pd.Timestamp
    low: float
    high: float
    afterwards: bool = False


@dataclass(frozen=True)
class Outlook:
    """What is expected, as it was recorded.

    Attributes:
        now: of the newest session.
        before: of a week before; None where none was recorded.
        move: the expected absolute move, a fraction; move_price the same in the price's unit.
        usual: share of earlier sessions whose expected move was smaller.
        model: id of the model that said it.
    """

    now: Said
    before: Said | None
    move: float
    move_price: float
    usual: float
    model: str


@dataclass(frozen=True)
class Kept:
    """How ranges meant to hold 80 % held.

    Attributes:
        scored, inside: recorded forecasts whose outcome is known, and those of them whose range had it.
        replayed: sessions whose range was computed afterwards, walk-forward; 0 where there is none.
        held, error: share of those that the range had, and its standard error.
        since: the first of them.
    """

    scored: int
    inside: int
    replayed: int
    held: float
    error: float
    since: pd.Timestamp | None


@dataclass(frozen=True)
class Reading:
    """What a family says of the newest session.

    Attributes:
        family: its name.
        column: of its table.
        meaning, unit: the column's words.
        value: None where it has none.
        usual: share of the values of the five years before that were below it, half of those that equal it; None of fewer than a
            year.
        known: when the newest source row became known that a session could use; None where it reads the sessions alone.
    """

    family: str
    column: str
    meaning: str
    unit: str
    value: float | None
    usual: float | None
    known: pd.Timestamp | None


@dataclass(frozen=True)
class Trouble:
    """What is red, late or stale.

    Attributes:
        serious: an error, and not a warning.
        where: asset and check.
        words: what is wrong.
        todo: what to do.
    """

    serious: bool
    where: str
    words: str
    todo: str


@dataclass(frozen=True)
class Facts:
    """The numbers of one instrument's morning page.

    Attributes:
        session: the newest one.
        moves: over 1, 5 and 21 sessions; those that the history is too short for are left out.
        adjusted: the moves are without the gaps between contracts.
        outlook: None where nothing was recorded of the newest session.
        regime: the market regime of the session; None where there is none.
        closes: of the last year by session, for a picture.
    """

    instrument: Instrument
    horizon: Horizon
    session: pd.Timestamp
    close: float
    moves: tuple[Move, ...]
    adjusted: bool
    year: YearsRange
    outlook: Outlook | None
    kept: Kept
    regime: str | None
    readings: tuple[Reading, ...]
    troubles: tuple[Trouble, ...]
    closes: "pd.Series[float]"

    @property
    def contract_value(self) -> float:
        """US dollars that a move of one price unit is worth a contract."""
        return self.instrument.contract.quantity / self.instrument.price.per_dollar


def moves_of(sessions: pd.DataFrame) -> tuple[tuple[Move, ...], bool]:
    """The newest moves, and whether they are without the gaps between contracts.

    Args:
        sessions: close and roll_index in order of date (domain/forecast_score.with_rolls). Where the index of the newest
            session is NULL, the raw closes are taken.
    """
    index = sessions["roll_index"].astype("float64")
    adjusted = bool(len(index)) and not np.isnan(index.iloc[-1])
    path = index if adjusted else sessions["close"].astype("float64")
    found = []
    for span in SPANS:
        changes = (path / path.shift(span) - 1).to_numpy("float64")
        if not len(changes) or np.isnan(changes[-1]):
            continue
        earlier = np.abs(changes[max(0, len(changes) - 1 - FIVE_YEARS) : -1])
        earlier = earlier[~np.isnan(earlier)]
        usual = float((earlier < abs(changes[-1])).mean()) if len(earlier) >= YEAR else None
        found.append(Move(span, float(changes[-1]), usual))
    return tuple(found), adjusted


def year_of(closes: "pd.Series[float]") -> YearsRange:
    """The range of the last year's closes.

    Args:
        closes: by session, in order, at least one.
    """
    year = closes.tail(YEAR)
    low_on, high_on = pd.Timestamp(str(year.idxmin())), pd.Timestamp(str(year.idxmax()))
    return YearsRange(len(year), float(year.min()), low_on, float(year.max()), high_on, float(year.iloc[-1]))


def outlook_of(record: pd.DataFrame, sessions: pd.DataFrame) -> Outlook | None:
    """What was recorded of the newest session, beside what was recorded a week before.

    Args:
        record: rows of the contract `record`, of one symbol, horizon and source.
        sessions: data_date in order.
    """
    said = first_said(record).set_index("data_date") if len(record) else record
    newest = sessions["data_date"].iloc[-1]
    if not len(said) or newest not in said.index:
        return None
    days = sessions["data_date"].iloc[-1 - OLDEST : -WEEK]
    before = [day for day in days if day in said.index]
    row = said.loc[newest]
    return Outlook(
        now=_said(newest, row),
        before=_said(before[-1], said.loc[before[-1]]) if before else None,
        move=float(row["expected_move"]),
        move_price=float(row["expected_move_price"]),
        usual=float(row["move_percentile"]),
        model=str(row["model_id"]),
    )


def kept_of(score: pd.DataFrame, replay: pd.DataFrame, sessions: pd.DataFrame, horizon: Horizon) -> Kept:
    """How ranges held.

    Args:
        score: rows of the contract `score`, of one symbol, horizon and source.
        replay: rows of the contract `replay`, of one symbol and horizon.
        sessions: data_date and close, in order of date.
    """
    inside = live_rows(score)[f"inside_{FIRST_LEVEL}"].dropna().astype(bool) if len(score) else pd.Series([], dtype=bool)
    close = sessions["close"].astype("float64")
    came = sessions.assign(**{horizon.target: close.shift(-horizon.sessions) / close - 1})[["data_date", horizon.target]]
    found = bands_held(replay, came, horizon).get(FIRST_LEVEL) if len(replay) else None
    if found is None:
        return Kept(len(inside), int(inside.sum()), 0, 0.0, 0.0, None)
    since = replay.loc[replay["data_date"].ge(pd.Timestamp(HELD_FROM)) & replay["low_80_close"].notna(), "data_date"].min()
    return Kept(len(inside), int(inside.sum()), found.rows, found.covered, found.error, since)


def _said(session: pd.Timestamp, row: "pd.Series[Any]") -> Said:
    low, high = (float(row[f"{end}_{FIRST_LEVEL}_close"]) for end in ("low", "high"))
    return Said(session, row["target_session"], low, high, bool(row["back_dated"]))


def reading_of(family: Family, column: str, rows: pd.DataFrame, known: pd.Timestamp | None, price: PriceUnit) -> Reading:
    """What a family's column says of the newest session.

    Args:
        price: the instrument's, which a column names without knowing it.
        rows: data_date and the family's columns under their own names, in order of date; the last row is the newest session's.
        known: when the newest source row became known.
    """
    found = next(one for one in family.columns if one.column.name == column)
    values = rows[column].astype("Float64").to_numpy("float64", na_value=np.nan)
    value = values[-1] if len(values) else np.nan
    earlier = values[max(0, len(values) - 1 - FIVE_YEARS) : -1]
    earlier = earlier[~np.isnan(earlier)]
    usual = None
    if not np.isnan(value) and len(earlier) >= YEAR:
        usual = float((earlier < value).mean() + (earlier == value).mean() / 2)
    return Reading(
        family.name,
        column,
        # When it is NULL is for whoever reads the table.
        found.column.description.partition("; NULL")[0],
        price.word if found.column.unit == PRICE else found.column.unit or "",
        None if np.isnan(value) else float(value),
        usual,
        known,
    )


def newest_known(sources: Mapping[str, pd.DataFrame], decided_at: pd.Timestamp) -> pd.Timestamp | None:
    """When the newest row became known that counts for a session; None of sources without such a time."""
    times = [
        frame["available_at"][frame["available_at"] < decided_at].max()
        for frame in sources.values()
        if "available_at" in frame.columns
    ]
    there = [time for time in times if not pd.isna(time)]
    return max(there) if there else None


def ordered(troubles: Sequence[Trouble]) -> tuple[Trouble, ...]:
    """The serious ones first, each in order of place."""
    return tuple(sorted(troubles, key=lambda trouble: (not trouble.serious, trouble.where)))
