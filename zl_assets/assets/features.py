"""Features, regimes, and the matrix that joins them by date."""

from typing import Any

import dagster as dg
import pandas as pd

from zl_assets.assets.common import FEATURES, OWNERS, group_of
from zl_assets.catalog import Catalog
from zl_assets.contracts import features as contracts
from zl_assets.contracts import market
from zl_assets.contracts.regimes import REGIME_WEIGHTS
from zl_assets.domain import features, matrix, regimes
from zl_assets.domain.families.tables import asset_of, without_rows
from zl_assets.instruments.base import Instrument
from zl_assets.io_managers.failures import as_failures
from zl_assets.io_managers.keys import TABLES_IO
from zl_assets.io_managers.metadata import Told, described
from zl_assets.io_managers.pictures import picture_of
from zl_assets.provenance import Provenance

_FEATURES = (
    "The eight technical features of every session, from the raw close: returns over 1, 5 and 21 sessions, means over 5, 21 "
    "and\n63, 21-session volatility (not annualised) and Wilder's RSI. Beside them `is_roll`, where the contract behind the "
    "bar changes,\nand `roll_index`, the price path without the gaps between contracts.\n\n"
    "Each value looks only backwards: it is the same whether or not later sessions exist. NULL while a window is not full. The "
    "bars\nare read for one thing that a session with a weekend stub no longer has: the weekday bar's own open, which the index "
    "steps\nfrom where the series rolls."
)


def build_features(instrument: Instrument) -> dg.AssetsDefinition:
    """The technical features of one instrument."""
    contract = contracts.ta_features(instrument)

    @dg.asset(
        name=contract.table,
        description=_FEATURES,
        group_name=group_of(instrument, FEATURES),
        kinds={"bigquery", "pandas"},
        owners=OWNERS,
        metadata=described(contract),
        ins={
            "sessions": dg.AssetIn(market.sessions(instrument).table),
            "bars": dg.AssetIn(instrument.asset(market.BARS_TABLE)),
        },
        io_manager_key=TABLES_IO,
    )
    def features_asset(sessions: pd.DataFrame, bars: pd.DataFrame) -> dg.MaterializeResult[pd.DataFrame]:
        with as_failures():
            return dg.MaterializeResult(value=features.feature_rows(sessions, bars, instrument))

    return features_asset


# Not the asset's docstring, which is gone under PYTHONOPTIMIZE=2.
_REGIME_WEIGHTS = (
    "The seven market regimes, 2010 to 2029 without a gap, and the weight that each gives its sessions in training.\n\n"
    "The constants in the code are the record. A live row that differs stops the run with a diff; nothing is overwritten."
)


@dg.asset(
    group_name=FEATURES,
    kinds={"bigquery", "python"},
    owners=OWNERS,
    description=_REGIME_WEIGHTS,
    metadata=described(REGIME_WEIGHTS),
    io_manager_key=TABLES_IO,
)
def regime_weights() -> dg.MaterializeResult[pd.DataFrame]:
    """The seven market regimes."""
    with as_failures():
        return dg.MaterializeResult(value=regimes.regime_weights())


_MATRIX = (
    "One denormalised row per session: the bar, the eight features, the rolls and the regime, put together by date in Python.\n\n"
    "The first 62 sessions have no 63-session mean and are left out. {families} Written by MERGE: new sessions are inserted, "
    "revised ones updated, the rest is not touched."
)


def build_matrix(catalog: Catalog, instrument: Instrument, provenance: Provenance) -> dg.AssetsDefinition:
    """The matrix, with the families that are on."""
    contract, on = catalog.matrix(instrument), catalog.selection(instrument).on
    names = {asset_of(family, instrument): family.name for family in on}
    filled = (
        f"The feature families {', '.join(names.values())} are stamped into their STRUCTs; those of the others stay as they are."
        if names
        else "`pivots`, `policy` and `golden_zone` belong to later feature families and stay NULL here."
    )

    @dg.asset(
        name=instrument.asset(contract.table),
        description=_MATRIX.format(families=filled),
        group_name=group_of(instrument, FEATURES),
        kinds={"bigquery", "pandas"},
        owners=OWNERS,
        metadata=described(contract),
        ins={
            "sessions": dg.AssetIn(market.sessions(instrument).table),
            "ta_features": dg.AssetIn(contracts.ta_features(instrument).table),
            "regimes": dg.AssetIn(REGIME_WEIGHTS.table),
            **{asset: dg.AssetIn(asset) for asset in names},
        },
        io_manager_key=TABLES_IO,
    )
    def matrix_asset(
        context: dg.AssetExecutionContext,
        sessions: pd.DataFrame,
        ta_features: pd.DataFrame,
        regimes: pd.DataFrame,
        **families: pd.DataFrame,
    ) -> dg.MaterializeResult[Any]:
        from zl_assets.model.report.plots import matrix_over_time, over_time_made_of
        from zl_assets.warehouse.publish import Publication

        with as_failures():
            base = matrix.build_matrix(sessions, ta_features, regimes, instrument)
            tables = {names[asset]: rows for asset, rows in families.items()}
            left = without_rows(tables)
            rows = matrix.stamp_families(base, on, tables, contract.leaving(left))
        over_time = picture_of(
            context.instance,
            dg.AssetKey(instrument.asset(contract.table)),
            provenance,
            "over_time",
            f"{provenance.mark}Price, features and regimes over time",
            over_time_made_of(rows, instrument, synthetic=provenance.synthetic),
            lambda: matrix_over_time(rows, instrument, synthetic=provenance.synthetic),
        )
        return dg.MaterializeResult(value=Told(Publication(rows, left=left), over_time))

    return matrix_asset
