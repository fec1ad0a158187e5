"""The policy family against cases worked by hand, the values of the roadmap on the real files, and its own prefixes."""

import datetime as dt
import functools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from zl_assets.contracts.features import POLICY
from zl_assets.domain import documents
from zl_assets.domain.families.chart import Panels
from zl_assets.domain.families.policy import FAMILY, HIGHEST, C, S, T, _has, show
from zl_assets.domain.families.rows import family_rows
from zl_assets.domain.rules.families import coverage, in_range, prefix_invariant, release_times
from zl_assets.model.report.charts import chart_made_of
from zl_assets.sources.policy_documents import read_documents
from zl_assets_tests.conftest import shared_data
from zl_assets_tests.support.builders import decided
from zl_assets_tests.support.cases import (
    assert_as_declared,
    assert_prefix_invariant,
    cuts,
    random_sessions,
    real_sessions,
)
from zl_assets_tests.support.contracts import POLICY_DOCUMENTS, ZL
from zl_assets_tests.support.documents import document, page, table

FILLED = [column.column.name for column in FAMILY.columns]
MENTIONS, CHINA, INTENSITY = "trump_mentions", "trumpxi_china_mentions", "trump_tariff_intensity"
RECENCY, SHARE, ALERT = "policy_trump_recency_decay", "trump_action_prob", "trump_procurement_alert"
SPAN = ("2025-01-02", "2025-12-31")


def sessions(first: str = "2025-04-01", last: str = "2025-04-11") -> pd.DataFrame:
    dates = pd.bdate_range(first, last).as_unit("ns")
    return random_sessions(len(dates)).assign(data_date=dates)


def computed(rows: pd.DataFrame, of: pd.DataFrame | None = None) -> pd.DataFrame:
    """The family's columns, by date."""
    chosen = sessions() if of is None else of
    return FAMILY.compute(decided(chosen), {POLICY_DOCUMENTS.table: rows}).set_index(chosen["data_date"])


def on(day: str, *rows: dict[str, object]) -> "pd.Series[object]":
    return computed(table(*rows, presidents=SPAN, agencies=SPAN)).loc[pd.Timestamp(day)]


# --- worked by hand


def test_a_document_is_of_the_first_session_that_decides_after_it() -> None:
    # Monday's Register is out at 08:45 in New York, before 13:20 in Chicago; a page of Monday at 18:20 UTC is as late as that.
    rows = (
        document("2025-06063", "2025-04-07", "Regulating Imports With a Reciprocal Tariff"),
        page("https://www.whitehouse.gov/a/", "2025-04-07 18:20", "Trade With China"),
        page("https://www.whitehouse.gov/b/", "2025-04-05 12:00", "A Saturday"),
    )
    found = computed(table(*rows, presidents=SPAN))
    assert found[MENTIONS].tolist() == [pd.NA, 0, 0, 0, 2, 1, 0, 0, 0]
    assert found[CHINA].tolist() == [pd.NA, 0, 0, 0, 0, 1, 0, 0, 0]
    assert found.loc["2025-04-07", INTENSITY] == pytest.approx(100 * math.tanh(18 / 50), abs=1e-12)
    assert found.loc["2025-04-08", INTENSITY] == pytest.approx(100 * math.tanh(4 / 50), abs=1e-12)
    # From 12:45 UTC to 18:20, and four days more on Friday.
    assert found[RECENCY].iloc[:4].isna().all()
    assert found.loc["2025-04-07", RECENCY] == pytest.approx(math.exp(-(5 + 35 / 60) / 24), abs=1e-12)
    assert found.loc["2025-04-11", RECENCY] == pytest.approx(math.exp(-(4 * 24 + 5 + 35 / 60) / 24), abs=1e-12)


def test_the_strongest_document_counts_and_each_group_of_words_once() -> None:
    every = "Tariffs, Duties, Reciprocal: Section 232 Imports, Antidumping, Trade Deficits"
    row = on("2025-04-07", document("2025-1", "2025-04-07", every), document("2025-2", "2025-04-07", "Trade"))
    assert row[INTENSITY] == pytest.approx(100 * math.tanh(28 / 50), abs=1e-12)
    assert row[INTENSITY] <= HIGHEST
    split = on("2025-04-07", document("2025-1", "2025-04-07", "Section 301"), document("2025-2", "2025-04-07", "Tariff"))
    assert split[INTENSITY] == pytest.approx(100 * math.tanh(10 / 50), abs=1e-12)
    assert on("2025-04-08")[INTENSITY] == 0.0


