"""Sound rows of every table, and the faults that are seeded in them."""

import functools
from collections.abc import Callable
from types import ModuleType

import numpy as np
import pandas as pd

from zl_assets.contracts.features import TECHNICAL_FEATURE_NAMES
from zl_assets.contracts.regimes import REGIME_WEIGHTS
from zl_assets.domain.matrix import build_matrix
from zl_assets.domain.regimes import regime_weights
from zl_assets.domain.releases import available_at
from zl_assets.domain.targets import forward_return
from zl_assets.warehouse.contract import TableContract
from zl_assets.warehouse.shape import conform
from zl_assets.warehouse.verdict import Verdict
from zl_assets_tests.support import cot, rin, wasde
from zl_assets_tests.support.builders import bar, bars, features_of, random_closes, sessions_of
from zl_assets_tests.support.contracts import (
    BARS,
    BARS_1H,
    COT_WEEKLY,
    FEATURES,
    FRED_OBSERVATIONS,
    HORIZON,
    LATEST,
    MATRIX,
    OOF,
    POLICY_DOCUMENTS,
    RECORD,
    REPLAY,
    RIN_PRICES,
    ROW_RULES,
    SCORE,
    SESSIONS,
    VOLATILITY_DAILY,
    WASDE_BALANCE,
    WEATHER_DAILY,
    ZL,
)
from zl_assets_tests.support.documents import document, page, table
from zl_assets_tests.support.weather import made_up

NAN, INF = float("nan"), float("inf")
MODEL_ID = "0123456789abcdef"

type Change = Callable[[pd.DataFrame], pd.DataFrame]
# Name of the fault -> (the predicate on a frame, the table it looks at, the fault).
type Faults = dict[str, tuple[Callable[[pd.DataFrame], Verdict], str, Change]]


