"""The predicates that the write path and the asset checks call, written once.

Belongs here: functions from frames to a `Verdict` that says what was counted, the bound and the first offenders, in words that
the person looking at the check can use. Must not be here: severities, blocking, anything that changes a frame.

Row predicates look at a frame alone and are listed in `ROW_ASSERTIONS`, by table: the write path calls them before anything is
sent. Table predicates hold a whole table against a number, or against what it was made from.

A price column is one called open, high, low or close, at the top level or in a STRUCT (`market_data.close`). A bound that a NULL
would pass in SQL fails here: NULL, NaN and infinity are never in range.
"""

import datetime as dt
import math
import random
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from zl_assets.contracts import (
    BARS,
    BARS_1H,
    FEATURES,
    FRED_OBSERVATIONS,
    HORIZON,
    LATEST,
    MATRIX,
    OOF,
    REGIME_WEIGHTS,
    ROLL_NAMES,
    SESSIONS,
    SPLIT_DATE,
    TECHNICAL_FEATURE_NAMES,
    VOLATILITY_DAILY,
)
from zl_assets.domain.families.intraday import session_hours
from zl_assets.domain.features import feature_rows
from zl_assets.domain.releases import RELEASES, available_at, decision_times
from zl_assets.domain.rolls import spans_a_roll
from zl_assets.domain.trading_calendar import CALENDAR, expected_sessions
from zl_assets.errors import DataFault

MAX_OFFENDERS = 10
KEYS = ("date", "data_date", "ts_event", "series", "observed_on", "symbol", "regime")
PRICES = ("open", "high", "low", "close")

# The plan's bound. The largest 21-session volatility of ZL is 0.040, so the tighter one is what can catch something.
PLAN_VOLATILITY = 0.5
PLAUSIBLE_VOLATILITY = 0.10

REGIME_COUNT = 7
FIRST_REGIME_DAY = dt.date(2010, 1, 1)
LAST_REGIME_DAY = dt.date(2029, 12, 31)

# 12 of 3,893 real sessions (0.3 %) trade under 1,000 lots: days around a roll on which the vendor's volume rule still names the
# old contract. A source with several times that share is damaged or is another instrument.
THIN_LOTS = 1000
THIN_SHARE = 0.01

# Agreement between two ways to compute a float64 feature on prices below 100: their differences are of the order of 1e-13.
TOLERANCE = 1e-9

GRACE_SESSIONS = 1

# The gates are red on about one sound day in twenty, and then the forecasts stay with the last good model. More than five such
# days in a row are a week of forecasts by a model that nothing newer could replace.
MAX_SESSIONS_BEHIND = 5

# The largest step of a FRED series here between 2009 and 2025 is a factor of 13 (FEDFUNDS, April 2020); a value in another unit
# is one of 100.
JUMP = 50.0

# Six to eight contracts a year, each roll seen by the 21 targets before it: 45.6 % of the real targets. A share far from that
# means instrument ids that stand still, or that are not contracts.
LEAST_SPANNING, MOST_SPANNING = 0.20, 0.80

# Inside the longest warm-up, where a value filled in from later rows would show, and this many seeded ones after it.
WARM_UP_CUTS = (10, 40, 62)
LATER_CUTS = 5


@dataclass(frozen=True, eq=False)
class Verdict:
    """What a predicate found.

    Attributes:
        name: the predicate, as a check is named.
        measured: what was counted or measured.
        bound: what was allowed.
        offenders: the first offending rows, at most 10, with their keys and values; the index is that of the frame looked at.
        explanation: one sentence that says what was counted.
    """

    name: str
    passed: bool
    measured: float | int | str
    bound: str
    offenders: pd.DataFrame
    explanation: str

    def __str__(self) -> str:
        state = "passed" if self.passed else "failed"
        named = "; ".join(", ".join(f"{k}={_shown(v)}" for k, v in row.items()) for row in self.offenders.to_dict("records"))
        first = f" First: {named}." if named else ""
        return f"{self.name} {state}: {self.explanation} Measured {self.measured}, bound: {self.bound}.{first}"


def require(verdicts: Iterable[Verdict], where: str) -> None:
    """Stop on failed verdicts.

    Args:
        where: the table or file that was looked at, for the message.

    Raises:
        DataFault: at least one did not pass; the message holds all that did not.
    """
    failed = [verdict for verdict in verdicts if not verdict.passed]
    if failed:
        lines = "\n".join(f"  {verdict}" for verdict in failed)
        raise DataFault(
            f"{where}: the data break {len(failed)} of the rules.\n{lines}\nCorrect these rows at their source, then run again."
        )


# --- bars, sessions, matrix


def no_conflicting_bars(frame: pd.DataFrame) -> Verdict:
    """No key has two different rows; exact copies are not a conflict."""
    distinct = frame.drop_duplicates()
    conflicting = distinct[distinct.duplicated(_keys(frame), keep=False)].sort_values(_keys(frame), kind="stable")
    return _rows(
        "no_conflicting_bars",
        frame,
        conflicting,
        f"{len(conflicting):,} of {len(frame):,} rows share their key with a different row.",
    )


def no_null_prices(frame: pd.DataFrame) -> Verdict:
    """No price is NULL or NaN."""
    prices = _price_columns(frame)
    bad = frame[prices].isna().any(axis=1)
    return _rows("no_null_prices", frame, _pick(frame, bad, prices), f"{bad.sum():,} of {len(frame):,} rows have a NULL price.")


