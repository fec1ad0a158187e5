TRUNCATE TABLE `my-project.features.zl_staging_daily_ml_matrix_0`
