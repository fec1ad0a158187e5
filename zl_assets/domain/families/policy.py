"""v3 policy: what a United States president, and the agencies, published on tariffs, China and biofuel since the last session.

Belongs here: the words looked for, the family's columns, formulas and model inputs. Must not be here: when a document became
known, and which rows are one document (documents.py).

Six fields of the owner's STRUCT are filled. The other ten stay NULL, and say why in the matrix (contracts/features.py).
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

from zl_assets.contracts.columns import FRACTION, POINTS, PRICE
from zl_assets.domain.documents import (
    ANY_DAY,
    NOTICE,
    PRESIDENTIAL,
    PRESIDENTIAL_DAY,
    PROPOSAL,
    RULE,
    RULES,
    asked_for,
    counted_once,
    day_in_washington,
    session_of,
)
from zl_assets.domain.families.base import Family, FamilyColumn, ModelInput, SourceNeed
from zl_assets.domain.families.chart import Note, Panel, Panels
from zl_assets.domain.releases import Bools
from zl_assets.domain.windows import Floats, padded, row_sums
from zl_assets.instruments.zl import INSTRUMENT as ZL
from zl_assets.warehouse.contract import PANDAS_DTYPES, Column, ColumnType

SOURCE, STRUCT = "policy_documents", "policy"

# Sessions that the share of those with a tariff document is taken over.
SHARE_WINDOW = 63

# Hours in which the recency of a tariff document falls to 1/e.
RECENCY_HOURS = 24.0

# A model sees a recency below this, two weeks after the document, as 0: it would go on falling for years, and the whole of a test
# fold (2018 to 2020) would lie below all that came before.
LEAST_RECENCY = 1e-6
_RECENCY = "policy_trump_recency_decay"

# A document's score at which its intensity is tanh(1) = 76 of 100.
SCORE_SCALE = 50.0

# What the picture shows, and how many documents it tells the titles of.
YEARS_SHOWN, STRONGEST, LATEST_ALERTS = 2, 5, 3

_TARIFFS = "on tariffs or trade, signed by Donald Trump"
_ALERTS = "on soy, biofuel or Chinese tariffs"
_HOLE = "documents not asked for"

# Days on which the signer is Donald Trump, the first included, the last not: where a row does not say who signed.
TERMS = (("2017-01-20", "2021-01-20"), ("2025-01-20", "2029-01-20"))
SIGNER = "trump"


def _words(*patterns: str) -> str:
    """Whole words, in any case; blanks between words may be line ends."""
    alternatives = "|".join(patterns).replace(" ", r"\s+")
    return rf"(?i)\b(?:{alternatives})\b"


# Active duty is no duty.
_DUTY = r"(?<!active[\s-])dut(?:y|ies)"
TARIFF = (r"tariffs?", _DUTY, "reciprocal")
IMPORTS = ("section 232", "section 301", "imports?", "importing")
REMEDIES = ("trade agreements?", "antidumping", "countervailing", "trade deficits?", "trade enforcement")
T = _words(*TARIFF, *IMPORTS)
C = _words("china", "chinese", r"people['\u2019]s republic", "hong kong")
S = _words(
    "soy",
    "soybeans?",
    "oilseeds?",
    "vegetable oils?",
    "biodiesel",
    "renewable fuels?",
    "renewable diesel",
    "used cooking oils?",
)

# Each group of words counts once.
SCORES = ((_words(*TARIFF), 10.0), (_words(*IMPORTS), 8.0), (_words(*REMEDIES), 6.0), (_words("trade"), 4.0))
HIGHEST = 100.0 * math.tanh(sum(points for _, points in SCORES) / SCORE_SCALE)

_AGENCY = _words("trade representative")


@dataclass(frozen=True, eq=False)
class _Documents:
    """Documents, each once, in order of time, in arrays of one length.

    Attributes:
        session: place of the first session that decides after it.
        by_trump: a presidential document that Donald Trump signed.
        tariff, china: a word of T, of C in title or abstract.
        alert: on soy or biofuel by an agency, or on tariffs and China by a president or the Trade Representative.
        score: 0 to 28, of the words on tariffs and trade.
        title: as published.
        available_at: UTC.
    """

    session: "np.ndarray[tuple[int], np.dtype[np.int64]]"
    by_trump: Bools
    tariff: Bools
    china: Bools
    alert: Bools
    score: Floats
    title: "pd.Series[str]"
    available_at: "pd.Series[pd.Timestamp]"


def compute(sessions: pd.DataFrame, sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Counts and scores of the documents that became available after the session before decided and before the session did.

    Args:
        sessions: data_date and decided_at of one symbol, in order of date.
        sources: policy_documents; empty where there is none.

    Returns:
        trump_mentions, trumpxi_china_mentions (Int64), trump_tariff_intensity (0 to 100), policy_trump_recency_decay and
        trump_action_prob (fractions, float64) and trump_procurement_alert (boolean), on the index of `sessions`. NULL where the
        documents of a day since the last session were not asked for, and on the first session, which has none before it.
    """
    rows, n = sources[SOURCE], len(sessions)
    found = _documents(rows, sessions)
    dates = pd.DatetimeIndex(sessions["data_date"])
    before = pd.DatetimeIndex(sessions["data_date"].shift())
    of_presidents = asked_for(rows, PRESIDENTIAL_DAY, before, dates)
    of_all = asked_for(rows, ANY_DAY, before, dates)

    strongest = np.zeros(n)
    np.maximum.at(strongest, found.session[found.by_trump], found.score[found.by_trump])
    intensity = np.where(of_presidents, _intensity(strongest), np.nan)
    columns = {
        "trump_action_prob": _share(np.where(np.isnan(intensity), np.nan, intensity > 0.0)),
        "trump_tariff_intensity": intensity,
        "trump_procurement_alert": _known(np.bincount(found.session[found.alert], minlength=n) > 0, of_all),
        "trump_mentions": _known(np.bincount(found.session[found.by_trump], minlength=n), of_presidents),
        "trumpxi_china_mentions": _known(np.bincount(found.session[found.by_trump & found.china], minlength=n), of_presidents),
        _RECENCY: _recency(rows, found, sessions),
    }
    dtypes = {column.column.name: PANDAS_DTYPES[column.column.type] for column in FAMILY.columns}
    return pd.DataFrame(columns, index=sessions.index).astype(dtypes)


