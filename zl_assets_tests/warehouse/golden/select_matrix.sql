SELECT
  data_date,
  symbol,
  market_data.open AS market_data__open,
  market_data.high AS market_data__high,
  market_data.low AS market_data__low,
  market_data.close AS market_data__close,
  market_data.volume AS market_data__volume,
  regime.name AS regime__name,
  regime.weight AS regime__weight,
  return_1d,
  return_5d,
  return_21d,
  ma_5,
  ma_21,
  ma_63,
  volatility_21d,
  rsi_14,
  roll_index,
  is_roll
FROM `my-project.features.daily_ml_matrix`
ORDER BY data_date, symbol