def prices_positive(frame: pd.DataFrame) -> Verdict:
    """Every price that is there is above zero and finite."""
    prices = _price_columns(frame)
    values = frame[prices]
    bad = (values.le(0) | values.isin([np.inf, -np.inf])).any(axis=1)
    explanation = f"{bad.sum():,} of {len(frame):,} rows have a price that is zero, negative or infinite."
    return _rows("prices_positive", frame, _pick(frame, bad, prices), explanation)


def high_not_below_low(frame: pd.DataFrame) -> Verdict:
    """high >= low."""
    column = _price_names(frame)
    bad = frame[column["high"]] < frame[column["low"]]
    offenders = _pick(frame, bad, [column["high"], column["low"]])
    return _rows("high_not_below_low", frame, offenders, f"{bad.sum():,} of {len(frame):,} rows have a high below their low.")


def open_and_close_in_range(frame: pd.DataFrame) -> Verdict:
    """open and close lie in [low, high]."""
    column = _price_names(frame)
    high, low = frame[column["high"]], frame[column["low"]]
    outside = [(frame[column[name]] > high) | (frame[column[name]] < low) for name in ("open", "close")]
    bad = outside[0] | outside[1]
    explanation = f"{bad.sum():,} of {len(frame):,} rows have an open or close outside their low and high."
    return _rows("open_and_close_in_range", frame, _pick(frame, bad, list(column.values())), explanation)


def volume_sound(frame: pd.DataFrame) -> Verdict:
    """Volume is there and not negative."""
    volume = _named(frame, "volume")
    bad = frame[volume].isna() | frame[volume].lt(0).fillna(True)
    explanation = f"{bad.sum():,} of {len(frame):,} rows have a volume that is NULL or negative."
    return _rows("volume_sound", frame, _pick(frame, bad, [volume]), explanation)


def no_bar_after(bars: pd.DataFrame, as_of: dt.date) -> Verdict:
    """No bar is dated after the as-of date: it would come from the future."""
    bad = bars["date"] > pd.Timestamp(as_of)
    explanation = (
        f"{bad.sum():,} of {len(bars):,} bars are dated after ZL_AS_OF {as_of}; if they are right, set it to a later date."
    )
    return _rows("no_bar_after", bars, _pick(bars, bad, ["close"]), explanation)


# --- features


def features_finite(frame: pd.DataFrame) -> Verdict:
    """No feature is infinite."""
    features = list(TECHNICAL_FEATURE_NAMES)
    bad = frame[features].isin([np.inf, -np.inf]).any(axis=1)
    explanation = f"{bad.sum():,} of {len(frame):,} rows have an infinite feature."
    return _rows("features_finite", frame, _pick(frame, bad, features), explanation)


def features_null_only_in_warm_up(frame: pd.DataFrame) -> Verdict:
    """Once a symbol's feature has a value it has one on every later row."""
    features = list(TECHNICAL_FEATURE_NAMES)
    ordered = frame.sort_values("data_date", kind="stable")
    started = ordered[features].notna().groupby(ordered["symbol"]).cummax()
    bad = (started & ordered[features].isna()).any(axis=1)
    explanation = f"{bad.sum():,} of {len(frame):,} rows have a NULL feature after the feature's first value."
    return _rows("features_null_only_in_warm_up", frame, _pick(ordered, bad, features), explanation)


def features_complete(frame: pd.DataFrame) -> Verdict:
    """All eight features have a value on every row."""
    features = list(TECHNICAL_FEATURE_NAMES)
    bad = frame[features].isna().any(axis=1)
    explanation = f"{bad.sum():,} of {len(frame):,} rows lack at least one of the eight features."
    return _rows("features_complete", frame, _pick(frame, bad, features), explanation)


def rsi_in_range(frame: pd.DataFrame) -> Verdict:
    """0 <= rsi_14 <= 100 where it has a value."""
    return _in_range("rsi_in_range", frame, "rsi_14", 0.0, 100.0)


def volatility_in_plan(frame: pd.DataFrame) -> Verdict:
    """0 <= volatility_21d <= 0.5 where it has a value: the plan's bound."""
    return _in_range("volatility_in_plan", frame, "volatility_21d", 0.0, PLAN_VOLATILITY)


def volatility_plausible(frame: pd.DataFrame) -> Verdict:
    """volatility_21d <= 0.10 where it has a value: two and a half times the most that ZL has ever shown."""
    return _in_range("volatility_plausible", frame, "volatility_21d", 0.0, PLAUSIBLE_VOLATILITY)


def roll_columns_sound(frame: pd.DataFrame) -> Verdict:
    """roll_index is above 0 and finite, and NULL exactly where is_roll is."""
    index, rolled = frame["roll_index"], frame["is_roll"]
    bad = (index.notna() & ~(index.gt(0) & np.isfinite(index))) | (index.isna() != rolled.isna())
    explanation = (
        f"{bad.sum():,} of {len(frame):,} rows have a roll_index that is not a number above 0, or half of the roll columns."
    )
    return _rows("roll_columns_sound", frame, _pick(frame, bad, ROLL_NAMES), explanation)


