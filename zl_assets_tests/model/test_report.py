import base64
import dataclasses
import datetime as dt
import io
import re

import numpy as np
import pandas as pd
import pandas_market_calendars
import pytest
from PIL import Image

from zl_assets.model.fit.config import EvidenceConfig
from zl_assets.model.fit.forecast import holdout_coverage, published_interval
from zl_assets.model.fit.gates import evaluate_gates, model_gates
from zl_assets.model.fit.training import TrainedModel
from zl_assets.model.report.evidence import Evidence, gather_evidence
from zl_assets.model.report.page import Report, report_html
from zl_assets.model.report.plots import matrix_over_time
from zl_assets.model.report.report import build_report
from zl_assets.model.report.standing import standing_words
from zl_assets.model.report.words import skill_words
from zl_assets_tests.model.record import config_of, train
from zl_assets_tests.support.builders import features_of, random_closes, sessions_of
from zl_assets_tests.support.contracts import MONTH, ZL

CLAIMS = re.compile(r"driver|accurate|accuracy|predicts", re.IGNORECASE)


@pytest.fixture(scope="module")
def evidence(walk: pd.DataFrame, walk_model: TrainedModel) -> Evidence:
    """The walk, on an index that is the walk itself: its view begins with the 63rd session, so 62 are put before it."""
    before = walk["close"].iloc[0] * np.exp(0.01 * np.random.default_rng(3).standard_normal(62))
    sessions = sessions_of([*before, *walk["close"]])
    dates = pd.bdate_range(end=walk["data_date"].iloc[0] - pd.Timedelta(days=1), periods=62)
    sessions["data_date"] = [*dates, *walk["data_date"]]
    return gather_evidence(walk_model, evaluate_gates(walk_model), walk, features_of(sessions), EvidenceConfig(5))


@pytest.fixture(scope="module")
def report(evidence: Evidence) -> Report:
    return build_report(evidence)


def test_nothing_is_called_a_driver_without_a_small_p(evidence: Evidence, report: Report) -> None:
    assert evidence.placebo.p > 0.05
    text = re.sub(r"data:image/png;base64,[A-Za-z0-9+/=]+", "", report_html(report))
    assert not CLAIMS.search(text)
    lucky = dataclasses.replace(evidence.placebo, p=0.01, skill=-0.01)
    assert not CLAIMS.search(skill_words(dataclasses.replace(evidence, placebo=lucky)))
    edge = dataclasses.replace(evidence.placebo, p=0.05, skill=0.1)
    assert not CLAIMS.search(skill_words(dataclasses.replace(evidence, placebo=edge)))


def test_a_small_p_may_name_a_driver(evidence: Evidence) -> None:
    known = dataclasses.replace(evidence.placebo, p=0.02, skill=0.1)
    assert "strongest driver is" in skill_words(dataclasses.replace(evidence, placebo=known))


def test_no_gate_speaks_of_drivers_either() -> None:
    for gate in model_gates(ZL, MONTH):
        assert not CLAIMS.search(gate.explanation + gate.title)


def test_the_words_hold_the_measured_numbers(evidence: Evidence, report: Report) -> None:
    skill, buyer, interval, coverage, _ = report.words
    assert f"skill {evidence.placebo.skill:+.3f}" in skill
    assert f"p = {evidence.placebo.p:.3f}" in skill
    assert "On 5 targets" in skill
    # Sums of 21 steps: about a 21st of the rows, at the ends a little more.
    rows = len(evidence.out_of_fold)
    assert f"{rows:,} sessions, which overlap and are worth about {rows / (21 - 440 / (3 * rows)):.0f} independent" in skill
    newest = evidence.forecasts.iloc[-1]
    for cents in (newest.close, newest.predicted_close, newest.low_close, newest.high_close):
        assert f"{cents:.2f}" in buyer
    # A contract is 60,000 lb, so a cent is worth 600 dollars.
    half = (newest.high_close - newest.low_close) / 2
    assert f"${600 * half:,.0f}" in buyer
    assert f"plus and minus {published_interval(evidence.trained).half_width:.1%}" in interval
    assert f"held {holdout_coverage(evidence.trained).covered:.1%}" in coverage


