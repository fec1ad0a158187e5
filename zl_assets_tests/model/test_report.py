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

from zl_assets.io_managers.metadata import rows_table
from zl_assets.model.fit.config import EvidenceConfig
from zl_assets.model.fit.gates import evaluate_gates, model_gates
from zl_assets.model.fit.training import TrainedModel
from zl_assets.model.ranges.size import SizeSkill
from zl_assets.model.report import style
from zl_assets.model.report.evidence import Evidence, gather_evidence
from zl_assets.model.report.page import Part, Picture, Report, Table, report_html
from zl_assets.model.report.plots import matrix_over_time
from zl_assets.model.report.report import build_report
from zl_assets.model.report.standing import standing_words
from zl_assets.model.report.track import OF_RECORD, ONE_WIDTH, RULES
from zl_assets.model.report.words import buyer_words, size_words, skill_words
from zl_assets_tests.model.record import config_of, train
from zl_assets_tests.model.replays import NO_REPLAY
from zl_assets_tests.support.builders import features_of, random_closes, sessions_of
from zl_assets_tests.support.contracts import MONTH, ZL

CLAIMS = re.compile(r"driver|accurate|accuracy|predicts", re.IGNORECASE)


@pytest.fixture(scope="module")
def evidence(walk: pd.DataFrame, walk_model: TrainedModel, walk_replay: pd.DataFrame) -> Evidence:
    """The walk, on an index that is the walk itself: its view begins with the 63rd session, so 62 are put before it."""
    before = walk["close"].iloc[0] * np.exp(0.01 * np.random.default_rng(3).standard_normal(62))
    sessions = sessions_of([*before, *walk["close"]])
    dates = pd.bdate_range(end=walk["data_date"].iloc[0] - pd.Timedelta(days=1), periods=62)
    sessions["data_date"] = [*dates, *walk["data_date"]]
    return gather_evidence(walk_model, evaluate_gates(walk_model), walk, features_of(sessions), walk_replay, EvidenceConfig(5))


@pytest.fixture(scope="module")
def report(evidence: Evidence) -> Report:
    return build_report(evidence)


def test_nothing_is_called_a_driver_without_a_small_p(evidence: Evidence, report: Report) -> None:
    assert evidence.placebo.p > 0.05
    text = re.sub(r"data:image/png;base64,[A-Za-z0-9+/=]+", "", report_html(report, {}))
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
    # The forecast comes before a word of models.
    buyer, skill, ranges, size, _ = report.words
    assert f"skill {evidence.placebo.skill:+.3f}" in skill
    assert f"p = {evidence.placebo.p:.3f}" in skill
    assert "On 5 targets" in skill
    # Sums of 21 steps: about a 21st of the rows, at the ends a little more.
    rows = len(evidence.out_of_fold)
    assert f"{rows:,} sessions, which overlap and are worth about {rows / (21 - 440 / (3 * rows)):.0f} independent" in skill
    newest = evidence.forecasts.iloc[-1]
    for cents in (newest.close, newest.predicted_close, newest.expected_move_price):
        assert f"{cents:.2f}" in buyer
    for low, high in (("low_50", "high_50"), ("low", "high"), ("low_95", "high_95")):
        assert f"from {newest[f'{low}_close']:.2f} to {newest[f'{high}_close']:.2f}" in buyer
    # A contract is 60,000 lb, so a cent is worth 600 dollars.
    half = (newest.high_close - newest.low_close) / 2
    assert f"${600 * half:,.0f}" in buyer
    assert f"is {newest.expected_move:.1%} or" in buyer
    assert f"larger than on {newest.move_percentile:.0%} of past sessions" in buyer
    assert buyer.endswith("Plan for the width of the range, not for its middle.")
    # What 80 % held is said wherever 80 % is.
    assert evidence.track is not None
    track = evidence.track
    held = track.totals[OF_RECORD, 80]
    assert f"ranges meant to hold 80 % held {held.covered:.1%} of {held.rows:,} sessions" in buyer
    assert f"(standard error {100 * held.error:.1f} points)" in buyer
    [fan] = [picture for picture in report.pictures if picture.name == "forecast_fan"]
    assert f"held {held.covered:.1%} of" in fan.caption
    for rule in RULES:
        shares = [f"{track.totals[rule, level].covered:.1%}" for level in (50, 80, 95)]
        assert f"{shares[0]}, {shares[1]} and {shares[2]}" in ranges
    assert f"{100 * track.totals[ONE_WIDTH, 80].score:.1f} % (saved: " in ranges
    assert evidence.size is not None
    assert f"R2 of {evidence.size.r2:.1%}" in size
    assert f"(p = {evidence.size.p:.4f})" in size


