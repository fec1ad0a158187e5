"""The morning page as an asset: it reads what the tables hold now, and says it.

Belongs here: reading, the file, and metadata. Must not be here: a number, a sentence, what is red (it comes as a function).
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import pandas as pd

from zl_assets.assets.common import AFTERWARDS, OWNERS, PREDICTIONS, group_of
from zl_assets.briefing import changes, words
from zl_assets.briefing.facts import (
    YEAR,
    Facts,
    Reading,
    Trouble,
    kept_of,
    moves_of,
    newest_known,
    outlook_of,
    reading_of,
    year_of,
)
from zl_assets.catalog import Catalog
from zl_assets.contracts import features, forecasts, market
from zl_assets.domain.forecast_record import of_horizon
from zl_assets.domain.forecast_score import with_rolls
from zl_assets.domain.regimes import regime_weights, regimes_reached
from zl_assets.domain.releases import decision_times
from zl_assets.files import replace_file
from zl_assets.instruments.base import Horizon, Instrument
from zl_assets.io_managers.bigquery import Warehouse
from zl_assets.io_managers.failures import as_failures
from zl_assets.io_managers.metadata import in_order
from zl_assets.notifications import Alert, NotDelivered, build_notifiers, deliver
from zl_assets.pages.places import Pages
from zl_assets.provenance import Provenance
from zl_assets.settings import Settings

if TYPE_CHECKING:
    from zl_assets.warehouse.publish import Publisher

BRIEFING = "briefing"

# Columns of a family that the page has: its first ones.
_SHOWN = 3

_KNOWN = "available_at"

type Troubles = Callable[[dg.DagsterInstance], tuple[Trouble, ...]]


def build_briefing(catalog: Catalog, settings: Settings, instrument: Instrument, troubles: Troubles) -> dg.AssetsDefinition:
    """The morning page of an instrument, at its first horizon."""
    horizon, provenance = instrument.horizons[0], Provenance.of(settings)
    name = instrument.asset(BRIEFING)
    place = settings.state_dir / BRIEFING / f"{instrument.slug}.html"
    pages = Pages.of(settings)

    @dg.asset(
        name=name,
        description="What moved, what to expect, and what is wrong: in short (`today`), whole (`page`), and as the file "
        f"`{place}`, which `python -m zl_assets.pages` serves (`open`). Made after each refresh, whatever became of it, of what "
        "the tables hold.",
        tags={AFTERWARDS: "true"},
        group_name=group_of(instrument, PREDICTIONS),
        owners=OWNERS,
        deps=[instrument.asset_at(horizon, forecasts.SCORE)],
    )
    def briefing_asset(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult[Any]:
        from zl_assets.briefing.page import markdown, page_html, plain
        from zl_assets.briefing.picture import year_svg

        with as_failures(), warehouse.publisher(run=context.run.run_id, asset=name) as publisher:
            facts = _facts(publisher, catalog, instrument, horizon, provenance, troubles(context.instance))
        if facts is None:
            return dg.MaterializeResult(metadata={"today": "There is no session yet: refresh first.", **provenance.metadata})
        now, before = changes.Kept.of(facts, provenance.source), _before(place)
        title = words.title(facts, provenance.mark)
        changed = changes.changes(now, before)
        lines = (*words.lines(facts), words.Line("Since the last one", changed))
        made = f"Made {dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M} UTC from {provenance.prices}."
        with as_failures():
            picture = place.with_suffix(".svg")
            # Drawn anew only for other numbers: a refresh that changes nothing loads no library that draws.
            if before is None or before.picture != now.picture or not picture.exists():
                replace_file(picture, year_svg(facts).encode())
            source = words.source(facts, provenance.prices)
            replace_file(place, page_html(title, lines, picture.read_text(), source, (made,)).encode())
            replace_file(place.with_suffix(".txt"), plain(title, lines).encode())
            replace_file(place.with_suffix(".json"), replace(now, said=changed).text.encode())
        if settings.notify_briefing:
            _send(context, settings, Alert(title, (*(line.labelled for line in lines), f"The page: {pages.address(place)}")))
        page: dict[str, Any] = {
            "today": words.in_short(facts, provenance.mark),
            "open": dg.MetadataValue.md(pages.link(place)),
            "page": dg.MetadataValue.md(markdown(title, lines)),
            "file": dg.MetadataValue.path(place),
        }
        return dg.MaterializeResult(metadata=in_order({**page, **_numbers(facts), **provenance.metadata}))

    return briefing_asset


def _facts(
    publisher: "Publisher",
    catalog: Catalog,
    instrument: Instrument,
    horizon: Horizon,
    provenance: Provenance,
    troubles: tuple[Trouble, ...],
) -> Facts | None:
    sessions = publisher.read_or_empty(market.sessions(instrument)).sort_values("data_date", ignore_index=True)
    if sessions.empty:
        return None
    rolls = with_rolls(sessions, publisher.read_or_empty(features.ta_features(instrument)))
    record, score, replay = (
        of_horizon(publisher.read_or_empty(contract(instrument, horizon)), instrument, horizon)
        for contract in (catalog.record, catalog.score, catalog.replay)
    )
    record, score = (rows[rows["source"].eq(provenance.source)] for rows in (record, score))
    moves, adjusted = moves_of(rolls)
    closes = sessions.set_index("data_date")["close"].astype("float64")
    newest = sessions["data_date"].iloc[-1]
    return Facts(
        instrument=instrument,
        horizon=horizon,
        session=newest,
        close=float(closes.iloc[-1]),
        moves=moves,
        adjusted=adjusted,
        year=year_of(closes),
        outlook=outlook_of(record, sessions),
        kept=kept_of(score, replay, sessions, horizon),
        regime=_regime_of(newest),
        readings=tuple(_readings(publisher, catalog, instrument, newest)),
        troubles=troubles,
        closes=closes.tail(YEAR),
    )


def _regime_of(session: pd.Timestamp) -> str | None:
    """None beyond the last regime: that the refresh stops there is what the page has to tell."""
    return next(iter(regimes_reached(pd.Series([session]), regime_weights())), None)


def _readings(publisher: "Publisher", catalog: Catalog, instrument: Instrument, newest: pd.Timestamp) -> "list[Reading]":
    found = []
    decided = pd.Timestamp(decision_times(pd.Series([newest]), instrument.decision)[0])
    contracts = catalog.sources_of(instrument)
    for family in catalog.selection(instrument).on:
        rows = publisher.read_or_empty(catalog.family(family, instrument))
        rows = rows[rows["symbol"].eq(instrument.symbol)].sort_values("data_date", ignore_index=True)
        # What it said of an older session is not today's: it has no value.
        rows = rows if len(rows) and rows["data_date"].iloc[-1] == newest else rows.iloc[:0]
        # Hours of years are read by nobody who asks since when they are known.
        timed = [name for need in family.needs if (name := need.asset) in contracts and _KNOWN in contracts[name].frame_columns]
        known = newest_known({name: publisher.read_or_empty(contracts[name]) for name in timed}, decided)
        found += [reading_of(family, column.column.name, rows, known, instrument.price) for column in family.columns[:_SHOWN]]
    return found


def _before(place: Path) -> changes.Kept | None:
    kept = place.with_suffix(".json")
    return changes.Kept.read(kept.read_text(errors="replace")) if kept.exists() else None


def _send(context: dg.AssetExecutionContext, settings: Settings, page: Alert) -> None:
    """Send it; a receiver that is down is a line in the log, since the page itself is there."""
    try:
        deliver(page, build_notifiers(settings))
    except NotDelivered as error:
        context.log.warning(str(error))


def _numbers(facts: Facts) -> dict[str, float]:
    """What a person would plot, under names that stay."""
    found = {"close": facts.close, **{f"move_{move.sessions}d_%": 100 * move.change for move in facts.moves}}
    if facts.outlook is not None:
        found |= {
            "range_80_low": facts.outlook.now.low,
            "range_80_high": facts.outlook.now.high,
            "expected_move_%": 100 * facts.outlook.move,
        }
    if facts.kept.since is not None:
        found["ranges_held_%"] = 100 * facts.kept.held
    if facts.kept.scored:
        found["recorded_ranges_held_%"] = 100 * facts.kept.inside / facts.kept.scored
    found["not_green"] = len(facts.troubles)
    return {name: float(value) for name, value in found.items()}
