"""Which rules every row of a table must meet before it is written."""

from collections.abc import Callable, Mapping

import pandas as pd

from zl_assets.contracts.intelligence import FRED_OBSERVATIONS, VOLATILITY_DAILY
from zl_assets.contracts.regimes import REGIME_WEIGHTS
from zl_assets.contracts.tables import BARS, BARS_1H, FEATURES, LATEST, MATRIX, OOF, SESSIONS
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
from zl_assets.domain.rules.observations import available_by_rule, no_observation_jump, observations_in_range
from zl_assets.domain.rules.predictions import forecasts_sound, interval_ordered
from zl_assets.domain.rules.regimes import regimes_cover_the_calendar, regimes_named, seven_regimes
from zl_assets.warehouse.verdict import Verdict

type RowRule = Callable[[pd.DataFrame], Verdict]


PRICE_RULES: tuple[RowRule, ...] = (
    no_null_prices,
    prices_positive,
    high_not_below_low,
    open_and_close_in_range,
    volume_sound,
)


INDICATOR_RULES: tuple[RowRule, ...] = (features_finite, rsi_in_range, volatility_in_plan, volatility_plausible)


BAR_RULES: tuple[RowRule, ...] = (no_conflicting_bars, *PRICE_RULES)


OBSERVATION_RULES: tuple[RowRule, ...] = (observations_in_range, no_observation_jump, available_by_rule)


ROW_RULES: Mapping[str, tuple[RowRule, ...]] = {
    BARS.table: BAR_RULES,
    BARS_1H.table: BAR_RULES,
    FRED_OBSERVATIONS.table: OBSERVATION_RULES,
    VOLATILITY_DAILY.table: OBSERVATION_RULES,
    SESSIONS.table: PRICE_RULES,
    FEATURES.table: (*INDICATOR_RULES, features_null_only_in_warm_up, roll_columns_sound),
    MATRIX.table: (*PRICE_RULES, regimes_named, features_complete, *INDICATOR_RULES, roll_columns_sound),
    REGIME_WEIGHTS.table: (seven_regimes, regimes_cover_the_calendar),
    OOF.table: (forecasts_sound,),
    LATEST.table: (forecasts_sound, interval_ordered),
}
