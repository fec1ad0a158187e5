SELECT
  live.date AS date,
  live.symbol AS symbol,
  live.open AS open,
  live.high AS high,
  live.low AS low,
  live.close AS close,
  live.volume AS volume,
  CAST(NULL AS INT64) AS instrument_id
FROM `my-project.market_data.databento_futures_ohlcv_1d` AS live
WHERE live.symbol IN UNNEST(@symbols)
