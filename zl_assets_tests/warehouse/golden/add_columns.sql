ALTER TABLE `my-project.features.daily_ml_matrix`
  ADD COLUMN IF NOT EXISTS return_5d FLOAT64 OPTIONS(description="close / close 5 sessions before - 1 [fraction (0.01 = 1 %)]"),
  ADD COLUMN IF NOT EXISTS return_21d FLOAT64 OPTIONS(description="close / close 21 sessions before - 1 [fraction (0.01 = 1 %)]")
