ASSERT (SELECT COUNT(*) FROM `my-project.features.zl_staging_zl_ohlcv_0`) = @staged_rows
  AND (SELECT COUNT(*) FROM (SELECT DISTINCT data_date, symbol FROM `my-project.features.zl_staging_zl_ohlcv_0`)) = @staged_rows
  AS "what was staged is not what was sent, and nothing was written: run it again, and report it if it stays";
BEGIN TRANSACTION;
MERGE `my-project.features.zl_ohlcv` AS live
USING (
  SELECT * FROM `my-project.features.zl_staging_zl_ohlcv_0`
  WHERE data_date BETWEEN @low_0 AND @high_0
) AS staged
ON live.data_date = staged.data_date AND live.symbol = staged.symbol AND live.data_date BETWEEN @low_0 AND @high_0
WHEN MATCHED AND (
  live.open IS DISTINCT FROM staged.open OR
  live.high IS DISTINCT FROM staged.high OR
  live.low IS DISTINCT FROM staged.low OR
  live.close IS DISTINCT FROM staged.close OR
  live.volume IS DISTINCT FROM staged.volume OR
  live.instrument_id IS DISTINCT FROM staged.instrument_id OR
  live.stub_merged IS DISTINCT FROM staged.stub_merged
) THEN UPDATE SET
  open = staged.open,
  high = staged.high,
  low = staged.low,
  close = staged.close,
  volume = staged.volume,
  instrument_id = staged.instrument_id,
  stub_merged = staged.stub_merged,
  ingestion_ts = @written_at
WHEN NOT MATCHED BY TARGET THEN INSERT (
  data_date, symbol, open, high, low, close, volume, instrument_id, stub_merged, ingestion_ts
) VALUES (
  staged.data_date,
  staged.symbol,
  staged.open,
  staged.high,
  staged.low,
  staged.close,
  staged.volume,
  staged.instrument_id,
  staged.stub_merged,
  @written_at
);
MERGE `my-project.features.zl_ohlcv` AS live
USING (
  SELECT * FROM `my-project.features.zl_staging_zl_ohlcv_0`
  WHERE data_date BETWEEN @low_1 AND @high_1
) AS staged
ON live.data_date = staged.data_date AND live.symbol = staged.symbol AND live.data_date BETWEEN @low_1 AND @high_1
WHEN MATCHED AND (
  live.open IS DISTINCT FROM staged.open OR
  live.high IS DISTINCT FROM staged.high OR
  live.low IS DISTINCT FROM staged.low OR
  live.close IS DISTINCT FROM staged.close OR
  live.volume IS DISTINCT FROM staged.volume OR
  live.instrument_id IS DISTINCT FROM staged.instrument_id OR
  live.stub_merged IS DISTINCT FROM staged.stub_merged
) THEN UPDATE SET
  open = staged.open,
  high = staged.high,
  low = staged.low,
  close = staged.close,
  volume = staged.volume,
  instrument_id = staged.instrument_id,
  stub_merged = staged.stub_merged,
  ingestion_ts = @written_at
WHEN NOT MATCHED BY TARGET THEN INSERT (
  data_date, symbol, open, high, low, close, volume, instrument_id, stub_merged, ingestion_ts
) VALUES (
  staged.data_date,
  staged.symbol,
  staged.open,
  staged.high,
  staged.low,
  staged.close,
  staged.volume,
  staged.instrument_id,
  staged.stub_merged,
  @written_at
);
COMMIT TRANSACTION;
