"""Everything that is computed from bars, in memory: used to prove that bars are fit for use before anything is written.

Must not be here: a calculation of its own.
"""

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from zl_assets.contracts.tables import FEATURES, MATRIX, SESSIONS
from zl_assets.domain.features import feature_rows
from zl_assets.domain.matrix import build_matrix
from zl_assets.domain.rules.rows import ROW_RULES
from zl_assets.domain.sessions import Sessions, build_sessions
from zl_assets.warehouse.verdict import require


@dataclass(frozen=True, eq=False)
class Derivation:
    """Sessions, features and matrix of one set of bars."""

    sessions: Sessions
    features: pd.DataFrame
    matrix: pd.DataFrame


def derive(bars: pd.DataFrame, symbol: str, as_of: dt.date, regime_weights: pd.DataFrame) -> Derivation:
    """Compute the whole chain from bars to matrix, and hold each table's rows to the rules that the write path will apply.

    Raises:
        DataFault: the bars, or a date without a regime, or too few sessions, stand in the way of one of the steps, or a
            row of one of the tables breaks a rule.
    """
    sessions = build_sessions(bars, symbol, as_of)
    features = feature_rows(sessions.frame, bars)
    matrix = build_matrix(sessions.frame, features, regime_weights)
    for contract, frame in ((SESSIONS, sessions.frame), (FEATURES, features), (MATRIX, matrix)):
        require((assertion(frame) for assertion in ROW_RULES[contract.table]), contract.name)
    return Derivation(sessions, features, matrix)
