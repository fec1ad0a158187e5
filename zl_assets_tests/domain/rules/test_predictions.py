"""Rules about forecasts, green on sound rows and red on a seeded fault."""

import pandas as pd
import pytest

from zl_assets.domain.rules import predictions
from zl_assets.domain.rules.predictions import (
    forecasts_sound,
    interval_ordered,
    model_up_to_date,
    open_sessions_forecast,
    outcomes_are_the_views,
)
from zl_assets.warehouse.verdict import Verdict
from zl_assets_tests.support.contracts import LATEST, MONTH, OOF
from zl_assets_tests.support.rows import (
    INF,
    MODEL_ID,
    NAN,
    Faults,
    assert_green_without,
    assert_red,
    one,
    predicates_of,
    shown_red,
    sound,
    with_value,
)


def forecast_while_open(latest: pd.DataFrame) -> Verdict:
    return open_sessions_forecast(latest, sound("view"), MONTH.target, MODEL_ID)


def model_is_new(view: pd.DataFrame) -> Verdict:
    trained_through = sound("view").loc[lambda v: v["target_1m"].notna(), "data_date"].max().date()
    return model_up_to_date(view, MONTH.target, MODEL_ID, trained_through)


def outcomes_as_in_view(oof: pd.DataFrame) -> Verdict:
    return outcomes_are_the_views(oof, sound("view"), MONTH.target)


def older(latest: pd.DataFrame) -> pd.DataFrame:
    """Rows of a version that knew one level."""
    return latest.assign(**dict.fromkeys(("low_50_close", "high_50_close", "low_95_close", "high_95_close"), NAN))


RED: Faults = {
    "a forecast that is not finite": (
        forecasts_sound,
        LATEST.table,
        lambda f: with_value(f, 2, "predicted_return", INF),
    ),
    "a forecast that is missing": (forecasts_sound, LATEST.table, lambda f: with_value(f, 2, "predicted_return", NAN)),
    "a return and a price that disagree": (
        forecasts_sound,
        LATEST.table,
        lambda f: f.assign(predicted_close=f["predicted_close"] + 0.01),
    ),
    "a fold without its forecast": (forecasts_sound, OOF.table, lambda f: with_value(f, -1, "predicted_return", NAN)),
    "a forecast without its fold": (forecasts_sound, OOF.table, lambda f: with_value(f, -1, "fold", pd.NA)),
    "an interval upside down": (
        interval_ordered,
        LATEST.table,
        lambda f: f.rename(columns={"low_close": "high_close", "high_close": "low_close"}),
    ),
    "a range outside of the wider one": (interval_ordered, LATEST.table, lambda f: f.assign(low_50_close=f["low_close"] - 0.1)),
    "a range as wide as the wider one": (interval_ordered, LATEST.table, lambda f: f.assign(high_95_close=f["high_close"])),
    "a widest range that could be below zero": (
        interval_ordered,
        LATEST.table,
        lambda f: with_value(f, 3, "low_95_close", -0.5),
    ),
    "a range of some levels only": (interval_ordered, LATEST.table, lambda f: with_value(f, 2, "high_50_close", NAN)),
    "an older row with its interval upside down": (
        interval_ordered,
        LATEST.table,
        lambda f: older(f).assign(low_close=f["high_close"], high_close=f["low_close"]),
    ),
    "a level of one": (interval_ordered, LATEST.table, lambda f: with_value(f, 0, "interval_level", 1.0)),
    "an interval beside its forecast": (
        interval_ordered,
        LATEST.table,
        lambda f: f.assign(low_close=f["high_close"] - 0.1),
    ),
    "an interval without an end": (interval_ordered, LATEST.table, lambda f: with_value(f, 0, "high_close", NAN)),
    "a price that could be below zero": (
        interval_ordered,
        LATEST.table,
        lambda f: with_value(f, 0, "low_close", -1.0),
    ),
    "an open session without a forecast": (forecast_while_open, LATEST.table, lambda f: one(f, 3)),
    "a forecast of an older model": (forecast_while_open, LATEST.table, lambda f: with_value(f, 3, "model_id", "older")),
    "a forecast from a revised close": (forecast_while_open, LATEST.table, lambda f: with_value(f, 3, "close", 1.0)),
    "a target session in the past": (
        forecast_while_open,
        LATEST.table,
        lambda f: with_value(f, 3, "target_session", pd.Timestamp("2018-01-02")),
    ),
    "a model that nothing newer replaced": (model_is_new, "view", lambda f: f.assign(target_1m=f["target_1m"].fillna(0.0))),
    "an outcome that is not the view's": (outcomes_as_in_view, OOF.table, lambda f: with_value(f, 3, "target_1m", 0.0)),
    "a labelled session missing": (outcomes_as_in_view, OOF.table, lambda f: one(f, 3)),
    "two models in one table": (outcomes_as_in_view, OOF.table, lambda f: with_value(f, 3, "model_id", "older")),
}


@pytest.mark.parametrize("fault", list(RED))
def test_a_seeded_fault_turns_its_predicate_red(fault: str) -> None:
    assert_red(RED, fault)


@pytest.mark.parametrize("fault", list(RED))
def test_without_the_fault_the_predicate_is_green(fault: str) -> None:
    assert_green_without(RED, fault)


def test_every_predicate_is_shown_red() -> None:
    assert predicates_of(predictions) == shown_red(RED)


@pytest.mark.parametrize(("behind", "passed"), [(5, True), (6, False)])
def test_a_model_may_be_a_week_behind(behind: int, passed: bool) -> None:
    view = sound("view")
    first_open = view["target_1m"].notna().sum()
    view.loc[view.index[first_open : first_open + behind], "target_1m"] = 0.0
    verdict = model_is_new(view)
    assert (verdict.passed, verdict.measured) == (passed, behind)


def test_rows_from_before_there_were_other_levels_are_judged_by_the_one() -> None:
    rows = sound(LATEST.table)
    both = pd.concat([older(rows.head(10)), rows.tail(11)])
    assert interval_ordered(both).passed
    assert interval_ordered(both.convert_dtypes()).passed, "as a table gives them"
