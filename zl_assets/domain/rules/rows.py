"""Which rules every row of a table must meet before it is written."""

from functools import partial

from zl_assets.domain.rules.features import (
    features_complete,
    features_finite,
    features_null_only_in_warm_up,
    roll_columns_sound,
    rsi_in_range,
    volatility_in_plan,
    volatility_plausible,
)
from zl_assets.domain.rules.market import (
    high_not_below_low,
    no_conflicting_bars,
    no_null_prices,
    open_and_close_in_range,
    prices_positive,
    volume_sound,
)
from zl_assets.domain.rules.observations import (
    available_by_rule,
    decimals_as_quoted,
    no_observation_jump,
    no_zero_observation,
    observations_in_range,
    on_observation_days,
)
from zl_assets.domain.rules.predictions import forecasts_sound, interval_ordered
from zl_assets.domain.rules.regimes import regimes_cover_the_calendar, regimes_named, seven_regimes
from zl_assets.instruments.base import Instrument
from zl_assets.warehouse.verdict import RowRule

PRICE_RULES: tuple[RowRule, ...] = (
    no_null_prices,
    prices_positive,
    high_not_below_low,
    open_and_close_in_range,
    volume_sound,
)


BAR_RULES: tuple[RowRule, ...] = (no_conflicting_bars, *PRICE_RULES)
OBSERVATION_RULES: tuple[RowRule, ...] = (
    on_observation_days,
    observations_in_range,
    no_zero_observation,
    decimals_as_quoted,
    no_observation_jump,
    available_by_rule,
)
REGIME_RULES: tuple[RowRule, ...] = (seven_regimes, regimes_cover_the_calendar)
OOF_RULES: tuple[RowRule, ...] = (forecasts_sound,)
LATEST_RULES: tuple[RowRule, ...] = (forecasts_sound, interval_ordered)


def feature_rules(instrument: Instrument) -> tuple[RowRule, ...]:
    """The rules of the technical features."""
    return (*_indicator_rules(instrument), features_null_only_in_warm_up, roll_columns_sound)


def matrix_rules(instrument: Instrument) -> tuple[RowRule, ...]:
    """The rules of the matrix."""
    return (*PRICE_RULES, regimes_named, features_complete, *_indicator_rules(instrument), roll_columns_sound)


def _indicator_rules(instrument: Instrument) -> tuple[RowRule, ...]:
    plausible = partial(volatility_plausible, most=instrument.plausibility.volatility)
    return (features_finite, rsi_in_range, volatility_in_plan, plausible)
