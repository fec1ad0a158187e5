"""The checks on the prediction tables."""

from typing import TYPE_CHECKING

from zl_assets.catalog import Catalog
from zl_assets.checks import shared
from zl_assets.checks.group import Group, loads
from zl_assets.contracts import predictions as contracts
from zl_assets.contracts.training import MODEL
from zl_assets.domain.checks import Check, Level, unique_key
from zl_assets.domain.rules import market, predictions
from zl_assets.instruments.base import Horizon, Instrument
from zl_assets.io_managers.keys import published_io
from zl_assets.warehouse.verdict import Verdict

if TYPE_CHECKING:
    import pandas as pd

    from zl_assets.model.fit.artifact import LoadedModel


def prediction_checks(catalog: Catalog, instrument: Instrument, horizon: Horizon) -> list[Group]:
    """The checks of one horizon's forecasts."""
    return [_oof_checks(catalog, instrument, horizon), _latest_checks(catalog, instrument, horizon)]


def _oof_checks(catalog: Catalog, instrument: Instrument, horizon: Horizon) -> Group:
    contract, view = contracts.oof(instrument, horizon), catalog.view(instrument, horizon).table
    asset, model, word = contract.table, instrument.asset_at(horizon, MODEL), instrument.price.word
    return Group(
        f"{asset}_checks",
        "The out-of-fold forecasts against the view.",
        (
            unique_key(asset, contract.key, level=Level.ERROR),
            Check(
                asset,
                "forecasts_sound",
                f"Every forecast is finite, and its price in {word} is the close moved by its return; only rows before the "
                "first fold have none.",
                f"Materialize {model} again, and then this table.",
                lambda seen: predictions.forecasts_sound(seen.values[asset]),
            ),
            Check(
                asset,
                "outcomes_are_the_views",
                "Every labelled session has a row with the view's target, and all rows are by one model.",
                f"Materialize {asset} again.",
                lambda seen: predictions.outcomes_are_the_views(seen.values[asset], seen.values[view], horizon.target),
                reads=(view,),
            ),
        ),
        loads(asset, view),
    )


def _latest_checks(catalog: Catalog, instrument: Instrument, horizon: Horizon) -> Group:
    contract, view = contracts.latest(instrument, horizon), catalog.view(instrument, horizon).table
    asset, model, word = contract.table, instrument.asset_at(horizon, MODEL), instrument.price.word
    return Group(
        f"{asset}_checks",
        "The open forecasts against the view and the published model.",
        (
            unique_key(asset, contract.key, level=Level.ERROR),
            Check(
                asset,
                "forecasts_sound",
                f"Every forecast is finite, and its price in {word} is the close moved by its return.",
                f"Materialize {model} again, and then this table.",
                lambda seen: predictions.forecasts_sound(seen.values[asset]),
            ),
            Check(
                asset,
                "interval_ordered",
                "Every forecast lies inside its ranges, and each range inside the wider one.",
                f"Materialize {model} again, and then this table.",
                lambda seen: predictions.interval_ordered(seen.values[asset]),
            ),
            Check(
                asset,
                "open_sessions_forecast",
                "Every session whose target is not known has a forecast by the model that `latest` names.",
                f"Materialize {asset} again.",
                lambda seen: predictions.open_sessions_forecast(
                    seen.values[asset], seen.values[view], horizon.target, seen.values[model].model_id
                ),
                reads=(view, model),
            ),
            Check(
                asset,
                "model_up_to_date",
                "The model behind the forecasts is at most five sessions behind the newest known target. A warning.",
                f"Newer models did not pass their gates: see the checks of {model}. Until one does, forecasts are made by the "
                "old one.",
                lambda seen: predictions.model_up_to_date(
                    seen.values[view], horizon.target, seen.values[model].model_id, seen.values[model].trained_through
                ),
                Level.WARNING,
                (view, model),
            ),
            Check(
                asset,
                "inputs_known",
                "On the sessions that are forecast every input lies within what the model was trained on. A warning.",
                "The market is where the model has never been, so its forecast is that of the nearest place where it has. Look "
                "at the inputs that are named on the newest sessions.",
                lambda seen: _inputs_known(seen.values[view], horizon.target, seen.values[model]),
                Level.WARNING,
                (view, model),
            ),
            Check(
                asset,
                "newest_session",
                "The newest forecast is of the newest session of the exchange's calendar, or of the one before it. A warning.",
                f"{shared.LATE} Until a refresh has newer bars, the forecasts start from an old price.",
                lambda seen: market.newest_session(seen.values[asset], instrument.calendar, seen.as_of),
                Level.WARNING,
            ),
        ),
        loads(asset, view) | {model: published_io(instrument, horizon)},
    )


def _inputs_known(view: "pd.DataFrame", target: str, model: "LoadedModel") -> Verdict:
    from zl_assets.model.replay.verdicts import inputs_known

    return inputs_known(view, target, model.trained_through, model.inputs, model.instrument)
