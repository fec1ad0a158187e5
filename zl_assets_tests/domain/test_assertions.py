"""Every predicate is shown green on sound rows and red on a seeded fault."""

import datetime as dt
import functools
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from zl_assets.contracts.features import TECHNICAL_FEATURE_NAMES
from zl_assets.contracts.intelligence import FRED_OBSERVATIONS, VOLATILITY_DAILY
from zl_assets.contracts.regimes import REGIME_WEIGHTS
from zl_assets.domain import assertions
from zl_assets.domain.matrix import build_matrix
from zl_assets.domain.regimes import regime_weights
from zl_assets.domain.releases import available_at
from zl_assets.domain.rules.features import (
    features_complete,
    features_null_only_in_warm_up,
    prefix_invariant,
    roll_columns_sound,
    rsi_in_range,
    volatility_in_plan,
    volatility_plausible,
)
from zl_assets.domain.rules.market import (
    newest_session,
    no_bar_after,
    no_conflicting_bars,
    no_missing_session,
    no_null_prices,
    no_vanished_bar,
    no_vanished_session,
    thin_sessions,
)
from zl_assets.domain.rules.matrix import matrix_rows_recomputed
from zl_assets.domain.rules.observations import (
    available_by_rule,
    hours_make_sessions,
    no_observation_jump,
    no_vanished_observation,
    observations_in_range,
    series_accepted,
    series_fresh,
    series_start_in_time,
)
from zl_assets.domain.rules.predictions import (
    forecasts_sound,
    interval_ordered,
    model_up_to_date,
    open_sessions_forecast,
    outcomes_are_the_views,
)
from zl_assets.domain.rules.regimes import distinct_regimes, regimes_cover_the_calendar, regimes_named, seven_regimes
from zl_assets.domain.rules.rows import ROW_RULES
from zl_assets.domain.rules.tables import column_coverage, row_count_at_least, unique_key
from zl_assets.domain.rules.training import (
    csv_equals_view,
    labelled_rows_at_least,
    split_right,
    target_right,
    targets_spanning_a_roll,
)
from zl_assets.domain.targets import forward_return, split_of
from zl_assets.warehouse.contract import TableContract
from zl_assets.warehouse.errors import DataFault
from zl_assets.warehouse.shape import conform
from zl_assets.warehouse.verdict import Verdict, require
from zl_assets_tests.domain.builders import bar, bars, bars_of, features_of, random_closes, sessions_of
from zl_assets_tests.support.contracts import BARS, BARS_1H, FEATURES, LATEST, MATRIX, OOF, SESSIONS

# pandas 2.3 under numpy 2.5: the calendar library calls pd.Timedelta("1h") when it is imported.
pytestmark = pytest.mark.filterwarnings("ignore:The 'generic' unit for NumPy timedelta:DeprecationWarning")

NAN, INF = float("nan"), float("inf")
MODEL_ID = "0123456789abcdef"

# The sound sessions end on Wednesday 2018-05-30.
DAY_AFTER = dt.date(2018, 5, 31)


def forecast_while_open(latest: pd.DataFrame) -> Verdict:
    return open_sessions_forecast(latest, sound("view"), MODEL_ID)


def model_is_new(view: pd.DataFrame) -> Verdict:
    trained_through = sound("view").loc[lambda v: v["target_1m"].notna(), "data_date"].max().date()
    return model_up_to_date(view, MODEL_ID, trained_through)


def outcomes_as_in_view(oof: pd.DataFrame) -> Verdict:
    return outcomes_are_the_views(oof, sound("view"))


def same_on_prefixes(features: pd.DataFrame) -> Verdict:
    sessions = sound(SESSIONS.table)
    return prefix_invariant(features, sessions, bars_of(sessions))


