"""LightGBM: the only module that imports it, on first use.

Belongs here: making, reading and asking a booster. Must not be here: which rows it is given, or what its forecasts are worth.
"""

import sys
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from zl_assets.errors import ZlError
from zl_assets.imports import without
from zl_assets.model.fit.config import ModelConfig


def fit_booster(features: pd.DataFrame, target: np.ndarray, weights: np.ndarray, config: ModelConfig) -> Any:
    """A lightgbm.Booster; the same rows and config give the same trees.

    Args:
        features: n x k float64.
        target: n values.
        weights: n values of 0 or more, at least one above 0.

    Raises:
        ZlError: the OpenMP runtime is missing.
    """
    return refit_booster(binned(features, target, weights, config), target, config)


def binned(features: pd.DataFrame, target: np.ndarray, weights: np.ndarray, config: ModelConfig) -> Any:
    """The rows as a lightgbm.Dataset that can be fitted again with other targets; arguments as for `fit_booster`."""
    # Divided by their mean, because the weights are 100 to 600 and an L2 of 1 beside them does nothing.
    return _import_lightgbm().Dataset(features, target, weight=weights / weights.mean(), params=config.lightgbm_params)


def refit_booster(dataset: Any, target: np.ndarray, config: ModelConfig) -> Any:
    """The lightgbm.Booster that `fit_booster` gives for these rows and this target, in half the time once they are binned."""
    dataset.set_label(target)
    return _import_lightgbm().train(config.lightgbm_params, dataset, num_boost_round=config.rounds)


def read_booster(text: str) -> Any:
    """A lightgbm.Booster from its text.

    Raises:
        ZlError: the OpenMP runtime is missing.
    """
    return _import_lightgbm().Booster(model_str=text)


def forecast(booster: Any, features: pd.DataFrame) -> np.ndarray:
    """The booster's forecast of each row; columns are held against the names it was fitted on, in order.

    On one thread: left alone, LightGBM takes every core for it, which a few thousand rows do not repay.
    """
    values: np.ndarray = booster.predict(features, validate_features=True, num_threads=1)
    return values


def _import_lightgbm() -> ModuleType:
    try:
        with without(() if "lightgbm" in sys.modules else _NOT_NEEDED):
            import lightgbm
    except OSError as error:
        # pip cannot install the OpenMP runtime, so a fresh machine may well lack it.
        if "gomp" not in str(error) and "libomp" not in str(error):
            raise
        raise ZlError(
            "LightGBM is installed, but the OpenMP runtime that it needs is not. Install it and run again: "
            "on Debian or Ubuntu 'apt-get install libgomp1', on macOS 'brew install libomp'. "
            f"(The loader said: {error})"
        ) from None
    module: ModuleType = lightgbm
    return module


# LightGBM asks for scikit-learn when it is imported, for estimators that nothing here uses: 0.1 s without, 0.8 s with it. Its
# module for Dask takes docstrings apart, and fails under PYTHONOPTIMIZE=2, which removes them.
_NOT_NEEDED = ("sklearn", *(["lightgbm.dask"] if sys.flags.optimize > 1 else []))
