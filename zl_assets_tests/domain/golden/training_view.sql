CREATE OR REPLACE VIEW `my-project.training.vw_zl_1m_flat` (
  data_date OPTIONS(description="session date: the UTC date of the weekday bar"),
  close OPTIONS(description="last price of the session, unadjusted [US cents per pound]"),
  return_1d OPTIONS(description="close / close one session before - 1 [fraction (0.01 = 1 %)]"),
  return_5d OPTIONS(description="close / close 5 sessions before - 1 [fraction (0.01 = 1 %)]"),
  return_21d OPTIONS(description="close / close 21 sessions before - 1 [fraction (0.01 = 1 %)]"),
  ma_5 OPTIONS(description="mean of the last 5 closes, today's included [US cents per pound]"),
  ma_21 OPTIONS(description="mean of the last 21 closes, today's included [US cents per pound]"),
  ma_63 OPTIONS(description="mean of the last 63 closes, today's included [US cents per pound]"),
  volatility_21d OPTIONS(description="sample standard deviation of the last 21 return_1d, not annualised [fraction per session]"),
  rsi_14 OPTIONS(description="Wilder's relative strength index over 14 sessions [index points, 0 to 100]"),
  regime_name OPTIONS(description="market regime of the date"),
  sample_weight OPTIONS(description="sample weight of the regime [relative]"),
  target_1m OPTIONS(description="close 21 sessions later / close - 1; NULL for the newest 21 [fraction (0.01 = 1 %)]"),
  split OPTIONS(description="train before 2023-01-01, test from then on")
)
OPTIONS(description="Flat training rows with the 21-session forward return as target. One SELECT over daily_ml_matrix, no joins.")
AS
SELECT
  data_date,
  market_data.close AS close,
  return_1d,
  return_5d,
  return_21d,
  ma_5,
  ma_21,
  ma_63,
  volatility_21d,
  rsi_14,
  regime.name AS regime_name,
  regime.weight AS sample_weight,
  (LEAD(market_data.close, 21) OVER by_date) / market_data.close - 1 AS target_1m,
  CASE WHEN data_date < '2023-01-01' THEN 'train' ELSE 'test' END AS split
FROM `my-project.features.daily_ml_matrix`
WHERE symbol = 'ZL'
WINDOW by_date AS (ORDER BY data_date)