def _intensity(scores: Floats) -> Floats:
    # One by one: numpy's functions of a vector may differ in the last bit with its length.
    return np.array([100.0 * math.tanh(score / SCORE_SCALE) for score in scores.tolist()])


def _documents(rows: pd.DataFrame, sessions: pd.DataFrame) -> _Documents:
    once = counted_once(rows)
    session = session_of(once["available_at"], sessions)
    own = once[session < len(sessions)].reset_index(drop=True)
    text = own["title"].str.cat(own["abstract"].fillna(""), sep=" ")
    tariff, china, title = _has(text, T), _has(text, C), _has(own["title"], S)
    presidential = own["type"].eq(PRESIDENTIAL).fillna(False).to_numpy(dtype=bool)
    # Of a row that says no type the words in its title are enough.
    by_agency = (own["type"].isna() | own["type"].isin([RULE, PROPOSAL, NOTICE])).to_numpy(dtype=bool)
    representative = _has(own["agencies"].fillna(""), _AGENCY)
    return _Documents(
        session=session[session < len(sessions)],
        by_trump=presidential & _by_trump(own),
        tariff=tariff,
        china=china,
        alert=(by_agency & title) | ((presidential | representative) & tariff & china),
        score=sum((np.where(_has(text, words), points, 0.0) for words, points in SCORES), np.zeros(len(own))),
        title=own["title"],
        available_at=own["available_at"],
    )


def _has(texts: "pd.Series[str]", words: str) -> Bools:
    pattern = re.compile(words)
    return np.array([pattern.search(text) is not None for text in texts.tolist()], dtype=bool)


def _by_trump(documents: pd.DataFrame) -> Bools:
    """By who signed or, where that is not said, by the day: of signing, else of publication."""
    day = documents["signing_date"].fillna(documents["observed_on"])
    in_office = np.zeros(len(documents), dtype=bool)
    for first, end in TERMS:
        in_office |= (day.ge(pd.Timestamp(first)) & day.lt(pd.Timestamp(end))).to_numpy()
    named = documents["signer"].str.casefold().str.contains(SIGNER, regex=False)
    return named.astype("boolean").fillna(pd.Series(in_office, dtype="boolean")).to_numpy(dtype=bool)


def _known(values: np.ndarray, known: Bools) -> pd.Series:
    """The values as a nullable column, NULL where they are not known."""
    return pd.Series(values).convert_dtypes().where(pd.Series(known))


def _share(flags: Floats) -> Floats:
    """Share of the last sessions, today's included, whose flag is 1; NaN where one is NaN, or there are too few."""
    if len(flags) < SHARE_WINDOW:
        return padded(flags[:0], len(flags))
    return padded(row_sums(sliding_window_view(flags, SHARE_WINDOW)) / SHARE_WINDOW, len(flags))