@functools.cache
def _sound() -> dict[str, pd.DataFrame]:
    sessions = sessions_of(random_closes(260), start="2017-06-01")
    # A roll every 50 sessions.
    sessions["instrument_id"] = pd.array(np.arange(len(sessions)) // 50, dtype="Int64")
    features = features_of(sessions)
    weights = regime_weights()
    some_bars = bars(*(bar(f"2020-01-{day:02}", 34.0, 35.0, 33.0, 34.5) for day in (2, 3, 6, 7)))
    matrix = build_matrix(sessions, features, weights)
    view = matrix[["data_date", *TECHNICAL_FEATURE_NAMES]].assign(
        close=matrix["market_data.close"],
        target_1m=forward_return(matrix["market_data.close"]),
        split=split_of(matrix["data_date"], "2023-01-01"),
    )
    known, newest = view[view["target_1m"].notna()], view[view["target_1m"].isna()]
    forecast = {"symbol": "ZL", "model_id": MODEL_ID, "target_session": pd.Timestamp("2018-07-02"), "predicted_return": 0.01}
    oof = known[["data_date", "close", "target_1m"]].assign(**forecast, fold=1, regime_name="trade_war")
    oof = oof.assign(predicted_return=oof["predicted_return"].where(oof.index > 50), fold=oof["fold"].where(oof.index > 50))
    latest = newest[["data_date", "close"]].assign(**forecast, interval_level=0.8)
    return {
        OOF.table: conform(oof.assign(predicted_close=oof["close"] * (1 + oof["predicted_return"])), OOF),
        LATEST.table: conform(
            latest.assign(
                predicted_close=latest["close"] * 1.01, low_close=latest["close"] * 0.9, high_close=latest["close"] * 1.1
            ),
            LATEST,
        ),
        BARS.table: some_bars,
        SESSIONS.table: sessions,
        FEATURES.table: features,
        MATRIX.table: matrix,
        REGIME_WEIGHTS.table: weights,
        "view": view,
        BARS_1H.table: conform(
            some_bars.assign(ts_event=some_bars["date"].dt.tz_localize("UTC") + pd.Timedelta(hours=14)), BARS_1H
        ),
        **{contract.table: observations(contract) for contract in (FRED_OBSERVATIONS, VOLATILITY_DAILY)},
    }


def observations(contract: TableContract) -> pd.DataFrame:
    """DGS2 and VIXCLS on three days, known by their rules."""
    rows = pd.DataFrame({"observed_on": pd.to_datetime(["2024-01-08", "2024-01-09", "2024-01-10"]), "vintage": pd.NaT})
    of_series = [
        rows.assign(series=series, value=values, available_at=available_at(series, rows["observed_on"]))
        for series, values in (("DGS2", [0.08, 0.0, 4.2]), ("VIXCLS", [13.0, 12.5, 40.0]))
    ]
    return conform(pd.concat(of_series), contract)


def sound(table: str) -> pd.DataFrame:
    return _sound()[table].copy()


def with_value(frame: pd.DataFrame, row: int, column: str, value: object) -> pd.DataFrame:
    changed = frame.copy()
    changed.loc[changed.index[row], column] = value
    return changed


@pytest.mark.parametrize("table", list(ROW_RULES))
def test_sound_rows_pass_every_row_assertion(table: str) -> None:
    require([assertion(sound(table)) for assertion in ROW_RULES[table]], table)


@pytest.mark.parametrize("table", [BARS.table, SESSIONS.table, MATRIX.table])
@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("close", NAN, "no_null_prices"),
        ("open", 0.0, "prices_positive"),
        ("low", -1.0, "prices_positive"),
        ("high", INF, "prices_positive"),
        ("high", 1.0, "high_not_below_low"),
        ("close", 1e6, "open_and_close_in_range"),
        ("open", 0.5, "open_and_close_in_range"),
        ("volume", -1, "volume_sound"),
        ("volume", pd.NA, "volume_sound"),
    ],
)
def test_an_unsound_bar_is_red_in_every_table_that_holds_bars(table: str, column: str, value: object, rule: str) -> None:
    path = f"market_data.{column}" if table == MATRIX.table else column
    broken = with_value(sound(table), 2, path, value)
    red = {v.name: v for v in (assertion(broken) for assertion in ROW_RULES[table]) if not v.passed}
    assert rule in red
    assert red[rule].measured == 1
    assert list(red[rule].offenders.index) == [2]
    assert path in red[rule].offenders.columns
    with pytest.raises(DataFault, match=rf"{table}.*\n.*{rule} failed"):
        require(red.values(), table)


