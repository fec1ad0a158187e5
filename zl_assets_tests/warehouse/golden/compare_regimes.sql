WITH
staged AS (
  SELECT
    regime,
    weight,
    description,
    research_rationale,
    start_date,
    end_date
  FROM `my-project.training.zl_staging_regime_weights_0`
),
existing AS (
  SELECT
    live.regime AS regime,
    live.weight AS weight,
    live.description AS description,
    live.research_rationale AS research_rationale,
    live.start_date AS start_date,
    live.end_date AS end_date
  FROM `my-project.training.regime_weights` AS live
),
differing AS (
  SELECT * FROM staged EXCEPT DISTINCT SELECT * FROM existing
),
added AS (
  SELECT regime FROM staged EXCEPT DISTINCT SELECT regime FROM existing
),
counted AS (
  SELECT regime, 1 AS is_new FROM added
  UNION ALL
  SELECT regime, 0 AS is_new FROM (SELECT regime FROM differing EXCEPT DISTINCT SELECT regime FROM added)
),
changes AS (
  SELECT
    CAST(NULL AS DATE) AS partition_start,
    COUNT(*) AS differing,
    SUM(is_new) AS added,
    CAST(NULL AS DATE) AS low,
    CAST(NULL AS DATE) AS high,
    CAST(NULL AS DATE) AS updated_low,
    CAST(NULL AS DATE) AS updated_high
  FROM counted
  GROUP BY partition_start
),
doubled AS (
  SELECT regime FROM existing GROUP BY regime HAVING COUNT(*) > 1
  INTERSECT DISTINCT
  SELECT regime FROM staged
)
SELECT *, 0 AS twice FROM changes
UNION ALL
SELECT CAST(NULL AS DATE), 0, 0, CAST(NULL AS DATE), CAST(NULL AS DATE), CAST(NULL AS DATE), CAST(NULL AS DATE), COUNT(*)
FROM doubled
HAVING COUNT(*) > 0
ORDER BY partition_start
