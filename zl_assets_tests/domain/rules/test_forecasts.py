"""Rules about the record, its score and the replay: green on sound rows, red on each fault, and the score recomputed by hand."""

import functools
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zl_assets.contracts import forecasts as contracts
from zl_assets.domain.forecast_record import Remembered
from zl_assets.domain.forecast_score import scores
from zl_assets.domain.rules import forecasts as rules
from zl_assets.domain.rules.rows import RECORD_RULES, REPLAY_RULES, SCORE_RULES
from zl_assets.warehouse.errors import DataFault
from zl_assets.warehouse.shape import conform, empty_frame
from zl_assets.warehouse.verdict import Verdict, require
from zl_assets_tests.support.contracts import ZL
from zl_assets_tests.support.rows import predicates_of, with_value

type Change = Callable[[pd.DataFrame], pd.DataFrame]

AHEAD = 3
DAYS = pd.bdate_range("2025-10-01", periods=12)
CLOSES = np.array([50.0, 51.0, 49.5, 52.0, 50.5, 50.0, 53.0, 54.0, 52.5, 51.0, 50.0, 49.0])
ROLLED = np.array([False] * 4 + [True] + [False] * 3 + [True] + [False] * 3)
# The opens of the sessions on which the contract changed: the gap to the close before is no return.
OPENS = CLOSES * 0.99
HALVES = ((50, 0.021), (80, 0.041), (95, 0.081))


def chained() -> np.ndarray:
    """The roll index, step by step."""
    index = [100.0]
    for t in range(1, len(CLOSES)):
        index.append(index[-1] * CLOSES[t] / (OPENS[t] if ROLLED[t] else CLOSES[t - 1]))
    return np.array(index)


def sessions() -> pd.DataFrame:
    is_roll = pd.array(ROLLED, dtype="boolean")
    return pd.DataFrame({"data_date": DAYS, "close": CLOSES, "roll_index": chained(), "is_roll": is_roll})


@functools.cache
def record() -> pd.DataFrame:
    """What was said of each of the sessions, on the day after it."""
    close = CLOSES
    target = [*DAYS[AHEAD:], *pd.bdate_range(DAYS[-1], periods=AHEAD + 1)[1:]]
    rows = pd.DataFrame(
        {
            "issued_on": DAYS + pd.Timedelta(1, "D"),
            "data_date": DAYS,
            "symbol": "ZL",
            "horizon": "1m",
            "model_id": "m1",
            "target_session": target,
            "close": close,
            "predicted_return": 0.01,
            "predicted_close": close * 1.01,
            "expected_move": 0.05,
            "expected_move_price": close * 0.05,
            "move_percentile": 0.6,
            "source": "bars",
            "back_dated": False,
        }
    )
    for level, half in HALVES:
        rows[f"low_{level}_close"], rows[f"high_{level}_close"] = close * (1.01 - half), close * (1.01 + half)
    return conform(rows, contracts.record(ZL))


@functools.cache
def score() -> pd.DataFrame:
    return conform(scores(record(), sessions(), AHEAD), contracts.score(ZL))


@functools.cache
def replay() -> pd.DataFrame:
    rows = record().assign(volatility=0.015, made_of="h")
    banded = rows["data_date"].ge(DAYS[2])
    bands = [f"{end}_{level}_close" for level in contracts.LEVELS for end in ("low", "high")]
    rows[[*bands, "expected_move", "move_percentile"]] = rows[[*bands, "expected_move", "move_percentile"]].where(banded)
    return conform(rows, contracts.replay(ZL))


def put(column: str, value: object, row: int = 4) -> Change:
    return lambda frame: with_value(frame, row, column, value)


def score_right(frame: pd.DataFrame) -> Verdict:
    return rules.score_right(frame, scores(record(), sessions(), AHEAD))


def replay_right(frame: pd.DataFrame) -> Verdict:
    return rules.replay_right(frame, replay())


def complete(frame: pd.DataFrame) -> Verdict:
    return rules.record_complete(frame, Remembered(len(DAYS), record()["issued_on"].max().date()))


