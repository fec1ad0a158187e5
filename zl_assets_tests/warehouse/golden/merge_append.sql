MERGE `my-project.training.feature_family_ledger` AS live
USING (
  SELECT * FROM `my-project.training.zl_staging_feature_family_ledger_0`
) AS staged
ON live.family = staged.family AND live.look = staged.look
WHEN NOT MATCHED BY TARGET THEN INSERT (
  family, look, registration_id, data_sha256, decision, p, keep_bound, effect, effect_low, effect_high, smallest_effect, shifts, seed, boosting_p, boosting_effect, boosting_low, boosting_high, row_count, rows_left_out, test_rows, first_date, last_date, mse_zero, mse_base, mse_family, by_fold, by_regime, placebo, config, measured_at
) VALUES (
  staged.family,
  staged.look,
  staged.registration_id,
  staged.data_sha256,
  staged.decision,
  staged.p,
  staged.keep_bound,
  staged.effect,
  staged.effect_low,
  staged.effect_high,
  staged.smallest_effect,
  staged.shifts,
  staged.seed,
  staged.boosting_p,
  staged.boosting_effect,
  staged.boosting_low,
  staged.boosting_high,
  staged.row_count,
  staged.rows_left_out,
  staged.test_rows,
  staged.first_date,
  staged.last_date,
  staged.mse_zero,
  staged.mse_base,
  staged.mse_family,
  staged.by_fold,
  staged.by_regime,
  staged.placebo,
  staged.config,
  @written_at
)
