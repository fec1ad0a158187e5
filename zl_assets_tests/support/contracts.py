"""ZL's contracts at one month, as the tests name them."""

from zl_assets.contracts.features import matrix, ta_features
from zl_assets.contracts.intelligence import FRED_OBSERVATIONS, VOLATILITY_DAILY, bars_1h
from zl_assets.contracts.market import bars, sessions
from zl_assets.contracts.predictions import latest, oof
from zl_assets.contracts.regimes import REGIME_WEIGHTS
from zl_assets.contracts.training import training_view
from zl_assets.instruments.zl import INSTRUMENT as ZL
from zl_assets.warehouse.contract import TableContract, ViewContract

[MONTH] = ZL.horizons
SYMBOL = ZL.symbol
HORIZON = MONTH.sessions
SPLIT_DATE = ZL.split_date.isoformat()
CENTS = ZL.price.name
LOTS = ZL.volume_unit
BARS, SESSIONS, FEATURES, MATRIX = bars(ZL), sessions(ZL), ta_features(ZL), matrix(ZL)
TRAINING_VIEW, OOF, LATEST = training_view(ZL, MONTH), oof(ZL, MONTH), latest(ZL, MONTH)
BARS_1H = bars_1h(ZL)
INTELLIGENCE: dict[str, TableContract] = {contract.table: contract for contract in (FRED_OBSERVATIONS, VOLATILITY_DAILY, BARS_1H)}

# Asset key -> contract, in the order of the graph.
CONTRACTS: dict[str, TableContract | ViewContract] = {
    contract.table: contract for contract in (BARS, REGIME_WEIGHTS, SESSIONS, FEATURES, MATRIX, TRAINING_VIEW, OOF, LATEST)
}
