"""Checks on the bars' sessions."""

from collections.abc import Iterator

import dagster as dg
import pandas as pd

from zl_assets.checks.common import result, spec
from zl_assets.contracts import BARS, SESSIONS, SYMBOL
from zl_assets.domain import assertions
from zl_assets.domain.sessions import build_sessions
from zl_assets.io_managers.failures import as_failures
from zl_assets.resources import AsOf

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
        assertions.unique_key(zl_ohlcv, SESSIONS.key),
        assertions.no_missing_session(zl_ohlcv, source),
        assertions.no_vanished_session(zl_ohlcv, source),
        assertions.no_null_prices(zl_ohlcv),
        assertions.prices_positive(zl_ohlcv),
        assertions.high_not_below_low(zl_ohlcv),
        assertions.open_and_close_in_range(zl_ohlcv),
        assertions.volume_sound(zl_ohlcv),
    ):
        yield result(ASSET, verdict)
    yield result(ASSET, assertions.thin_sessions(zl_ohlcv), warn=True)
    yield result(ASSET, assertions.newest_session(zl_ohlcv, as_of.date), warn=True)


CHECKS = [zl_ohlcv_checks]
