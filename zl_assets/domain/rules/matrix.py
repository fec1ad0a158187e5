"""The matrix, computed a second time."""

import random
import statistics
from typing import Any

import pandas as pd

from zl_assets.domain.rules.offenders import PRICES, TOLERANCE, agree
from zl_assets.warehouse.digits import number
from zl_assets.warehouse.verdict import MAX_OFFENDERS, Verdict

# Rows that are drawn beside the first and the newest.
SAMPLE, SEED = 38, 1


def matrix_rows_recomputed(matrix: pd.DataFrame, sessions: pd.DataFrame, regime_weights: pd.DataFrame) -> Verdict:
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
    drawn = random.Random(SEED).sample(others, min(SAMPLE, len(others)))  # noqa: S311 - not for secrets
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
            if not agree(row[column], value)
        ]
    return Verdict(
        name="matrix_rows_recomputed",
        passed=not faults and bool(chosen),
        measured=len(faults),
        bound=f"0 values that differ by more than {number(TOLERANCE)}, in at least one row",
        offenders=pd.DataFrame(faults, columns=["data_date", "column", "stored", "recomputed"]).head(MAX_OFFENDERS),
        explanation=f"{len(faults):,} values of {len(chosen)} sampled rows differ from a second computation from the sessions.",
    )


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