@pytest.mark.parametrize("table", [FEATURES.table, MATRIX.table])
@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("rsi_14", 100.1, "rsi_in_range"),
        ("rsi_14", -0.1, "rsi_in_range"),
        ("volatility_21d", -0.001, "volatility_in_plan"),
        ("volatility_21d", 0.51, "volatility_in_plan"),
        ("volatility_21d", 0.11, "volatility_plausible"),
        ("ma_5", INF, "features_finite"),
        ("return_1d", -INF, "features_finite"),
    ],
)
def test_an_impossible_feature_is_red(table: str, column: str, value: float, rule: str) -> None:
    broken = with_value(sound(table), 150, column, value)
    assert rule in {v.name for v in (assertion(broken) for assertion in ROW_RULES[table]) if not v.passed}


def test_the_bounds_themselves_are_allowed() -> None:
    frame = with_value(with_value(sound(FEATURES.table), 150, "rsi_14", 100.0), 151, "rsi_14", 0.0)
    assert rsi_in_range(frame).passed
    assert volatility_in_plan(with_value(frame, 150, "volatility_21d", 0.5)).passed
    assert volatility_plausible(with_value(frame, 150, "volatility_21d", 0.10)).passed


def one(frame: pd.DataFrame, row: int) -> pd.DataFrame:
    return frame.drop(frame.index[row]).reset_index(drop=True)


def doubled(frame: pd.DataFrame, row: int) -> pd.DataFrame:
    return pd.concat([frame, frame.iloc[[row]]], ignore_index=True)


def regime(name: str, **values: object) -> pd.DataFrame:
    weights = sound(REGIME_WEIGHTS.table)
    for column, value in values.items():
        weights.loc[weights["regime"] == name, column] = value
    return weights


