INSERT INTO `my-project.features.daily_ml_matrix` (
  data_date, symbol, market_data, pivots, policy, golden_zone, regime, return_1d, return_5d, return_21d, ma_5, ma_21, ma_63, volatility_21d, rsi_14, roll_index, is_roll, ingestion_ts
) VALUES (
  @data_date,
  @symbol,
  STRUCT(@market_data__open AS open, @market_data__high AS high, @market_data__low AS low, @market_data__close AS close, @market_data__volume AS volume, @market_data__vwap AS vwap, @market_data__realized_vol_1h AS realized_vol_1h),
  STRUCT(@pivots__P AS P, @pivots__R1 AS R1, @pivots__R2 AS R2, @pivots__S1 AS S1, @pivots__S2 AS S2, @pivots__distance_to_P AS distance_to_P, @pivots__distance_to_nearest_pivot AS distance_to_nearest_pivot, @pivots__weekly_pivot_distance AS weekly_pivot_distance, @pivots__price_above_P AS price_above_P),
  STRUCT(@policy__trump_action_prob AS trump_action_prob, @policy__trump_expected_zl_move AS trump_expected_zl_move, @policy__trump_score AS trump_score, @policy__trump_score_signed AS trump_score_signed, @policy__trump_confidence AS trump_confidence, @policy__trump_sentiment_7d AS trump_sentiment_7d, @policy__trump_tariff_intensity AS trump_tariff_intensity, @policy__trump_procurement_alert AS trump_procurement_alert, @policy__trump_mentions AS trump_mentions, @policy__trumpxi_china_mentions AS trumpxi_china_mentions, @policy__trumpxi_sentiment_volatility AS trumpxi_sentiment_volatility, @policy__trumpxi_policy_impact AS trumpxi_policy_impact, @policy__trumpxi_volatility_30d_ma AS trumpxi_volatility_30d_ma, @policy__trump_soybean_sentiment_7d AS trump_soybean_sentiment_7d, @policy__policy_trump_topic_multiplier AS policy_trump_topic_multiplier, @policy__policy_trump_recency_decay AS policy_trump_recency_decay),
  STRUCT(@golden_zone__state AS state, @golden_zone__swing_high AS swing_high, @golden_zone__swing_low AS swing_low, @golden_zone__fib_50 AS fib_50, @golden_zone__fib_618 AS fib_618, @golden_zone__vol_decay_slope AS vol_decay_slope, @golden_zone__qualified_trigger AS qualified_trigger),
  STRUCT(@regime__name AS name, @regime__weight AS weight, @regime__vol_percentile AS vol_percentile, @regime__k_vol AS k_vol),
  @return_1d,
  @return_5d,
  @return_21d,
  @ma_5,
  @ma_21,
  @ma_63,
  @volatility_21d,
  @rsi_14,
  @roll_index,
  @is_roll,
  @ingestion_ts
)