def prefix_invariant(
    features: pd.DataFrame, sessions: pd.DataFrame, bars: pd.DataFrame, later: int = LATER_CUTS, seed: int = 1
) -> Verdict:
    """Recomputed on the first k sessions alone, every stored feature has the same value, to the last bit.

    A feature that looks ahead, or that is filled in from later rows, cannot pass. Cuts at k = 10, 40 and 62 lie inside the
    warm-up of the longest feature; the later ones are drawn with a fixed seed. One symbol.

    Args:
        features: FEATURES.frame_columns as stored.
        sessions: SESSIONS.frame_columns as stored.
        bars: BARS.frame_columns that they were made of.
    """
    ordered = sessions.sort_values("data_date", kind="stable", ignore_index=True)
    stored = features.sort_values("data_date", kind="stable", ignore_index=True)
    beyond = range(max(WARM_UP_CUTS) + 1, len(ordered) + 1)
    drawn = random.Random(seed).sample(beyond, min(later, len(beyond)))  # noqa: S311 - not for secrets
    cuts = sorted({*(cut for cut in WARM_UP_CUTS if cut <= len(ordered)), *drawn})
    faults: list[dict[str, Any]] = []
    for cut in cuts:
        known = ordered.head(cut)
        alone = feature_rows(known, bars[bars["date"] <= known["data_date"].iloc[-1]])
        for column in (*TECHNICAL_FEATURE_NAMES, *ROLL_NAMES):
            full, short = stored[column].head(cut), alone[column]
            same = full.eq(short).fillna(False).astype(bool) | (full.isna() & short.isna())
            faults += [
                {"data_date": alone["data_date"].iloc[i], "column": column, "cut": cut, "stored": full[i], "recomputed": short[i]}
                for i in same.index[~same][:MAX_OFFENDERS]
            ]
    return Verdict(
        name="prefix_invariant",
        passed=not faults and bool(cuts),
        measured=len(faults),
        bound="0 values that differ, at one cut or more",
        offenders=pd.DataFrame(faults, columns=["data_date", "column", "cut", "stored", "recomputed"]).head(MAX_OFFENDERS),
        explanation=(
            f"{len(faults):,} values differ when the features are recomputed on the first {', '.join(map(str, cuts))} sessions."
        ),
    )


# --- observations


def observations_in_range(frame: pd.DataFrame) -> Verdict:
    """Every value lies in the range that its series can have; a series without a release rule has none."""
    low, high = (
        frame["series"].map({name: getattr(r, end) for name, r in RELEASES.items()}).astype("float64") for end in ("low", "high")
    )
    bad = ~(frame["value"].ge(low) & frame["value"].le(high)).fillna(False).astype(bool)
    explanation = f"{bad.sum():,} of {len(frame):,} observations are missing, or outside what their series can be."
    return _rows("observations_in_range", frame, _pick(frame, bad, ["value"]), explanation)


def no_observation_jump(frame: pd.DataFrame) -> Verdict:
    """No value is 50 times the one before it or more, or a fiftieth of it or less. A step that is small for its series is none,
    and a value of 0 is not compared."""
    ordered = frame.sort_values(["series", "observed_on", "available_at"], kind="stable")
    value = ordered["value"]
    before = ordered.groupby(["series", "vintage"], dropna=False)["value"].shift()
    ratio = (value / before.where(before.ne(0))).abs()
    small = ordered["series"].map({name: release.step for name, release in RELEASES.items()}).astype("float64")
    bad = (ratio.ge(JUMP) | (ratio.le(1 / JUMP) & ratio.gt(0))) & ~(value - before).abs().le(small)
    explanation = f"{bad.sum():,} of {len(frame):,} observations are {JUMP:.0f} times the one before or more, or as much less."
    return _rows("no_observation_jump", frame, _pick(ordered.assign(before=before), bad, ["value", "before"]), explanation)


def available_by_rule(frame: pd.DataFrame) -> Verdict:
    """available_at is what the series' release rule says, and not earlier for a dated vintage."""
    bad = pd.Series(True, index=frame.index)
    for series, rows in frame.groupby("series"):
        if series in RELEASES:
            rule = available_at(str(series), rows["observed_on"])
            bad[rows.index] = rows["available_at"].lt(rule) | (rows["vintage"].isna() & rows["available_at"].ne(rule))
    explanation = f"{bad.sum():,} of {len(frame):,} observations have an available_at that is not their series' rule."
    return _rows("available_by_rule", frame, _pick(frame, bad, ["available_at"]), explanation)


def series_fresh(frame: pd.DataFrame, series: Sequence[str], as_of: dt.date) -> Verdict:
    """Every series has an observation that is not older than its release rule allows."""
    newest = frame.groupby("series")["observed_on"].max().reindex(list(series))
    ages = (pd.Timestamp(as_of) - newest).dt.days
    bounds = pd.Series({name: RELEASES[name].max_age for name in series}, dtype="float64")
    stale = ~ages.le(bounds)
    offenders = pd.DataFrame({"series": newest.index, "newest": newest.to_numpy(), "days": ages.to_numpy(), "allowed": bounds})
    named = ", ".join(f"{name} ({_day(newest[name])})" for name in newest.index[stale]) or "none"
    return Verdict(
        name="series_fresh",
        passed=not stale.any(),
        measured=int(stale.sum()),
        bound="0 series",
        offenders=offenders[stale.to_numpy()].head(MAX_OFFENDERS),
        explanation=f"Stopped as of {as_of}, with their newest observation: {named}. Sessions beyond that age have no value.",
    )


def series_start_in_time(frame: pd.DataFrame, series: Sequence[str], sessions: pd.DataFrame) -> Verdict:
    """Every series was known to the first session already."""
    first = frame.groupby("series")["available_at"].min().reindex(list(series))
    start = decision_times(sessions["data_date"].sort_values().head(1))
    late = pd.Series(True, index=first.index) if not len(start) else ~first.lt(start[0])
    named = ", ".join(f"{name} ({_day(first[name])})" for name in first.index[late]) or "none"
    return Verdict(
        name="series_start_in_time",
        passed=not late.any(),
        measured=int(late.sum()),
        bound="0 series",
        offenders=pd.DataFrame({"series": first.index[late], "first_available": first[late].to_numpy()}).head(MAX_OFFENDERS),
        explanation=f"First known after the first session's decision: {named}. Sessions before that have no value.",
    )


