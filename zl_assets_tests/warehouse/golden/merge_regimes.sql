MERGE `my-project.training.regime_weights` AS live
USING (
  SELECT
    given.regime AS regime,
    given.weight AS weight,
    given.description AS description,
    given.research_rationale AS research_rationale,
    given.start_date AS start_date,
    given.end_date AS end_date
  FROM UNNEST(@rows) AS given
) AS staged
ON live.regime = staged.regime
WHEN MATCHED AND (
  live.weight IS DISTINCT FROM staged.weight OR
  live.description IS DISTINCT FROM staged.description OR
  live.research_rationale IS DISTINCT FROM staged.research_rationale OR
  live.start_date IS DISTINCT FROM staged.start_date OR
  live.end_date IS DISTINCT FROM staged.end_date
) THEN UPDATE SET
  weight = staged.weight,
  description = staged.description,
  research_rationale = staged.research_rationale,
  start_date = staged.start_date,
  end_date = staged.end_date
WHEN NOT MATCHED BY TARGET THEN INSERT (
  regime, weight, description, research_rationale, start_date, end_date, created_at
) VALUES (
  staged.regime,
  staged.weight,
  staged.description,
  staged.research_rationale,
  staged.start_date,
  staged.end_date,
  @written_at
)
