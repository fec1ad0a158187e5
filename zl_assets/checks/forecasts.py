"""The checks on the replay, the record and the score."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from zl_assets.catalog import Catalog
from zl_assets.checks.group import Group, Looking, loads
from zl_assets.contracts import features, market
from zl_assets.contracts import forecasts as contracts
from zl_assets.domain.checks import Check, Level, Seen, unique_key
from zl_assets.domain.forecast_record import Remembered, of_horizon
from zl_assets.domain.forecast_score import scores, with_rolls
from zl_assets.domain.rules import forecasts
from zl_assets.instruments.base import Horizon, Instrument
from zl_assets.io_managers.forecasts import remembered
from zl_assets.model.fit.config import ModelConfig
from zl_assets.provenance import Provenance
from zl_assets.settings import Settings
from zl_assets.warehouse.verdict import Verdict

if TYPE_CHECKING:
    from zl_assets.domain.families.base import Family

_EXPECTED, _REMEMBERED = "expected", "remembered"

# Sessions of the replay that are fitted again, spread over it; 10 ms each.
_REFITTED = 5

_ROWS_OF = "One row per session date, symbol and horizon."


def forecast_checks(catalog: Catalog, settings: Settings, instrument: Instrument, horizon: Horizon) -> list[Group]:
    """The checks of what was said, of how it came out, and of what would have been said, at one horizon."""
    return [
        _replay_checks(catalog, instrument, horizon),
        _record_checks(catalog, settings, instrument, horizon),
        _score_checks(catalog, settings, instrument, horizon),
    ]


def _replay_checks(catalog: Catalog, instrument: Instrument, horizon: Horizon) -> Group:
    asset, view = instrument.asset_at(horizon, contracts.REPLAY), catalog.view(instrument, horizon).table
    sessions, rolls = market.sessions(instrument).table, features.ta_features(instrument).table
    kept = catalog.selection(instrument).kept

    def ours(seen: Seen) -> pd.DataFrame:
        return of_horizon(seen.values[asset], instrument, horizon)

    def made_again(looking: Looking) -> Mapping[str, object]:
        values = looking.seen.values
        of_sessions = with_rolls(values[sessions], values[rolls])
        return {_EXPECTED: _made_again(ours(looking.seen), values[view], of_sessions, kept, instrument, horizon)}

    return Group(
        f"{asset}_checks",
        "The replay against the view: does it come out again, and did its bands hold what they say.",
        (
            unique_key(asset, contracts.replay().key, _ROWS_OF, Level.ERROR),
            Check(
                asset,
                "replay_right",
                f"Every session from the first forecast on has a row; {_REFITTED} of them are fitted again, and all bands made "
                "again.",
                f"Materialize {asset} again: what it is made of may have changed since. If that does not help, somebody edited "
                "the table: delete its rows in the warehouse and materialize it once more, which takes half a minute.",
                lambda seen: forecasts.replay_right(ours(seen), seen.found[_EXPECTED]),
                reads=(view, sessions, rolls),
            ),
            Check(
                asset,
                "ranges_hold",
                "From 2016 on the bands held what they say: within 5 points of 50 and 80 %, and within 3 of 95 %, or, where that "
                "is more, within 1.645 standard errors of what was held. With fewer than ten horizons of sessions nothing is "
                "judged.",
                "Do not rely on the published ranges. The market has changed in a way that the volatility of past sessions does "
                "not show, or the bars have: look at the table by year in the model's report.",
                lambda seen: _ranges_hold(ours(seen), seen.values[view], horizon),
                reads=(view,),
            ),
        ),
        loads(asset, view, sessions, rolls),
        made_again,
    )


def _record_checks(catalog: Catalog, settings: Settings, instrument: Instrument, horizon: Horizon) -> Group:
    asset, provenance = instrument.asset_at(horizon, contracts.RECORD), Provenance.of(settings)

    def ours(seen: Seen) -> pd.DataFrame:
        return of_horizon(seen.values[asset], instrument, horizon)

    def said_before(looking: Looking) -> Mapping[str, object]:
        return {_REMEMBERED: remembered(looking.instance, asset, provenance, ours(looking.seen))}

    def record_complete(seen: Seen) -> Verdict:
        before: Remembered = seen.found[_REMEMBERED]
        return forecasts.record_complete(ours(seen), before)

    return Group(
        f"{asset}_checks",
        "The record against what was said of it.",
        (
            unique_key(asset, contracts.record().key, "One row per as-of date, session, symbol and horizon.", Level.ERROR),
            Check(
                asset,
                "record_complete",
                "No row was lost: the record has as many as its materializations said.",
                "Somebody deleted rows, or an older copy of the table was put back. Restore them from a backup; they are never "
                f"made again. If there is none, materialize {asset} with accept_lost_rows: the hole is then no longer told.",
                record_complete,
            ),
        ),
        loads(asset),
        said_before,
    )


def _score_checks(catalog: Catalog, settings: Settings, instrument: Instrument, horizon: Horizon) -> Group:
    asset = instrument.asset_at(horizon, contracts.SCORE)
    record, replay = (instrument.asset_at(horizon, name) for name in (contracts.RECORD, contracts.REPLAY))
    view, sessions, rolls = (
        catalog.view(instrument, horizon).table,
        market.sessions(instrument).table,
        features.ta_features(instrument).table,
    )
    source = Provenance.of(settings).source

    def ours(seen: Seen) -> pd.DataFrame:
        return of_horizon(seen.values[asset], instrument, horizon)

    def of_source(seen: Seen) -> pd.DataFrame:
        rows = ours(seen)
        return rows[rows["source"].eq(source)]

    def scored_again(looking: Looking) -> Mapping[str, object]:
        values = looking.seen.values
        said = of_horizon(values[record], instrument, horizon)
        return {_EXPECTED: scores(said, with_rolls(values[sessions], values[rolls]), horizon.sessions)}

    return Group(
        f"{asset}_checks",
        "The score against the record and the sessions, and what it says of the forecasts.",
        (
            unique_key(asset, contracts.score().key, "One row per session date, symbol, horizon and source.", Level.ERROR),
            Check(
                asset,
                "score_right",
                "Every recorded forecast that came due is here, with the outcome that the sessions give.",
                f"Somebody edited this table or the record. Materialize {asset} again; a row that nobody said stays "
                "until it is deleted by hand.",
                lambda seen: forecasts.score_right(ours(seen), seen.found[_EXPECTED]),
                reads=(record, sessions, rolls),
            ),
            Check(
                asset,
                "target_sessions_came",
                "Each forecast is about the session that came: the exchange cancelled none and added none on the way. A warning.",
                "Both dates are named. The outcome is that of the session that came, which is what the target counts.",
                lambda seen: forecasts.target_sessions_came(ours(seen)),
                Level.WARNING,
            ),
            *(
                Check(
                    asset,
                    f"live_coverage_{level}",
                    f"Live forecasts were inside their {level} % range as often as that says, by a block-bootstrap interval. "
                    "Below ten horizons of them nothing is judged. A warning.",
                    "The ranges are too narrow or too wide for what came: see by how much, and ranges_hold on the replay.",
                    partial(_live_coverage, of_source, level, horizon),
                    Level.WARNING,
                )
                for level in contracts.LEVELS
            ),
            Check(
                asset,
                "live_skill",
                "Live forecasts are not worse than saying that the price stays where it is, beyond chance. Below ten horizons of "
                "them nothing is judged. A warning.",
                "Do not act on the middle of the range. Nothing has shown that it is worth more than the last price.",
                lambda seen: _live_skill(of_source(seen), horizon),
                Level.WARNING,
            ),
            Check(
                asset,
                "live_error_usual",
                "The error of live forecasts, each over the volatility of its day, is one that the walk-forward had as well. A "
                "warning.",
                "What comes differs from what the model and its ranges were made of: see inputs_known on the open forecasts, and "
                "the checks on the bars.",
                lambda seen: _live_error_usual(
                    of_source(seen), of_horizon(seen.values[replay], instrument, horizon), seen.values[view], horizon
                ),
                Level.WARNING,
                (replay, view),
            ),
        ),
        loads(asset, record, replay, view, sessions, rolls),
        scored_again,
    )


def _made_again(
    replay: pd.DataFrame,
    view: pd.DataFrame,
    sessions: pd.DataFrame,
    kept: "tuple[Family, ...]",
    instrument: Instrument,
    horizon: Horizon,
) -> pd.DataFrame:
    """The replay's rows as they come out of the view; none where it is too short for one."""
    from zl_assets.model.errors import TrainingFault
    from zl_assets.model.fit.design import inputs_with
    from zl_assets.model.replay.rows import replay_rows
    from zl_assets.model.reuse.made_of import fit_made_with

    config, inputs = ModelConfig.of(instrument, horizon), inputs_with(kept)
    refitted = np.linspace(0, len(replay) - 1, _REFITTED).astype(int)
    known = replay[~np.isin(np.arange(len(replay)), refitted)]
    made_with = fit_made_with(config, inputs)
    try:
        return replay_rows(view, sessions, known, config, made_with, instrument, horizon, inputs).rows
    except TrainingFault:
        return replay.iloc[:0]


def _ranges_hold(replay: pd.DataFrame, view: pd.DataFrame, horizon: Horizon) -> Verdict:
    from zl_assets.model.replay.verdicts import ranges_hold

    return ranges_hold(replay, view, horizon)


def _live_coverage(rows: Callable[[Seen], pd.DataFrame], level: int, horizon: Horizon, seen: Seen) -> Verdict:
    from zl_assets.model.replay.verdicts import live_coverage

    return live_coverage(rows(seen), level, horizon)


def _live_skill(score: pd.DataFrame, horizon: Horizon) -> Verdict:
    from zl_assets.model.replay.verdicts import live_skill

    return live_skill(score, horizon)


def _live_error_usual(score: pd.DataFrame, replay: pd.DataFrame, view: pd.DataFrame, horizon: Horizon) -> Verdict:
    from zl_assets.model.replay.verdicts import live_error_usual

    return live_error_usual(score, replay, view, horizon)
