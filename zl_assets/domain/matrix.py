"""One denormalised row per session: bar, features and regime, put together by date.

Must not be here: new calculations. Whatever is stamped on a row comes from the frames that are handed in.
"""

from collections.abc import Iterable, Mapping

import pandas as pd

from zl_assets.contracts import features as feature_contracts
from zl_assets.contracts import market
from zl_assets.contracts.features import ROLL_NAMES, TECHNICAL_FEATURE_NAMES
from zl_assets.domain.families.base import Family
from zl_assets.domain.regimes import regimes_on
from zl_assets.instruments.base import Instrument
from zl_assets.warehouse.contract import TableContract
from zl_assets.warehouse.errors import DataFault
from zl_assets.warehouse.shape import conform

# The longest window: the first session with an ma_63 is the 63rd.
WARM_UP_SESSIONS = 63
KEY = ["data_date", "symbol"]


def build_matrix(
    sessions: pd.DataFrame, features: pd.DataFrame, regime_weights: pd.DataFrame, instrument: Instrument
) -> pd.DataFrame:
    """Sessions, features and regimes as matrix rows, without the warm-up rows (those that have no ma_63).

    Args:
        sessions: the columns of contracts.market.sessions.
        features: the columns of contracts.features.ta_features, one row per session.
        regime_weights: the columns of contracts.regimes.REGIME_WEIGHTS.

    Returns:
        The columns of contracts.features.matrix (STRUCT fields have dotted names), sorted by key.

    Raises:
        DataFault: fewer than 63 sessions of a symbol, a session without features or features without a session, or a date
            without a regime.
    """
    own, of_features = market.sessions(instrument), feature_contracts.ta_features(instrument)
    counts = sessions.groupby("symbol").size()
    for symbol, count in counts.items() if len(counts) else [("any symbol", 0)]:
        if count < WARM_UP_SESSIONS:
            raise DataFault(
                f"{symbol}: there are {count} sessions, but the matrix needs at least {WARM_UP_SESSIONS}: its longest feature, "
                f"ma_63, looks back over {WARM_UP_SESSIONS}. Load more history."
            )
    joined = sessions.merge(features, on=KEY, how="outer", validate="one_to_one", indicator="found_in")
    alone = joined[joined["found_in"] != "both"]
    if not alone.empty:
        named = ", ".join(f"{row.data_date:%Y-%m-%d} {row.symbol}" for row in alone.head(10).itertuples())
        raise DataFault(
            f"{len(alone):,} dates are in only one of {own.table} and {of_features.table}: {named}. "
            f"Materialize {of_features.table} again, so that both hold the same sessions."
        )
    rows = joined[joined["ma_63"].notna()].reset_index(drop=True)
    # The warm-up needs none, but whoever cuts a file to the regimes cuts all of its sessions.
    regime = regimes_on(rows["data_date"], regime_weights, history=joined["data_date"])
    matrix = rows[[*KEY, *TECHNICAL_FEATURE_NAMES, *ROLL_NAMES]].assign(
        **{f"market_data.{column.name}": rows[column.name] for column in market.OHLC},
        **{f"regime.{name}": regime[name] for name in ("name", "weight")},
    )
    return conform(matrix, feature_contracts.matrix(instrument))


def stamp_families(
    matrix: pd.DataFrame, families: Iterable[Family], tables: Mapping[str, pd.DataFrame], contract: TableContract
) -> pd.DataFrame:
    """The matrix rows with each family's values of the same date.

    Args:
        matrix: as `build_matrix` returns it.
        tables: the rows of each family's own table, by name; a session that has none there is NULL in the matrix.
        contract: the matrix's, with these families except those that are left alone.

    Returns:
        contract.frame_columns, sorted by key, the rows of `matrix`.
    """
    for family in families:
        named = {column.column.name: column.path for column in family.columns}
        rows = tables[family.name][[*KEY, *named]].rename(columns=named)
        matrix = matrix.merge(rows, on=KEY, how="left", validate="one_to_one")
    return conform(matrix, contract)
