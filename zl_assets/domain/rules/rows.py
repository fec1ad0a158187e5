"""Which rules the rows of a table must meet before they are written, and a history as a whole."""

from functools import partial

from zl_assets.domain.rules.dates import dates_fit_calendar, no_filled_bars, weekend_bars_are_stubs
from zl_assets.domain.rules.documents import document_dates_agree, documents_available_by_rule, documents_complete
from zl_assets.domain.rules.features import (
    features_complete,
    features_finite,
    features_null_only_in_warm_up,
    roll_columns_sound,
    rsi_in_range,
    volatility_in_plan,
    volatility_plausible,
)
from zl_assets.domain.rules.forecasts import record_sound, replay_sound, score_sound
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
from zl_assets.domain.rules.units import (
    level_plausible,
    prices_in_range,
    ranges_there,
    steps_plausible,
    volume_in_range,
    volumes_plausible,
)
from zl_assets.instruments.base import Instrument
from zl_assets.warehouse.verdict import RowRule

_SOUND: tuple[RowRule, ...] = (
    no_null_prices,
    prices_positive,
    high_not_below_low,
    open_and_close_in_range,
    volume_sound,
)


OBSERVATION_RULES: tuple[RowRule, ...] = (
    on_observation_days,
    observations_in_range,
    no_zero_observation,
    decimals_as_quoted,
    no_observation_jump,
    available_by_rule,
)
DOCUMENT_RULES: tuple[RowRule, ...] = (documents_complete, document_dates_agree, documents_available_by_rule)
REGIME_RULES: tuple[RowRule, ...] = (seven_regimes, regimes_cover_the_calendar)
OOF_RULES: tuple[RowRule, ...] = (forecasts_sound,)
LATEST_RULES: tuple[RowRule, ...] = (forecasts_sound, interval_ordered)
RECORD_RULES: tuple[RowRule, ...] = (record_sound,)
REPLAY_RULES: tuple[RowRule, ...] = (replay_sound,)
SCORE_RULES: tuple[RowRule, ...] = (score_sound,)


def price_rules(*instruments: Instrument) -> tuple[RowRule, ...]:
    """The rules of rows with prices and a volume, of these instruments."""
    in_units = (partial(prices_in_range, instruments=instruments), partial(volume_in_range, instruments=instruments))
    return (*_SOUND, *in_units)


def bar_rules(*instruments: Instrument) -> tuple[RowRule, ...]:
    """The rules of bars of these instruments, a day's or an hour's."""
    return (no_conflicting_bars, *price_rules(*instruments))


def bar_history_rules(instrument: Instrument) -> tuple[RowRule, ...]:
    """What the daily bars of an instrument are held to as a whole, in order of date; no rule of a table's rows."""
    return tuple(
        partial(rule, instrument=instrument)
        for rule in (ranges_there, weekend_bars_are_stubs, no_filled_bars, dates_fit_calendar)
    )


def history_rules(instrument: Instrument) -> tuple[RowRule, ...]:
    """What its sessions are held to as a whole; no rule of a table's rows."""
    return tuple(partial(rule, instrument=instrument) for rule in (level_plausible, steps_plausible, volumes_plausible))


def feature_rules(instrument: Instrument) -> tuple[RowRule, ...]:
    """The rules of the technical features."""
    return (*_indicator_rules(instrument), features_null_only_in_warm_up, roll_columns_sound)


def matrix_rules(instrument: Instrument) -> tuple[RowRule, ...]:
    """The rules of the matrix."""
    return (*price_rules(instrument), regimes_named, features_complete, *_indicator_rules(instrument), roll_columns_sound)


def _indicator_rules(instrument: Instrument) -> tuple[RowRule, ...]:
    # Raw volatility without instrument_id only warns, so it is no rule of the write path.
    plausible = partial(volatility_plausible, most=instrument.plausibility.volatility)
    return (features_finite, rsi_in_range, volatility_in_plan, plausible)
