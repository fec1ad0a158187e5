SELECT
  `data_date`,
  `close`
FROM `my-project.features.zl_ohlcv`
WHERE symbol IN UNNEST(@symbols) AND data_date BETWEEN @low AND @high
