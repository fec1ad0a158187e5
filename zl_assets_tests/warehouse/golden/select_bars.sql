SELECT
  date AS date,
  symbol AS symbol,
  open AS open,
  high AS high,
  low AS low,
  close AS close,
  volume AS volume,
  CAST(NULL AS INT64) AS instrument_id
FROM `my-project.market_data.databento_futures_ohlcv_1d`
WHERE symbol IN UNNEST(@symbols)