# name -> (the predicate on a frame, the table it looks at, the fault)
RED: dict[str, tuple[Callable[[pd.DataFrame], Verdict], str, Callable[[pd.DataFrame], pd.DataFrame]]] = {
    "conflicting bars": (
        no_conflicting_bars,
        BARS.table,
        lambda f: pd.concat([f, f.iloc[[1]].assign(close=34.6)], ignore_index=True),
    ),
    "a bar from the future": (
        lambda f: no_bar_after(f, dt.date(2020, 1, 7)),
        BARS.table,
        lambda f: with_value(f, 3, "date", pd.Timestamp("2020-01-08")),
    ),
    "a hole in a feature": (
        features_null_only_in_warm_up,
        FEATURES.table,
        lambda f: with_value(f, 100, "ma_5", NAN),
    ),
    "an incomplete matrix row": (features_complete, MATRIX.table, lambda f: with_value(f, 5, "ma_63", NAN)),
    "no regime name": (regimes_named, MATRIX.table, lambda f: with_value(f, 5, "regime.name", pd.NA)),
    "no regime weight": (regimes_named, MATRIX.table, lambda f: with_value(f, 5, "regime.weight", pd.NA)),
    "six regimes": (seven_regimes, REGIME_WEIGHTS.table, lambda f: one(f, 3)),
    "eight regimes": (seven_regimes, REGIME_WEIGHTS.table, lambda f: pd.concat([f, f.iloc[[0]].assign(regime="x")])),
    "a regime twice": (seven_regimes, REGIME_WEIGHTS.table, lambda f: doubled(f, 0)),
    "weight 0": (seven_regimes, REGIME_WEIGHTS.table, lambda f: with_value(f, 0, "weight", 0)),
    "weight NULL": (seven_regimes, REGIME_WEIGHTS.table, lambda f: with_value(f, 0, "weight", pd.NA)),
    "a gap between regimes": (
        regimes_cover_the_calendar,
        REGIME_WEIGHTS.table,
        lambda _: regime("inflation", end_date=pd.Timestamp("2022-12-30")),
    ),
    "overlapping regimes": (
        regimes_cover_the_calendar,
        REGIME_WEIGHTS.table,
        lambda _: regime("inflation", end_date=pd.Timestamp("2023-01-01")),
    ),
    "regimes end early": (
        regimes_cover_the_calendar,
        REGIME_WEIGHTS.table,
        lambda _: regime("trump_term", end_date=pd.Timestamp("2029-12-30")),
    ),
    "a regime without dates": (
        regimes_cover_the_calendar,
        REGIME_WEIGHTS.table,
        lambda _: regime("covid_crash", start_date=pd.NaT, end_date=pd.NaT),
    ),
    "one regime only": (
        lambda f: distinct_regimes(f, sound(REGIME_WEIGHTS.table)),
        MATRIX.table,
        lambda f: f.assign(**{"regime.name": "pre_trade_war"}),
    ),
    "one regime only, although the dates reach into one only": (
        lambda f: distinct_regimes(f, sound(REGIME_WEIGHTS.table)),
        MATRIX.table,
        lambda f: f[f["data_date"] < "2018-01-01"],
    ),
    "a regime that these dates cannot have": (
        lambda f: distinct_regimes(f, sound(REGIME_WEIGHTS.table)),
        MATRIX.table,
        lambda f: with_value(f, 5, "regime.name", "unknown"),
    ),
    "too few rows": (lambda f: row_count_at_least(f, 198), MATRIX.table, lambda f: one(f, 0).iloc[1:]),
    "too few labels": (
        lambda f: labelled_rows_at_least(f, 177),
        "view",
        lambda f: with_value(f, 0, "target_1m", NAN),
    ),
    "a key twice": (lambda f: unique_key(f, MATRIX.key), MATRIX.table, lambda f: doubled(f, 7)),
    "a NULL key": (lambda f: unique_key(f, MATRIX.key), MATRIX.table, lambda f: with_value(f, 7, "symbol", pd.NA)),
    "a missing session": (
        lambda f: no_missing_session(f, sound(SESSIONS.table)),
        SESSIONS.table,
        lambda f: one(f, 9),
    ),
    "a vanished session": (
        lambda f: no_vanished_session(f, sound(SESSIONS.table)),
        SESSIONS.table,
        lambda f: with_value(f, 9, "data_date", pd.Timestamp("2017-06-10")),
    ),
    "a vanished bar": (
        lambda f: no_vanished_bar(f, sound(BARS.table)),
        BARS.table,
        lambda f: with_value(f, 1, "date", pd.Timestamp("2017-06-10")),
    ),
    "an empty column": (column_coverage, MATRIX.table, lambda f: f.assign(rsi_14=NAN)),
    "a hole in a complete column": (
        lambda f: column_coverage(f, complete=("rsi_14",)),
        MATRIX.table,
        lambda f: with_value(f, 0, "rsi_14", NAN),
    ),
    "an empty table": (column_coverage, MATRIX.table, lambda f: f.iloc[:0]),
    "many thin sessions": (
        thin_sessions,
        SESSIONS.table,
        lambda f: f.assign(volume=[999] * 3 + [5000] * (len(f) - 3)),
    ),
    "a stale table": (lambda f: newest_session(f, DAY_AFTER), MATRIX.table, lambda f: f.iloc[:-2]),
    "no session at all": (lambda f: newest_session(f, DAY_AFTER), MATRIX.table, lambda f: f.iloc[:0]),
    "a target one row off": (target_right, "view", lambda f: f.assign(target_1m=f["target_1m"].shift(1))),
    "a target of 20 rows": (target_right, "view", lambda f: f.assign(target_1m=forward_return(f["close"], 20))),
    "a shuffled target": (
        target_right,
        "view",
        lambda f: f.assign(target_1m=np.random.default_rng(0).permutation(f["target_1m"])),
    ),
    "an invented last target": (target_right, "view", lambda f: with_value(f, -1, "target_1m", 0.0)),
    "a lost target": (target_right, "view", lambda f: with_value(f, 3, "target_1m", NAN)),
    "a wrong split": (split_right, "view", lambda f: with_value(f, 3, "split", "test")),
    "an unknown split": (split_right, "view", lambda f: with_value(f, 3, "split", pd.NA)),
    "another split date": (
        split_right,
        "view",
        lambda f: f.assign(data_date=f["data_date"] + pd.to_timedelta(1750, unit="D"), split="train"),
    ),
    "one bit in the CSV": (
        lambda f: csv_equals_view(f, sound("view")),
        "view",
        lambda f: with_value(f, 3, "close", np.nextafter(f["close"].iloc[3], INF)),
    ),
    "a NULL in the CSV": (
        lambda f: csv_equals_view(f, sound("view")),
        "view",
        lambda f: with_value(f, 3, "close", NAN),
    ),
    "a row missing in the CSV": (lambda f: csv_equals_view(f, sound("view")), "view", lambda f: one(f, 3)),
    "a roll index of zero": (roll_columns_sound, FEATURES.table, lambda f: with_value(f, 9, "roll_index", 0.0)),
    "an infinite roll index": (roll_columns_sound, MATRIX.table, lambda f: with_value(f, 9, "roll_index", INF)),
    "half of the roll columns": (roll_columns_sound, FEATURES.table, lambda f: with_value(f, 9, "is_roll", pd.NA)),
    "a back-filled warm-up": (same_on_prefixes, FEATURES.table, lambda f: f.assign(ma_63=f["ma_63"].bfill())),
    "a centred mean": (
        same_on_prefixes,
        FEATURES.table,
        lambda f: f.assign(ma_21=sound(SESSIONS.table)["close"].rolling(21, center=True).mean()),
    ),
    "a feature one row early": (same_on_prefixes, FEATURES.table, lambda f: f.assign(rsi_14=f["rsi_14"].shift(-1))),
    "a back-adjusted index": (
        same_on_prefixes,
        FEATURES.table,
        lambda f: f.assign(roll_index=f["roll_index"] / f["roll_index"].iloc[-1] * 100),
    ),
    "one last bit": (
        same_on_prefixes,
        FEATURES.table,
        lambda f: with_value(f, 30, "volatility_21d", np.nextafter(f["volatility_21d"].iloc[30], INF)),
    ),
    "rolls that are not noticed": (
        lambda f: targets_spanning_a_roll(sound("view"), f),
        MATRIX.table,
        lambda f: f.assign(is_roll=pd.array([False] * len(f), dtype="boolean")),
    ),
    "a roll every day": (
        lambda f: targets_spanning_a_roll(sound("view"), f),
        MATRIX.table,
        lambda f: f.assign(is_roll=pd.array([True] * len(f), dtype="boolean")),
    ),
    "a forecast that is not finite": (
        forecasts_sound,
        LATEST.table,
        lambda f: with_value(f, 2, "predicted_return", INF),
    ),
    "a forecast that is missing": (forecasts_sound, LATEST.table, lambda f: with_value(f, 2, "predicted_return", NAN)),
    "a return and a price that disagree": (
        forecasts_sound,
        LATEST.table,
        lambda f: f.assign(predicted_close=f["predicted_close"] + 0.01),
    ),
    "a fold without its forecast": (forecasts_sound, OOF.table, lambda f: with_value(f, -1, "predicted_return", NAN)),
    "a forecast without its fold": (forecasts_sound, OOF.table, lambda f: with_value(f, -1, "fold", pd.NA)),
    "an interval upside down": (
        interval_ordered,
        LATEST.table,
        lambda f: f.rename(columns={"low_close": "high_close", "high_close": "low_close"}),
    ),
    "an interval beside its forecast": (
        interval_ordered,
        LATEST.table,
        lambda f: f.assign(low_close=f["high_close"] - 0.1),
    ),
    "an interval without an end": (interval_ordered, LATEST.table, lambda f: with_value(f, 0, "high_close", NAN)),
    "a price that could be below zero": (
        interval_ordered,
        LATEST.table,
        lambda f: with_value(f, 0, "low_close", -1.0),
    ),
    "an open session without a forecast": (forecast_while_open, LATEST.table, lambda f: one(f, 3)),
    "a forecast of an older model": (forecast_while_open, LATEST.table, lambda f: with_value(f, 3, "model_id", "older")),
    "a forecast from a revised close": (forecast_while_open, LATEST.table, lambda f: with_value(f, 3, "close", 1.0)),
    "a target session in the past": (
        forecast_while_open,
        LATEST.table,
        lambda f: with_value(f, 3, "target_session", pd.Timestamp("2018-01-02")),
    ),
    "a model that nothing newer replaced": (model_is_new, "view", lambda f: f.assign(target_1m=f["target_1m"].fillna(0.0))),
    "an outcome that is not the view's": (outcomes_as_in_view, OOF.table, lambda f: with_value(f, 3, "target_1m", 0.0)),
    "a labelled session missing": (outcomes_as_in_view, OOF.table, lambda f: one(f, 3)),
    "two models in one table": (outcomes_as_in_view, OOF.table, lambda f: with_value(f, 3, "model_id", "older")),
    "columns swapped in the CSV": (
        lambda f: csv_equals_view(f, sound("view")),
        "view",
        lambda f: f.rename(columns={"ma_5": "ma_21", "ma_21": "ma_5"}),
    ),
}


