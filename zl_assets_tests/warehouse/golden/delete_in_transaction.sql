BEGIN TRANSACTION;
DELETE FROM `my-project.market_data.databento_futures_ohlcv_1d` AS live
WHERE live.symbol = @symbol AND live.date BETWEEN @low_0 AND @high_0 AND live.date IN UNNEST(@dates_0);
DELETE FROM `my-project.features.zl_ohlcv` AS live
WHERE live.symbol = @symbol AND live.data_date BETWEEN @low_1 AND @high_1 AND live.data_date IN UNNEST(@dates_1);
COMMIT TRANSACTION;