RED: dict[str, tuple[Callable[[pd.DataFrame], Verdict], Callable[[], pd.DataFrame], Change]] = {
    "said: no number": (rules.record_sound, record, put("predicted_return", np.nan)),
    "said: infinite": (rules.record_sound, record, put("high_95_close", np.inf)),
    "said: a price of another return": (rules.record_sound, record, put("predicted_close", 50.9)),
    "said: 50 % wider than 80 %": (rules.record_sound, record, put("low_50_close", 1.0)),
    "said: ends swapped": (
        rules.record_sound,
        record,
        lambda f: f.rename(columns={"low_80_close": "high_80_close", "high_80_close": "low_80_close"}),
    ),
    "said: a band without width": (rules.record_sound, record, lambda f: f.assign(low_50_close=f["predicted_close"])),
    "said: no move": (rules.record_sound, record, put("expected_move", 0.0)),
    "said: a move in another unit": (rules.record_sound, record, put("expected_move_price", 0.05)),
    "said: a percentile in percent": (rules.record_sound, record, put("move_percentile", 60.0)),
    "said: of a session that was not final": (rules.record_sound, record, lambda f: f.assign(issued_on=f["data_date"])),
    "said: of its own session": (rules.record_sound, record, lambda f: f.assign(target_session=f["data_date"])),
    "replayed: no number": (rules.replay_sound, replay, put("predicted_return", np.nan)),
    "replayed: half of a band": (rules.replay_sound, replay, put("low_80_close", np.nan)),
    "replayed: crossed": (rules.replay_sound, replay, put("high_95_close", 50.6)),
    "replayed: a negative move": (rules.replay_sound, replay, put("expected_move", -0.05)),
    "replayed: a percentile above 1": (rules.replay_sound, replay, put("move_percentile", 1.1)),
    "scored: a close of another day": (rules.score_sound, score, put("came_close", 40.0)),
    "scored: an error of another sign": (rules.score_sound, score, lambda f: f.assign(error=-f["error"])),
    "scored: came before it was said": (rules.score_sound, score, lambda f: f.assign(came_on=f["data_date"])),
    "scored: inside 50 %, outside 80 %": (
        rules.score_sound,
        score,
        lambda f: f.assign(inside_50=True, inside_80=False, inside_95=True),
    ),
    "record: a row deleted by hand": (
        lambda f: rules.record_complete(f, Remembered(len(DAYS), record()["issued_on"].max().date())),
        record,
        lambda f: f.drop(index=4),
    ),
    "score: a session on another date": (rules.target_sessions_came, score, put("target_session", DAYS[8])),
    **{
        f"score: {column} edited by hand": (score_right, score, put(column, value))
        for column, value in {
            "came_on": DAYS[8],
            "close": 50.6,
            "came_close": 54.1,
            "predicted_return": 0.02,
            "came_return": 0.07,
            "adjusted_return": 0.0,
            "contract_changes": 2,
            "error": 0.0,
            "inside_50": True,
            "inside_80": pd.NA,
            "back_dated": True,
            "model_id": "m2",
            "target_session": DAYS[8],
            "issued_on": DAYS[8],
        }.items()
    },
    **{
        f"replay: {column} edited by hand": (replay_right, replay, put(column, value))
        for column, value in {"close": 50.6, "predicted_return": 0.02, "volatility": 0.016, "expected_move": 0.06}.items()
    },
    "replay: a band that should be NULL": (replay_right, replay, put("low_80_close", 40.0, row=0)),
    "replay: a row deleted by hand": (replay_right, replay, lambda f: f.drop(index=4)),
    "replay: a session that is no longer there": (replay_right, replay, put("data_date", pd.Timestamp("2025-09-01"))),
    "score: a row deleted by hand": (score_right, score, lambda f: f.drop(index=4)),
    "score: a row that nobody said": (score_right, score, put("data_date", pd.Timestamp("2025-09-01"))),
}


def test_a_replay_of_other_inputs_is_not_taken_for_one_that_somebody_edited() -> None:
    """After a family is switched on or off, the checks alone find the rows of before."""
    edited = replay_right(replay().assign(predicted_return=0.5))
    assert "were made of other" not in edited.explanation
    other = replay_right(replay().assign(predicted_return=0.5, made_of="other inputs"))
    assert f" {len(replay())} of them were made of other rows, inputs, choices or code than there are now." in other.explanation
    assert replay_right(replay().assign(made_of="other inputs")).passed, "what comes out the same is right"


@pytest.mark.parametrize("fault", list(RED))
def test_a_seeded_fault_turns_its_predicate_red(fault: str) -> None:
    predicate, frame, break_it = RED[fault]
    green, red = predicate(frame()), predicate(break_it(frame()))
    assert green.passed, str(green)
    assert not red.passed
    assert len(red.offenders) <= 10
    assert red.explanation[0].isdigit() or red.explanation[0].isupper()


def test_every_predicate_is_shown_red() -> None:
    assert predicates_of(rules) == {predicate(frame()).name for predicate, frame in {one[:2] for one in RED.values()}}


def test_sound_rows_and_none_pass_what_is_asked_before_a_write() -> None:
    for contract, asked, frame in (
        (contracts.record(ZL), RECORD_RULES, record()),
        (contracts.replay(ZL), REPLAY_RULES, replay()),
        (contracts.score(ZL), SCORE_RULES, score()),
    ):
        require([rule(frame) for rule in asked], contract.name)
        require([rule(empty_frame(contract)) for rule in asked], contract.name)
    with pytest.raises(DataFault, match=r"record_sound failed: 1 of 12 rows.*data_date=2025-10-07"):
        require([rule(put("low_80_close", np.nan)(record())) for rule in RECORD_RULES], "the record")


