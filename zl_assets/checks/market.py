"""The checks on the bars and their sessions."""

from collections.abc import Mapping

import pandas as pd

from zl_assets.catalog import Catalog
from zl_assets.checks import shared
from zl_assets.checks.group import Group, Looking, loads
from zl_assets.contracts import market as contracts
from zl_assets.domain.checks import Check, Level, Seen, unique_key
from zl_assets.domain.rules import dates, market, units
from zl_assets.domain.sessions import build_sessions
from zl_assets.instruments.base import Instrument
from zl_assets.settings import Settings
from zl_assets.sources.bars import REMARKS, bars_to_load, remarks, whole_files_check

_SOURCE = "source"


def bars_checks(catalog: Catalog, settings: Settings, instrument: Instrument) -> list[Group]:
    """The checks on the bars table where this product fills it; somebody else's table is checked by its sessions alone."""
    if not settings.embedded:
        return []
    asset, key = instrument.asset(contracts.BARS_TABLE), catalog.bars(instrument).key

    def files(looking: Looking) -> Mapping[str, object]:
        bars = bars_to_load(settings.bars, [instrument], catalog.others(instrument))
        return {_SOURCE: bars.frame, REMARKS: remarks(bars)}

    return [
        Group(
            f"{asset}_checks",
            "The bars table against the files that it is filled from.",
            (
                unique_key(asset, key, "One bar per UTC date and symbol."),
                Check(
                    asset,
                    "no_vanished_bar",
                    "Every bar in the table is still in the files. A refresh never deletes one; the dates say what the files "
                    "lost.",
                    "Find out why ZL_BARS lost these bars. " + shared.DELETE,
                    lambda seen: market.no_vanished_bar(seen.values[asset], seen.found[_SOURCE]),
                ),
                whole_files_check(asset, "ZL_BARS"),
            ),
            loads(asset),
            files,
        )
    ]


