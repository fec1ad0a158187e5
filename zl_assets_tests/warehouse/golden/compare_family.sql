WITH
staged AS (
  SELECT
    data_date,
    symbol,
    market_data__open,
    market_data__high,
    market_data__low,
    market_data__close,
    market_data__volume,
    market_data__vwap,
    pivots__P,
    regime__name,
    regime__weight,
    return_1d,
    return_5d,
    return_21d,
    ma_5,
    ma_21,
    ma_63,
    volatility_21d,
    rsi_14,
    roll_index,
    is_roll,
    rain__mm,
    FALSE AS market_data__hollow,
    FALSE AS pivots__hollow,
    FALSE AS regime__hollow,
    FALSE AS rain__hollow
  FROM `my-project.features.zl_staging_daily_ml_matrix_0`
),
existing AS (
  SELECT
    live.data_date AS data_date,
    live.symbol AS symbol,
    live.market_data.open AS market_data__open,
    live.market_data.high AS market_data__high,
    live.market_data.low AS market_data__low,
    live.market_data.close AS market_data__close,
    live.market_data.volume AS market_data__volume,
    live.market_data.vwap AS market_data__vwap,
    live.pivots.P AS pivots__P,
    live.regime.name AS regime__name,
    live.regime.weight AS regime__weight,
    live.return_1d AS return_1d,
    live.return_5d AS return_5d,
    live.return_21d AS return_21d,
    live.ma_5 AS ma_5,
    live.ma_21 AS ma_21,
    live.ma_63 AS ma_63,
    live.volatility_21d AS volatility_21d,
    live.rsi_14 AS rsi_14,
    live.roll_index AS roll_index,
    live.is_roll AS is_roll,
    live.rain.mm AS rain__mm,
    (live.`market_data` IS NOT NULL AND live.`market_data`.`open` IS NULL AND live.`market_data`.`high` IS NULL AND live.`market_data`.`low` IS NULL AND live.`market_data`.`close` IS NULL AND live.`market_data`.`volume` IS NULL AND live.`market_data`.`vwap` IS NULL AND live.`market_data`.`realized_vol_1h` IS NULL) AS market_data__hollow,
    (live.`pivots` IS NOT NULL AND live.`pivots`.`P` IS NULL AND live.`pivots`.`R1` IS NULL AND live.`pivots`.`R2` IS NULL AND live.`pivots`.`S1` IS NULL AND live.`pivots`.`S2` IS NULL AND live.`pivots`.`distance_to_P` IS NULL AND live.`pivots`.`distance_to_nearest_pivot` IS NULL AND live.`pivots`.`weekly_pivot_distance` IS NULL AND live.`pivots`.`price_above_P` IS NULL) AS pivots__hollow,
    (live.`regime` IS NOT NULL AND live.`regime`.`name` IS NULL AND live.`regime`.`weight` IS NULL AND live.`regime`.`vol_percentile` IS NULL AND live.`regime`.`k_vol` IS NULL) AS regime__hollow,
    (live.`rain` IS NOT NULL AND live.`rain`.`mm` IS NULL) AS rain__hollow
  FROM `my-project.features.daily_ml_matrix` AS live
  WHERE live.data_date BETWEEN @low AND @high
),
differing AS (
  SELECT * FROM staged EXCEPT DISTINCT SELECT * FROM existing
),
added AS (
  SELECT data_date, symbol FROM staged EXCEPT DISTINCT SELECT data_date, symbol FROM existing
),
counted AS (
  SELECT data_date, symbol, 1 AS is_new FROM added
  UNION ALL
  SELECT data_date, symbol, 0 AS is_new FROM (SELECT data_date, symbol FROM differing EXCEPT DISTINCT SELECT data_date, symbol FROM added)
),
changes AS (
  SELECT
    DATE_TRUNC(data_date, MONTH) AS partition_start,
    COUNT(*) AS differing,
    SUM(is_new) AS added,
    MIN(data_date) AS low,
    MAX(data_date) AS high,
    MIN(IF(is_new = 0, data_date, NULL)) AS updated_low,
    MAX(IF(is_new = 0, data_date, NULL)) AS updated_high
  FROM counted
  GROUP BY partition_start
),
doubled AS (
  SELECT data_date, symbol FROM existing GROUP BY data_date, symbol HAVING COUNT(*) > 1
  INTERSECT DISTINCT
  SELECT data_date, symbol FROM staged
)
SELECT *, 0 AS twice FROM changes
UNION ALL
SELECT CAST(NULL AS DATE), 0, 0, CAST(NULL AS DATE), CAST(NULL AS DATE), CAST(NULL AS DATE), CAST(NULL AS DATE), COUNT(*)
FROM doubled
HAVING COUNT(*) > 0
ORDER BY partition_start
