"""Families made for a test, and what they are put into."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from zl_assets.domain.families.base import SESSIONS as OWN_SESSIONS
from zl_assets.domain.families.base import Compute, Family, FamilyColumn, SourceNeed
from zl_assets.domain.families.registry import Surroundings
from zl_assets.warehouse.contract import Column, ColumnType
from zl_assets_tests.support.builders import random_closes, sessions_of
from zl_assets_tests.support.contracts import (
    BARS,
    CONTRACTS,
    FRED_OBSERVATIONS,
    INTELLIGENCE,
    MATRIX,
    MES,
    SESSIONS,
    TRAINING_VIEW,
    ZL,
)

# What the product's families are put into: ZL alone, at one month, where MES is known as well.
AROUND = Surroundings(
    sessions=SESSIONS,
    matrix=MATRIX,
    views=(TRAINING_VIEW,),
    symbols=frozenset({ZL.symbol, MES.symbol}),
    sources={BARS.table: BARS, **INTELLIGENCE},
    assets=frozenset({*CONTRACTS, *INTELLIGENCE, "training_csv", "lgbm_model", "feature_family_impact", "feature_impact"}),
)

SESSION_ROWS = sessions_of(random_closes(150))
NEWS = FRED_OBSERVATIONS.table


def family(compute: Compute, *needs: str, low: float | None = None, high: float | None = None) -> Family:
    """A family with one column, x.value."""
    column = FamilyColumn(
        Column("value", ColumnType.FLOAT64, "for tests", "none"), "x", "none", (f"{OWN_SESSIONS}.close",), low, high
    )
    return Family("x", "test", "for tests", (column,), tuple(SourceNeed(n, (), "at noon") for n in needs), (), compute)


def of_closes(change: Callable[["pd.Series[float]"], "pd.Series[float]"]) -> Compute:
    return lambda sessions, sources: pd.DataFrame({"value": change(sessions["close"])})


def news(hour: str = "13:19", zone: str = "America/Chicago") -> pd.DataFrame:
    """One print a session, on its own date."""
    dates = SESSION_ROWS["data_date"]
    at = pd.DatetimeIndex(dates + pd.Timedelta(f"{hour}:00")).tz_localize(zone).tz_convert("UTC")
    return pd.DataFrame({"observed_on": dates, "available_at": at, "value": np.arange(len(dates), dtype="float64")})


def newest_by_date(sessions: pd.DataFrame, sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Joins on the date of the observation, whenever it was published."""
    values = sources[NEWS].set_index("observed_on")["value"]
    return pd.DataFrame({"value": values.reindex(sessions["data_date"]).to_numpy("float64")}, index=sessions.index)