def session_checks(instrument: Instrument) -> Group:
    """The session table against its rules, its source and the calendar."""
    contract, bars = contracts.sessions(instrument), instrument.asset(contracts.BARS_TABLE)
    asset, unit, bounds = contract.table, instrument.price.name, instrument.plausibility

    def own(seen: Seen) -> pd.DataFrame:
        frame: pd.DataFrame = seen.values[asset]
        return frame

    def as_the_bars_give_them(looking: Looking) -> Mapping[str, object]:
        seen = looking.seen
        return {_SOURCE: build_sessions(seen.values[bars], instrument, seen.as_of).frame}

    return Group(
        f"{asset}_checks",
        "The session table against its rules, its source and the calendar.",
        (
            unique_key(asset, contract.key),
            Check(
                asset,
                "no_missing_session",
                "Every session that the bars give is in the table.",
                shared.REFRESH + "If it stays red, somebody is deleting rows.",
                lambda seen: market.no_missing_session(own(seen), seen.found[_SOURCE]),
                Level.BLOCKING,
                (bars,),
            ),
            Check(
                asset,
                "no_vanished_session",
                "Every session in the table is still in the bars. A refresh never deletes one; the dates say what the source "
                "lost.",
                "Ask the vendor why these sessions are gone, or who inserted them. " + shared.DELETE,
                lambda seen: market.no_vanished_session(own(seen), seen.found[_SOURCE]),
                reads=(bars,),
            ),
            Check(
                asset,
                "no_null_prices",
                "No session lacks a price.",
                shared.CORRECT_THE_BAR,
                lambda seen: market.no_null_prices(own(seen)),
                Level.BLOCKING,
            ),
            Check(
                asset,
                "prices_positive",
                "Every price is above zero.",
                shared.CORRECT_THE_BAR,
                lambda seen: market.prices_positive(own(seen)),
                Level.BLOCKING,
            ),
            Check(
                asset,
                "high_not_below_low",
                "No session's high is below its low.",
                shared.CORRECT_THE_BAR,
                lambda seen: market.high_not_below_low(own(seen)),
                Level.BLOCKING,
            ),
            Check(
                asset,
                "open_and_close_in_range",
                "Open and close lie between low and high.",
                shared.CORRECT_THE_BAR,
                lambda seen: market.open_and_close_in_range(own(seen)),
                Level.BLOCKING,
            ),
            Check(
                asset,
                "volume_sound",
                "Every session has a volume, and none is negative.",
                shared.CORRECT_THE_BAR,
                lambda seen: market.volume_sound(own(seen)),
                Level.BLOCKING,
            ),
            Check(
                asset,
                "prices_in_range",
                f"Every price is between {bounds.price[0]:g} and {bounds.price[1]:g} {unit}.",
                f"The prices are in another unit, or of another market: deliver {instrument.name} in {unit} and refresh. If the "
                f"market has left this range, widen Plausibility.price in zl_assets/instruments/{instrument.slug}.py.",
                lambda seen: units.prices_in_range(own(seen), [instrument]),
                Level.BLOCKING,
            ),
            Check(
                asset,
                "volume_in_range",
                f"No session trades more than {bounds.volume:,} contracts.",
                "The volume is not counted in contracts: deliver it so and refresh.",
                lambda seen: units.volume_in_range(own(seen), [instrument]),
                Level.BLOCKING,
            ),
            Check(
                asset,
                "level_plausible",
                f"The middle close is between {bounds.level[0]:g} and {bounds.level[1]:g} {unit}.",
                f"Look at which market's bars these are: those of {instrument.name} have not been there.",
                lambda seen: units.level_plausible(own(seen), instrument),
                Level.BLOCKING,
            ),
            Check(
                asset,
                "steps_plausible",
                f"No close is {bounds.step:g} times the one before it or more, or less than 1/{bounds.step:g} of it.",
                "Look at the bars on these dates: a unit that changes, or a print that is off by a digit. Correct them at their "
                "source and refresh.",
                lambda seen: units.steps_plausible(own(seen), instrument),
                Level.BLOCKING,
            ),
            Check(
                asset,
                "volumes_plausible",
                f"The middle session trades at least {bounds.level_of_volume:,} contracts.",
                "Ask the vendor what the volume counts: it should be contracts of the front month.",
                lambda seen: units.volumes_plausible(own(seen), instrument),
                Level.BLOCKING,
            ),
            Check(
                asset,
                "calendar_complete",
                f"Hardly a session of the calendar is missing: at most one in {bounds.gaps:,}, and never two in a row.",
                "Load the bars of the dates that are named. If the exchange was closed, the calendar of the library is wrong: "
                f"let more be missing by a lower Plausibility.gaps in zl_assets/instruments/{instrument.slug}.py.",
                lambda seen: dates.calendar_complete(own(seen), instrument),
                Level.BLOCKING,
            ),
            Check(
                asset,
                "prices_on_tick",
                f"Every price is a multiple of the tick, {instrument.tick:g} {instrument.price.word}. A warning, with the dates.",
                "Ask the vendor for prices as they were traded: these were adjusted, averaged or converted.",
                lambda seen: units.prices_on_tick(own(seen), instrument),
                Level.WARNING,
            ),
            Check(
                asset,
                "thin_sessions",
                f"Few sessions trade under {bounds.thin_lots:,} lots. A warning, with the dates.",
                "Ask whether the bars are of the front contract: a thin session now and then is normal, many are not.",
                lambda seen: market.thin_sessions(own(seen), bounds.thin_lots, bounds.thin_share),
                Level.WARNING,
            ),
            Check(
                asset,
                "newest_session",
                "The newest session is the newest of the exchange's calendar, or the one before it. A warning.",
                shared.LATE,
                lambda seen: market.newest_session(own(seen), instrument.calendar, seen.as_of),
                Level.WARNING,
            ),
        ),
        loads(asset, bars),
        as_the_bars_give_them,
    )