def series_accepted(refused: Mapping[str, str], where: str) -> Verdict:
    """Every series that is read was there and sound.

    Args:
        refused: what was wrong, by series.
        where: what was read.
    """
    return Verdict(
        name="series_accepted",
        passed=not refused,
        measured=len(refused),
        bound="0 series",
        offenders=pd.DataFrame({"series": list(refused), "fault": list(refused.values())}).head(MAX_OFFENDERS),
        explanation=f"{len(refused)} series of {where} were not loaded; what was stored of them before stays.",
    )


def no_vanished_observation(table: pd.DataFrame, source: pd.DataFrame) -> Verdict:
    """Every stored observation is still in the files, for the series that they have. A refresh never deletes one."""
    own = table[table["series"].isin(source["series"].unique())]
    vanished = _keys_only_in(own, source, ["series", "observed_on", "available_at"])
    explanation = f"{len(vanished):,} of the table's {len(own):,} observations are no longer in the files; nothing deletes them."
    return _rows("no_vanished_observation", table, vanished, explanation)


def hours_make_sessions(hours: pd.DataFrame, sessions: pd.DataFrame) -> Verdict:
    """The hours of each session from the first hour on trade its volume, but for what a weekend hour of another contract adds.

    Args:
        hours: BARS_1H.frame_columns.
        sessions: SESSIONS.frame_columns of one symbol.
    """
    ordered = sessions.sort_values("data_date", kind="stable", ignore_index=True)
    placed = session_hours(ordered, hours)
    summed = placed.groupby("session")["volume"].sum().reindex(ordered.index)
    begun = ordered.index >= (placed["session"].min() if len(placed) else 0)
    bad = begun & (summed.isna() | (summed.ne(ordered["volume"]) & ~ordered["stub_merged"])).fillna(True).astype(bool)
    offenders = ordered.assign(volume_of_hours=summed).loc[bad, ["data_date", "symbol", "volume", "volume_of_hours"]]
    explanation = f"{bad.sum():,} of {begun.sum():,} sessions have another volume than their hours, or no hours."
    return _rows("hours_make_sessions", ordered, offenders, explanation)


# --- regimes


def regimes_named(matrix: pd.DataFrame) -> Verdict:
    """Every matrix row has a regime's name and weight."""
    columns = ["regime.name", "regime.weight"]
    bad = matrix[columns].isna().any(axis=1)
    explanation = f"{bad.sum():,} of {len(matrix):,} rows have no regime name or weight."
    return _rows("regimes_named", matrix, _pick(matrix, bad, columns), explanation)


def seven_regimes(regime_weights: pd.DataFrame) -> Verdict:
    """There are exactly seven regimes, each with a positive weight."""
    bad = ~regime_weights["weight"].gt(0).fillna(False).astype(bool) | regime_weights.duplicated("regime", keep=False)
    count = regime_weights["regime"].nunique()
    return Verdict(
        name="seven_regimes",
        passed=count == REGIME_COUNT and not bad.any(),
        measured=count,
        bound=f"exactly {REGIME_COUNT}, each once, with a positive weight",
        offenders=_pick(regime_weights, bad, ["weight"]).head(MAX_OFFENDERS),
        explanation=f"{count} different regimes are listed; {bad.sum()} rows are doubled or have no positive weight.",
    )


def regimes_cover_the_calendar(regime_weights: pd.DataFrame) -> Verdict:
    """Every day from 2010-01-01 to 2029-12-31 lies in exactly one regime."""
    starts = pd.to_datetime(regime_weights["start_date"]).to_numpy()
    ends = pd.to_datetime(regime_weights["end_date"]).to_numpy()
    days = pd.date_range(FIRST_REGIME_DAY, LAST_REGIME_DAY)
    values = days.to_numpy()[:, np.newaxis]
    regimes = ((values >= starts) & (values <= ends)).sum(axis=1)
    bad = regimes != 1
    return Verdict(
        name="regimes_cover_the_calendar",
        passed=not bad.any(),
        measured=int(bad.sum()),
        bound=f"0 days from {FIRST_REGIME_DAY} to {LAST_REGIME_DAY} with no regime or with more than one",
        offenders=pd.DataFrame({"date": days[bad], "regimes": regimes[bad]}).head(MAX_OFFENDERS),
        explanation=f"{bad.sum():,} of {len(days):,} days lie in no regime or in more than one.",
    )


def distinct_regimes(matrix: pd.DataFrame, regime_weights: pd.DataFrame) -> Verdict:
    """The matrix has more than one regime, and every one whose period its dates reach into; and no other."""
    first, last = matrix["data_date"].min(), matrix["data_date"].max()
    reached = regime_weights[(regime_weights["start_date"] <= last) & (regime_weights["end_date"] >= first)]
    expected, found = set(reached["regime"]), set(matrix["regime.name"].dropna())
    missing, unknown = sorted(expected - found), sorted(found - expected)
    return Verdict(
        name="distinct_regimes",
        passed=len(found) > 1 and not missing and not unknown,
        measured=len(found),
        bound=f"the {len(expected)} regimes that the rows' dates reach into, and more than one",
        offenders=pd.DataFrame(
            {
                "regime": [*missing, *unknown],
                "fault": ["no row has it"] * len(missing) + ["not a regime of these dates"] * len(unknown),
            }
        ).head(MAX_OFFENDERS),
        explanation=f"The rows from {_day(first)} to {_day(last)} carry {len(found)} different regimes.",
    )


# --- whole tables