def test_the_folds_are_beside_both_baselines_and_the_index(evidence: Evidence, report: Report) -> None:
    folds = next(table.rows for table in report.tables if table.name == "folds")
    assert list(folds["fold"]) == ["fold 1", "fold 2", "fold 3", "fold 4", "fold 5", "holdout"]
    assert folds[["rmse", "rmse_zero", "rmse_mean"]].notna().all().all()
    assert evidence.comparison is not None
    assert list(folds["ratio_on_roll_index"].head(5)) == [round(fold.score.ratio, 3) for fold in evidence.comparison.folds]


def test_the_slices_hold_every_session_once(evidence: Evidence, report: Report) -> None:
    table = evidence.out_of_fold
    for name, key in (("regime", table["regime_name"]), ("year", table["data_date"].dt.year)):
        rows = next(t.rows for t in report.tables if t.name == f"errors_by_{name}")
        assert rows["sessions"].sum() == len(table)
        assert set(rows[name]) == set(key)
        assert (rows["rmse"] ** 2 * rows["sessions"]).sum() / len(table) == pytest.approx(
            ((table["target"] - table["predicted"]) ** 2).mean(), rel=1e-2
        )
        target, folds = evidence.trained.data.target, evidence.trained.folds
        mean = sum(((target[f.test] - target[f.train].mean()) ** 2).sum() for f in folds)
        assert (rows["rmse_mean"] ** 2 * rows["sessions"]).sum() == pytest.approx(mean, rel=1e-2)


def test_a_rejected_model_says_so_first_and_advises_nothing(evidence: Evidence, report: Report, walk: pd.DataFrame) -> None:
    worst, *others = evidence.gates
    failed = (dataclasses.replace(worst, passed=False, measured=0.1 + 1.3, detail="fold 4"), *others)
    rejected = dataclasses.replace(evidence, gates=failed)
    first, why, *rest = standing_words(evidence.trained, failed, walk, day_after(walk))
    assert first.startswith('Not published: failed the gate "CV folds stable": 1.4 (fold 4), bound <= ')
    assert "those in zl_1m_latest are by the last model that passed every gate" in first
    assert why == f'"CV folds stable": {worst.explanation}'
    assert rest == []
    shown = build_report(rejected).begun_with((first, why))
    assert re.sub(r".*<h1>[^<]+</h1>\s*", "", report_html(shown), flags=re.DOTALL).startswith("<p>Not published: failed the gate")
    # What a published one advises is not there, and the evidence is.
    newest = evidence.forecasts.iloc[-1]
    advice = {f"{price:.2f}" for price in (newest.predicted_close, newest.low_close, newest.high_close)} | {"For a buyer", "$"}
    advice.add(f"plus and minus {published_interval(evidence.trained).half_width:.1%}")
    assert all(word in " ".join(report.words) for word in advice)
    assert not [word for word in advice if word in " ".join(shown.words)]
    assert {p.name for p in report.pictures} - {p.name for p in shown.pictures} == {"forecast_fan"}
    assert [table.name for table in shown.tables] == [table.name for table in report.tables]
    assert shown.words[2] == report.words[0]


def day_after(view: pd.DataFrame) -> dt.date:
    return view["data_date"].iloc[-1].date() + dt.timedelta(days=1)


def test_old_bars_are_told_first_with_the_number_of_sessions(evidence: Evidence, walk: pd.DataFrame) -> None:
    told = [standing_words(evidence.trained, evidence.gates, walk, day_after(walk) + dt.timedelta(days=n)) for n in (0, 30)]
    assert told[0] == ()
    [words] = told[1]
    first, last = day_after(walk), day_after(walk) + dt.timedelta(days=29)
    sessions = len(pandas_market_calendars.get_calendar(ZL.calendar).valid_days(first, last))
    assert words.startswith(f"Stale by {sessions} sessions. The source is late: the newest session is ")