def _recency(rows: pd.DataFrame, found: _Documents, sessions: pd.DataFrame) -> Floats:
    """exp(-hours / 24) since the newest tariff document signed by Donald Trump; NaN before the first, and where documents of a
    day since were not asked for."""
    wanted = found.by_trump & found.tariff
    times = found.available_at[wanted].reset_index(drop=True)
    newest = np.searchsorted(found.session[wanted], np.arange(len(sessions)), side="right") - 1
    there = newest >= 0
    at = times.reindex(newest).reset_index(drop=True).astype("datetime64[ns, UTC]")
    since = pd.DatetimeIndex(day_in_washington(at))
    known = there & asked_for(rows, PRESIDENTIAL_DAY, since, pd.DatetimeIndex(sessions["data_date"]))
    hours = ((sessions["decided_at"].reset_index(drop=True) - at) / pd.Timedelta(hours=1)).tolist()
    return np.array([math.exp(-h / RECENCY_HOURS) if k else math.nan for h, k in zip(hours, known.tolist(), strict=True)])


def show(sessions: pd.DataFrame, sources: Mapping[str, pd.DataFrame]) -> Panels | str:
    """The close of the last two years with the documents on the sessions that they belong to, and how strong and how many.

    Args:
        sessions, sources: as `compute` takes them, the sessions with their close.
    """
    values, found = compute(sessions, sources), _documents(sources[SOURCE], sessions)
    dates = pd.DatetimeIndex(sessions["data_date"])
    first, newest = dates[-1] - pd.DateOffset(years=YEARS_SHOWN), dates[-1]
    alerts = np.bincount(found.session[found.alert], minlength=len(dates)).astype("float64")
    by_day = pd.DataFrame(
        {
            "close": sessions["close"].to_numpy("float64"),
            "intensity": values["trump_tariff_intensity"].to_numpy("float64"),
            "alerts": np.where(values["trump_procurement_alert"].isna(), np.nan, alerts),
        },
        index=dates,
    ).loc[first:]
    signed = found.by_trump & (found.score > 0.0)
    shown = dates[found.session] >= first
    if by_day[["intensity", "alerts"]].isna().all(axis=None) and not (shown & (signed | found.alert)).any():
        return f"No document of the {YEARS_SHOWN} years to {newest:%Y-%m-%d} was asked for, so nothing is drawn."

    order = np.arange(len(found.score))
    by_strength = np.lexsort((order, found.score))
    strongest = by_strength[(shown & signed)[by_strength]][-STRONGEST:]
    latest = order[shown & found.alert][-LATEST_ALERTS:]
    notes = tuple(_note(found, at, by_day["close"], dates) for at in sorted({*strongest.tolist(), *latest.tolist()}))

    def closes(which: Bools) -> "pd.Series[float]":
        return by_day["close"][by_day.index.isin(dates[found.session[which]])]

    return Panels(
        f"policy documents on the price, session of {newest:%Y-%m-%d}",
        sessions["decided_at"].iloc[-1],
        (
            Panel(
                "Close, and the sessions that documents belong to",
                f"{newest:%Y-%m-%d}: {by_day['close'].iloc[-1]:.2f}",
                PRICE,
                lines={"close": by_day["close"]},
                marks={_TARIFFS: closes(signed), _ALERTS: closes(found.alert)},
                notes=notes,
            ),
            Panel(
                "Intensity of the strongest of the session's presidential documents",
                _newest(by_day["intensity"], ".1f", found.available_at[signed]),
                "points of 100",
                bars={_TARIFFS: by_day["intensity"]},
                hole=_HOLE,
                lowest=0.0,
            ),
            Panel(
                "Alerts of the session",
                _newest(by_day["alerts"], ".0f", found.available_at[found.alert]),
                "documents",
                bars={_ALERTS: by_day["alerts"]},
                hole=_HOLE,
                lowest=0.0,
            ),
        ),
    )


def _note(found: _Documents, at: int, closes: "pd.Series[float]", dates: pd.DatetimeIndex) -> Note:
    day = dates[found.session[at]]
    kinds = [f"{_intensity(found.score[[at]])[0]:.0f} points"] if found.by_trump[at] else []
    kinds += ["alert"] if found.alert[at] else []
    return Note(day, float(closes[day]), f"{found.available_at[at]:%Y-%m-%d %H:%M} UTC, {', '.join(kinds)}: {found.title[at]}")


def _newest(values: "pd.Series[float]", form: str, times: "pd.Series[pd.Timestamp]") -> str:
    """The newest session's value, and when the newest document became known."""
    value = values.iloc[-1]
    said = "no value, its documents were not asked for" if math.isnan(value) else format(value, form)
    document = f"the newest of all known {times.iloc[-1]:%Y-%m-%d %H:%M} UTC" if len(times) else "none is known"
    return f"{values.index[-1]:%Y-%m-%d}: {said}; {document}"


_SIGNED = "presidential documents signed by Donald Trump that became available since the last session decided"
_TEXT = (f"{SOURCE}.title", f"{SOURCE}.abstract")
_BY = (f"{SOURCE}.type", f"{SOURCE}.signer", f"{SOURCE}.signing_date", f"{SOURCE}.observed_on")
_NOT_ASKED = "NULL where a day's documents were not asked for"
_TARIFF_WORDS = "tariff(s), duty or duties (not active duty), reciprocal"
_IMPORT_WORDS = "section 232 or 301, import(s), importing"


