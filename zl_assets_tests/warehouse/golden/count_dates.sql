SELECT COUNT(*) AS row_count, MIN(`data_date`) AS first_date, MAX(`data_date`) AS last_date FROM `my-project.features.daily_ml_matrix`
