"""The ledger's rules and its report, on rows written by hand."""

import json

import numpy as np
import pandas as pd
import pytest

from zl_assets.contracts.ledger import LEDGER
from zl_assets.model.impact.ledger import kept_family_verdict, looks_numbered
from zl_assets.model.report.impact import decision_words, impact_report
from zl_assets.warehouse.contract import PANDAS_DTYPES

MEASURED = [column.name for column in LEDGER.columns if column.once_required]


def ledger_of(*rows: tuple[str, int, str]) -> pd.DataFrame:
    """(family, look, decision) -> a ledger whose other values are the same in every row."""
    random = np.random.default_rng(0)
    values = {
        "registration_id": "r",
        "data_sha256": "d",
        "p": 0.0125,
        "keep_bound": 0.05 / 10,
        "effect": 0.021,
        "effect_low": -0.004,
        "effect_high": 0.05,
        "smallest_effect": 0.017,
        "shifts": 239,
        "seed": 1,
        "boosting_p": 0.5,
        "boosting_effect": -0.01,
        "boosting_low": -0.02,
        "boosting_high": 0.0,
        "row_count": 3558,
        "rows_left_out": 252,
        "test_rows": 2802,
        "first_date": pd.Timestamp("2011-09-01"),
        "last_date": pd.Timestamp("2025-10-14"),
        "mse_zero": 0.006,
        "mse_base": 0.007,
        "mse_family": 0.0069,
        "by_fold": json.dumps([{"name": f"fold {k}", "rows": 467, "effect": 0.01 * (k - 3)} for k in range(1, 7)]),
        "by_regime": json.dumps(
            [{"name": "trade_war", "rows": 400, "effect": 0.02}, {"name": "inflation", "rows": 500, "effect": -0.01}]
        ),
        "placebo": json.dumps(random.normal(0, 0.01, 239).tolist()),
        "config": "{}",
        "left_out": "[]",
        "reason": None,
        "directions": None,
    }
    # What a row has where nothing was measured.
    untested = dict.fromkeys(MEASURED) | {"reason": "Too few rows."}
    frame = pd.DataFrame(
        [
            values | (untested if row[2] == "NOT TESTABLE" else {}) | dict(zip(("family", "look", "decision"), row, strict=True))
            for row in rows
        ]
    )
    frame = frame.reindex(columns=list(LEDGER.frame_columns))
    return frame.astype({leaf.path: PANDAS_DTYPES[leaf.column.type] for leaf in LEDGER.frame_leaves})


@pytest.mark.parametrize(
    ("rows", "kept", "offenders"),
    [
        ([("pivots", 1, "KEEP")], ["pivots"], {}),
        ([("pivots", 1, "PROVISIONAL")], ["pivots"], {}),
        ([("pivots", 1, "INCONCLUSIVE")], ["pivots"], {"pivots": "INCONCLUSIVE"}),
        ([("pivots", 1, "KEEP"), ("pivots", 2, "REJECT")], ["pivots"], {"pivots": "REJECT"}),
        ([("pivots", 2, "KEEP"), ("pivots", 1, "REJECT")], ["pivots"], {}),
        ([("pivots", 1, "REJECT")], [], {}),
        ([("pivots", 1, "KEEP"), ("pivots", 2, "NOT TESTABLE")], ["pivots"], {"pivots": "NOT TESTABLE"}),
        ([("pivots", 1, "KEEP")], ["macro", "pivots"], {"macro": "never measured"}),
    ],
)
def test_a_kept_family_answers_to_its_newest_look(
    rows: list[tuple[str, int, str]], kept: list[str], offenders: dict[str, str]
) -> None:
    verdict = kept_family_verdict(kept, ledger_of(*rows))
    assert dict(zip(verdict.offenders["family"], verdict.offenders["decision"], strict=True)) == offenders
    assert verdict.passed == (not offenders)
    assert all(name in verdict.explanation for name in kept)


def test_a_kept_family_is_told_before_anything_was_measured() -> None:
    assert not kept_family_verdict(["pivots"], ledger_of(("pivots", 1, "KEEP")).head(0)).passed


def test_looks_with_a_gap_or_twice_the_same_number_are_told() -> None:
    assert looks_numbered(ledger_of(("a", 1, "KEEP"), ("a", 2, "REJECT"), ("b", 1, "KEEP"))).passed
    assert looks_numbered(ledger_of(("a", 1, "KEEP")).head(0)).passed
    verdict = looks_numbered(ledger_of(("a", 1, "KEEP"), ("a", 1, "KEEP"), ("b", 2, "KEEP"), ("c", 1, "KEEP")))
    assert list(verdict.offenders["family"]) == ["a", "b"]