def test_the_share_is_of_sessions_with_a_tariff_document() -> None:
    of = sessions("2025-01-02", "2025-05-30")
    rows = [document(f"2025-{n}", day, "Duties") for n, day in enumerate(("2025-02-03", "2025-02-03", "2025-04-07"))]
    found = computed(table(*rows, presidents=("2025-01-02", "2025-04-30")), of)
    # The first session has no value, so that the 63rd from the second on has the first share.
    assert found[SHARE].first_valid_index() == of["data_date"][63]
    assert found.loc["2025-04-07", SHARE] == pytest.approx(2 / 63, abs=1e-15)
    assert found.loc["2025-04-04", SHARE] == pytest.approx(1 / 63, abs=1e-15)
    # One day that was not asked for makes the window NULL.
    assert math.isnan(found.loc["2025-05-01", SHARE])


@pytest.mark.parametrize(
    ("said", "by_trump"),
    [
        ({"signing_date": pd.Timestamp("2025-01-20")}, True),
        ({"signing_date": pd.Timestamp("2025-01-19")}, False),
        ({"signing_date": None}, True),
        ({"signer": "Joseph R. Biden Jr."}, False),
        ({"signer": "Donald Trump", "signing_date": pd.Timestamp("2021-02-01")}, True),
        ({"type": "Notice"}, False),
        ({"type": None}, False),
    ],
)
def test_who_signed_decides_and_without_a_signer_the_day(said: dict[str, object], by_trump: bool) -> None:
    assert on("2025-04-07", document("2025-1", "2025-04-07", "Tariffs", **said))[MENTIONS] == int(by_trump)


@pytest.mark.parametrize(("signed", "by_trump"), [("2017-01-19", False), ("2017-01-20", True), ("2021-01-20", False)])
def test_the_terms_begin_and_end_at_inaugurations(signed: str, by_trump: bool) -> None:
    row = document("2025-1", "2025-04-07", "Tariffs", signing_date=pd.Timestamp(signed))
    assert on("2025-04-07", row)[MENTIONS] == int(by_trump)


ALERTS = {
    "a rule on renewable fuel": ({"type": "Rule", "title": "Renewable Fuel Standard"}, True),
    "a notice on soybeans": ({"type": "Notice", "title": "Soybeans"}, True),
    "no type, soy in the title": ({"type": None, "title": "Used Cooking Oil"}, True),
    "soy in the abstract alone": ({"type": "Rule", "title": "Fuels", "abstract": "Biodiesel and soy."}, False),
    "a president on soy": ({"title": "Soybeans"}, False),
    "a president on Chinese tariffs": ({"title": "Duties", "abstract": "On goods of the People\u2019s Republic"}, True),
    "a president on tariffs": ({"title": "Duties"}, False),
    "the Trade Representative on Chinese tariffs": (
        {"type": "Notice", "title": "Section 301: China", "agencies": "Office of the United States Trade Representative"},
        True,
    ),
    "another agency on Chinese tariffs": ({"type": "Notice", "title": "Section 301: China", "agencies": "Commerce"}, False),
    "an older president": ({"title": "Duties on China", "signer": "Barack Obama"}, True),
}


@pytest.mark.parametrize("name", ALERTS)
def test_the_alert_is_on_soy_and_biofuel_or_on_chinese_tariffs(name: str) -> None:
    said, expected = ALERTS[name]
    assert on("2025-04-07", document("2025-1", "2025-04-07", "x") | said)[ALERT] == expected


@pytest.mark.parametrize(
    ("words", "text", "there"),
    [
        (T, "TARIFF", True),
        (T, "Tariffs", True),
        (T, "Active Duty", False),
        (T, "active-duty service", False),
        (T, "Countervailing Duty", True),
        (T, "Section\n232", True),
        (T, "Importing", True),
        (T, "important", False),
        (T, "imported", False),
        (T, "heavy-duty", True),
        (C, "China's Acts", True),
        (C, "Indochina", False),
        (C, "People\u2019s Republic", True),
        (S, "Soybean Promotion", True),
        (S, "Soya", False),
        (S, "Vegetable Oils", True),
        (S, "renewable fuels", True),
    ],
)
def test_words_are_whole_and_in_any_case(words: str, text: str, there: bool) -> None:
    assert _has(pd.Series([text]), words).tolist() == [there]


# --- what was not asked for