def test_the_size_of_the_move_is_claimed_only_with_a_small_p(evidence: Evidence) -> None:
    assert evidence.size is not None
    for size, claimed in (
        (SizeSkill(3000, 0.5, 0.0025), True),
        (SizeSkill(3000, 0.5, 0.05), False),
        (SizeSkill(3000, -0.1, 0.0025), False),
    ):
        words = size_words(dataclasses.replace(evidence, size=size))
        assert ("can be told in part" in words) is claimed
        assert ("no better than chance" in words) is not claimed
    assert "too few sessions" in size_words(dataclasses.replace(evidence, size=None))


def test_a_table_of_the_models_page_is_cut_at_the_edge_of_the_window(report: Report) -> None:
    for table in report.tables:
        assert table.brief, table.name
        shown = rows_table(table.rows[list(table.brief)]).value
        assert [column.name for column in shown.schema.columns] == list(table.brief), table.name


def test_the_tables_of_ranges_are_the_tracks(evidence: Evidence, report: Report) -> None:
    tables = {table.name: table.rows for table in report.tables}
    assert evidence.track is not None
    track, total = evidence.track, tables["ranges"]
    assert list(zip(total["meant_to_hold"], total["rule"], strict=True)) == [
        (f"{level} %", rule) for level in (50, 80, 95) for rule in RULES
    ]
    for row in total.itertuples():
        found = track.totals[str(row.rule), int(str(row.meant_to_hold).removesuffix(" %"))]
        assert row.sessions == found.rows == track.judged
        assert row.interval_score == round(100 * found.score, 2)
    by_year, of_rules = tables["ranges_by_year"], tables["rules_by_year"]
    assert list(by_year["year"]) == list(of_rules["year"]) == list(range(2016, 2026))
    assert by_year["sessions"].sum() == of_rules["sessions"].sum() == track.judged
    for year, row in of_rules.set_index("year").iterrows():
        for prefix, rule in zip(("", "one_width_", "no_model_"), RULES, strict=True):
            found = track.years[rule, 80][int(str(year))]
            assert row[f"{prefix}held"] == round(100 * found.covered, 1)
            assert row[f"{prefix}error"] == round(100 * found.error, 1)
    assert list(by_year["80_held"]) == list(of_rules["held"])


def test_without_ranges_the_report_says_why_and_is_built(evidence: Evidence, report: Report, walk: pd.DataFrame) -> None:
    bare = dataclasses.replace(walk_evidence(evidence, NO_REPLAY), placebo=evidence.placebo, comparison=evidence.comparison)
    assert (bare.track, bare.size) == (None, None)
    assert list(bare.forecasts["predicted_close"]) == list(evidence.forecasts["predicted_close"])
    shown = build_report(bare)
    no_forecast, _, ranges, _ = shown.words
    assert no_forecast == f"No forecast is shown. {bare.no_range}"
    assert "has no range, and a forecast without a range is not published" in no_forecast
    assert "what they hold is not known" in ranges
    assert not re.search(r"For a buyer|\$", " ".join(shown.words))
    gone = {p.name for p in report.pictures} - {p.name for p in shown.pictures}
    assert gone == {"forecast_fan", "coverage_over_time"}
    assert {t.name for t in report.tables} - {t.name for t in shown.tables} == {"ranges", "ranges_by_year", "rules_by_year"}


def walk_evidence(evidence: Evidence, replay: pd.DataFrame) -> Evidence:
    """The same with another replay; its placebo is of one shift."""
    nothing = evidence.view[["data_date"]].assign(symbol="ZL", roll_index=np.nan)
    return gather_evidence(evidence.trained, evidence.gates, evidence.view, nothing, replay, EvidenceConfig(1))