def row_count_at_least(frame: pd.DataFrame, minimum: int) -> Verdict:
    """The table has at least `minimum` rows."""
    return Verdict(
        name="row_count_at_least",
        passed=len(frame) >= minimum,
        measured=len(frame),
        bound=f">= {minimum:,}",
        offenders=frame.iloc[:0],
        explanation=f"{len(frame):,} rows are there.",
    )


def labelled_rows_at_least(view: pd.DataFrame, minimum: int) -> Verdict:
    """The training view has at least `minimum` rows with a target."""
    labelled = int(view["target_1m"].notna().sum())
    return Verdict(
        name="labelled_rows_at_least",
        passed=labelled >= minimum,
        measured=labelled,
        bound=f">= {minimum:,}",
        offenders=view.iloc[:0],
        explanation=f"{labelled:,} of {len(view):,} rows have a target_1m.",
    )


def unique_key(frame: pd.DataFrame, key: Sequence[str]) -> Verdict:
    """No two rows have the same key, and no key is NULL."""
    columns = list(key)
    bad = frame.duplicated(columns, keep=False) | frame[columns].isna().any(axis=1)
    explanation = (
        f"{bad.sum():,} of {len(frame):,} rows have a key ({', '.join(columns)}) that is NULL or that another row has too."
    )
    return _rows("unique_key", frame, frame.loc[bad, columns].sort_values(columns, kind="stable"), explanation)


def no_missing_session(table: pd.DataFrame, source: pd.DataFrame) -> Verdict:
    """Every session of the source is in the table.

    Args:
        table: the rows that are stored, with data_date and symbol.
        source: the sessions as the bars give them now (`build_sessions(...).frame`).
    """
    missing = _keys_only_in(source, table)
    explanation = f"{len(missing):,} of the {len(source):,} sessions that the bars give are not in the table."
    return _rows("no_missing_session", table, missing, explanation)


def no_vanished_session(table: pd.DataFrame, source: pd.DataFrame) -> Verdict:
    """Every session of the table is still in the source. A refresh never deletes one: it stays until a person decides."""
    vanished = _keys_only_in(table, source)
    explanation = (
        f"{len(vanished):,} of the table's {len(table):,} sessions are no longer given by the bars; a refresh never deletes them."
    )
    return _rows("no_vanished_session", table, vanished, explanation)


def no_vanished_bar(table: pd.DataFrame, source: pd.DataFrame) -> Verdict:
    """Every bar of the table is still in the files that it is filled from. A refresh never deletes one."""
    vanished = _keys_only_in(table, source, ["date", "symbol"])
    explanation = f"{len(vanished):,} of the table's {len(table):,} bars are no longer in the files; nothing deletes them."
    return _rows("no_vanished_bar", table, vanished, explanation)


def column_coverage(frame: pd.DataFrame, complete: Sequence[str] = (), optional: Sequence[str] = ()) -> Verdict:
    """No column is entirely NULL, and those in `complete` have no NULL at all.

    Args:
        complete: columns that must have a value on every row.
        optional: columns that the source may lack altogether.

    Returns:
        A verdict whose `offenders` are columns with their share of non-NULL values.
    """
    shares = frame.notna().mean().drop(list(optional))
    bad = shares[shares.lt(1.0) & shares.index.isin(list(complete)) | ~shares.gt(0.0)]
    lowest = float(shares.min()) if len(frame) else 0.0
    return Verdict(
        name="column_coverage",
        passed=bad.empty,
        measured=lowest,
        bound="above 0 in every column" + (f", 1 in {', '.join(complete)}" if complete else ""),
        offenders=pd.DataFrame({"column": bad.index, "share_not_null": bad.to_numpy()}).head(MAX_OFFENDERS),
        explanation=f"The emptiest of {len(shares)} columns has a value on {lowest:.1%} of {len(frame):,} rows.",
    )


def thin_sessions(sessions: pd.DataFrame) -> Verdict:
    """At most 1 % of the sessions trade under 1,000 lots; the newest of them are named whether or not the bound holds."""
    thin = sessions["volume"] < THIN_LOTS
    share = float(thin.mean()) if len(sessions) else 0.0
    return Verdict(
        name="thin_sessions",
        passed=share <= THIN_SHARE,
        measured=int(thin.sum()),
        bound=f"at most {THIN_SHARE:.0%} of the sessions under {THIN_LOTS:,} lots",
        offenders=_pick(sessions, thin, ["volume"]).sort_values("data_date", ascending=False).head(MAX_OFFENDERS),
        explanation=f"{thin.sum():,} of {len(sessions):,} sessions ({share:.2%}) traded under {THIN_LOTS:,} lots; they are kept.",
    )


def newest_session(frame: pd.DataFrame, as_of: dt.date) -> Verdict:
    """The newest session is at most one behind the exchange's calendar, as of `as_of` (whose own session is not final yet)."""
    newest = frame["data_date"].max()
    start = FIRST_REGIME_DAY if pd.isna(newest) else newest.date() + dt.timedelta(days=1)
    missed = expected_sessions(start, as_of - dt.timedelta(days=1))
    state = "Up to date" if not len(missed) else "No new session yet" if len(missed) <= GRACE_SESSIONS else "The source is late"
    return Verdict(
        name="newest_session",
        passed=len(missed) <= GRACE_SESSIONS,
        measured=len(missed),
        bound=f"at most {GRACE_SESSIONS} session behind",
        offenders=pd.DataFrame({"data_date": missed}).head(MAX_OFFENDERS),
        explanation=(
            f"{state}: the newest session is {_day(newest)}; the {CALENDAR} calendar has {len(missed):,} after it and before "
            f"{as_of}."
        ),
    )