def test_a_day_that_was_not_asked_for_is_null_and_not_zero() -> None:
    rows = table(document("2025-1", "2025-04-02", "Tariffs"), presidents=("2025-04-01", "2025-04-04"))
    found = computed(rows)
    assert found[MENTIONS].tolist() == [pd.NA, 1, 0, 0, *[pd.NA] * 5]
    assert found[INTENSITY].notna().tolist() == [False, True, True, True, *[False] * 5]
    # Whether a newer one came is not known.
    assert found[RECENCY].notna().tolist() == [False, True, True, True, *[False] * 5]
    assert found[ALERT].isna().all()


def test_no_documents_give_no_values() -> None:
    nothing = table()
    assert computed(nothing).isna().all(axis=None)
    assert_as_declared(FAMILY, sessions(), {POLICY_DOCUMENTS.table: nothing})


# --- point in time


def test_a_later_release_changes_the_feature(monkeypatch: pytest.MonkeyPatch) -> None:
    row, days = ("2025-1", "2025-04-07", "Tariffs on China"), {"presidents": SPAN, "agencies": SPAN}
    before = computed(table(document(*row), **days))
    monkeypatch.setattr(documents, "PUBLISHED", dt.time(14, 21))
    after = computed(table(document(*row), **days))
    assert (before[MENTIONS].idxmax(), after[MENTIONS].idxmax()) == (pd.Timestamp("2025-04-07"), pd.Timestamp("2025-04-08"))
    assert {name for name in FILLED if not before[name].equals(after[name])} == set(FILLED) - {SHARE}


def test_a_page_that_came_later_changes_the_feature() -> None:
    days = {"presidents": SPAN, "agencies": SPAN}
    # To the minute: what comes at the decision is the next session's.
    at = {
        time: computed(table(page("https://x/", f"2025-04-07 {time}", "Tariffs on China"), **days)) for time in ("18:19", "18:20")
    }
    assert [found[MENTIONS].idxmax().day for found in at.values()] == [7, 8]
    assert {name for name in FILLED if not at["18:19"][name].equals(at["18:20"][name])} == set(FILLED) - {SHARE}


def test_a_later_version_of_a_document_changes_no_session() -> None:
    first = document("2025-1", "2025-04-07", "Tariffs on China")
    later = first | {"title": "Weather", "abstract": "Soy", "available_at": pd.Timestamp("2025-04-09", tz="UTC")}
    days = {"presidents": SPAN, "agencies": SPAN}
    pd.testing.assert_frame_equal(computed(table(first, later, **days)), computed(table(first, **days)))


@settings(max_examples=6)
@given(cuts)
def test_no_feature_depends_on_later_sessions(cut: int) -> None:
    of = sessions("2025-01-02", "2025-07-31").head(150)
    rows = table(
        *(document(f"2025-{n}", f"{day:%Y-%m-%d}", "Duties on China, Soy") for n, day in enumerate(of["data_date"][::7])),
        presidents=SPAN,
        agencies=SPAN,
    )
    assert_prefix_invariant(FAMILY, of, {POLICY_DOCUMENTS.table: rows}, cut)


@pytest.mark.parametrize(
    ("column", "changes"),
    [
        ("title", {*FILLED} - {MENTIONS}),
        ("abstract", {*FILLED} - {MENTIONS}),
        ("type", {*FILLED}),
        ("signer", {*FILLED} - {ALERT}),
        ("signing_date", {*FILLED} - {ALERT}),
        ("agencies", {ALERT}),
        ("url", set()),
    ],
)
def test_columns_change_with_what_they_are_said_to_be_made_of(column: str, changes: set[str]) -> None:
    of = sessions("2025-01-02", "2025-07-31")
    other: dict[str, object] = {"type": "Other", "signer": "Nobody", "signing_date": pd.Timestamp("2024-01-01")}
    # Of each column one that it decides on.
    rows = [
        document("2025-1", "2025-02-03", "Duties", abstract="China"),
        document("2025-2", "2025-02-10", "x", abstract="Tariffs on China"),
        document("2025-3", "2025-02-17", "Imports, China", type="Notice", agencies="Trade Representative"),
        document("2025-4", "2025-02-24", "Trade With China", abstract="x", url="x"),
    ]
    value = other.get(column, "Nothing")
    days = {"presidents": SPAN, "agencies": SPAN}
    before = computed(table(*rows, **days), of)
    after = computed(table(*(row | {column: value} for row in rows), **days), of)
    assert {name for name in FILLED if not before[name].equals(after[name])} == changes
    said = {c.column.name for c in FAMILY.columns if f"{POLICY_DOCUMENTS.table}.{column}" in c.made_from}
    assert changes == said


