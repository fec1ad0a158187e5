SELECT data_date
FROM `my-project.features.zl_ohlcv`
WHERE symbol = @symbol
ORDER BY data_date
