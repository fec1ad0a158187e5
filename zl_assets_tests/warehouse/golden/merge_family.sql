MERGE `my-project.features.daily_ml_matrix` AS live
USING (
  SELECT
    given.data_date AS data_date,
    given.symbol AS symbol,
    given.market_data__open AS market_data__open,
    given.market_data__high AS market_data__high,
    given.market_data__low AS market_data__low,
    given.market_data__close AS market_data__close,
    given.market_data__volume AS market_data__volume,
    given.market_data__vwap AS market_data__vwap,
    given.pivots__P AS pivots__P,
    given.regime__name AS regime__name,
    given.regime__weight AS regime__weight,
    given.return_1d AS return_1d,
    given.return_5d AS return_5d,
    given.return_21d AS return_21d,
    given.ma_5 AS ma_5,
    given.ma_21 AS ma_21,
    given.ma_63 AS ma_63,
    given.volatility_21d AS volatility_21d,
    given.rsi_14 AS rsi_14,
    given.roll_index AS roll_index,
    given.is_roll AS is_roll,
    given.rain__mm AS rain__mm
  FROM UNNEST(@rows) AS given
  WHERE given.data_date BETWEEN @low AND @high
) AS staged
ON live.data_date = staged.data_date AND live.symbol = staged.symbol AND live.data_date BETWEEN @low AND @high
WHEN MATCHED AND (
  live.market_data.open IS DISTINCT FROM staged.market_data__open OR
  live.market_data.high IS DISTINCT FROM staged.market_data__high OR
  live.market_data.low IS DISTINCT FROM staged.market_data__low OR
  live.market_data.close IS DISTINCT FROM staged.market_data__close OR
  live.market_data.volume IS DISTINCT FROM staged.market_data__volume OR
  live.market_data.vwap IS DISTINCT FROM staged.market_data__vwap OR
  live.pivots.P IS DISTINCT FROM staged.pivots__P OR
  live.regime.name IS DISTINCT FROM staged.regime__name OR
  live.regime.weight IS DISTINCT FROM staged.regime__weight OR
  live.return_1d IS DISTINCT FROM staged.return_1d OR
  live.return_5d IS DISTINCT FROM staged.return_5d OR
  live.return_21d IS DISTINCT FROM staged.return_21d OR
  live.ma_5 IS DISTINCT FROM staged.ma_5 OR
  live.ma_21 IS DISTINCT FROM staged.ma_21 OR
  live.ma_63 IS DISTINCT FROM staged.ma_63 OR
  live.volatility_21d IS DISTINCT FROM staged.volatility_21d OR
  live.rsi_14 IS DISTINCT FROM staged.rsi_14 OR
  live.roll_index IS DISTINCT FROM staged.roll_index OR
  live.is_roll IS DISTINCT FROM staged.is_roll OR
  live.rain.mm IS DISTINCT FROM staged.rain__mm OR
  (live.`market_data` IS NOT NULL AND live.`market_data`.`open` IS NULL AND live.`market_data`.`high` IS NULL AND live.`market_data`.`low` IS NULL AND live.`market_data`.`close` IS NULL AND live.`market_data`.`volume` IS NULL AND live.`market_data`.`vwap` IS NULL AND live.`market_data`.`realized_vol_1h` IS NULL) OR
  (live.`pivots` IS NOT NULL AND live.`pivots`.`P` IS NULL AND live.`pivots`.`R1` IS NULL AND live.`pivots`.`R2` IS NULL AND live.`pivots`.`S1` IS NULL AND live.`pivots`.`S2` IS NULL AND live.`pivots`.`distance_to_P` IS NULL AND live.`pivots`.`distance_to_nearest_pivot` IS NULL AND live.`pivots`.`weekly_pivot_distance` IS NULL AND live.`pivots`.`price_above_P` IS NULL) OR
  (live.`regime` IS NOT NULL AND live.`regime`.`name` IS NULL AND live.`regime`.`weight` IS NULL AND live.`regime`.`vol_percentile` IS NULL AND live.`regime`.`k_vol` IS NULL) OR
  (live.`rain` IS NOT NULL AND live.`rain`.`mm` IS NULL)
) THEN UPDATE SET
  market_data = IF(staged.market_data__open IS NULL AND staged.market_data__high IS NULL AND staged.market_data__low IS NULL AND staged.market_data__close IS NULL AND staged.market_data__volume IS NULL AND staged.market_data__vwap IS NULL AND live.market_data.`realized_vol_1h` IS NULL, NULL, STRUCT(staged.market_data__open AS `open`, staged.market_data__high AS `high`, staged.market_data__low AS `low`, staged.market_data__close AS `close`, staged.market_data__volume AS `volume`, staged.market_data__vwap AS `vwap`, live.market_data.`realized_vol_1h` AS `realized_vol_1h`)),
  pivots = IF(staged.pivots__P IS NULL AND live.pivots.`R1` IS NULL AND live.pivots.`R2` IS NULL AND live.pivots.`S1` IS NULL AND live.pivots.`S2` IS NULL AND live.pivots.`distance_to_P` IS NULL AND live.pivots.`distance_to_nearest_pivot` IS NULL AND live.pivots.`weekly_pivot_distance` IS NULL AND live.pivots.`price_above_P` IS NULL, NULL, STRUCT(staged.pivots__P AS `P`, live.pivots.`R1` AS `R1`, live.pivots.`R2` AS `R2`, live.pivots.`S1` AS `S1`, live.pivots.`S2` AS `S2`, live.pivots.`distance_to_P` AS `distance_to_P`, live.pivots.`distance_to_nearest_pivot` AS `distance_to_nearest_pivot`, live.pivots.`weekly_pivot_distance` AS `weekly_pivot_distance`, live.pivots.`price_above_P` AS `price_above_P`)),
  regime = IF(staged.regime__name IS NULL AND staged.regime__weight IS NULL AND live.regime.`vol_percentile` IS NULL AND live.regime.`k_vol` IS NULL, NULL, STRUCT(staged.regime__name AS `name`, staged.regime__weight AS `weight`, live.regime.`vol_percentile` AS `vol_percentile`, live.regime.`k_vol` AS `k_vol`)),
  rain = IF(staged.rain__mm IS NULL, NULL, STRUCT(staged.rain__mm AS `mm`)),
  return_1d = staged.return_1d,
  return_5d = staged.return_5d,
  return_21d = staged.return_21d,
  ma_5 = staged.ma_5,
  ma_21 = staged.ma_21,
  ma_63 = staged.ma_63,
  volatility_21d = staged.volatility_21d,
  rsi_14 = staged.rsi_14,
  roll_index = staged.roll_index,
  is_roll = staged.is_roll,
  ingestion_ts = @written_at
