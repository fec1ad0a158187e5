"""Checks on features, regimes and the matrix."""

from collections.abc import Iterator

import dagster as dg
import pandas as pd

from zl_assets.checks.common import result, spec
from zl_assets.contracts.features import ROLL_NAMES, TECHNICAL_FEATURE_NAMES
from zl_assets.contracts.regimes import REGIME_WEIGHTS
from zl_assets.contracts.tables import BARS, FEATURES, MATRIX, SESSIONS
from zl_assets.domain.families.gates import stamped
from zl_assets.domain.families.registry import Selection
from zl_assets.domain.families.tables import asset_of, matrix_columns
from zl_assets.domain.rules.features import (
    features_finite,
    features_null_only_in_warm_up,
    prefix_invariant,
    roll_columns_sound,
    rsi_in_range,
    volatility_in_plan,
    volatility_plausible,
)
from zl_assets.domain.rules.market import newest_session, no_missing_session, no_null_prices, prices_positive
from zl_assets.domain.rules.matrix import matrix_rows_recomputed
from zl_assets.domain.rules.regimes import distinct_regimes, regimes_cover_the_calendar, regimes_named, seven_regimes
from zl_assets.domain.rules.tables import column_coverage, row_count_at_least, unique_key
from zl_assets.resources import AsOf, Bounds

_RSI = "RSI lies between 0 and 100."
_PLAN = "21-session volatility lies between 0 and 0.5, the plan's bound."
_PLAUSIBLE = "21-session volatility is at most 0.10 a day; the real series peaks at 0.040."


@dg.multi_asset_check(
    name="regime_weights_checks",
    specs=[
        spec(REGIME_WEIGHTS.table, "seven_regimes", "There are seven regimes, each with a positive weight.", blocking=True),
        spec(
            REGIME_WEIGHTS.table,
            "regimes_cover_the_calendar",
            "Every day from 2010 to 2029 lies in exactly one regime.",
            blocking=True,
        ),
    ],
    ins={REGIME_WEIGHTS.table: dg.AssetIn(REGIME_WEIGHTS.table)},
)
def regime_weights_checks(regime_weights: pd.DataFrame) -> Iterator[dg.AssetCheckResult]:
    """The regime table against the plan."""
    yield result(REGIME_WEIGHTS.table, seven_regimes(regime_weights))
    yield result(REGIME_WEIGHTS.table, regimes_cover_the_calendar(regime_weights))


@dg.multi_asset_check(
    name="zl_ta_features_checks",
    specs=[
        spec(FEATURES.table, "unique_key", "One row per session date and symbol.", blocking=True),
        spec(
            FEATURES.table,
            "no_missing_session",
            "Every session has its features.",
            blocking=True,
            against=(SESSIONS.table,),
        ),
        spec(FEATURES.table, "features_finite", "No feature is infinite.", blocking=True),
        spec(
            FEATURES.table, "features_null_only_in_warm_up", "A feature is NULL only while its window is not full.", blocking=True
        ),
        spec(FEATURES.table, "rsi_in_range", _RSI, blocking=True),
        spec(FEATURES.table, "volatility_in_plan", _PLAN, blocking=True),
        spec(FEATURES.table, "volatility_plausible", _PLAUSIBLE, blocking=True),
        spec(
            FEATURES.table, "roll_columns_sound", "The roll index is above 0, and NULL only without instrument_id.", blocking=True
        ),
        spec(
            FEATURES.table,
            "prefix_invariant",
            "The leak gate: recomputed on the first sessions alone, every feature keeps its value to the last bit.",
            blocking=True,
            against=(SESSIONS.table, BARS.table),
        ),
    ],
    ins={table: dg.AssetIn(table) for table in (FEATURES.table, SESSIONS.table, BARS.table)},
)
def zl_ta_features_checks(
    zl_ta_features: pd.DataFrame, zl_ohlcv: pd.DataFrame, databento_futures_ohlcv_1d: pd.DataFrame
) -> Iterator[dg.AssetCheckResult]:
    """The feature table against its bounds and the sessions."""
    for verdict in (
        unique_key(zl_ta_features, FEATURES.key),
        no_missing_session(zl_ta_features, zl_ohlcv),
        features_finite(zl_ta_features),
        features_null_only_in_warm_up(zl_ta_features),
        rsi_in_range(zl_ta_features),
        volatility_in_plan(zl_ta_features),
        volatility_plausible(zl_ta_features),
        roll_columns_sound(zl_ta_features),
        prefix_invariant(zl_ta_features, zl_ohlcv, databento_futures_ohlcv_1d),
    ):
        yield result(FEATURES.table, verdict)


