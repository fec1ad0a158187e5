SELECT data_date, symbol FROM (
  SELECT
    live.data_date AS data_date,
    live.symbol AS symbol,
    live.market_data.open AS market_data__open,
    live.market_data.high AS market_data__high,
    live.market_data.low AS market_data__low,
    live.market_data.close AS market_data__close,
    live.market_data.volume AS market_data__volume,
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
    (live.`market_data` IS NOT NULL AND live.`market_data`.`open` IS NULL AND live.`market_data`.`high` IS NULL AND live.`market_data`.`low` IS NULL AND live.`market_data`.`close` IS NULL AND live.`market_data`.`volume` IS NULL AND live.`market_data`.`vwap` IS NULL AND live.`market_data`.`realized_vol_1h` IS NULL) AS market_data__hollow,
    (live.`regime` IS NOT NULL AND live.`regime`.`name` IS NULL AND live.`regime`.`weight` IS NULL AND live.`regime`.`vol_percentile` IS NULL AND live.`regime`.`k_vol` IS NULL) AS regime__hollow
  FROM `my-project.features.daily_ml_matrix` AS live
  WHERE live.data_date BETWEEN @low AND @high
)
GROUP BY data_date, symbol HAVING COUNT(*) > 1
INTERSECT DISTINCT
SELECT data_date, symbol FROM `my-project.features.zl_staging_daily_ml_matrix_0`
ORDER BY data_date, symbol
LIMIT 5
