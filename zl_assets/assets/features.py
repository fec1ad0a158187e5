"""Features, regimes, and the matrix that joins them by date."""

from typing import Any

import dagster as dg
import pandas as pd

from zl_assets.assets.common import FEATURES as FEATURES_GROUP
from zl_assets.assets.common import OWNERS, RETRY, TABLES_IO, described, of_contract
from zl_assets.assets.pictures import picture
from zl_assets.contracts.regimes import REGIME_WEIGHTS
from zl_assets.contracts.tables import FEATURES, MATRIX
from zl_assets.domain import features, matrix, regimes
from zl_assets.domain.families.registry import Selection
from zl_assets.domain.families.tables import asset_of, matrix_contract, without_rows
from zl_assets.io_managers.failures import as_failures


@dg.asset(
    group_name=FEATURES_GROUP,
    kinds={"bigquery", "pandas"},
    owners=OWNERS,
    metadata=of_contract(FEATURES.table),
    io_manager_key=TABLES_IO,
    retry_policy=RETRY,
)
def zl_ta_features(zl_ohlcv: pd.DataFrame, databento_futures_ohlcv_1d: pd.DataFrame) -> dg.MaterializeResult[pd.DataFrame]:
    """The eight technical features of every session, from the raw close: returns over 1, 5 and 21 sessions, means over 5, 21 and
    63, 21-session volatility (not annualised) and Wilder's RSI. Beside them `is_roll`, where the contract behind the bar changes,
    and `roll_index`, the price path without the gaps between contracts.

    Each value looks only backwards: it is the same whether or not later sessions exist. NULL while a window is not full. The bars
    are read for one thing that a session with a weekend stub no longer has: the weekday bar's own open, which the index steps
    from where the series rolls.
    """
    with as_failures():
        return dg.MaterializeResult(value=features.feature_rows(zl_ohlcv, databento_futures_ohlcv_1d))


@dg.asset(
    group_name=FEATURES_GROUP,
    kinds={"bigquery", "python"},
    owners=OWNERS,
    metadata=of_contract(REGIME_WEIGHTS.table),
    io_manager_key=TABLES_IO,
    retry_policy=RETRY,
)
def regime_weights() -> dg.MaterializeResult[pd.DataFrame]:
    """The seven market regimes, 2010 to 2029 without a gap, and the weight that each gives its sessions in training.

    The constants in the code are the record. A live row that differs stops the run with a diff; nothing is overwritten.
    """
    with as_failures():
        return dg.MaterializeResult(value=regimes.regime_weights())


_MATRIX = (
    "One denormalised row per session: the bar, the eight features, the rolls and the regime, put together by date in Python.\n\n"
    "The first 62 sessions have no 63-session mean and are left out. {families} Written by MERGE: new sessions are inserted, "
    "revised ones updated, the rest is not touched."
)


def build_matrix_asset(selection: Selection) -> dg.AssetsDefinition:
    """The matrix, with the families that are on."""
    contract = matrix_contract(selection)
    names = {asset_of(family): family.name for family in selection.on}
    filled = (
        f"The feature families {', '.join(names.values())} are stamped into their STRUCTs; those of the others stay as they are."
        if names
        else "`pivots`, `policy` and `golden_zone` belong to later feature families and stay NULL here."
    )

    @dg.asset(
        name=MATRIX.table,
        description=_MATRIX.format(families=filled),
        group_name=FEATURES_GROUP,
        kinds={"bigquery", "pandas"},
        owners=OWNERS,
        metadata=described(contract),
        ins={asset: dg.AssetIn(asset) for asset in names},
        io_manager_key=TABLES_IO,
        retry_policy=RETRY,
    )
    def daily_ml_matrix(
        zl_ohlcv: pd.DataFrame, zl_ta_features: pd.DataFrame, regime_weights: pd.DataFrame, **families: pd.DataFrame
    ) -> dg.MaterializeResult[Any]:
        from zl_assets.model.report.plots import matrix_over_time
        from zl_assets.warehouse.publish import Publication

        with as_failures():
            base = matrix.build_matrix(zl_ohlcv, zl_ta_features, regime_weights)
            tables = {names[asset]: rows for asset, rows in families.items()}
            left = without_rows(tables)
            rows = matrix.stamp_families(base, selection.on, tables, contract.leaving(left))
        return dg.MaterializeResult(
            value=Publication(rows, left=left),
            metadata={"over_time": picture("Price, features and regimes over time", matrix_over_time(rows))},
        )

    return daily_ml_matrix
