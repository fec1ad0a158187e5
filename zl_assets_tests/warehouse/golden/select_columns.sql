SELECT
  `date`,
  `symbol`,
  `close`
FROM `my-project.market_data.databento_futures_ohlcv_1d`
WHERE symbol IN UNNEST(@symbols)