# --- computed once more


def matrix_rows_recomputed(
    matrix: pd.DataFrame, sessions: pd.DataFrame, regime_weights: pd.DataFrame, sample: int = 40, seed: int = 1
) -> Verdict:
    """A sample of matrix rows equals what plain Python computes from the sessions, to 1e-9.

    The first and the newest row are always in the sample; the others are drawn with a fixed seed. One symbol.
    """
    ordered = sessions.sort_values("data_date", kind="stable")
    close = [float(value) for value in ordered["close"]]
    position = {date: i for i, date in enumerate(ordered["data_date"])}
    bars = ordered.to_dict("records")
    regimes = regime_weights.to_dict("records")
    rsi = _plain_rsi(close, 14)
    rows = matrix.sort_values("data_date", kind="stable").to_dict("records")
    others = range(1, len(rows) - 1)
    drawn = random.Random(seed).sample(others, min(max(sample - 2, 0), len(others)))  # noqa: S311 - not for secrets
    chosen = sorted({0, len(rows) - 1, *drawn}) if rows else []
    faults: list[dict[str, Any]] = []
    for row in (rows[i] for i in chosen):
        at = position.get(row["data_date"])
        if at is None:
            faults.append(
                {"data_date": row["data_date"], "column": "data_date", "stored": "a row", "recomputed": "no such session"}
            )
            continue
        expected = _plain_row(close, rsi, at) | {f"market_data.{name}": bars[at][name] for name in (*PRICES, "volume")}
        regime = [r for r in regimes if r["start_date"] <= row["data_date"] <= r["end_date"]]
        expected |= (
            {"regime.name": regime[0]["regime"], "regime.weight": regime[0]["weight"]}
            if len(regime) == 1
            else {"regime.name": None}
        )
        faults += [
            {"data_date": row["data_date"], "column": column, "stored": row[column], "recomputed": value}
            for column, value in expected.items()
            if not _agree(row[column], value)
        ]
    return Verdict(
        name="matrix_rows_recomputed",
        passed=not faults and bool(chosen),
        measured=len(faults),
        bound=f"0 values that differ by more than {TOLERANCE:g}, in at least one row",
        offenders=pd.DataFrame(faults, columns=["data_date", "column", "stored", "recomputed"]).head(MAX_OFFENDERS),
        explanation=f"{len(faults):,} values of {len(chosen)} sampled rows differ from a second computation from the sessions.",
    )


def target_right(view: pd.DataFrame) -> Verdict:
    """target_1m is the close 21 rows later / close - 1, and NULL on the last 21 rows and on no other."""
    rows = view.sort_values("data_date", kind="stable").to_dict("records")
    faults = []
    for i, row in enumerate(rows):
        later = rows[i + HORIZON]["close"] if i + HORIZON < len(rows) else None
        expected = None if later is None else (later - row["close"]) / row["close"]
        if not _agree(row["target_1m"], expected):
            faults.append({"data_date": row["data_date"], "target_1m": row["target_1m"], "recomputed": expected})
    return Verdict(
        name="target_right",
        passed=not faults,
        measured=len(faults),
        bound=f"0 rows off by more than {TOLERANCE:g}; the last {HORIZON} NULL",
        offenders=pd.DataFrame(faults, columns=["data_date", "target_1m", "recomputed"]).head(MAX_OFFENDERS),
        explanation=f"{len(faults):,} of {len(rows):,} targets differ from the closes {HORIZON} rows apart.",
    )


def targets_spanning_a_roll(view: pd.DataFrame, matrix: pd.DataFrame) -> Verdict:
    """The share of targets whose closes are of two contracts, so that a gap between contracts is part of the target.

    Args:
        view: data_date and target_1m of one symbol.
        matrix: data_date and is_roll of the same rows.
    """
    ordered = matrix.sort_values("data_date", kind="stable", ignore_index=True)
    labelled = ordered["data_date"].isin(view.loc[view["target_1m"].notna(), "data_date"])
    spans = spans_a_roll(ordered["is_roll"])[labelled].dropna()
    share = float(spans.mean()) if len(spans) else math.nan
    known = f"{share:.1%} of {len(spans):,} targets span a roll: part of such a target is the gap between two contracts."
    return Verdict(
        name="targets_spanning_a_roll",
        passed=not len(spans) or LEAST_SPANNING <= share <= MOST_SPANNING,
        measured=share if len(spans) else "not known",
        bound=f"{LEAST_SPANNING:.0%} to {MOST_SPANNING:.0%}, where the source has instrument_id",
        offenders=ordered.iloc[:0],
        explanation=known if len(spans) else "The source has no instrument_id, so nobody can say which targets span a roll.",
    )


def split_right(view: pd.DataFrame) -> Verdict:
    """split is 'train' before 2023-01-01 and 'test' from then on."""
    # ISO dates as text sort as dates do: another way to the same answer than the one the view takes.
    expected = ["train" if day < SPLIT_DATE else "test" for day in view["data_date"].dt.strftime("%Y-%m-%d")]
    bad = ~view["split"].eq(pd.Series(expected, index=view.index, dtype="string")).fillna(False).astype(bool)
    explanation = f"{bad.sum():,} of {len(view):,} rows have the wrong split; train is before {SPLIT_DATE}."
    return _rows("split_right", view, _pick(view, bad, ["split"]), explanation)