def _column(
    name: str,
    meaning: str,
    formula: str,
    made_from: Sequence[str],
    high: float | None = None,
    unit: str | None = None,
    kind: ColumnType = ColumnType.FLOAT64,
) -> FamilyColumn:
    return FamilyColumn(Column(name, kind, meaning, unit), STRUCT, formula, tuple(made_from), 0.0, high)


def _input(name: str) -> ModelInput:
    column = f"{STRUCT}_{name}"
    return ModelInput(column, (column,), lambda view: view[column].astype("float64"))


def _recent(view: pd.DataFrame) -> "pd.Series[float]":
    values = view[f"{STRUCT}_{_RECENCY}"]
    return values.mask(values < LEAST_RECENCY, 0.0)


FAMILY = Family(
    name="policy",
    phase="v3",
    description="Documents of presidents and agencies on tariffs, China, soy and biofuel, counted from when they could be read. "
    "They say what is in force: the price has mostly moved before the Federal Register has them.",
    columns=(
        _column(
            "trump_action_prob",
            f"how often there was a tariff document of late: a trailing frequency, no forecast; {_NOT_ASKED}",
            f"share of the last {SHARE_WINDOW} sessions, today's included, with trump_tariff_intensity > 0",
            (*_TEXT, *_BY),
            1.0,
            FRACTION,
        ),
        _column(
            "trump_tariff_intensity",
            f"how much the strongest of the {_SIGNED} is about tariffs and trade; 0 with none; {_NOT_ASKED}",
            f"100 tanh(s / {SCORE_SCALE:g}), s the largest sum over them of 10 ({_TARIFF_WORDS}), 8 ({_IMPORT_WORDS}), 6 (trade "
            "agreement, antidumping, countervailing, trade deficit, trade enforcement) and 4 (trade), each counted once, in "
            "title or abstract",
            (*_TEXT, *_BY),
            HIGHEST,
            POINTS,
        ),
        FamilyColumn(
            Column(
                "trump_procurement_alert",
                ColumnType.BOOL,
                f"a document since the last session touches soy or biofuel, or Chinese tariffs; {_NOT_ASKED}",
            ),
            STRUCT,
            "a rule, proposal, notice or document of no stated type with soy, soybean(s), oilseed(s), vegetable oil, biodiesel, "
            "renewable fuel, renewable diesel or used cooking oil in its title; or one of a president or the Trade "
            f"Representative with {_TARIFF_WORDS}, {_IMPORT_WORDS}, and China, Chinese, People's Republic or Hong Kong, in "
            "title or abstract",
            (*_TEXT, f"{SOURCE}.type", f"{SOURCE}.agencies"),
            # A person asks for the documents of all agencies for some days only: 1,000 of the real 3,893 sessions' days.
            coverage=0.0,
        ),
        _column(
            "trump_mentions",
            f"{_SIGNED}; {_NOT_ASKED}",
            "number of them; each document once, in the Federal Register or at the White House, whichever came first",
            _BY,
            unit="documents",
            kind=ColumnType.INT64,
        ),
        _column(
            "trumpxi_china_mentions",
            f"of the {_SIGNED}, those that name China; {_NOT_ASKED}",
            "number of them with China, Chinese, People's Republic or Hong Kong in title or abstract",
            (*_TEXT, *_BY),
            unit="documents",
            kind=ColumnType.INT64,
        ),
        _column(
            _RECENCY,
            "how fresh the newest tariff document signed by Donald Trump is; NULL before the first, and where a day's documents "
            "since were not asked for",
            f"exp(-h / {RECENCY_HOURS:g}), h the hours from its available_at to the session's decision; a tariff document has "
            f"{_TARIFF_WORDS}, {_IMPORT_WORDS} in title or abstract",
            (*_TEXT, *_BY, f"{SOURCE}.available_at"),
            1.0,
            FRACTION,
        ),
    ),
    needs=(SourceNeed(SOURCE, (), "; ".join(f"{what}: {rule}" for what, rule in RULES.items())),),
    # Not trump_action_prob: with the White House's pages 28 % of the newest test fold lie above all that came before.
    inputs=(
        _input("trump_mentions"),
        _input("trumpxi_china_mentions"),
        _input("trump_tariff_intensity"),
        ModelInput(
            f"{STRUCT}_{_RECENCY}", (f"{STRUCT}_{_RECENCY}",), _recent, f"{_RECENCY}, 0 where it is below {LEAST_RECENCY:g}"
        ),
        _input("trump_procurement_alert"),
    ),
    compute=compute,
    show=show,
    symbols=(ZL.symbol,),
)
