SELECT live.data_date AS data_date, live.symbol AS symbol
FROM `my-project.features.daily_ml_matrix` AS live
WHERE live.data_date BETWEEN @low AND @high
GROUP BY data_date, symbol HAVING COUNT(*) > 1
INTERSECT DISTINCT
SELECT data_date, symbol FROM `my-project.features.zl_staging_daily_ml_matrix_0`
ORDER BY data_date, symbol
LIMIT 5
