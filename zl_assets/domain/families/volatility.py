"""v1.5 volatility: the VIX as it was known, and how unusual the instrument's own volatility is.

Belongs here: the family's columns, formulas and model inputs. Must not be here: when the VIX is known (releases.py).
"""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from zl_assets.contracts.columns import FRACTION, NAME
from zl_assets.domain.families.base import SESSIONS, Family, FamilyColumn, ModelInput, SourceNeed
from zl_assets.domain.indicators import VOLATILITY_WINDOW, volatility
from zl_assets.domain.releases import RELEASES, as_known
from zl_assets.domain.windows import difference, percentile_rank, z_limit, z_score
from zl_assets.warehouse.contract import Column, ColumnType

SOURCE = "volatility_daily"
STRUCT = "volatility"
SERIES = "VIXCLS"

Z_WINDOW = 63
RANK_WINDOW, RANK_MINIMUM = 252, 100

# Sessions in a year, for the annual rate that the VIX is quoted as.
YEAR = 252

# VIX regimes: calm below the first, stressed from the last on.
REGIME_BOUNDS = (15.0, 20.0, 30.0)

_POINTS = "index points"
_VIX, _CLOSE = f"{SOURCE}.value", f"{SESSIONS}.close"
_RANK = f"mean rank among the last {RANK_WINDOW} sessions, today's included, / their number; NULL with fewer than {RANK_MINIMUM}"


def compute(sessions: pd.DataFrame, sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The VIX known to each session, what became of it over past sessions, and the rank of the instrument's own volatility.

    Every window is of sessions, today's included, and counts the value that each session knew. A window with a session that
    knew no VIX has no score and no change; the percentile counts the values that there are, at least 100.

    Args:
        sessions: data_date, decided_at and close of one symbol, in order of date.
        sources: volatility_daily, with the series VIXCLS; empty where there is none.

    Returns:
        vix, vix_z_63d, vix_change_5d, vix_percentile_252d, vix_less_realised (float64), vix_regime (Int64) and vol_percentile
        (float64), on the index of `sessions`.
    """
    vix = as_known(sources[SOURCE], SERIES, sessions)
    own = volatility(sessions["close"].to_numpy("float64"))
    regime = pd.Series(np.searchsorted(REGIME_BOUNDS, vix, side="right"), index=sessions.index, dtype="Int64")
    return pd.DataFrame(
        {
            "vix": vix,
            "vix_z_63d": z_score(vix, Z_WINDOW),
            "vix_change_5d": difference(vix, 5),
            "vix_percentile_252d": percentile_rank(vix, RANK_WINDOW, RANK_MINIMUM),
            "vix_regime": regime.mask(np.isnan(vix)),
            "vix_less_realised": vix - 100.0 * math.sqrt(YEAR) * own,
            "vol_percentile": percentile_rank(own, RANK_WINDOW, RANK_MINIMUM),
        },
        index=sessions.index,
    )


def _column(
    name: str, meaning: str, unit: str, formula: str, low: float | None = None, high: float | None = None
) -> FamilyColumn:
    return FamilyColumn(Column(name, ColumnType.FLOAT64, meaning, unit), STRUCT, formula, (_VIX,), low, high)


def _as_it_is(column: str) -> ModelInput:
    return ModelInput(column, (column,), lambda view: view[column])


FAMILY = Family(
    name="volatility",
    phase="v1.5",
    description=f"The VIX as each session knew it, and how unusual the volatility of {NAME} itself is.",
    columns=(
        _column(
            "vix",
            "newest close of the VIX that the session knew; NULL where that is more than 12 days old",
            _POINTS,
            "VIXCLS, as of the decision",
            RELEASES[SERIES].low,
            RELEASES[SERIES].high,
        ),
        _column(
            "vix_z_63d",
            "VIX against its last 63 sessions",
            "standard deviations",
            "(vix - mean) / sample standard deviation of the last 63 sessions, today's included; 0 where all are equal",
            -z_limit(Z_WINDOW),
            z_limit(Z_WINDOW),
        ),
        _column("vix_change_5d", "change of the VIX over 5 sessions", _POINTS, "vix - vix 5 sessions before"),
        _column("vix_percentile_252d", "VIX among its last 252 sessions", FRACTION, _RANK, 0.0, 1.0),
        FamilyColumn(
            Column("vix_regime", ColumnType.INT64, "0: below 15, 1: below 20, 2: below 30, 3: 30 or more", "class"),
            STRUCT,
            "number of the bounds 15, 20 and 30 that vix has reached",
            (_VIX,),
            0.0,
            3.0,
        ),
        FamilyColumn(
            Column(
                "vix_less_realised",
                ColumnType.FLOAT64,
                f"VIX less the realised volatility of {NAME}, both as annual rates",
                "percentage points a year",
            ),
            STRUCT,
            f"vix - 100 sqrt({YEAR}) volatility_21d",
            (_VIX, _CLOSE),
        ),
        FamilyColumn(
            Column("vol_percentile", ColumnType.FLOAT64, f"volatility_21d among its last {RANK_WINDOW} sessions", FRACTION),
            "regime",
            f"volatility_21d ({VOLATILITY_WINDOW} sessions): {_RANK}",
            (_CLOSE,),
            0.0,
            1.0,
        ),
    ),
    needs=(SourceNeed(SOURCE, (SERIES,), f"{SERIES}: {RELEASES[SERIES].rule}"),),
    # Not the class: it is a step function of the level.
    inputs=tuple(
        _as_it_is(name)
        for name in (
            "volatility_vix",
            "volatility_vix_z_63d",
            "volatility_vix_change_5d",
            "volatility_vix_percentile_252d",
            "volatility_vix_less_realised",
            "regime_vol_percentile",
        )
    ),
    compute=compute,
)