def test_one_wrong_cell_of_the_score_is_named() -> None:
    found = score_right(put("came_close", 54.1)(score()))
    [offender] = found.offenders.to_dict("records")
    assert (offender["data_date"], offender["wrong"]) == (DAYS[4], "came_close")
    assert (offender["came_close"], offender["came_close_stored"]) == (54.0, 54.1)
    assert found.explanation.startswith("1 of 9 ")


def test_a_score_that_no_record_stands_behind_is_named_as_that() -> None:
    """A row of the record was deleted by hand: what was scored of it stays, and is not of the record any more."""
    found = rules.score_right(score(), scores(record().drop(index=4), sessions(), AHEAD))
    assert list(found.offenders["wrong"]) == ["not recorded"]
    missing = rules.score_right(score().drop(index=4), scores(record(), sessions(), AHEAD))
    assert list(missing.offenders["wrong"]) == ["missing"]


def test_rows_that_are_more_than_was_remembered_are_no_loss() -> None:
    newest = record()["issued_on"].max().date()
    assert rules.record_complete(record(), Remembered(3, newest)).passed
    lost = rules.record_complete(record().iloc[:2], Remembered(10, newest, lost=2))
    assert lost.measured == 10
    assert "has 2 rows; the last materialization said 12" in lost.explanation


CANCELLED = sessions().drop(index=5).reset_index(drop=True)
SATURDAY = sessions().iloc[[2]].assign(data_date=pd.Timestamp("2025-10-04"), close=47.0)
ADDED = pd.concat([sessions(), SATURDAY]).sort_values("data_date", ignore_index=True)


@pytest.mark.parametrize(("came", "row", "date"), [(CANCELLED, 4, "2025-10-13"), (ADDED, 2, "2025-10-07")])
def test_a_target_session_that_was_cancelled_or_added_is_said_with_both_dates(came: pd.DataFrame, row: int, date: str) -> None:
    """The forecast is about the third session after its own, whatever date that gets."""
    found = scores(record(), came, AHEAD)
    [scored] = found[found["data_date"].eq(DAYS[row])].to_dict("records")
    assert (scored["target_session"], scored["came_on"]) == (DAYS[row + AHEAD], pd.Timestamp(date))
    assert [scored["came_close"]] == came.loc[came["data_date"].eq(date), "close"].tolist()
    told = rules.target_sessions_came(found)
    assert not told.passed
    assert f"target_session={DAYS[row + AHEAD]:%Y-%m-%d}, came_on={date}" in str(told)


def test_a_forecast_of_a_session_that_is_gone_is_not_scored_and_stays_in_the_record() -> None:
    came = sessions().drop(index=4).reset_index(drop=True)
    assert DAYS[4] not in set(scores(record(), came, AHEAD)["data_date"])


def test_outcomes_are_those_of_a_loop_over_days() -> None:
    found = scores(record(), sessions(), AHEAD).set_index("data_date")
    assert len(found) == len(DAYS) - AHEAD
    for t in range(len(DAYS) - AHEAD):
        row = found.loc[DAYS[t]]
        kept, changes = 1.0, 0
        for step in range(t + 1, t + AHEAD + 1):
            kept *= CLOSES[step] / (OPENS[step] if ROLLED[step] else CLOSES[step - 1])
            changes += int(ROLLED[step])
        assert row["adjusted_return"] == pytest.approx(kept - 1, abs=1e-12)
        assert row["contract_changes"] == changes
        assert row["came_return"] == pytest.approx(CLOSES[t + AHEAD] / CLOSES[t] - 1, abs=1e-12)
        assert row["error"] == pytest.approx(row["came_return"] - 0.01, abs=1e-12)
        for level, half in HALVES:
            assert row[f"inside_{level}"] == (abs(row["error"]) <= half)


@settings(max_examples=20)
@given(st.permutations(range(len(DAYS))), st.integers(0, 5))
def test_the_order_of_the_record_and_what_was_said_again_change_nothing(order: list[int], again: int) -> None:
    """Of several rows about one session the first that was said is scored."""
    later = record().iloc[:again]
    later = later.assign(issued_on=later["issued_on"] + pd.Timedelta(1, "D"), predicted_return=0.5)
    told = pd.concat([record(), later], ignore_index=True)
    shuffled = told.iloc[[*order, *range(len(DAYS), len(told))][::-1]].reset_index(drop=True)
    pd.testing.assert_frame_equal(scores(shuffled, sessions(), AHEAD), scores(record(), sessions(), AHEAD))


def test_a_contract_that_is_not_known_on_one_end_gives_no_changes() -> None:
    part = sessions()
    part.loc[part.index < 5, "is_roll"] = pd.NA
    part.loc[part.index < 5, "roll_index"] = np.nan
    found = scores(record(), part, AHEAD)
    assert found["contract_changes"].isna().tolist() == [True] * 5 + [False] * 4
    assert found["adjusted_return"].isna().tolist() == [True] * 5 + [False] * 4
    assert score_right(conform(scores(record(), sessions(), AHEAD), contracts.score(ZL))).passed
    assert rules.score_right(conform(found, contracts.score(ZL)), found).passed, "NULL equals NULL"
