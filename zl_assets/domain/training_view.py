"""The SELECT behind a training view.

Belongs here: what its columns are computed from, in SQL. Must not be here: its contract (contracts/training.py), and how it is
published (warehouse/publish.py).
"""

from collections.abc import Mapping

from zl_assets.contracts.columns import DATA_DATE
from zl_assets.contracts.features import TECHNICAL_FEATURE_NAMES
from zl_assets.instruments.base import Horizon, Instrument


def training_view_select(matrix: str, instrument: Instrument, horizon: Horizon, added: Mapping[str, str] | None = None) -> str:
    """The flat training rows: one SELECT over the matrix. LEAD sees every row, so no target is lost to a filter.

    Args:
        matrix: the table's full name in backticks.
        added: leaves of the matrix that the view has beside the technical features, and their names in it.
    """
    names = [*TECHNICAL_FEATURE_NAMES, *(f"{path} AS {name}" for path, name in (added or {}).items())]
    features = ",\n".join(f"  {name}" for name in names)
    day = DATA_DATE.name
    return f"""SELECT
  {day},
  market_data.close AS close,
{features},
  regime.name AS regime_name,
  regime.weight AS sample_weight,
  (LEAD(market_data.close, {horizon.sessions:d}) OVER by_date) / market_data.close - 1 AS {horizon.target},
  CASE WHEN {day} < '{instrument.split_date:%Y-%m-%d}' THEN 'train' ELSE 'test' END AS split
FROM {matrix}
WHERE symbol = '{instrument.symbol}'
WINDOW by_date AS (ORDER BY {day})"""
