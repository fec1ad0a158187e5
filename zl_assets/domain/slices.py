"""The plan's slice: the first 100 sessions from 2015 on, made of their own bars and all that came before them.

Must not be here: a calculation of its own.
"""

import datetime as dt
from collections.abc import Mapping

import pandas as pd

from zl_assets.contracts import market
from zl_assets.contracts.features import ta_features
from zl_assets.domain.derivation import Derivation, derive
from zl_assets.domain.families.registry import NONE, Selection
from zl_assets.domain.families.tables import family_contract, matrix_contract, rows_or_none, without_rows
from zl_assets.domain.matrix import stamp_families
from zl_assets.instruments.base import Instrument
from zl_assets.warehouse.contract import TableContract
from zl_assets.warehouse.errors import DataFault

FIRST_DAY = dt.date(2015, 1, 1)
LENGTH = 100


def first_sessions_from_2015(
    bars: pd.DataFrame,
    instrument: Instrument,
    as_of: dt.date,
    regime_weights: pd.DataFrame,
    selection: Selection = NONE,
    sources: Mapping[str, pd.DataFrame] | None = None,
) -> dict[TableContract, pd.DataFrame]:
    """Sessions, features, the rows of the feature families that are on, and matrix rows of the slice, by table, 100 rows each.

    The plan's slice is of 2015. Of an instrument whose history begins later it is the first that the matrix has. They are made of
    the bars up to the slice's last day: Wilder's RSI looks back to the first session, so the look-back is all of the history
    before.

    Raises:
        DataFault: the bars are unsound or hold fewer than 100 such sessions; or a row of the slice changes when later
            bars are added, which means that a feature sees the future.
    """
    whole = derive(bars, instrument, as_of, regime_weights)
    dates = whole.matrix["data_date"]
    dates = dates[dates >= pd.Timestamp(FIRST_DAY)].head(LENGTH)
    if len(dates) < LENGTH:
        raise DataFault(
            f"The matrix would have {len(dates)} {instrument.symbol} sessions from {FIRST_DAY} on, and the slice needs {LENGTH}. "
            "Load more bars."
        )
    short = derive(bars[bars["date"] <= dates.iloc[-1]], instrument, as_of, regime_weights)
    alone = _frames(short, dates, instrument, selection, sources or {})
    for contract, frame in _frames(whole, dates, instrument, selection, sources or {}).items():
        if not frame.equals(alone[contract]):
            raise DataFault(
                f"{contract.name}: rows up to {dates.iloc[-1]:%Y-%m-%d} change when later bars are known. Report this: it is a "
                "leak."
            )
    return alone


def _frames(
    derivation: Derivation,
    dates: pd.Series,
    instrument: Instrument,
    selection: Selection,
    sources: Mapping[str, pd.DataFrame],
) -> dict[TableContract, pd.DataFrame]:
    sessions = derivation.sessions.frame
    families = {family.name: rows_or_none(family, sessions, sources, instrument) for family in selection.on}
    contract = matrix_contract(selection, instrument).leaving(without_rows(families))
    frames = {
        market.sessions(instrument): sessions,
        ta_features(instrument): derivation.features,
        **{
            family_contract(family, instrument): families[family.name]
            for family in selection.on
            if not families[family.name].empty
        },
        contract: stamp_families(derivation.matrix, selection.on, families, contract),
    }
    return {contract: frame[frame["data_date"].isin(dates)].reset_index(drop=True) for contract, frame in frames.items()}
