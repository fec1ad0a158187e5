SELECT data_date, symbol, market_data__open, market_data__high, market_data__low, market_data__close, market_data__volume, regime__name, regime__weight, return_1d, return_5d, return_21d, ma_5, ma_21, ma_63, volatility_21d, rsi_14, roll_index, is_roll FROM `my-project.features.zl_staging_daily_ml_matrix_0`
EXCEPT DISTINCT
SELECT live.data_date, live.symbol, live.market_data.open, live.market_data.high, live.market_data.low, live.market_data.close, live.market_data.volume, live.regime.name, live.regime.weight, live.return_1d, live.return_5d, live.return_21d, live.ma_5, live.ma_21, live.ma_63, live.volatility_21d, live.rsi_14, live.roll_index, live.is_roll
FROM `my-project.features.daily_ml_matrix` AS live
WHERE live.data_date BETWEEN @low AND @high
ORDER BY data_date, symbol
LIMIT 10
