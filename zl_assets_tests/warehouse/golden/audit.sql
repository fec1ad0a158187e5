SELECT
  COUNT(*) AS row_count,
  (SELECT COUNT(*) FROM (SELECT DISTINCT data_date, symbol FROM `my-project.features.zl_staging_daily_ml_matrix_0`)) AS distinct_keys,
  MIN(data_date) AS low,
  MAX(data_date) AS high
FROM `my-project.features.zl_staging_daily_ml_matrix_0`
