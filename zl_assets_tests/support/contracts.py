"""ZL's contracts at one month, as the tests name them."""

from dataclasses import replace

from zl_assets.contracts.features import matrix, ta_features
from zl_assets.contracts.forecasts import record, record_made_from, replay, replay_made_from, score, score_made_from
from zl_assets.contracts.market import bars, sessions
from zl_assets.contracts.predictions import latest, oof
from zl_assets.contracts.regimes import REGIME_WEIGHTS
from zl_assets.contracts.training import training_view
from zl_assets.domain.rules.rows import (
    LATEST_RULES,
    OOF_RULES,
    RECORD_RULES,
    REGIME_RULES,
    REPLAY_RULES,
    SCORE_RULES,
    bar_rules,
    feature_rules,
    matrix_rules,
    price_rules,
)
from zl_assets.instruments.base import ContractSize, PriceUnit
from zl_assets.instruments.zl import INSTRUMENT as ZL
from zl_assets.sources import bars_1h as hourly
from zl_assets.sources import (
    cot_weekly,
    fred_observations,
    policy_documents,
    rin_prices,
    volatility_daily,
    wasde_balance,
    weather_daily,
)
from zl_assets.sources.bars_1h import bars_1h
from zl_assets.warehouse.contract import TableContract, ViewContract
from zl_assets.warehouse.verdict import RowRule

[MONTH] = ZL.horizons
# Made up: a second instrument, as DESIGN.md names one.
MES = replace(
    ZL,
    symbol="MES",
    slug="mes",
    name="the micro S&P",
    price=PriceUnit(name="index points", word="points", short="points", per_dollar=1),
    contract=ContractSize(quantity=5, words="5 index units"),
    bare_names=False,
)
SYMBOL = ZL.symbol
HORIZON = MONTH.sessions
SPLIT_DATE = ZL.split_date.isoformat()
CENTS = ZL.price.name
LOTS = ZL.volume_unit
BARS, SESSIONS, FEATURES, MATRIX = bars(ZL), sessions(ZL), ta_features(ZL), matrix(ZL)
TRAINING_VIEW, OOF, LATEST = training_view(ZL, MONTH), oof(ZL, MONTH), latest(ZL, MONTH)
REPLAY, RECORD, SCORE = (
    replace(contract(ZL), made_from=made_from(ZL, MONTH))
    for contract, made_from in ((replay, replay_made_from), (record, record_made_from), (score, score_made_from))
)
BARS_1H = bars_1h(ZL)
FRED_OBSERVATIONS = fred_observations.SOURCE.contract([ZL])
VOLATILITY_DAILY = volatility_daily.SOURCE.contract([ZL])
WEATHER_DAILY = weather_daily.SOURCE.contract([ZL])
POLICY_DOCUMENTS = policy_documents.SOURCE.contract([ZL])
WASDE_BALANCE = wasde_balance.SOURCE.contract([ZL])
COT_WEEKLY = cot_weekly.SOURCE.contract([ZL])
RIN_PRICES = rin_prices.SOURCE.contract([ZL])
INTELLIGENCE: dict[str, TableContract] = {
    contract.table: contract
    for contract in (
        FRED_OBSERVATIONS,
        VOLATILITY_DAILY,
        WEATHER_DAILY,
        POLICY_DOCUMENTS,
        WASDE_BALANCE,
        COT_WEEKLY,
        RIN_PRICES,
        BARS_1H,
    )
}

# Asset key -> contract, in the order of the graph.
CONTRACTS: dict[str, TableContract | ViewContract] = {
    contract.table: contract
    for contract in (BARS, REGIME_WEIGHTS, SESSIONS, FEATURES, MATRIX, TRAINING_VIEW, REPLAY, OOF, LATEST, RECORD, SCORE)
}

# Asset key -> what every row must meet before it is written.
ROW_RULES: dict[str, tuple[RowRule, ...]] = {
    BARS.table: bar_rules(ZL),
    SESSIONS.table: price_rules(ZL),
    FEATURES.table: feature_rules(ZL),
    REGIME_WEIGHTS.table: REGIME_RULES,
    MATRIX.table: matrix_rules(ZL),
    OOF.table: OOF_RULES,
    LATEST.table: LATEST_RULES,
    REPLAY.table: REPLAY_RULES,
    RECORD.table: RECORD_RULES,
    SCORE.table: SCORE_RULES,
    **{
        source.table: source.rules([ZL])
        for source in (
            fred_observations.SOURCE,
            volatility_daily.SOURCE,
            weather_daily.SOURCE,
            policy_documents.SOURCE,
            wasde_balance.SOURCE,
            cot_weekly.SOURCE,
            rin_prices.SOURCE,
            hourly.SOURCE,
        )
    },
}
