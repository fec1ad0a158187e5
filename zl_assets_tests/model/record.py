"""The model room asked about ZL at one month, which is what nearly every test of it does. Must not be here: an expectation."""

import dataclasses
from pathlib import Path
from typing import Any

import pandas as pd

from zl_assets.model.fit import artifact, training
from zl_assets.model.fit import training_set as rows
from zl_assets.model.fit.artifact import LATEST_LINK, LoadedModel
from zl_assets.model.fit.config import ModelConfig
from zl_assets.model.fit.design import BASE_INPUTS, Input
from zl_assets.model.fit.training import TrainedModel
from zl_assets.model.fit.training_set import TrainingSet
from zl_assets_tests.support.contracts import MONTH, ZL

RECORD = ModelConfig.of(ZL, MONTH)


def config_of(**changes: Any) -> ModelConfig:
    """The model of record, but for some choices."""
    return dataclasses.replace(RECORD, **changes)


def training_set(frame: pd.DataFrame, config: ModelConfig = RECORD) -> TrainingSet:
    return rows.training_set(frame, config, ZL, MONTH)


def train(frame: pd.DataFrame, config: ModelConfig, csv_sha256: str, inputs: tuple[Input, ...] = BASE_INPUTS) -> TrainedModel:
    return training.train(frame, config, csv_sha256, ZL, MONTH, inputs)


def load_model(models: Path, model_id: str = LATEST_LINK, inputs: tuple[Input, ...] = BASE_INPUTS) -> LoadedModel:
    return artifact.load_model(models, ZL, MONTH, model_id, inputs)