def csv_equals_view(csv: pd.DataFrame, view: pd.DataFrame) -> Verdict:
    """The exported file has the view's columns, in order, and its rows, value for value, with no tolerance.

    Args:
        csv: the file as read back, with the view's types.
        view: the view's labelled rows that were to be exported, in date order.
    """
    faults: list[dict[str, Any]] = []
    if list(csv.columns) != list(view.columns) or len(csv) != len(view):
        faults.append(
            {
                "data_date": None,
                "column": "(shape)",
                "csv": f"{len(csv):,} rows of {', '.join(csv.columns)}",
                "view": f"{len(view):,} rows of {', '.join(view.columns)}",
            }
        )
    else:
        for column in view.columns:
            left, right = csv[column].reset_index(drop=True), view[column].reset_index(drop=True)
            same = left.eq(right).fillna(False).astype(bool) | (left.isna() & right.isna())
            faults += [
                {"data_date": view["data_date"].iloc[i], "column": column, "csv": left[i], "view": right[i]}
                for i in same.index[~same]
            ]
    return Verdict(
        name="csv_equals_view",
        passed=not faults,
        measured=len(faults),
        bound="0 values that differ",
        offenders=pd.DataFrame(faults, columns=["data_date", "column", "csv", "view"]).head(MAX_OFFENDERS),
        explanation=f"{len(faults):,} differences between the file's {len(csv):,} rows and the view's {len(view):,}.",
    )


# --- predictions


def forecasts_sound(frame: pd.DataFrame) -> Verdict:
    """Every forecast is finite, its price above zero and equal to close * (1 + return); it is NULL only where its fold is."""
    returns, prices = frame["predicted_return"], frame["predicted_close"]
    expected = frame["close"] * (1 + returns)
    good = np.isfinite(returns) & prices.gt(0) & (prices - expected).abs().le(TOLERANCE)
    untested = frame["fold"].isna() & returns.isna() & prices.isna() if "fold" in frame else pd.Series(False, index=frame.index)
    if "fold" in frame:
        good &= frame["fold"].notna()
    bad = ~(good | untested)
    explanation = f"{bad.sum():,} of {len(frame):,} rows have a forecast that is missing, infinite or two."
    return _rows("forecasts_sound", frame, _pick(frame, bad, ["close", "predicted_return", "predicted_close"]), explanation)


def interval_ordered(frame: pd.DataFrame) -> Verdict:
    """0 < low_close < predicted_close < high_close, and the level is above 0 and below 1."""
    columns = ["low_close", "predicted_close", "high_close", "interval_level"]
    low, middle, high, level = (frame[column] for column in columns)
    bad = ~(low.gt(0) & low.lt(middle) & middle.lt(high) & level.gt(0) & level.lt(1) & np.isfinite(high))
    explanation = f"{bad.sum():,} of {len(frame):,} forecasts do not lie inside their interval."
    return _rows("interval_ordered", frame, _pick(frame, bad, columns), explanation)


def open_sessions_forecast(latest: pd.DataFrame, view: pd.DataFrame, model_id: str) -> Verdict:
    """Every session of the view without a target has a forecast by the published model, from its own close.

    Args:
        model_id: the model that `latest` names.
    """
    newest = view.loc[view["target_1m"].isna(), ["data_date", "close"]]
    found = newest.merge(
        latest[["data_date", "close", "model_id", "target_session"]], on="data_date", how="left", suffixes=("", "_made")
    )
    sound = found["model_id"].eq(model_id).fillna(False).astype(bool) & found["close"].eq(found["close_made"])
    bad = ~(sound & found["target_session"].gt(view["data_date"].max()))
    explanation = (
        f"{bad.sum():,} of {len(newest):,} sessions without a target have no forecast of model {model_id} from their close."
    )
    return _rows("open_sessions_forecast", latest, found.loc[bad], explanation)


def model_up_to_date(view: pd.DataFrame, model_id: str, trained_through: dt.date) -> Verdict:
    """The published model has learnt from all but the newest few sessions whose target is known.

    Args:
        trained_through: the newest session that the model was trained on.
    """
    newer = view.loc[view["target_1m"].notna() & view["data_date"].gt(pd.Timestamp(trained_through)), ["data_date", "close"]]
    return Verdict(
        name="model_up_to_date",
        passed=len(newer) <= MAX_SESSIONS_BEHIND,
        measured=len(newer),
        bound=f"at most {MAX_SESSIONS_BEHIND} sessions behind",
        offenders=newer.head(MAX_OFFENDERS),
        explanation=(
            f"The forecasts are of model {model_id}, trained through {trained_through}; the targets of {len(newer):,} later "
            "sessions are known since."
        ),
    )


def outcomes_are_the_views(oof: pd.DataFrame, view: pd.DataFrame) -> Verdict:
    """The labelled sessions of the view are all here, with its closes and targets to the last bit, and all of one model."""
    labelled = view.loc[view["target_1m"].notna(), ["data_date", "close", "target_1m"]]
    both = labelled.merge(
        oof[["data_date", "close", "target_1m", "model_id"]],
        on="data_date",
        how="outer",
        suffixes=("_view", ""),
        indicator="found_in",
    )
    same = both["close"].eq(both["close_view"]) & both["target_1m"].eq(both["target_1m_view"]) & both["found_in"].eq("both")
    models = oof["model_id"].nunique()
    bad = ~same if models == 1 else pd.Series(True, index=both.index)
    explanation = (
        f"{(~same).sum():,} of the view's {len(labelled):,} labelled sessions are missing or differ, of {models} models."
    )
    return _rows("outcomes_are_the_views", oof, both.loc[bad].astype({"found_in": str}), explanation)


# --- what is called where

type RowAssertion = Callable[[pd.DataFrame], Verdict]

