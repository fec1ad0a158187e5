"""Checks on the bars and their sessions."""

from collections.abc import Iterator

import dagster as dg
import pandas as pd

from zl_assets.checks.common import result, spec
from zl_assets.contracts.tables import BARS, SESSIONS, SYMBOL
from zl_assets.domain.rules.market import (
    high_not_below_low,
    newest_session,
    no_missing_session,
    no_null_prices,
    no_vanished_bar,
    no_vanished_session,
    open_and_close_in_range,
    prices_positive,
    thin_sessions,
    volume_sound,
)
from zl_assets.domain.rules.tables import unique_key
from zl_assets.domain.sessions import build_sessions
from zl_assets.io_managers.failures import as_failures
from zl_assets.resources import AsOf
from zl_assets.settings import Settings

ASSET = SESSIONS.table


@dg.multi_asset_check(
    name="zl_ohlcv_checks",
    specs=[
        spec(ASSET, "unique_key", "One row per session date and symbol.", blocking=True),
        spec(
            ASSET,
            "no_missing_session",
            "Every session that the bars give is in the table.",
            blocking=True,
            against=(BARS.table,),
        ),
        spec(
            ASSET,
            "no_vanished_session",
            "Every session in the table is still in the bars. A refresh never deletes one; the dates say what the source lost.",
            against=(BARS.table,),
        ),
        spec(ASSET, "no_null_prices", "No session lacks a price.", blocking=True),
        spec(ASSET, "prices_positive", "Every price is above zero.", blocking=True),
        spec(ASSET, "high_not_below_low", "No session's high is below its low.", blocking=True),
        spec(ASSET, "open_and_close_in_range", "Open and close lie between low and high.", blocking=True),
        spec(ASSET, "volume_sound", "Every session has a volume, and none is negative.", blocking=True),
        spec(ASSET, "thin_sessions", "Few sessions trade under 1,000 lots. A warning, with the dates."),
        spec(ASSET, "newest_session", "The newest session is the exchange calendar's, or one behind it. A warning."),
    ],
    ins={ASSET: dg.AssetIn(ASSET), BARS.table: dg.AssetIn(BARS.table)},
)
def zl_ohlcv_checks(
    zl_ohlcv: pd.DataFrame, databento_futures_ohlcv_1d: pd.DataFrame, as_of: AsOf
) -> Iterator[dg.AssetCheckResult]:
    """The session table against its rules, its source and the calendar."""
    with as_failures():
        source = build_sessions(databento_futures_ohlcv_1d, SYMBOL, as_of.date).frame
    for verdict in (
        unique_key(zl_ohlcv, SESSIONS.key),
        no_missing_session(zl_ohlcv, source),
        no_vanished_session(zl_ohlcv, source),
        no_null_prices(zl_ohlcv),
        prices_positive(zl_ohlcv),
        high_not_below_low(zl_ohlcv),
        open_and_close_in_range(zl_ohlcv),
        volume_sound(zl_ohlcv),
    ):
        yield result(ASSET, verdict)
    yield result(ASSET, thin_sessions(zl_ohlcv), warn=True)
    yield result(ASSET, newest_session(zl_ohlcv, as_of.date), warn=True)


def build_source_checks(settings: Settings) -> list[dg.AssetChecksDefinition]:
    """The checks on the bars table where this product fills it; somebody else's table is checked by its sessions alone."""
    if not settings.embedded:
        return []

    @dg.multi_asset_check(
        name="databento_futures_ohlcv_1d_checks",
        specs=[
            spec(BARS.table, "unique_key", "One bar per UTC date and symbol.", blocking=True),
            spec(
                BARS.table,
                "no_vanished_bar",
                "Every bar in the table is still in the files. A refresh never deletes one; the dates say what the files lost.",
            ),
        ],
        ins={BARS.table: dg.AssetIn(BARS.table)},
    )
    def databento_futures_ohlcv_1d_checks(databento_futures_ohlcv_1d: pd.DataFrame) -> Iterator[dg.AssetCheckResult]:
        """The bars table against the files that it is filled from."""
        from zl_assets.sources.bars import bars_to_load

        with as_failures():
            files = bars_to_load(settings.bars).frame
        yield result(BARS.table, unique_key(databento_futures_ohlcv_1d, BARS.key))
        yield result(BARS.table, no_vanished_bar(databento_futures_ohlcv_1d, files))

    return [databento_futures_ohlcv_1d_checks]


CHECKS = [zl_ohlcv_checks]
