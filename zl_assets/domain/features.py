"""The feature rows: technical features and rolls, side by side. Must not be here: a calculation of its own."""

import pandas as pd

from zl_assets.contracts.features import ta_features
from zl_assets.domain.indicators import technical_features
from zl_assets.domain.rolls import rolls, weekday_opens
from zl_assets.instruments.base import Instrument
from zl_assets.warehouse.shape import conform


def feature_rows(sessions: pd.DataFrame, bars: pd.DataFrame, instrument: Instrument) -> pd.DataFrame:
    """The features of every session of an instrument.

    Args:
        sessions: the columns of contracts.market.sessions, any row order.
        bars: the columns of contracts.market.bars that the sessions were made of; only their weekday opens are used, where the
            series rolls.

    Returns:
        The columns of contracts.features.ta_features, one row per session, sorted by key; NULL while a window is not full, and
        in the roll columns where the source has no instrument_id.
    """
    ordered = sessions.sort_values(["symbol", "data_date"], kind="stable", ignore_index=True)
    opens = weekday_opens(ordered, bars)
    of_symbols = [rolls(rows, opens[rows.index]) for _, rows in ordered.groupby("symbol", sort=True)]
    columns = pd.concat(of_symbols) if of_symbols else rolls(ordered, opens)
    keyed = ordered[["data_date", "symbol"]].join(columns)
    return conform(
        technical_features(sessions).merge(keyed, on=["data_date", "symbol"], validate="one_to_one"), ta_features(instrument)
    )
