"""The checks on features, regimes and the matrix."""

import pandas as pd

from zl_assets.catalog import Catalog
from zl_assets.checks import shared
from zl_assets.checks.group import Group, loads
from zl_assets.contracts import features as contracts
from zl_assets.contracts import market as market_contracts
from zl_assets.contracts.regimes import REGIME_WEIGHTS
from zl_assets.domain.checks import Check, Level, Seen, unique_key
from zl_assets.domain.families.tables import asset_of, matrix_columns
from zl_assets.domain.rules import families, features, market, matrix, regimes, tables
from zl_assets.instruments.base import Instrument

_STAMPED = shared.REFRESH + "Regimes are stamped by date; if it stays red, look at training.regime_weights."


def regime_checks() -> Group:
    """The regime table against the plan."""
    asset = REGIME_WEIGHTS.table
    return Group(
        f"{asset}_checks",
        "The regime table against the plan.",
        (
            Check(
                asset,
                "seven_regimes",
                "There are seven regimes, each with a positive weight.",
                "Correct the live rows; the record is zl_assets/domain/regimes.py.",
                lambda seen: regimes.seven_regimes(seen.values[asset]),
                Level.BLOCKING,
            ),
            Check(
                asset,
                "regimes_cover_the_calendar",
                "Every day from 2010 to 2029 lies in exactly one regime.",
                "Correct the dates of the live rows; the record is zl_assets/domain/regimes.py.",
                lambda seen: regimes.regimes_cover_the_calendar(seen.values[asset]),
                Level.BLOCKING,
            ),
        ),
        loads(asset),
    )


def feature_checks(instrument: Instrument) -> Group:
    """The feature table against its bounds and the sessions."""
    contract = contracts.ta_features(instrument)
    asset, own = contract.table, market_contracts.sessions(instrument).table
    bars = instrument.asset(market_contracts.BARS_TABLE)

    def stored(seen: Seen) -> pd.DataFrame:
        frame: pd.DataFrame = seen.values[asset]
        return frame

    return Group(
        f"{asset}_checks",
        "The feature table against its bounds and the sessions.",
        (
            unique_key(asset, contract.key),
            Check(
                asset,
                "no_missing_session",
                "Every session has its features.",
                shared.REFRESH + "If it stays red, somebody is deleting rows.",
                lambda seen: market.no_missing_session(stored(seen), seen.values[own]),
                Level.BLOCKING,
                (own,),
            ),
            Check(
                asset,
                "features_finite",
                "No feature is infinite.",
                shared.LOOK_AT_THE_CLOSES,
                lambda seen: features.features_finite(stored(seen)),
                Level.BLOCKING,
            ),
            Check(
                asset,
                "features_null_only_in_warm_up",
                "A feature is NULL only while its window is not full.",
                shared.LOOK_AT_THE_CLOSES,
                lambda seen: features.features_null_only_in_warm_up(stored(seen)),
                Level.BLOCKING,
            ),
            *shared.indicators_in_range(asset, instrument),
            shared.raw_volatility(asset, instrument),
            Check(
                asset,
                "roll_columns_sound",
                "The roll index is above 0, and NULL only without instrument_id.",
                "Look at the closes and instrument_id of the bars on these dates.",
                lambda seen: features.roll_columns_sound(stored(seen)),
                Level.BLOCKING,
            ),
            Check(
                asset,
                "prefix_invariant",
                "The leak gate: recomputed on the first sessions alone, every feature keeps its value to the last bit.",
                "Do not use the model: this feature has seen the future. Look at the last change of its code.",
                lambda seen: features.prefix_invariant(stored(seen), seen.values[own], seen.values[bars], instrument),
                Level.BLOCKING,
                (own, bars),
            ),
        ),
        loads(asset, own, bars),
    )


def matrix_checks(catalog: Catalog, instrument: Instrument) -> Group:
    """The matrix against the plan's assertions and against what it was made of; with families on, that it carries their
    values."""
    contract, minima = catalog.matrix(instrument), catalog.minima_of(instrument)
    asset, own = instrument.asset(contract.table), market_contracts.sessions(instrument).table
    weights, on = REGIME_WEIGHTS.table, catalog.selection(instrument).on
    of_families = {asset_of(family, instrument): family.name for family in on}
    base = contracts.matrix(instrument).frame_columns
    complete = (
        *(name for name in base if name.startswith(("market_data.", "regime."))),
        *contracts.TECHNICAL_FEATURE_NAMES,
    )
    optional = (*contracts.ROLL_NAMES, *matrix_columns(on))

    def stored(seen: Seen) -> pd.DataFrame:
        frame: pd.DataFrame = seen.values[asset]
        return frame

    def carried(seen: Seen) -> dict[str, pd.DataFrame]:
        return {name: seen.values[key] for key, name in of_families.items()}

    families_stamped = Check(
        asset,
        "families_stamped",
        "Every row carries the feature families' values of its own date.",
        shared.REFRESH + "If it stays red, somebody is editing the matrix or a family's table between two steps.",
        lambda seen: families.stamped(on, stored(seen), carried(seen)),
        Level.BLOCKING,
        tuple(of_families),
    )
    return Group(
        f"{asset}_checks",
        "The matrix against the plan's assertions and against what it was made of.",
        (
            Check(
                asset,
                "row_count_at_least",
                "The matrix has at least as many rows as the plan asks for (ZL_MIN_MATRIX_ROWS).",
                shared.load_more(instrument, "ZL_MIN_MATRIX_ROWS"),
                lambda seen: tables.row_count_at_least(stored(seen), minima.matrix_rows),
                Level.BLOCKING,
            ),
            unique_key(asset, contract.key),
            Check(
                asset,
                "no_null_prices",
                "No row lacks a price.",
                shared.EDITED,
                lambda seen: market.no_null_prices(stored(seen)),
                Level.BLOCKING,
            ),
            Check(
                asset,
                "prices_positive",
                "Every price is above zero.",
                shared.EDITED,
                lambda seen: market.prices_positive(stored(seen)),
                Level.BLOCKING,
            ),
            Check(
                asset,
                "regimes_named",
                "Every row has a regime.",
                _STAMPED,
                lambda seen: regimes.regimes_named(stored(seen)),
                Level.BLOCKING,
            ),
            Check(
                asset,
                "distinct_regimes",
                "Every row carries the regime and the weight of its date: all regimes that the dates reach, and no other.",
                _STAMPED,
                lambda seen: regimes.distinct_regimes(stored(seen), seen.values[weights]),
                Level.BLOCKING,
            ),
            *shared.indicators_in_range(asset, instrument),
            Check(
                asset,
                "column_coverage",
                "The bar, the features and the regime have a value on every row.",
                shared.REFRESH + "If it stays red, look at the step that fills the column.",
                lambda seen: tables.column_coverage(stored(seen), complete=complete, optional=optional),
                Level.BLOCKING,
            ),
            Check(
                asset,
                "matrix_rows_recomputed",
                "A sample of rows equals what plain Python computes from the sessions.",
                shared.EDITED,
                lambda seen: matrix.matrix_rows_recomputed(stored(seen), seen.values[own], seen.values[weights]),
                Level.BLOCKING,
                (own, weights),
            ),
            *([families_stamped] if on else []),
            Check(
                asset,
                "newest_session",
                "The newest row is the newest session of the exchange's calendar, or the one before it. A warning.",
                shared.LATE,
                lambda seen: market.newest_session(stored(seen), instrument.calendar, seen.as_of),
                Level.WARNING,
            ),
        ),
        loads(asset, own, weights, *of_families),
    )
