SELECT regime, weight, description, research_rationale, start_date, end_date FROM `my-project.training.zl_staging_regime_weights_0`
EXCEPT DISTINCT
SELECT live.regime, live.weight, live.description, live.research_rationale, live.start_date, live.end_date
FROM `my-project.training.regime_weights` AS live
ORDER BY regime
LIMIT 10
