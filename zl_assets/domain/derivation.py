"""Everything that is computed from bars, in memory: used to prove that bars are fit for use before anything is written.

Must not be here: a calculation or a rule of its own.
"""

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from zl_assets.contracts import market
from zl_assets.contracts.features import matrix as matrix_contract
from zl_assets.contracts.features import ta_features
from zl_assets.domain.features import feature_rows
from zl_assets.domain.matrix import build_matrix
from zl_assets.domain.rules.offenders import keys
from zl_assets.domain.rules.revisions import Revision, revision_rules
from zl_assets.domain.rules.rows import bar_history_rules, feature_rules, history_rules, matrix_rules, price_rules
from zl_assets.domain.sessions import Sessions, build_sessions
from zl_assets.instruments.base import Instrument
from zl_assets.warehouse.contract import TableContract
from zl_assets.warehouse.errors import DataFault, Hint
from zl_assets.warehouse.verdict import Verdict, fault_of, require


@dataclass(frozen=True, eq=False)
class Derivation:
    """Sessions, features and matrix of one set of bars."""

    sessions: Sessions
    features: pd.DataFrame
    matrix: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Stored:
    """What the tables hold of an instrument before a run: its own rows, or none.

    Attributes:
        bars: of a bars table that this product fills, beside those that are proved; None where somebody else does, whose bars are
            the source: then the sessions are the first rows of ours.
        sessions: of its session table.
    """

    bars: pd.DataFrame | None
    sessions: pd.DataFrame


def derive(bars: pd.DataFrame, instrument: Instrument, as_of: dt.date, regime_weights: pd.DataFrame) -> Derivation:
    """Compute the whole chain from bars to matrix, and hold the bars and each table's rows to their rules.

    Raises:
        DataFault: the bars are unsound, or are not what the instrument's bars look like; there are too few sessions, a date
            has no regime, or a row breaks a rule of its table.
    """
    sessions = _sessions(bars, instrument, as_of)
    return Derivation(sessions, *_features(sessions.frame, bars, instrument, regime_weights))


def prove(bars: pd.DataFrame, instrument: Instrument, as_of: dt.date, regime_weights: pd.DataFrame, stored: Stored) -> Derivation:
    """Prove that nothing in a run will refuse these bars once its first table is written.

    A refresh never deletes a row, so the tables will hold what they hold now and what is new: the bars are held against the rows
    that they would change, and the chain is computed of both together.

    Args:
        bars: as `build_sessions` takes them; other symbols are ignored.
        stored: what the tables hold beside them.

    Returns:
        What the tables will be made of.

    Raises:
        DataFault: as `derive`; or the bars would change or lose too much of what is stored, or do not go together with it.
    """
    own = bars[bars["symbol"] == instrument.symbol]
    if stored.bars is not None and len(own):
        _require_revision(own, stored.bars, instrument, market.bars(instrument))
    merged = _merged(own, stored.bars)
    try:
        sessions = _sessions(merged, instrument, as_of)
        rows = _merged(sessions.frame, stored.sessions)
        derived = Derivation(sessions, *_features(rows, merged, instrument, regime_weights))
    except DataFault as fault:
        if len(merged) == len(own) and len(stored.sessions) == 0:
            raise
        # Bars that are at fault themselves say so here.
        derive(own, instrument, as_of, regime_weights)
        raise DataFault(
            f"The bars of {instrument.symbol} are sound, but not together with rows that the tables hold and the source does not "
            f"have, and that a refresh never deletes:\n{fault}\nIf the source is right, the job zl_delete_vanished lists those "
            "rows, and with apply deletes up to one in a hundred; or begin anew.",
            Hint.SOURCE,
            Hint.BESIDE,
        ) from fault
    if stored.bars is None:
        _require_revision(sessions.frame, stored.sessions, instrument, market.sessions(instrument))
    return derived


def _sessions(bars: pd.DataFrame, instrument: Instrument, as_of: dt.date) -> Sessions:
    sessions = build_sessions(bars, instrument, as_of)
    require(
        _of_history(bars, instrument) + [rule(sessions.frame) for rule in history_rules(instrument)],
        f"{market.bars(instrument).name}, {instrument.symbol}",
    )
    require((rule(sessions.frame) for rule in price_rules(instrument)), market.sessions(instrument).name)
    return sessions


def _of_history(bars: pd.DataFrame, instrument: Instrument) -> list[Verdict]:
    own = bars[bars["symbol"] == instrument.symbol].drop_duplicates().sort_values("date", kind="stable", ignore_index=True)
    return [rule(own) for rule in bar_history_rules(instrument)]


def _features(
    sessions: pd.DataFrame, bars: pd.DataFrame, instrument: Instrument, regime_weights: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    features = feature_rows(sessions, bars, instrument)
    matrix = build_matrix(sessions, features, regime_weights, instrument)
    for contract, frame, rules in (
        (ta_features(instrument), features, feature_rules(instrument)),
        (matrix_contract(instrument), matrix, matrix_rules(instrument)),
    ):
        require((rule(frame) for rule in rules), contract.name)
    return features, matrix


def _merged(rows: pd.DataFrame, stored: pd.DataFrame | None) -> pd.DataFrame:
    """These rows, and of the stored ones those with other keys."""
    if stored is None or stored.empty:
        return rows
    key = keys(rows)
    others = stored[~pd.MultiIndex.from_frame(stored[key]).isin(pd.MultiIndex.from_frame(rows[key]))]
    return rows if others.empty else pd.concat([rows, others[list(rows.columns)]], ignore_index=True)


def _require_revision(rows: pd.DataFrame, stored: pd.DataFrame, instrument: Instrument, contract: TableContract) -> None:
    """Hold rows against the stored ones of their table.

    Raises:
        DataFault: they would change or lose too much.
    """
    if stored.empty:
        return
    revision = Revision.of(rows, stored)
    failed = [verdict for verdict in (rule(revision) for rule in revision_rules(instrument)) if not verdict.passed]
    if failed:
        # Dates that are off lose and revise rows too: that they are off is the cause.
        if contract == market.bars(instrument):
            failed = [verdict for verdict in _of_history(rows, instrument) if not verdict.passed] + failed
        raise fault_of(
            failed,
            f"{contract.name}: the source of {instrument.symbol} does not go with the {len(stored):,} rows that the table has.",
            "Nothing was written. Give the source as it was before, and run again. If this source is the right one and the "
            "table is wrong, begin anew.",
            Hint.SOURCE,
            Hint.BESIDE,
        )