@functools.cache
def _sound() -> dict[str, pd.DataFrame]:
    sessions = sessions_of(random_closes(260), start="2017-06-01")
    # A roll every 50 sessions.
    sessions["instrument_id"] = pd.array(np.arange(len(sessions)) // 50, dtype="Int64")
    features = features_of(sessions)
    weights = regime_weights()
    some_bars = bars(*(bar(f"2020-01-{day:02}", 34.0, 35.0, 33.0, 34.5) for day in (2, 3, 6, 7)))
    matrix = build_matrix(sessions, features, weights, ZL)
    view = matrix[["data_date", *TECHNICAL_FEATURE_NAMES]].assign(
        close=matrix["market_data.close"],
        target_1m=forward_return(matrix["market_data.close"], HORIZON),
        split=matrix["data_date"].lt("2023-01-01").map({True: "train", False: "test"}).astype("string"),
    )
    known, newest = view[view["target_1m"].notna()], view[view["target_1m"].isna()]
    forecast = {"symbol": "ZL", "model_id": MODEL_ID, "target_session": pd.Timestamp("2018-07-02"), "predicted_return": 0.01}
    oof = known[["data_date", "close", "target_1m"]].assign(**forecast, fold=1, regime_name="trade_war")
    oof = oof.assign(predicted_return=oof["predicted_return"].where(oof.index > 50), fold=oof["fold"].where(oof.index > 50))
    latest = newest[["data_date", "close"]].assign(
        **forecast,
        interval_level=0.8,
        predicted_close=newest["close"] * 1.01,
        **{
            f"{end}{level}_close": newest["close"] * (1.01 + sign * half)
            for level, half in (("_50", 0.05), ("", 0.1), ("_95", 0.2))
            for end, sign in (("low", -1), ("high", 1))
        },
        expected_move=0.06,
        expected_move_price=newest["close"] * 0.06,
        move_percentile=0.6,
    )
    # The same as it would have been said, was said, and came out.
    kept = latest.rename(columns={"low_close": "low_80_close", "high_close": "high_80_close"}).assign(
        horizon="1m",
        volatility=0.015,
        made_of="all that it depends on",
        issued_on=latest["data_date"] + pd.Timedelta(1, "D"),
        source="bars",
        back_dated=False,
        came_on=latest["target_session"],
        came_close=latest["close"] * 1.08,
        came_return=latest["close"] * 1.08 / latest["close"] - 1,
        adjusted_return=0.08,
        contract_changes=0,
        error=latest["close"] * 1.08 / latest["close"] - 1 - 0.01,
        inside_50=False,
        inside_80=True,
        inside_95=True,
    )
    return {
        OOF.table: conform(oof.assign(predicted_close=oof["close"] * (1 + oof["predicted_return"])), OOF),
        LATEST.table: conform(latest, LATEST),
        **{contract.table: conform(kept, contract) for contract in (REPLAY, RECORD, SCORE)},
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
        WEATHER_DAILY.table: made_up("2024-01-08", "2024-01-12", "USC00115079", "A901"),
        POLICY_DOCUMENTS.table: table(
            document("2025-06063", "2025-04-07", "Regulating Imports", executive_order_number=14257),
            page("https://www.whitehouse.gov/a/", "2025-04-03 01:30", "A Page"),
            presidents=("2025-04-01", "2025-04-08"),
        ),
        WASDE_BALANCE.table: wasde.table(wasde.release(508, "2012-07-11")),
        COT_WEEKLY.table: cot.made_up("2024-01-08", "2024-02-08"),
        RIN_PRICES.table: rin.made_up("2024-01-08", "2024-02-08"),
    }


def observations(contract: TableContract) -> pd.DataFrame:
    """DGS2 and VIXCLS on three days, known by their rules."""
    rows = pd.DataFrame({"observed_on": pd.to_datetime(["2024-01-08", "2024-01-09", "2024-01-10"]), "vintage": pd.NaT})
    of_series = [
        rows.assign(series=series, value=values, available_at=available_at(series, rows["observed_on"]))
        for series, values in (("DGS2", [0.08, 0.12, 1.02]), ("VIXCLS", [13.0, 12.5, 40.0]))
    ]
    return conform(pd.concat(of_series), contract)


def sound(table: str) -> pd.DataFrame:
    return _sound()[table].copy()


def with_value(frame: pd.DataFrame, row: int, column: str, value: object) -> pd.DataFrame:
    changed = frame.copy()
    changed.loc[changed.index[row], column] = value
    return changed


def one(frame: pd.DataFrame, row: int) -> pd.DataFrame:
    return frame.drop(frame.index[row]).reset_index(drop=True)


def doubled(frame: pd.DataFrame, row: int) -> pd.DataFrame:
    return pd.concat([frame, frame.iloc[[row]]], ignore_index=True)


def red_rules(table: str, frame: pd.DataFrame) -> dict[str, Verdict]:
    """The row rules of the table that the frame breaks, by name."""
    return {verdict.name: verdict for verdict in (rule(frame) for rule in ROW_RULES[table]) if not verdict.passed}


def assert_red(faults: Faults, fault: str) -> None:
    """The seeded fault turns its predicate red, with words and a few offenders."""
    predicate, table, break_it = faults[fault]
    verdict = predicate(break_it(sound(table)))
    assert not verdict.passed
    assert verdict.name in str(verdict)
    assert verdict.explanation[0].isupper() or verdict.explanation[0].isdigit()
    assert len(verdict.offenders) <= 10


def assert_green_without(faults: Faults, fault: str) -> None:
    """Without the fault the predicate is green."""
    predicate, table, _ = faults[fault]
    verdict = predicate(sound(table))
    assert verdict.passed, str(verdict)


def shown_red(faults: Faults) -> set[str]:
    """The names of the verdicts that the faults turn red."""
    return {predicate(break_it(sound(table))).name for predicate, table, break_it in faults.values()}


def predicates_of(module: ModuleType) -> set[str]:
    """The names of the predicates that a module of rules has."""
    return {
        name
        for name, thing in vars(module).items()
        if callable(thing)
        and thing.__module__ == module.__name__
        and getattr(thing, "__annotations__", {}).get("return") is Verdict
    }