_COMPLETE = (
    *(name for name in MATRIX.frame_columns if name.startswith(("market_data.", "regime."))),
    *TECHNICAL_FEATURE_NAMES,
)


def build_matrix_checks(selection: Selection) -> dg.AssetChecksDefinition:
    """The checks on the matrix; with families on, one more, that it carries their values."""
    names = {asset_of(family): family.name for family in selection.on}
    of_families = [
        spec(
            MATRIX.table,
            "families_stamped",
            "Every row carries the feature families' values of its own date.",
            blocking=True,
            against=tuple(names),
        )
    ]
    optional = (*ROLL_NAMES, *matrix_columns(selection.on))

    @dg.multi_asset_check(
        name="daily_ml_matrix_checks",
        specs=[
            spec(MATRIX.table, "row_count_at_least", "The matrix has the plan's rows (ZL_MIN_MATRIX_ROWS).", blocking=True),
            spec(MATRIX.table, "unique_key", "One row per session date and symbol.", blocking=True),
            spec(MATRIX.table, "no_null_prices", "No row lacks a price.", blocking=True),
            spec(MATRIX.table, "prices_positive", "Every price is above zero.", blocking=True),
            spec(MATRIX.table, "regimes_named", "Every row has a regime.", blocking=True),
            spec(MATRIX.table, "distinct_regimes", "The rows are of every regime that their dates reach into.", blocking=True),
            spec(MATRIX.table, "rsi_in_range", _RSI, blocking=True),
            spec(MATRIX.table, "volatility_in_plan", _PLAN, blocking=True),
            spec(MATRIX.table, "volatility_plausible", _PLAUSIBLE, blocking=True),
            spec(
                MATRIX.table, "column_coverage", "The bar, the features and the regime have a value on every row.", blocking=True
            ),
            spec(
                MATRIX.table,
                "matrix_rows_recomputed",
                "A sample of rows equals what plain Python computes from the sessions.",
                blocking=True,
                against=(SESSIONS.table, REGIME_WEIGHTS.table),
            ),
            *(of_families if names else []),
            spec(
                MATRIX.table, "newest_session", "The newest row is the exchange calendar's session, or one behind it. A warning."
            ),
        ],
        ins={table: dg.AssetIn(table) for table in (MATRIX.table, SESSIONS.table, REGIME_WEIGHTS.table, *names)},
    )
    def daily_ml_matrix_checks(
        daily_ml_matrix: pd.DataFrame,
        zl_ohlcv: pd.DataFrame,
        regime_weights: pd.DataFrame,
        as_of: AsOf,
        bounds: Bounds,
        **families: pd.DataFrame,
    ) -> Iterator[dg.AssetCheckResult]:
        """The matrix against the plan's assertions and against what it was made of."""
        for verdict in (
            row_count_at_least(daily_ml_matrix, bounds.min_matrix_rows),
            unique_key(daily_ml_matrix, MATRIX.key),
            no_null_prices(daily_ml_matrix),
            prices_positive(daily_ml_matrix),
            regimes_named(daily_ml_matrix),
            distinct_regimes(daily_ml_matrix, regime_weights),
            rsi_in_range(daily_ml_matrix),
            volatility_in_plan(daily_ml_matrix),
            volatility_plausible(daily_ml_matrix),
            column_coverage(daily_ml_matrix, complete=_COMPLETE, optional=optional),
            matrix_rows_recomputed(daily_ml_matrix, zl_ohlcv, regime_weights),
        ):
            yield result(MATRIX.table, verdict)
        if names:
            tables = {names[asset]: rows for asset, rows in families.items()}
            yield result(MATRIX.table, stamped(selection.on, daily_ml_matrix, tables))
        yield result(MATRIX.table, newest_session(daily_ml_matrix, as_of.date), warn=True)

    return daily_ml_matrix_checks


CHECKS = [regime_weights_checks, zl_ta_features_checks]