# --- the picture


def shown(rows: pd.DataFrame, of: pd.DataFrame | None = None) -> Panels:
    chart = show(decided(sessions() if of is None else of), {POLICY_DOCUMENTS.table: rows})
    assert isinstance(chart, Panels)
    return chart


def by_day(values: "pd.Series[float]") -> dict[str, float]:
    return {f"{day:%m-%d}": float(value) for day, value in values.items() if value > 0}


def test_documents_stand_on_the_session_that_they_are_of_with_their_title_and_time() -> None:
    of = sessions().assign(close=[50.0 + at for at in range(9)])
    rows = (
        document("2025-06063", "2025-04-07", "Regulating Imports With a Reciprocal Tariff"),
        page("https://www.whitehouse.gov/a/", "2025-04-07 18:20", "Trade With China"),
        page("https://www.whitehouse.gov/b/", "2025-04-05 12:00", "A Saturday"),
        document("2025-1", "2025-04-09", "Renewable Fuel Standard", type="Rule"),
    )
    chart = shown(table(*rows, presidents=SPAN, agencies=SPAN), of)
    price, intensity, alerts = chart.panels
    assert price.lines["close"].tolist() == [50.0 + at for at in range(9)]
    signed, on_soy = price.marks.values()
    assert (by_day(signed), by_day(on_soy)) == ({"04-07": 54.0, "04-08": 55.0}, {"04-09": 56.0})
    assert [(f"{note.day:%m-%d}", note.value, note.words) for note in price.notes] == [
        ("04-07", 54.0, "2025-04-07 12:45 UTC, 35 points: Regulating Imports With a Reciprocal Tariff"),
        ("04-08", 55.0, "2025-04-07 18:20 UTC, 8 points: Trade With China"),
        ("04-09", 56.0, "2025-04-09 12:45 UTC, alert: Renewable Fuel Standard"),
    ]
    [bars] = intensity.bars.values()
    assert by_day(bars) == pytest.approx({"04-07": 100 * math.tanh(18 / 50), "04-08": 100 * math.tanh(4 / 50)})
    assert intensity.words == "2025-04-11: 0.0; the newest of all known 2025-04-07 18:20 UTC"
    assert [by_day(bars) for bars in alerts.bars.values()] == [{"04-09": 1.0}]
    assert alerts.words == "2025-04-11: 0; the newest of all known 2025-04-09 12:45 UTC"
    assert f"{chart.known_at:%Y-%m-%d %H:%M}" == "2025-04-11 18:20"


def test_the_strongest_and_of_equal_ones_the_newest_are_told() -> None:
    titles = ["Trade", "Duties 1", "Duties 2", "Imports", "Duties 3", "Tariffs and Imports", "Duties 4", "Duties 5"]
    days = ["2025-04-02", "2025-04-03", "2025-04-04", "2025-04-07", "2025-04-08", "2025-04-09", "2025-04-10", "2025-04-11"]
    rows = [document(f"2025-{n}", day, title) for n, (day, title) in enumerate(zip(days, titles, strict=True))]
    soy = [document(f"2025-9{n}", day, f"Soybeans {n}", type="Notice") for n, day in enumerate(days)]
    [told, *_] = shown(table(*rows, *soy, presidents=SPAN, agencies=SPAN)).panels
    words = [note.words.split(": ")[1] for note in told.notes]
    assert [title for title in words if not title.startswith("Soy")] == [
        "Duties 2",
        "Duties 3",
        "Tariffs and Imports",
        *titles[6:],
    ]
    assert [title for title in words if title.startswith("Soy")] == ["Soybeans 5", "Soybeans 6", "Soybeans 7"]
    assert [note.day for note in told.notes] == sorted(note.day for note in told.notes)


def test_days_that_were_not_asked_for_are_holes_and_no_zeros() -> None:
    price, intensity, alerts = shown(
        table(document("2025-1", "2025-04-02", "Tariffs"), presidents=("2025-04-01", "2025-04-04"))
    ).panels
    [bars] = intensity.bars.values()
    assert bars.notna().tolist() == [False, True, True, True, *[False] * 5]
    assert intensity.words == (
        "2025-04-11: no value, its documents were not asked for; the newest of all known 2025-04-02 12:45 UTC"
    )
    assert alerts.empty
    assert alerts.words == "2025-04-11: no value, its documents were not asked for; none is known"
    assert len(price.notes) == 1
    nothing = show(decided(sessions()), {POLICY_DOCUMENTS.table: table()})
    assert nothing == "No document of the 2 years to 2025-04-11 was asked for, so nothing is drawn."