def test_ranges_that_nothing_has_come_of_are_said_to_be_untried(evidence: Evidence) -> None:
    """A history that has just become long enough."""
    words = buyer_words(dataclasses.replace(evidence, track=None, size=None))
    assert "No such range has an outcome yet, so it is not known what they hold." in words
    assert "held" not in words


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
    assert re.sub(r".*</dl>\s*", "", report_html(shown, {}), flags=re.DOTALL).startswith("<p>Not published: failed the gate")
    # What a published one advises is not there, and the evidence is.
    newest = evidence.forecasts.iloc[-1]
    advice = {f"{price:.2f}" for price in (newest.predicted_close, newest.low_close, newest.high_close)} | {"For a buyer", "$"}
    advice |= {f"{newest.low_95_close:.2f}", f"{newest.high_50_close:.2f}", f"{newest.expected_move_price:.2f}"}
    assert all(word in " ".join(report.words) for word in advice)
    assert not [word for word in advice if word in " ".join(shown.words)]
    assert {p.name for p in report.pictures} - {p.name for p in shown.pictures} == {"forecast_fan"}
    assert [table.name for table in shown.tables] == [table.name for table in report.tables]
    assert shown.words[2:] == report.words[1:]


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


def test_the_html_needs_no_other_file_and_is_the_same_every_time(
    evidence: Evidence, report: Report, walk: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    days: list[pd.Timestamp] = []

    def corner(day: pd.Timestamp) -> str:
        days.append(day)
        return f"data to {day:%Y-%m-%d}"

    monkeypatch.setattr(style, "corner", corner)
    text = report_html(report, {"Model": "0123"})
    assert text == report_html(build_report(evidence), {"Model": "0123"})
    # Each picture is of the data up to the newest session, whatever day it is drawn on.
    assert days == [walk["data_date"].iloc[-1]] * 8
    assert not re.search(r"""(src|href)=['"](?!data:)""", text)
    assert text.count("<img") == 8
    assert text.count("<table") == len(report.tables)


def test_the_page_says_what_it_is_of_then_the_forecast_then_what_speaks_of_models(evidence: Evidence, report: Report) -> None:
    text = report_html(report, {"Model": "0123456789abcdef", "Prices": "own bars"})
    fan = re.escape(report.forecast.pictures[0].title)
    order = ("<h1>", "<dd>0123456789abcdef</dd>", "<dd>own bars</dd>", "For a buyer", f"<h3>{fan}", "skill", "<table")
    places = [re.search(part, text) for part in order]
    assert all(places)
    assert [place.start() for place in places if place] == sorted(place.start() for place in places if place)
    body = text.partition("<body>")[2]
    assert not re.search(r"\b(fold|gate|placebo|R2|skill)\b", body[: body.index("How far it can be believed")])


EVIL = "<script>alert(1)</script>\"'&"


def test_whatever_a_report_is_made_of_is_text_and_nothing_of_it_is_executed() -> None:
    picture = Picture("x", EVIL, b"png", EVIL)
    table = Table("x", EVIL, pd.DataFrame({EVIL: [EVIL]}))
    text = report_html(Report(EVIL, Part((EVIL,), (picture,)), Part((EVIL,)), (table,)), {EVIL: EVIL})
    assert "<script" not in text
    assert text.count("&lt;script&gt;") == 12
    assert "default-src 'none'" in text
    assert f"alt='{EVIL}" not in text
    assert not re.search(r"alt=\"[^\"]*<", text)


def test_invented_prices_are_marked_in_every_part_and_nothing_is_said_to_a_buyer(evidence: Evidence, report: Report) -> None:
    invented = build_report(dataclasses.replace(evidence, trained=dataclasses.replace(evidence.trained, synthetic=True)))
    assert invented.title == f"SYNTHETIC SAMPLE: {report.title}"
    # The first words of the page, of `what_it_can_do` in the UI, and why one paragraph is not there.
    assert invented.words[0].startswith("SYNTHETIC SAMPLE: these prices are invented.")
    assert "paragraph for a buyer is left out" in invented.words[0]
    _, skill, *others = report.words
    assert invented.words[1:] == (skill.replace("; it is no reason to buy, sell or wait", ""), *others)
    assert not re.search(r"For a buyer|to buy|\$|contract of", re.sub(r'src="[^"]+"', "", report_html(invented, {})))
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
    evidence = gather_evidence(trained, (), walk, features_of(sessions), NO_REPLAY, EvidenceConfig(1))
    assert len(evidence.forecasts) == 5
    report = build_report(evidence)
    assert "5 sessions ahead" in report.title
    # Stored, and never published.
    assert "forecast_fan" not in {picture.name for picture in report.pictures}
    passed = tuple(dataclasses.replace(gate, passed=True) for gate in evaluate_gates(trained))
    [words] = standing_words(trained, passed, walk, day_after(walk))
    assert words.startswith("Not published: it forecasts 5 sessions ahead, and what is published 21. This model")
