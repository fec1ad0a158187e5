ALTER TABLE `my-project.features.daily_ml_matrix`
  ADD COLUMN IF NOT EXISTS rain STRUCT<mm FLOAT64> OPTIONS(description="for tests")