def test_every_picture_is_small_opaque_and_light(report: Report) -> None:
    assert len(report.pictures) == 8
    for picture in report.pictures:
        assert len(picture.png) < 60_000, picture.name
        image = Image.open(io.BytesIO(base64.b64decode(picture.data_uri.partition(",")[2])))
        assert "transparency" not in image.info
        colours = image.convert("RGBA")
        assert colours.getpixel((0, 0)) == (255, 255, 255, 255), picture.name
        assert len(colours.getcolors(1 << 20)) > 5, f"{picture.name} is empty"


def test_the_html_needs_no_other_file_and_is_the_same_every_time(evidence: Evidence, report: Report) -> None:
    text = report_html(report)
    assert text == report_html(build_report(evidence))
    assert not re.search(r"""(src|href)=['"](?!data:)""", text)
    assert text.count("<img") == 8
    assert text.count("<table") == len(report.tables)


def test_invented_prices_are_marked_in_every_part_and_nothing_is_said_to_a_buyer(evidence: Evidence, report: Report) -> None:
    invented = build_report(dataclasses.replace(evidence, trained=dataclasses.replace(evidence.trained, synthetic=True)))
    assert invented.title == f"SYNTHETIC SAMPLE: {report.title}"
    # The first words of the page, of `what_it_can_do` in the UI, and why one paragraph is not there.
    assert invented.words[0].startswith("SYNTHETIC SAMPLE: these prices are invented.")
    assert "paragraph for a buyer is left out" in invented.words[0]
    skill, _, *others = report.words
    assert invented.words[1:] == (skill.replace("; it is no reason to buy, sell or wait", ""), *others)
    assert not re.search(r"For a buyer|to buy|\$|contract of", report_html(invented).partition("<img")[0])
    for marked, plain in zip(invented.pictures, report.pictures, strict=True):
        assert marked.title == f"SYNTHETIC SAMPLE: {plain.title}"
        with Image.open(io.BytesIO(marked.png)) as drawn, Image.open(io.BytesIO(plain.png)) as bare:
            assert drawn.size == (bare.width, bare.height + 24)
            # The band, and the mark across what was white.
            assert drawn.convert("RGB").getpixel((2, 2)) == pytest.approx((213, 94, 0), abs=12)
            shade = np.asarray(drawn.convert("RGB"))[24:] != np.asarray(bare.convert("RGB"))
            assert 0.01 < shade.any(axis=2).mean() < 0.5, marked.name
        assert len(marked.png) < 60_000, marked.name
    assert build_report(dataclasses.replace(evidence, trained=evidence.trained)).pictures == report.pictures


def test_without_an_index_the_report_says_so(evidence: Evidence) -> None:
    report = build_report(dataclasses.replace(evidence, comparison=None))
    assert "no instrument_id" in report.words[-1]
    assert {picture.name for picture in report.pictures}.isdisjoint({"roll_comparison"})


def test_the_matrix_picture_is_small() -> None:
    from zl_assets_tests.domain.test_matrix import matrix_of

    assert 5_000 < len(matrix_over_time(matrix_of(sessions_of(random_closes(3000))), ZL, synthetic=False)) < 80_000


def test_a_model_of_another_horizon_is_reported_with_its_own(walk: pd.DataFrame) -> None:

    config = config_of(horizon=5, gap=21)
    trained = train(walk, config, "5" * 64)
    sessions = sessions_of(random_closes(10)).assign(instrument_id=pd.array([pd.NA] * 10, dtype="Int64"))
    evidence = gather_evidence(trained, (), walk, features_of(sessions), EvidenceConfig(1))
    assert len(evidence.forecasts) == 5
    report = build_report(evidence)
    assert "5 sessions ahead" in report.title
    # Stored, and never published.
    assert "forecast_fan" not in {picture.name for picture in report.pictures}
    passed = tuple(dataclasses.replace(gate, passed=True) for gate in evaluate_gates(trained))
    [words] = standing_words(trained, passed, walk, day_after(walk))
    assert words.startswith("Not published: it forecasts 5 sessions ahead, and what is published 21. This model")