def test_no_document_that_came_later_is_on_the_picture() -> None:
    days = {"presidents": SPAN, "agencies": SPAN}
    first = document("2025-1", "2025-04-07", "Tariffs on China")
    decision = pd.Timestamp("2025-04-11 18:20", tz="UTC")
    late = document("2025-2", "2025-04-11", "Duties", available_at=decision)
    version = first | {"title": "Duties on Soy", "abstract": "Trade", "available_at": decision - pd.Timedelta(hours=18)}

    def made_of(*rows: dict[str, object]) -> str:
        return chart_made_of(shown(table(*rows, **days)), ZL, synthetic=False)

    assert made_of(first, late) == made_of(first)
    # A later version of a document is not what was first seen.
    assert made_of(first, version) == made_of(first)
    assert made_of(first, late | {"available_at": decision - pd.Timedelta(seconds=1)}) != made_of(first)


# --- the owner's sixteen


def test_six_fields_are_filled_and_ten_say_why_they_are_not() -> None:
    assert len(POLICY) == 16
    names = [column.name for column in POLICY]
    assert [name for name in names if name in FILLED] == FILLED
    empty = [column for column in POLICY if column.name not in FILLED]
    assert len(empty) == 10
    assert all(column.description.startswith("stays NULL: ") for column in empty)
    # BigQuery's limit.
    assert all(len(column.column.text) + len(column.formula) < 1000 for column in FAMILY.columns)


# --- the real files


@functools.cache
def real(part: str) -> pd.DataFrame:
    return read_documents(shared_data("policy") / part, dt.date(2025, 11, 30)).frame


@functools.cache
def on_real_files(part: str) -> pd.DataFrame:
    return family_rows(FAMILY, real_sessions(), {POLICY_DOCUMENTS.table: real(part)}, ZL).set_index("data_date")


# The roadmap's, from the executive orders alone. It prints .792444 for exp(-5.58333/24), which is .792440.
WORKED = {
    "2017-04-05": (3, 0, "37.994896", "0.792440", "0.015873"),
    "2025-02-07": (3, 1, "19.737532", "0.792440", "0.015873"),
    "2025-04-07": (2, 1, "50.797743", "0.792440", "0.126984"),
}


@pytest.mark.parametrize("day", WORKED)
def test_the_values_of_the_roadmap(day: str) -> None:
    row = on_real_files("executive_orders").loc[pd.Timestamp(day)]
    shown = (row[MENTIONS], row[CHINA], *(f"{row[name]:.6f}" for name in (INTENSITY, RECENCY, SHARE)))
    assert shown == WORKED[day]


def test_the_counts_of_the_roadmap() -> None:
    rows = on_real_files("executive_orders")
    days = rows.index
    in_office = ((days >= "2017-01-20") & (days < "2021-01-20")) | (days >= "2025-01-20")
    strong = rows[INTENSITY] > 0
    assert (len(rows), in_office.sum(), (rows[MENTIONS] > 0).sum()) == (3893, 1214, 238)
    assert (strong.sum(), (strong & (days.year == 2025)).sum(), rows[CHINA].sum()) == (20, 17, 11)
    # Soy is in no title.
    orders = real("executive_orders")
    assert orders["title"].notna().sum() == 831
    assert not _has(orders["title"].dropna(), S).any()


@pytest.mark.parametrize("day", ["2022-07-01", "2023-07-12", "2025-09-18"])
def test_the_alerts_of_the_roadmap(day: str) -> None:
    assert on_real_files("documents").loc[pd.Timestamp(day), ALERT]


def test_coverage_of_the_real_files_by_year() -> None:
    rows = on_real_files(".")
    shares = rows[FILLED].notna().groupby(rows.index.year).mean()
    assert (shares.loc[2011:, [MENTIONS, CHINA, INTENSITY, SHARE]] == 1.0).all(axis=None)
    assert shares[ALERT].round(3).loc[[2019, 2020, 2021, 2022, 2023, 2024, 2025]].tolist() == [
        0,
        0.329,
        0.361,
        1,
        1,
        0.373,
        0.809,
    ]
    assert rows[RECENCY].first_valid_index() == pd.Timestamp("2017-04-05")
    assert shares[RECENCY].loc[[2016, 2018, 2025]].tolist() == [0, 1, 1]


