"""What a person does when a check is red, by check name. Must not be here: what a check measures, or when it is red."""

_CORRECT_THE_BAR = (
    "Correct the bar at its source and refresh. If the source is right, somebody changed the table: a row for a date that the "
    "source does not have stays until it is deleted by hand."
)
_LOOK_AT_THE_CLOSES = "Look at the closes on these dates for a bad print, correct it at its source and refresh."
_DELETE = "The job zl_delete_vanished lists them, and with apply deletes them."
_REFRESH = "Run the refresh again. "
_GATE = "The model is stored, but `latest` stays on the last one that passed; forecasts go on with that. "
_BLOW_UP = _GATE + "Look at the table `folds` on lgbm_model: which fold, and what the market did in it."
_LEAK = _GATE + "Suspect a leak: look for a feature that sees later sessions in the last change of the code or the bars."

WHAT_TO_DO: dict[str, str] = {
    "unique_key": "Delete the second row in the warehouse. The write path cannot make one: find out who did.",
    "no_vanished_bar": "Find out why ZL_BARS lost these bars. " + _DELETE,
    "no_vanished_session": "Ask the vendor why these sessions are gone, or who inserted them. " + _DELETE,
    "no_missing_session": _REFRESH + "If it stays red, somebody deletes rows.",
    "no_null_prices": _CORRECT_THE_BAR,
    "prices_positive": _CORRECT_THE_BAR,
    "high_not_below_low": _CORRECT_THE_BAR,
    "open_and_close_in_range": _CORRECT_THE_BAR,
    "volume_sound": _CORRECT_THE_BAR,
    "thin_sessions": "Ask whether the bars are of the front contract: a thin session now and then is normal, many are not.",
    "newest_session": "The source is late: wait for its next delivery, or look at the job that loads it.",
    "seven_regimes": "Put the live rows right; the record is zl_assets/domain/regimes.py.",
    "regimes_cover_the_calendar": "Put the dates of the live rows right; the record is zl_assets/domain/regimes.py.",
    "features_finite": _LOOK_AT_THE_CLOSES,
    "features_null_only_in_warm_up": _LOOK_AT_THE_CLOSES,
    "rsi_in_range": _LOOK_AT_THE_CLOSES,
    "volatility_in_plan": _LOOK_AT_THE_CLOSES,
    "volatility_plausible": _LOOK_AT_THE_CLOSES,
    "roll_columns_sound": "Look at the closes and instrument_id of the bars on these dates.",
    "prefix_invariant": "Do not use the model: this feature has seen the future. Look at the last change of its code.",
    "row_count_at_least": "Load more history, or lower ZL_MIN_MATRIX_ROWS for a shorter one.",
    "labelled_rows_at_least": "Load more history, or lower ZL_MIN_LABELLED_ROWS for a shorter one.",
    "regimes_named": _REFRESH + "Regimes are stamped by date; if it stays red, look at training.regime_weights.",
    "distinct_regimes": _REFRESH + "Regimes are stamped by date; if it stays red, look at training.regime_weights.",
    "column_coverage": _REFRESH + "If it stays red, look at the step that fills the column.",
    "matrix_rows_recomputed": "Somebody edited the table; a refresh puts its rows right.",
    "no_joins": "Somebody replaced the view; a refresh puts it right.",
    "target_right": "Do not train on the view. A refresh replaces it; if it stays red, the matrix lacks rows.",
    "split_right": "Do not train on the view. A refresh replaces it.",
    "targets_spanning_a_roll": "Ask whether the source names its contracts in another way than before.",
    "csv_equals_view": "Materialize training_csv again.",
    "forecasts_sound": "Materialize lgbm_model again, and then this table.",
    "interval_ordered": "Materialize lgbm_model again, and then this table.",
    "outcomes_are_the_views": "Materialize zl_1m_oof again.",
    "open_sessions_forecast": "Materialize zl_1m_latest again.",
    "trained": "Materialize lgbm_model again.",
    "worst_fold_ratio": _BLOW_UP,
    "fold_ratio_spread": _BLOW_UP,
    "best_fold_r2": _LEAK,
    "largest_ic": _LEAK,
    "target_sd_ratio": _BLOW_UP,
    "out_of_range_share": _GATE + "A feature is outside of what it was trained on: look at it on the newest sessions.",
    "prediction_dispersion": _BLOW_UP,
    "largest_gain_share": _GATE + "One feature decides alone: look at it for a leak or a bad print.",
    "importance_rank_correlation": _GATE + "The folds learn different things, which is what noise looks like.",
    "permutation_importance": _LEAK,
    "model_up_to_date": "Newer models did not pass their gates: see the checks of lgbm_model. Forecasts go on with the old one.",
}