_PRICE_ASSERTIONS: tuple[RowAssertion, ...] = (
    no_null_prices,
    prices_positive,
    high_not_below_low,
    open_and_close_in_range,
    volume_sound,
)
_INDICATOR_ASSERTIONS: tuple[RowAssertion, ...] = (features_finite, rsi_in_range, volatility_in_plan, volatility_plausible)

BAR_ASSERTIONS: tuple[RowAssertion, ...] = (no_conflicting_bars, *_PRICE_ASSERTIONS)

OBSERVATION_ASSERTIONS: tuple[RowAssertion, ...] = (observations_in_range, no_observation_jump, available_by_rule)

ROW_ASSERTIONS: Mapping[str, tuple[RowAssertion, ...]] = {
    BARS.table: BAR_ASSERTIONS,
    BARS_1H.table: BAR_ASSERTIONS,
    FRED_OBSERVATIONS.table: OBSERVATION_ASSERTIONS,
    VOLATILITY_DAILY.table: OBSERVATION_ASSERTIONS,
    SESSIONS.table: _PRICE_ASSERTIONS,
    FEATURES.table: (*_INDICATOR_ASSERTIONS, features_null_only_in_warm_up, roll_columns_sound),
    MATRIX.table: (*_PRICE_ASSERTIONS, regimes_named, features_complete, *_INDICATOR_ASSERTIONS, roll_columns_sound),
    REGIME_WEIGHTS.table: (seven_regimes, regimes_cover_the_calendar),
    OOF.table: (forecasts_sound,),
    LATEST.table: (forecasts_sound, interval_ordered),
}


# --- helpers


def _keys(frame: pd.DataFrame) -> list[str]:
    return [key for key in KEYS if key in frame.columns]


def _named(frame: pd.DataFrame, name: str) -> str:
    return next(column for column in frame.columns if column.rpartition(".")[2] == name)


def _price_names(frame: pd.DataFrame) -> dict[str, str]:
    return {name: _named(frame, name) for name in PRICES}


def _price_columns(frame: pd.DataFrame) -> list[str]:
    return list(_price_names(frame).values())


def _pick(frame: pd.DataFrame, bad: pd.Series, columns: Sequence[str]) -> pd.DataFrame:
    return frame.loc[bad, [*_keys(frame), *columns]]


def _rows(name: str, frame: pd.DataFrame, offenders: pd.DataFrame, explanation: str) -> Verdict:
    return Verdict(
        name=name,
        passed=offenders.empty,
        measured=len(offenders),
        bound="0 rows",
        offenders=offenders.head(MAX_OFFENDERS),
        explanation=explanation,
    )


def _in_range(name: str, frame: pd.DataFrame, column: str, low: float, high: float) -> Verdict:
    values = frame[column]
    bad = values.notna() & ~values.between(low, high)
    explanation = f"{bad.sum():,} of {len(frame):,} rows have a {column} outside {low:g} to {high:g}."
    return _rows(name, frame, _pick(frame, bad, [column]), explanation)


def _keys_only_in(left: pd.DataFrame, right: pd.DataFrame, key: Sequence[str] = ("data_date", "symbol")) -> pd.DataFrame:
    key = list(key)
    known = pd.MultiIndex.from_frame(right[key])
    return left.loc[~pd.MultiIndex.from_frame(left[key]).isin(known), key].sort_values(key, kind="stable")


def _day(date: Any) -> str:
    return "none" if pd.isna(date) else f"{date:%Y-%m-%d}"


def _shown(value: Any) -> str:
    if not isinstance(value, dt.datetime) or pd.isna(value):
        return str(value)
    return f"{value:%Y-%m-%d}" if value.tzinfo is None else f"{value:%Y-%m-%d %H:%M}"


def _agree(stored: Any, expected: Any) -> bool:
    if expected is None or pd.isna(expected) or stored is None or pd.isna(stored):
        return (expected is None or pd.isna(expected)) and (stored is None or pd.isna(stored))
    if isinstance(expected, str):
        return bool(stored == expected)
    return math.isclose(stored, expected, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def _plain_row(close: list[float], rsi: list[float | None], at: int) -> dict[str, float | None]:
    """The eight features at one row, from their definitions, sharing no code with `indicators`."""

    def back(lag: int) -> float | None:
        return (close[at] - close[at - lag]) / close[at - lag] if at >= lag else None

    def mean(window: int) -> float | None:
        return statistics.fmean(close[at - window + 1 : at + 1]) if at >= window - 1 else None

    last = [(close[i] - close[i - 1]) / close[i - 1] for i in range(at - 20, at + 1)] if at >= 21 else []
    return {
        "return_1d": back(1),
        "return_5d": back(5),
        "return_21d": back(21),
        "ma_5": mean(5),
        "ma_21": mean(21),
        "ma_63": mean(63),
        "volatility_21d": statistics.stdev(last) if last else None,
        "rsi_14": rsi[at],
    }


def _plain_rsi(close: list[float], period: int) -> list[float | None]:
    """Wilder's index in its published form, 100 - 100 / (1 + RS), for every row."""
    result: list[float | None] = [None] * len(close)
    up = down = 0.0
    for i in range(1, len(close)):
        rise, fall = max(close[i] - close[i - 1], 0.0), max(close[i - 1] - close[i], 0.0)
        if i <= period:
            up, down = up + rise / period, down + fall / period
        else:
            up, down = up + (rise - up) / period, down + (fall - down) / period
        if i >= period:
            flat = up == 0.0 and down == 0.0
            result[i] = 50.0 if flat else 100.0 if down == 0.0 else 100.0 - 100.0 / (1.0 + up / down)
    return result
