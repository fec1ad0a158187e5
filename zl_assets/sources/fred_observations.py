"""`raw_intelligence.fred_observations`: the economic series of the macro family."""

from zl_assets.domain.releases import MACRO_SERIES
from zl_assets.sources.observations import series_table

SOURCE = series_table(
    "fred_observations",
    "Observations of economic series as FRED gives them, with the time at which each became known.",
    MACRO_SERIES,
)