@pytest.mark.parametrize("fault", list(RED))
def test_a_seeded_fault_turns_its_predicate_red(fault: str) -> None:
    predicate, table, break_it = RED[fault]
    verdict = predicate(break_it(sound(table)))
    assert not verdict.passed
    assert verdict.name in str(verdict)
    assert verdict.explanation[0].isupper() or verdict.explanation[0].isdigit()
    assert len(verdict.offenders) <= 10


@pytest.mark.parametrize("fault", list(RED))
def test_without_the_fault_the_predicate_is_green(fault: str) -> None:
    predicate, table, _ = RED[fault]
    verdict = predicate(sound(table))
    assert verdict.passed, str(verdict)


def test_every_public_predicate_is_shown_red() -> None:
    shown = {RED[fault][0](RED[fault][2](sound(RED[fault][1]))).name for fault in RED}
    shown |= {"no_null_prices", "prices_positive", "high_not_below_low", "open_and_close_in_range", "volume_sound"}
    shown |= {"rsi_in_range", "volatility_in_plan", "volatility_plausible", "features_finite", "matrix_rows_recomputed"}
    shown |= {"observations_in_range", "no_observation_jump", "available_by_rule", "no_vanished_observation"}
    shown |= {"series_fresh", "series_start_in_time", "series_accepted", "hours_make_sessions"}
    public = {
        name
        for name, thing in vars(assertions).items()
        if callable(thing) and getattr(thing, "__annotations__", {}).get("return") is Verdict and name[0] != "_"
    }
    assert public == shown


