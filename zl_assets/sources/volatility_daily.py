"""`raw_intelligence.volatility_daily`: the volatility indices of the volatility family, in a table of their own as the plan
has it."""

from zl_assets.domain.releases import VOLATILITY_SERIES
from zl_assets.sources.observations import series_table

SOURCE = series_table(
    "volatility_daily",
    "Daily closes of volatility indices (VIXCLS) as FRED gives them, with the time at which each became known.",
    VOLATILITY_SERIES,
)