def test_the_words_say_the_decision_and_every_number_behind_it() -> None:
    row = ledger_of(("pivots", 1, "PROVISIONAL")).to_dict("records")[0] | {"placebo": "[-0.03, -0.0123, 0.01]"}
    words = decision_words(row)
    for part in ("pivots: PROVISIONAL", "falls by 2.10% of the zero forecast's", "-0.40% to +5.00%", "2,802 test rows of 3,558"):
        assert part in words
    for part in (
        "Of 239 circular shifts of its columns 2 did",
        "p = 0.0125, against 0.0050",
        "row 1",
        "1.70% or less",
        "252 labelled",
    ):
        assert part in words
    assert "save a median of -1.23%" in words
    assert "leak" not in words


def test_an_effect_too_good_is_called_a_likely_leak_and_a_harm_is_called_one() -> None:
    row = ledger_of(("pivots", 1, "KEEP")).to_dict("records")[0]
    assert "most often been a leak" in decision_words(row | {"effect": 0.2})
    assert "rises by 2.10% of the zero forecast's" in decision_words(row | {"effect": -0.021, "decision": "REJECT"})


def test_the_report_shows_the_newest_look_of_each_family_and_lists_all() -> None:
    ledger = ledger_of(("pivots", 1, "INCONCLUSIVE"), ("pivots", 2, "REJECT"), ("macro", 1, "KEEP"))
    report = impact_report(ledger, synthetic=False)
    tables = {table.name: table.rows for table in report.tables}
    assert tables["families"]["decision"].tolist() == ["KEEP", "REJECT"]
    assert len(tables["looks"]) == 3
    assert len(tables["by_fold"]) == 12
    assert tables["by_regime"].columns.tolist() == ["family", "regime", "rows", "effect"]
    assert [picture.name for picture in report.pictures] == [
        "effects",
        "macro_placebo",
        "macro_parts",
        "pivots_placebo",
        "pivots_parts",
    ]
    for picture in report.pictures:
        assert picture.png.startswith(b"\x89PNG")
        assert len(picture.png) < 60_000


def test_a_family_that_cannot_be_tested_is_shown_with_its_reason_and_without_a_number_that_nobody_measured() -> None:
    ledger = ledger_of(("rain", 1, "NOT TESTABLE"), ("wind", 1, "NOT TESTABLE"), ("wind", 2, "KEEP"))
    report = impact_report(ledger, synthetic=False)
    assert report.words[0] == (
        "**rain: NOT TESTABLE.** The loaded data cannot decide on it. No p was computed, and it was no look. Too few rows."
    )
    assert report.words[1].startswith("**wind: KEEP.**")
    assert {picture.name for picture in report.pictures} == {"effects", "wind_placebo", "wind_parts"}
    assert set(next(table.rows for table in report.tables if table.name == "by_fold")["family"]) == {"wind"}
    # Alone, it leaves nothing to draw.
    alone = impact_report(ledger.head(1), synthetic=True)
    assert alone.pictures == ()
    assert [table.name for table in alone.tables] == ["families", "looks"]


def test_the_words_name_what_was_left_out_and_nothing_for_a_row_from_before_that_was_written_down() -> None:
    row = ledger_of(("weather", 1, "REJECT")).to_dict("records")[0]
    assert "Left out" not in decision_words(row)
    assert "Left out" not in decision_words(row | {"left_out": pd.NA, "reason": pd.NA})
    assert "on too few sessions: br_tavg_z, br_prcp_z. The decision is" in decision_words(
        row | {"left_out": '["br_tavg_z", "br_prcp_z"]'}
    )


def test_the_words_say_what_theory_said_beforehand_and_whether_it_was_so() -> None:
    row = ledger_of(("wasde", 1, "INCONCLUSIVE")).to_dict("records")[0]
    assert "Said beforehand" not in decision_words(row)
    said = row | {
        "config": json.dumps({"expected": {"stocks": {"sign": -1, "why": "scarcity"}, "use": {"sign": 1, "why": "need"}}})
    }
    words = decision_words(said | {"directions": json.dumps({"stocks": -0.0812, "use": -0.01})})
    assert "prices ahead are lower with a higher stocks (scarcity). They were, by a rank correlation of -0.081" in words
    assert "prices ahead are higher with a higher use (need). They were not, by a rank correlation of -0.010" in words
    # Where nothing was measured nothing was found.
    untested = said | {"decision": "NOT TESTABLE", "reason": "Too few rows.", "directions": pd.NA}
    assert decision_words(untested).endswith(
        "with a higher stocks (scarcity). Said beforehand: prices ahead are higher with a higher use (need)."
    )