@pytest.mark.parametrize(
    ("days_after", "passed", "measured", "words"),
    # The newest session is Friday 2018-05-25; Monday 28 is Memorial Day.
    [
        (1, True, 0, "Up to date"),
        (4, True, 0, "Up to date"),
        (5, True, 1, "No new session yet"),
        (6, False, 2, "The source is late"),
    ],
)
def test_the_newest_session_has_one_session_of_grace(days_after: int, passed: bool, measured: int, words: str) -> None:
    frame = sound(MATRIX.table)
    frame = frame[frame["data_date"] <= "2018-05-25"]
    verdict = newest_session(frame, dt.date(2018, 5, 25) + dt.timedelta(days=days_after))
    assert (verdict.passed, verdict.measured) == (passed, measured)
    assert verdict.explanation.startswith(f"{words}: the newest session is 2018-05-25;")


@pytest.mark.parametrize(("behind", "passed"), [(5, True), (6, False)])
def test_a_model_may_be_a_week_behind(behind: int, passed: bool) -> None:
    view = sound("view")
    first_open = view["target_1m"].notna().sum()
    view.loc[view.index[first_open : first_open + behind], "target_1m"] = 0.0
    verdict = model_is_new(view)
    assert (verdict.passed, verdict.measured) == (passed, behind)


