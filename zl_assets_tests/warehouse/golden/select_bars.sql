SELECT
  date,
  symbol,
  open,
  high,
  low,
  close,
  volume,
  CAST(NULL AS INT64) AS instrument_id
FROM `my-project.market_data.databento_futures_ohlcv_1d`
WHERE symbol IN UNNEST(@symbols)
