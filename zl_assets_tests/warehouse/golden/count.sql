SELECT COUNT(*) AS row_count FROM `my-project.features.daily_ml_matrix`