def test_thin_sessions_under_the_bound_are_still_named() -> None:
    frame = with_value(with_value(sound(SESSIONS.table), 10, "volume", 12), 20, "volume", 999)
    verdict = thin_sessions(frame)
    assert (verdict.passed, verdict.measured) == (True, 2)
    assert list(verdict.offenders["volume"]) == [999, 12], "the newest first"


@pytest.mark.parametrize(
    "column", [*TECHNICAL_FEATURE_NAMES, "market_data.high", "market_data.volume", "regime.name", "regime.weight"]
)
def test_a_matrix_column_that_is_not_what_the_sessions_give_is_red(column: str) -> None:
    matrix = sound(MATRIX.table)
    sessions, weights = sound(SESSIONS.table), sound(REGIME_WEIGHTS.table)
    assert matrix_rows_recomputed(matrix, sessions, weights).passed
    wrong = (
        "trump_term"
        if column == "regime.name"
        else matrix[column].iloc[-1] + (1 if matrix[column].dtype == "Int64" else 2e-9 * 60)
    )
    verdict = matrix_rows_recomputed(with_value(matrix, -1, column, wrong), sessions, weights)
    assert (verdict.passed, verdict.measured) == (False, 1)
    assert verdict.offenders["column"].tolist() == [column]


def test_a_matrix_row_without_a_session_is_red_when_sampled() -> None:
    matrix, sessions = sound(MATRIX.table), sound(SESSIONS.table)
    assert not matrix_rows_recomputed(matrix, sessions.iloc[:-1], sound(REGIME_WEIGHTS.table)).passed


def test_an_empty_matrix_is_not_taken_for_a_right_one() -> None:
    verdict = matrix_rows_recomputed(sound(MATRIX.table).iloc[:0], sound(SESSIONS.table), sound(REGIME_WEIGHTS.table))
    assert not verdict.passed


def test_the_sample_of_rows_is_the_same_every_time_and_covers_both_ends() -> None:
    matrix = sound(MATRIX.table).assign(rsi_14=-1.0)
    first, again = (
        matrix_rows_recomputed(matrix, sound(SESSIONS.table), sound(REGIME_WEIGHTS.table), sample=5, seed=3) for _ in range(2)
    )
    assert first.measured == 5
    assert first.offenders["data_date"].tolist() == again.offenders["data_date"].tolist()
    assert first.offenders["data_date"].iloc[[0, -1]].tolist() == matrix["data_date"].iloc[[0, -1]].tolist()


def test_a_message_names_the_table_the_rule_and_the_first_offenders_only() -> None:
    broken = sound(SESSIONS.table).assign(close=NAN)
    with pytest.raises(DataFault) as caught:
        require([no_null_prices(broken)], "features.zl_ohlcv")
    message = str(caught.value)
    assert message.startswith("features.zl_ohlcv: the data break 1 of the rules.")
    assert "260 of 260 rows have a NULL price" in message
    assert message.count("data_date=") == 10
    assert "run again" in message


def test_an_optional_column_may_be_empty() -> None:
    frame = sound(SESSIONS.table).assign(instrument_id=pd.Series([pd.NA] * 260, dtype="Int64"))
    assert not column_coverage(frame).passed
    assert column_coverage(frame, optional=("instrument_id",)).passed


def test_a_source_without_instrument_ids_is_not_blamed_for_its_rolls() -> None:
    unknown = sound(MATRIX.table).assign(is_roll=pd.array([pd.NA] * len(sound(MATRIX.table)), dtype="boolean"))
    verdict = targets_spanning_a_roll(sound("view"), unknown)
    assert verdict.passed
    assert verdict.measured == "not known"


def test_the_cuts_lie_inside_the_warm_up_and_after_it() -> None:
    explanation = same_on_prefixes(sound(FEATURES.table)).explanation
    cuts = [int(number) for number in explanation.partition("first ")[2].partition(" sessions")[0].split(", ")]
    assert cuts[:3] == [10, 40, 62]
    assert len(cuts) == 8
    assert max(cuts) > 150


OBSERVATIONS = FRED_OBSERVATIONS.table


