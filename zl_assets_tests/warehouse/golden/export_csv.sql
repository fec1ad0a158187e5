EXPORT DATA OPTIONS(
  uri="gs://my-bucket/path/zl_export_run/vw_zl_1m_flat-*.csv",
  format='CSV',
  header=true,
  overwrite=true
) AS
SELECT
  data_date AS data_date,
  close AS close,
  return_1d AS return_1d,
  return_5d AS return_5d,
  return_21d AS return_21d,
  ma_5 AS ma_5,
  ma_21 AS ma_21,
  ma_63 AS ma_63,
  volatility_21d AS volatility_21d,
  rsi_14 AS rsi_14,
  regime_name AS regime_name,
  sample_weight AS sample_weight,
  target_1m AS target_1m,
  split AS split
FROM `my-project.training.vw_zl_1m_flat`
ORDER BY data_date
