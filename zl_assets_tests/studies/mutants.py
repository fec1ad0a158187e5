"""Every mutant of the gates' evidence as one table, measured in one run.

    python -m zl_assets_tests.studies.mutants vw_zl_1m_flat.csv --out docs/evidence/mutants.md

The mutants are shared with test_gates: each is a way to break or to leak that a gate exists for. Must not be here: gates.
"""

import dataclasses
import hashlib
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from zl_assets.domain.rules.training import target_right
from zl_assets.model.fit.config import ModelConfig
from zl_assets.model.fit.gates import GateResult, evaluate_gates
from zl_assets.model.fit.training import TrainedModel, fit
from zl_assets_tests.model.record import RECORD, config_of, train, training_set
from zl_assets_tests.model.views import view_of
from zl_assets_tests.support.contracts import MONTH

OVERGROWN = config_of(num_leaves=31, rounds=200, min_rows_per_leaf=20, l2=0.0)
LEVELS = ["return_1d", "return_5d", "return_21d", "ma_5", "ma_21", "ma_63", "volatility_21d", "rsi_14"]
SHUFFLES = 60


def refitted(model: TrainedModel, config: ModelConfig | None = None, **changes: object) -> tuple[GateResult, ...]:
    """The gates after fitting with other features or another target."""
    return evaluate_gates(fit(dataclasses.replace(model.data, **changes), config or RECORD, model.csv_sha256))


def raw_levels(model: TrainedModel, view: pd.DataFrame) -> tuple[GateResult, ...]:
    """Prices as levels, in a model of 31 leaves and 200 rounds."""
    return refitted(model, OVERGROWN, features=view[view["target_1m"].notna()][LEVELS])


def noisy_future(model: TrainedModel, noise: float) -> tuple[GateResult, ...]:
    """A feature that is the target plus noise of `noise` times its standard deviation."""
    target = model.data.target
    seen = target + np.random.default_rng(1).normal(0, noise * target.std(), len(target))
    return refitted(model, features=model.data.features.assign(return_1d=seen))


def centred_mean(model: TrainedModel, view: pd.DataFrame, window: int) -> tuple[GateResult, ...]:
    """A moving average that looks as far ahead as back."""
    centred = view["close"] / view["close"].rolling(window, center=True, min_periods=1).mean() - 1
    return refitted(model, features=model.data.features.assign(close_to_ma_21=centred[: len(model.data.target)]))


def early_return(model: TrainedModel, view: pd.DataFrame, column: str = "return_21d", rows: int = 5) -> tuple[GateResult, ...]:
    """A return that is known some rows too early."""
    early = view[column].shift(-rows)[: len(model.data.target)]
    return refitted(model, features=model.data.features.assign(**{column: early}))


def wrong_bars(dates: pd.Series, close: pd.Series, seed: int) -> tuple[GateResult, ...]:
    """Eight closes times 100."""
    close = close.copy()
    close.iloc[np.random.default_rng(seed).choice(len(close), 8, replace=False)] *= 100
    return evaluate_gates(fit(training_set(view_of(dates, close), RECORD), RECORD, ""))


def constant_model(model: TrainedModel) -> tuple[GateResult, ...]:
    """Features without a value to split on."""
    return refitted(model, features=model.data.features * 0)


def shuffled_target(model: TrainedModel, seed: int) -> tuple[GateResult, ...]:
    """The target's rows in random order."""
    return refitted(model, target=np.random.default_rng(seed).permutation(model.data.target))


def flat_month(model: TrainedModel, view: pd.DataFrame) -> tuple[GateResult, ...]:
    """One month without a move."""
    close = view["close"].copy()
    close.iloc[1000:1021] = close.iloc[1000]
    return evaluate_gates(fit(training_set(view_of(view["data_date"], close), RECORD), RECORD, ""))


def table(csv: Path) -> str:
    """The outcomes as Markdown."""
    view = pd.read_csv(csv, parse_dates=["data_date"], float_precision="round_trip")
    sha = hashlib.sha256(csv.read_bytes()).hexdigest()
    model = train(view, RECORD, sha)
    close, dates = view["close"], view["data_date"]
    mutants: dict[str, tuple[Callable[[], tuple[GateResult, ...]], str]] = {
        "none: the model of record": (lambda: evaluate_gates(model), "nothing"),
        "raw-level features, 31 leaves, 200 rounds": (lambda: raw_levels(model, view), "worst ratio, out of range"),
        "noisy copy of the future, noise 1 sd": (lambda: noisy_future(model, 1), "too good, permutation"),
        "noisy copy of the future, noise 2 sd": (lambda: noisy_future(model, 2), "too good, permutation"),
        "centred moving average, 21 rows": (lambda: centred_mean(model, view, 21), "too good, permutation"),
        "centred moving average, 63 rows": (lambda: centred_mean(model, view, 63), "too good, permutation"),
        "return_21d shifted by 5 rows": (lambda: early_return(model, view), "permutation, R2"),
        "eight bars times 100, seed 0": (lambda: wrong_bars(dates, close, 0), "sd ratio, worst ratio or rank correlation"),
        "eight bars times 100, seed 1": (lambda: wrong_bars(dates, close, 1), "sd ratio, worst ratio or rank correlation"),
        "a constant model": (lambda: constant_model(model), "dispersion, NaN rank correlation"),
        "return_1d shifted by one row": (lambda: early_return(model, view, "return_1d", 1), "nothing: the prefix check sees it"),
        "one flat month": (lambda: flat_month(model, view), "nothing: the data checks see it"),
    }
    lines = [
        "# What turns the gates red",
        "",
        "Each mutant is a way to break the model or to let it see the future. Made by "
        "`python -m zl_assets_tests.studies.mutants`, on a training CSV of "
        f"{len(view):,} rows, sha256 `{sha}`; the config is the model of record's unless it says otherwise.",
        "",
        "| mutant | must turn red | red | worst ratio | best R2 | largest IC | permutation |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, (run, expected) in mutants.items():
        lines.append(_line(name, expected, run()))
    caught = [any(not gate.passed for gate in shuffled_target(model, seed)) for seed in range(SHUFFLES)]
    labelled = view["target_1m"].notna()
    shuffled = view.copy()
    shuffled.loc[labelled, "target_1m"] = np.random.default_rng(0).permutation(view.loc[labelled, "target_1m"])
    seen = "red" if not target_right(shuffled, MONTH).passed else "GREEN"
    lines += [
        f"| a row-shuffled target, seeds 0 to {SHUFFLES - 1} | the check target_right; the gates in at least 70 % | target_right "
        f"{seen}; gates in {sum(caught)} of {SHUFFLES} ({np.mean(caught):.0%}) | | | | |",
        "",
    ]
    return "\n".join(lines)


def _line(name: str, expected: str, gates: tuple[GateResult, ...]) -> str:
    red = ", ".join(gate.name for gate in gates if not gate.passed) or "none"
    value = {gate.name: gate.measured for gate in gates}
    shown = [value[key] for key in ("worst_fold_ratio", "best_fold_r2", "largest_ic", "permutation_importance")]
    return f"| {name} | {expected} | {red} | {' | '.join('NaN' if np.isnan(x) else f'{x:.3f}' for x in shown)} |"


if __name__ == "__main__":
    source, _, out = sys.argv[1:]
    Path(out).write_text(table(Path(source)))