WHEN NOT MATCHED BY TARGET THEN INSERT (
  data_date, symbol, market_data, pivots, regime, rain, return_1d, return_5d, return_21d, ma_5, ma_21, ma_63, volatility_21d, rsi_14, roll_index, is_roll, ingestion_ts
) VALUES (
  staged.data_date,
  staged.symbol,
  IF(staged.market_data__open IS NULL AND staged.market_data__high IS NULL AND staged.market_data__low IS NULL AND staged.market_data__close IS NULL AND staged.market_data__volume IS NULL AND staged.market_data__vwap IS NULL, NULL, STRUCT(staged.market_data__open AS `open`, staged.market_data__high AS `high`, staged.market_data__low AS `low`, staged.market_data__close AS `close`, staged.market_data__volume AS `volume`, staged.market_data__vwap AS `vwap`, CAST(NULL AS FLOAT64) AS `realized_vol_1h`)),
  IF(staged.pivots__P IS NULL, NULL, STRUCT(staged.pivots__P AS `P`, CAST(NULL AS FLOAT64) AS `R1`, CAST(NULL AS FLOAT64) AS `R2`, CAST(NULL AS FLOAT64) AS `S1`, CAST(NULL AS FLOAT64) AS `S2`, CAST(NULL AS FLOAT64) AS `distance_to_P`, CAST(NULL AS FLOAT64) AS `distance_to_nearest_pivot`, CAST(NULL AS FLOAT64) AS `weekly_pivot_distance`, CAST(NULL AS BOOL) AS `price_above_P`)),
  IF(staged.regime__name IS NULL AND staged.regime__weight IS NULL, NULL, STRUCT(staged.regime__name AS `name`, staged.regime__weight AS `weight`, CAST(NULL AS FLOAT64) AS `vol_percentile`, CAST(NULL AS FLOAT64) AS `k_vol`)),
  IF(staged.rain__mm IS NULL, NULL, STRUCT(staged.rain__mm AS `mm`)),
  staged.return_1d,
  staged.return_5d,
  staged.return_21d,
  staged.ma_5,
  staged.ma_21,
  staged.ma_63,
  staged.volatility_21d,
  staged.rsi_14,
  staged.roll_index,
  staged.is_roll,
  @written_at
)
