"""ZS: soybean futures on CBOT."""

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
    symbol="ZS",
    slug="zs",
    name="soybeans",
    price=PriceUnit(name="US cents per bushel", word="cents", short="cents/bu", per_dollar=100),
    tick=0.25,
    contract=ContractSize(quantity=5000, words="5,000 bushels"),
    # As for ZL, on the 3,893 real sessions from 2010-06-07 to 2025-11-14: 3 of its dates have no session, 7 sessions are not
    # among its dates. CMEGlobex_Grains and CMEGlobex_Oilseeds disagree on 12.
    calendar="CBOT_Agriculture",
    # The settlement on CBOT.
    decision=Decision(dt.time(13, 20), "America/Chicago", "13:20 in Chicago"),
    horizons=(
        # 121 changes between 82 contracts: 46.1 % of the real targets.
        Horizon("1m", 21, "month", spanning=(0.20, 0.80), usual_spanning=0.461),
    ),
    split_date=dt.date(2023, 1, 1),
    # Measured on the 3,998 bars from 2010-06-07 to 2025-11-14, 3,893 sessions.
    plausibility=Plausibility(
        # Between 791 and 1,789: an order of magnitude of room on either side, so that dollars are out.
        price=(80.0, 18_000.0),
        # Their middle close is 1,076.5.
        level=(250.0, 4500.0),
        # The largest step from close to close, across a roll, is 20 %.
        step=2.0,
        # They reach 296,706 contracts, and the middle session trades 79,177.
        volume=4_000_000,
        level_of_volume=400,
        # 3 of 3,889 sessions of the calendar have no bar, each by itself.
        gaps=1000,
        # 10 sessions (0.3 %) trade under 1,000 lots, mostly days around a roll.
        thin_lots=1000,
        thin_share=0.01,
        # The largest of the 105 stubs is 4.3 % away, and none is left out.
        stub_print=0.10,
        # Raw it peaks at 0.0891, in which a roll gap is.
        volatility=0.10,
        largest_volatility=0.033,
    ),
    # 3,831 and 3,810 in the real history.
    minima=Minima(matrix_rows=3800, labelled_rows=3600),
    # The 99 % quantile of the model of record on 60 circularly shifted targets of the real series, rounded outward
    # (docs/evidence/thresholds-zs.json, which has what the real target measures).
    gates=(
        GateBound("worst_fold_ratio", None, 1.25),
        GateBound("fold_ratio_spread", None, 1.25),
        GateBound("best_fold_r2", None, 0.09),
        GateBound("largest_ic", None, 0.40),
        GateBound("target_sd_ratio", 0.4, 2.5),
        GateBound("out_of_range_share", None, 0.25),
        GateBound("prediction_dispersion", 0.02, 0.50),
        GateBound("largest_gain_share", None, 0.65),
        GateBound("importance_rank_correlation", 0.50, None),
        GateBound("permutation_importance", None, 0.055),
    ),
)
