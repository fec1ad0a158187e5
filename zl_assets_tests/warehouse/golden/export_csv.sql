EXPORT DATA OPTIONS(
  uri="gs://my-bucket/path/zl_export_run/vw_zl_1m_flat-*.csv",
  format='CSV',
  header=true,
  overwrite=true
) AS
SELECT
  data_date,
  close,
  return_1d,
  return_5d,
  return_21d,
  ma_5,
  ma_21,
  ma_63,
  volatility_21d,
  rsi_14,
  regime_name,
  sample_weight,
  target_1m,
  split
FROM `my-project.training.vw_zl_1m_flat`
ORDER BY data_date