def test_the_real_files_pass_every_gate_of_the_family() -> None:
    sources, of = {POLICY_DOCUMENTS.table: real(".")}, real_sessions()
    assert_as_declared(FAMILY, of, sources)
    rows = on_real_files(".").reset_index()
    assert in_range(FAMILY)(rows).passed
    assert coverage(FAMILY, rows, sources, ZL).passed
    assert prefix_invariant(FAMILY, of, sources, ZL).passed
    assert release_times(FAMILY, of, sources, ZL).passed


@pytest.mark.parametrize("part", ["executive_orders", "."])
def test_inputs_stay_in_the_range_they_were_trained_on(part: str) -> None:
    """The gate's own measure: of each of five test folds, at most a quarter outside the training range."""
    from sklearn.model_selection import TimeSeriesSplit

    rows = on_real_files(part)[FILLED]
    flat = rows.set_axis([column.flat_name for column in FAMILY.columns], axis=1)
    for model_input in FAMILY.inputs:
        values = model_input.compute(flat).to_numpy("float64")[62:-21]
        for train, test in TimeSeriesSplit(5, gap=21).split(values):
            # A column that has no value yet has no range.
            seen = values[train][~np.isnan(values[train])]
            if len(seen):
                assert np.mean((values[test] < seen.min()) | (values[test] > seen.max())) <= 0.25, model_input.name


def test_a_model_sees_a_recency_that_is_long_past_as_none() -> None:
    [model_input] = [one for one in FAMILY.inputs if one.name == "policy_policy_trump_recency_decay"]
    values = pd.DataFrame({model_input.name: [0.5, 1e-6, 9e-7, 1e-300, math.nan]})
    assert model_input.compute(values).fillna(-1).tolist() == [0.5, 1e-6, 0, 0, -1]


def test_with_the_white_houses_times_a_tariff_counts_before_the_register() -> None:
    """2 April 2025, 21:37 UTC, against Monday the 7th."""
    both = on_real_files(".")
    assert both.loc["2025-04-03", INTENSITY] == pytest.approx(50.797743, abs=1e-6)
    assert both.loc["2025-04-07", INTENSITY] == 0.0


def test_of_the_white_houses_documents_none_counts_twice() -> None:
    """227 documents come by both, as a page without a number, with one, and in part as an executive order."""
    once = documents.counted_once(real("."))
    pages = once[once["source"] == documents.WHITE_HOUSE]
    # 361 pages, one of which stands there twice.
    assert len(pages) == 360
    titles = {letters(title) for title in pages["title"]}
    orders = once[(once["source"] == documents.FEDERAL_REGISTER) & once["executive_order_number"].notna()]
    span = orders[orders["observed_on"].between("2025-02-05", "2025-09-11")]
    assert [title for title in span["title"] if letters(title) in titles] == []


@pytest.mark.parametrize("day", ["2012-07-16", "2020-06-01", "2025-04-07", "2025-11-14"])
def test_the_picture_has_what_the_table_has(day: str) -> None:
    of = real_sessions()
    own = of[of["data_date"] <= day].reset_index(drop=True)
    chart = shown(real("."), own)
    price, intensity, _ = chart.panels
    rows = on_real_files(".").loc[price.days]
    assert (price.days[-1], price.days[0] > pd.Timestamp(day) - pd.DateOffset(years=2, days=1)) == (pd.Timestamp(day), True)
    assert price.lines["close"].tolist() == own["close"].iloc[-len(price.days) :].tolist()
    [bars] = intensity.bars.values()
    assert bars.tolist() == pytest.approx(rows[INTENSITY].tolist(), nan_ok=True)
    signed, alerts = price.marks.values()
    assert signed.index.tolist() == rows.index[rows[INTENSITY] > 0].tolist()
    assert set(rows.index[rows[ALERT].fillna(False)]) <= set(alerts.index)
    assert len(price.notes) <= 8


def test_the_reciprocal_tariff_is_told_at_its_own_time() -> None:
    told = [note.words for note in shown(real("."), real_sessions()).panels[0].notes]
    assert any(words.startswith("2025-04-02 21:37 UTC, 51 points: Regulating Imports With a Reciprocal Tariff") for words in told)


def letters(title: str) -> str:
    return "".join(letter for letter in title.casefold() if letter.isascii() and letter.isalnum())