@pytest.mark.parametrize(
    ("assertion", "row", "column", "value"),
    [
        (observations_in_range, 1, "value", 420.0),
        (observations_in_range, 1, "value", NAN),
        (observations_in_range, 1, "value", INF),
        (observations_in_range, 5, "value", 0.4),
        (observations_in_range, 1, "series", "DGS3"),
        (no_observation_jump, 1, "value", 8.0),
        (no_observation_jump, 1, "value", -4.0),
        (no_observation_jump, 5, "value", 0.25),
        (available_by_rule, 0, "available_at", pd.Timestamp("2024-01-09 21:14", tz="UTC")),
        (available_by_rule, 0, "available_at", pd.Timestamp("2024-01-10 21:15", tz="UTC")),
        (available_by_rule, 1, "series", "DGS3"),
    ],
)
def test_a_faulty_observation_is_named(
    assertion: Callable[[pd.DataFrame], Verdict], row: int, column: str, value: object
) -> None:
    verdict = assertion(with_value(sound(OBSERVATIONS), row, column, value))
    assert not verdict.passed
    assert set(verdict.offenders["series"]) <= {"DGS2", "VIXCLS", "DGS3"}
    assert len(verdict.offenders)


def test_a_vintage_may_be_known_later_than_the_rule_and_never_earlier() -> None:
    later = sound(OBSERVATIONS).assign(vintage=pd.Timestamp("2024-03-01"))
    later["available_at"] += pd.Timedelta(days=30)
    assert available_by_rule(later).passed
    later["available_at"] -= pd.Timedelta(days=31)
    assert not available_by_rule(later).passed


def test_a_series_that_has_stopped_or_is_missing_is_named() -> None:
    rows = sound(OBSERVATIONS)
    fresh = series_fresh(rows, ["DGS2", "VIXCLS"], dt.date(2024, 1, 22))
    assert fresh.passed
    stale = series_fresh(rows, ["DGS2", "VIXCLS", "FEDFUNDS"], dt.date(2024, 1, 23))
    assert stale.offenders["series"].tolist() == ["DGS2", "VIXCLS", "FEDFUNDS"]
    assert "DGS2 (2024-01-10)" in stale.explanation
    assert "FEDFUNDS (none)" in stale.explanation


def test_a_series_that_starts_late_is_named() -> None:
    rows, sessions = sound(OBSERVATIONS), sound(SESSIONS.table)
    late = series_start_in_time(rows, ["DGS2", "VIXCLS"], sessions)
    assert "DGS2 (2024-01-09), VIXCLS (2024-01-09)" in late.explanation
    in_time = series_start_in_time(rows, ["DGS2"], sessions.assign(data_date=pd.Timestamp("2024-01-10")))
    assert in_time.passed


def test_refused_series_are_named() -> None:
    assert series_accepted({}, "x").passed
    assert "DGS2" in str(series_accepted({"DGS2": "no file"}, "x"))


def test_an_observation_that_left_the_files_is_named_and_a_refused_series_is_not() -> None:
    rows = sound(OBSERVATIONS)
    vanished = no_vanished_observation(rows, rows.drop(index=1))
    assert vanished.offenders["observed_on"].tolist() == [rows["observed_on"][1]]
    assert no_vanished_observation(rows, rows[rows["series"] == "DGS2"]).passed


def test_a_session_whose_hours_are_incomplete_is_named() -> None:
    sessions = sound(SESSIONS.table).tail(5).reset_index(drop=True)
    hours = conform(
        pd.concat(sessions.assign(ts_event=sessions["data_date"].dt.tz_localize("UTC") + pd.Timedelta(hours=h)) for h in (1, 2)),
        BARS_1H,
    ).assign(volume=pd.array([20_000] * 10, dtype="Int64"))
    assert hours_make_sessions(hours, sessions).passed
    # Sessions before the first hour are not blamed; one in the middle is.
    assert hours_make_sessions(hours.iloc[2:], sessions).passed
    for broken in (hours.drop(index=4), hours.drop(index=[4, 5])):
        verdict = hours_make_sessions(broken, sessions)
        assert verdict.offenders["data_date"].tolist() == [sessions["data_date"][2]]
    assert not hours_make_sessions(hours.head(0), sessions).passed
