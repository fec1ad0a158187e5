SELECT
  live.data_date AS data_date,
  live.symbol AS symbol,
  live.open AS open,
  live.high AS high,
  live.low AS low,
  live.close AS close,
  live.volume AS volume,
  live.instrument_id AS instrument_id,
  live.stub_merged AS stub_merged
FROM `my-project.features.zl_ohlcv` AS live
WHERE live.symbol IN UNNEST(@symbols) AND live.data_date BETWEEN @low AND @high
