"""The model room asked about another instrument at another horizon: nothing of ZL or of one month is left in the answers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from zl_assets.contracts.predictions import latest, oof
from zl_assets.files import ArtifactFault
from zl_assets.instruments.base import ContractSize, GateBound, PriceUnit
from zl_assets.model.errors import TrainingFault
from zl_assets.model.fit.artifact import load_model, store_model
from zl_assets.model.fit.config import EvidenceConfig, ModelConfig
from zl_assets.model.fit.gates import evaluate_gates, model_gates, with_permutation
from zl_assets.model.fit.predictions import oof_rows
from zl_assets.model.fit.splits import impact_folds, least_impact_rows
from zl_assets.model.fit.training import TrainedModel, train
from zl_assets.model.replay.latest import latest_rows
from zl_assets.model.report.evidence import gather_evidence
from zl_assets.model.report.page import Part, report_html
from zl_assets.model.report.report import build_report
from zl_assets_tests.model.conftest import SHA
from zl_assets_tests.model.replays import replay_of
from zl_assets_tests.support.contracts import MONTH, ZL

QUARTER = replace(MONTH, name="3m", sessions=63, words="quarter")
MES = replace(
    ZL,
    symbol="MES",
    slug="mes",
    name="micro S&P 500",
    price=PriceUnit("index points", "points", "points", 1),
    tick=0.25,
    contract=ContractSize(5, "5 times the index"),
    calendar="CME_Equity",
    horizons=(replace(MONTH, name="1m", sessions=21, words="month"), QUARTER),
    bare_names=False,
)


@pytest.fixture(scope="module")
def view(walk: pd.DataFrame) -> pd.DataFrame:
    return walk.drop(columns="target_1m").assign(target_3m=walk["close"].shift(-63) / walk["close"] - 1)


@pytest.fixture(scope="module")
def model(view: pd.DataFrame) -> TrainedModel:
    return train(view, ModelConfig.of(MES, QUARTER), SHA, MES, QUARTER)


def test_the_target_and_its_horizon_are_the_views(model: TrainedModel, view: pd.DataFrame) -> None:
    assert len(model.data.target) == len(view) - 63
    assert (model.config.horizon, model.config.gap) == (63, 63)
    with pytest.raises(TrainingFault, match="no column target_3m"):
        train(view.drop(columns="target_3m"), model.config, SHA, MES, QUARTER)
    with pytest.raises(TrainingFault, match="Column target_3m: the newest 63 rows cannot have a label yet"):
        train(view.iloc[:-1], model.config, SHA, MES, QUARTER)


def test_its_model_becomes_latest_and_one_of_another_horizon_does_not(
    model: TrainedModel, view: pd.DataFrame, tmp_path: Path
) -> None:
    passed = tuple(replace(gate, passed=True) for gate in evaluate_gates(model))
    with pytest.raises(ArtifactFault, match="see the checks of mes_3m_lgbm_model"):
        load_model(tmp_path, MES, QUARTER)
    assert store_model(model, passed, tmp_path).is_latest
    shorter = train(view, replace(model.config, horizon=21), SHA, MES, QUARTER)
    assert not store_model(shorter, passed, tmp_path).is_latest


def test_its_forecasts_are_rows_of_its_own_tables(model: TrainedModel, view: pd.DataFrame, tmp_path: Path) -> None:
    store_model(model, tuple(replace(gate, passed=True) for gate in evaluate_gates(model)), tmp_path)
    stored = load_model(tmp_path, MES, QUARTER)
    past, open_ones = oof_rows(stored, view, SHA), latest_rows(stored, view, replay_of(view, MES, QUARTER))
    assert tuple(past.columns) == oof(MES, QUARTER).frame_columns
    assert tuple(open_ones.columns) == latest(MES, QUARTER).frame_columns
    assert len(open_ones) == 63
    assert set(past["symbol"]) == set(open_ones["symbol"]) == {"MES"}
    with pytest.raises(ArtifactFault, match=r"another mes_3m_training_csv: .* Materialize mes_3m_lgbm_model again"):
        oof_rows(stored, view, "6" * 64)


def test_its_report_speaks_of_it(model: TrainedModel, view: pd.DataFrame) -> None:
    sessions = view[["data_date", "close"]].assign(symbol="MES", roll_index=np.nan)
    # Only of a published model it speaks to a buyer.
    passed = tuple(replace(gate, passed=True) for gate in evaluate_gates(with_permutation(model)))
    evidence = gather_evidence(model, passed, view, sessions, replay_of(view, MES, QUARTER), EvidenceConfig(1))
    report = build_report(evidence)
    assert report.title.startswith("Micro S&P 500, 63 sessions ahead")
    newest = evidence.forecasts.iloc[-1]
    # A contract is five times the index, so a point is worth 5 dollars.
    half = (newest.high_close - newest.low_close) / 2
    assert f"{half:.2f} points either way, or ${5 * half:,.0f} on a contract of 5 times the index" in report.words[0]
    assert f"{newest.expected_move:.1%} or {newest.expected_move_price:.2f} points" in report.words[0]
    assert "over the next quarter" in report.words[3]
    text = report_html(replace(report, forecast=Part(report.forecast.words), evidence=Part(report.evidence.words)), {})
    for word in ("oybean", "cents", "60,000", "month", "target_1m"):
        assert word not in text, word


def test_its_gates_are_its_own() -> None:
    strict = replace(MES, gates=(GateBound("worst_fold_ratio", None, 0.5), *MES.gates[1:]))
    gates = model_gates(strict, QUARTER)
    assert gates[0].bound == "<= 0.5"
    assert "about the next quarter" in next(gate.explanation for gate in gates if gate.name == "best_fold_r2")
    for wrong in (MES.gates[1:], (*MES.gates, MES.gates[0]), (*MES.gates, GateBound("luck", 0, 1))):
        with pytest.raises(ValueError, match="MES: it needs one bound for each of the gates worst_fold_ratio, "):
            model_gates(replace(MES, gates=wrong), QUARTER)


def test_a_family_is_measured_on_blocks_of_its_horizon() -> None:
    assert least_impact_rows(QUARTER) == 756 + 6 * 189
    for train_rows, test_rows in impact_folds(3810, QUARTER):
        assert test_rows[0] - train_rows[-1] == 64
