"""Everything that is computed from bars, in memory: used to prove that bars are fit for use before anything is written.

Must not be here: a calculation of its own.
"""

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from zl_assets.contracts import market
from zl_assets.contracts.features import matrix as matrix_contract
from zl_assets.contracts.features import ta_features
from zl_assets.domain.features import feature_rows
from zl_assets.domain.matrix import build_matrix
from zl_assets.domain.rules.rows import PRICE_RULES, feature_rules, matrix_rules
from zl_assets.domain.sessions import Sessions, build_sessions
from zl_assets.instruments.base import Instrument
from zl_assets.warehouse.verdict import require


@dataclass(frozen=True, eq=False)
class Derivation:
    """Sessions, features and matrix of one set of bars."""

    sessions: Sessions
    features: pd.DataFrame
    matrix: pd.DataFrame


def derive(bars: pd.DataFrame, instrument: Instrument, as_of: dt.date, regime_weights: pd.DataFrame) -> Derivation:
    """Compute the whole chain from bars to matrix, and hold each table's rows to the rules that the write path will apply.

    Raises:
        DataFault: the bars are unsound, there are too few sessions, a date has no regime, or a row breaks a rule of its table.
    """
    sessions = build_sessions(bars, instrument, as_of)
    features = feature_rows(sessions.frame, bars, instrument)
    matrix = build_matrix(sessions.frame, features, regime_weights, instrument)
    for contract, frame, rules in (
        (market.sessions(instrument), sessions.frame, PRICE_RULES),
        (ta_features(instrument), features, feature_rules(instrument)),
        (matrix_contract(instrument), matrix, matrix_rules(instrument)),
    ):
        require((rule(frame) for rule in rules), contract.name)
    return Derivation(sessions, features, matrix)
