"""ZM: soybean meal futures on CBOT."""

import datetime as dt

from zl_assets.instruments.base import (
    ContractSize,
    Decision,
    GateBound,
    Horizon,
    Instrument,
    Minima,
    Plausibility,
    PriceUnit,
)

INSTRUMENT = Instrument(
    symbol="ZM",
    slug="zm",
    name="soybean meal",
    price=PriceUnit(name="US dollars per short ton", word="dollars", short="dollars/short ton", per_dollar=1),
    tick=0.1,
    contract=ContractSize(quantity=100, words="100 short tons"),
    # As for ZL, on the 3,893 real sessions from 2010-06-07 to 2025-11-14: 3 of its dates have no session, 7 sessions are not
    # among its dates. CMEGlobex_Grains and CMEGlobex_Oilseeds disagree on 12.
    calendar="CBOT_Agriculture",
    # The settlement on CBOT.
    decision=Decision(dt.time(13, 20), "America/Chicago", "13:20 in Chicago"),
    horizons=(
        # 149 changes between 90 contracts: 47.4 % of the real targets.
        Horizon("1m", 21, "month", spanning=(0.20, 0.80), usual_spanning=0.474),
    ),
    split_date=dt.date(2023, 1, 1),
    # Measured on the 3,997 bars from 2010-06-07 to 2025-11-14, 3,893 sessions.
    plausibility=Plausibility(
        # Between 256.7 and 541.8: an order of magnitude of room on either side, so that cents are out.
        price=(25.0, 5500.0),
        # Their middle close is 341.3.
        level=(80.0, 1500.0),
        # The largest step from close to close, across a roll, is a factor of 1.33.
        step=2.0,
        # They reach 105,948 contracts, and the middle session trades 33,503.
        volume=1_500_000,
        level_of_volume=150,
        # 3 of 3,889 sessions of the calendar have no bar, each by itself.
        gaps=1000,
        # 12 sessions (0.3 %) trade under 1,000 lots, mostly days around a roll.
        thin_lots=1000,
        thin_share=0.01,
        # The largest of the 104 stubs is 3.1 % away, and none is left out.
        stub_print=0.10,
        # Raw it peaks at 0.1058, beyond the bound: a roll gap of a quarter is in it.
        volatility=0.10,
        largest_volatility=0.035,
    ),
    # 3,831 and 3,810 in the real history.
    minima=Minima(matrix_rows=3800, labelled_rows=3600),
    # The 99 % quantile of the model of record on 60 circularly shifted targets of the real series, rounded outward
    # (docs/evidence/thresholds-zm.json, which has what the real target measures).
    gates=(
        GateBound("worst_fold_ratio", None, 1.35),
        GateBound("fold_ratio_spread", None, 1.30),
        GateBound("best_fold_r2", None, 0.14),
        GateBound("largest_ic", None, 0.45),
        GateBound("target_sd_ratio", 0.4, 2.5),
        GateBound("out_of_range_share", None, 0.25),
        GateBound("prediction_dispersion", 0.02, 0.50),
        GateBound("largest_gain_share", None, 0.70),
        GateBound("importance_rank_correlation", 0.45, None),
        GateBound("permutation_importance", None, 0.085),
    ),
)
