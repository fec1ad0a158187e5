"""Everything that is computed from bars, in memory: used to prove that bars are fit for use before anything is written.

Must not be here: a calculation of its own.
"""

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from zl_assets.domain.features import feature_rows
from zl_assets.domain.matrix import build_matrix
from zl_assets.domain.sessions import Sessions, build_sessions


@dataclass(frozen=True, eq=False)
class Derivation:
    """Sessions, features and matrix of one set of bars."""

    sessions: Sessions
    features: pd.DataFrame
    matrix: pd.DataFrame


def derive(bars: pd.DataFrame, symbol: str, as_of: dt.date, regime_weights: pd.DataFrame) -> Derivation:
    """Compute the whole chain from bars to matrix.

    Raises:
        DataFault: the bars, or a date without a regime, or too few sessions, stand in the way of one of the steps.
    """
    sessions = build_sessions(bars, symbol, as_of)
    features = feature_rows(sessions.frame, bars)
    return Derivation(sessions, features, build_matrix(sessions.frame, features, regime_weights))
