"""What Dagster gets of a check is made from the object: spec, severity, numbers, and what to do."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import pandas as pd
import pytest

from zl_assets import checks
from zl_assets.catalog import Catalog
from zl_assets.checks.group import Group, Looking, dagster_checks, loads, result, spec
from zl_assets.contracts.ledger import LEDGER
from zl_assets.contracts.regimes import REGIME_WEIGHTS
from zl_assets.definitions import definitions_of
from zl_assets.domain.checks import Check, Level, Seen
from zl_assets.domain.families import intraday, macro, pivots, volatility
from zl_assets.domain.families.rows import family_rows
from zl_assets.domain.forecast_record import Remembered
from zl_assets.model.fit.design import BASE_INPUTS
from zl_assets.settings import Settings
from zl_assets.sources.bars import remarks
from zl_assets.warehouse.digits import number
from zl_assets.warehouse.shape import empty_frame
from zl_assets.warehouse.verdict import Verdict
from zl_assets_tests.domain.families.test_intraday import random_hours
from zl_assets_tests.support.builders import bars_of
from zl_assets_tests.support.cases import random_observations
from zl_assets_tests.support.contracts import (
    BARS,
    BARS_1H,
    FEATURES,
    FRED_OBSERVATIONS,
    LATEST,
    MATRIX,
    MES,
    MONTH,
    OOF,
    RECORD,
    REPLAY,
    SCORE,
    SESSIONS,
    TRAINING_VIEW,
    VOLATILITY_DAILY,
    ZL,
)
from zl_assets_tests.support.rows import MODEL_ID, sound

# pandas 2.3 under numpy 2.5: the calendar library calls pd.Timedelta("1h") when it is imported.
pytestmark = pytest.mark.filterwarnings("ignore:The 'generic' unit for NumPy timedelta:DeprecationWarning")

FAMILIES = (intraday.FAMILY, macro.FAMILY, pivots.FAMILY, volatility.FAMILY)
EVERYTHING = ", ".join(family.name for family in FAMILIES)


def verdict(*, passed: bool, offenders: pd.DataFrame | None = None, **facts: object) -> Verdict:
    rows = pd.DataFrame() if offenders is None else offenders
    return Verdict("sound", passed, 3, "0 rows", rows, "3 of 9 rows are odd.", facts)


def check(level: Level = Level.ERROR, reads: tuple[str, ...] = ()) -> Check:
    return Check("zl_ohlcv", "sound", "Rows are sound.", "Correct them.", lambda seen: verdict(passed=True), level, reads)


@pytest.mark.parametrize("level", list(Level))
def test_the_spec_says_what_the_object_says(level: Level) -> None:
    made = spec(check(level, reads=("bars",)))
    assert made.key == dg.AssetCheckKey(dg.AssetKey("zl_ohlcv"), "sound")
    assert made.description == "Rows are sound."
    assert made.blocking == (level is Level.BLOCKING)
    assert [dep.asset_key.to_user_string() for dep in made.additional_deps] == ["bars"]


@pytest.mark.parametrize("level", list(Level))
def test_a_warning_is_yellow_and_every_other_red(level: Level) -> None:
    expected = dg.AssetCheckSeverity.WARN if level is Level.WARNING else dg.AssetCheckSeverity.ERROR
    assert result(check(level), verdict(passed=False)).severity is expected


def test_a_red_check_says_what_to_do_and_names_the_rows() -> None:
    rows = pd.DataFrame({"data_date": [pd.Timestamp("2020-01-02")], "close": [float("inf")]})
    made = result(check(), verdict(passed=False, offenders=rows, path=Path("models/x"), model_id="7"))
    assert not made.passed
    assert made.check_name == "sound"
    assert made.asset_key == dg.AssetKey("zl_ohlcv")
    assert made.metadata["what_to_do"].value == "Correct them."
    assert made.metadata["measured"].value == 3
    assert made.metadata["bound"].value == "0 rows"
    assert made.metadata["model_id"].value == "7"
    assert made.metadata["path"] == dg.MetadataValue.path("models/x")
    [row] = made.metadata["first_offenders"].records
    assert row.data == {"data_date": "2020-01-02", "close": "inf"}
    assert str(made.description) == (
        "sound failed: 3 of 9 rows are odd. Measured 3, bound: 0 rows. First: data_date=2020-01-02, close=inf."
    )


def test_a_green_check_has_nothing_to_do() -> None:
    made = result(check(), verdict(passed=True))
    assert made.passed
    assert made.description == "3 of 9 rows are odd. Measured 3, bound: 0 rows."
    assert set(made.metadata) == {"measured", "bound"}


def every_group(instruments: tuple = (ZL,)) -> list[Group]:
    settings = Settings.load(families=EVERYTHING, kept_families=EVERYTHING)
    catalog = Catalog.of(settings)
    off = [MES] if len(instruments) == 1 else []
    return checks.build(Catalog.with_parts(settings, instruments, catalog.sources, off), settings)


def test_no_two_checks_have_one_name_on_one_asset_and_no_two_steps_one_name() -> None:
    two = (MONTH, replace(MONTH, name="3m", sessions=63, words="quarter"))
    groups = every_group((replace(ZL, horizons=two), replace(MES, horizons=two)))
    twice = [key for key, n in Counter((c.asset, c.name) for g in groups for c in g.checks).items() if n > 1]
    assert twice == []
    assert [name for name, n in Counter(group.name for group in groups).items() if n > 1] == []
    assert all(len({c.asset for c in group.checks}) == 1 for group in groups)


def test_a_step_loads_what_its_checks_say_they_read() -> None:
    for group in every_group():
        for one in group.checks:
            assert {*one.reads} <= {*group.inputs}, f"{one.asset}.{one.name}"


def test_advice_and_words_are_about_the_checks_own_instrument() -> None:
    """No check of MES sends a person to an asset of ZL, nor the other way round."""
    settings = Settings.load(families=EVERYTHING, kept_families=EVERYTHING)
    catalog = Catalog.with_parts(settings, (ZL, MES), Catalog.of(settings).sources)
    graph = definitions_of(catalog, settings).resolve_asset_graph()
    keys = {key.to_user_string() for key in graph.get_all_asset_keys()}
    shared = {BARS.table, REGIME_WEIGHTS.table, BARS_1H.table, FRED_OBSERVATIONS.table, VOLATILITY_DAILY.table}

    def owner(key: str) -> str:
        return "all" if key in shared else "MES" if key.startswith(("mes_", "vw_mes_")) else "ZL"

    for group in checks.build(catalog, settings):
        for one in group.checks:
            named = {word for word in re.findall(r"\w+", f"{one.says} {one.todo}") if word in keys}
            assert {owner(key) for key in named} <= {owner(one.asset), "all"}, f"{one.asset}.{one.name}: {named}"


def test_every_check_of_the_product_has_advice_and_is_a_sentence() -> None:
    found = [one for group in every_group() for one in group.checks]
    # 62 without families.
    assert len(found) > 62
    for one in found:
        for text in (one.says, one.todo):
            assert text[0].isupper() or text[0].isdigit() or text.startswith("target_"), f"{one.asset}.{one.name}: {text}"
            assert text.rstrip().endswith("."), f"{one.asset}.{one.name}: {text}"


def test_without_a_family_there_are_87_checks() -> None:
    settings = Settings.load()
    assert sum(len(group.checks) for group in checks.build(Catalog.of(settings), settings)) == 87


def values() -> dict[str, object]:
    """What every asset holds, as the checks load it; small and sound."""
    sessions = sound(SESSIONS.table)
    held: dict[str, object] = {name: sound(name) for name in (FEATURES.table, MATRIX.table, REGIME_WEIGHTS.table)}
    held |= {OOF.table: sound(OOF.table), LATEST.table: sound(LATEST.table), TRAINING_VIEW.table: sound("view")}
    held |= {SESSIONS.table: sessions, BARS.table: bars_of(sessions), BARS_1H.table: random_hours(sessions)}
    held[FRED_OBSERVATIONS.table] = random_observations(tuple(part.series for part in macro.PARTS), sessions)
    held[VOLATILITY_DAILY.table] = random_observations((volatility.SERIES,), sessions)
    for family in FAMILIES:
        sources = {need.asset: held[need.asset] for need in family.needs}
        held[f"family_{family.name}"] = family_rows(family, sessions, sources, ZL)
    gate = {"passed": True, "measured": 0.5, "bound": "a bound", "detail": "as measured"}
    newest = sessions["data_date"].iloc[-30].date()
    held["lgbm_model"] = SimpleNamespace(
        model_id=MODEL_ID,
        trained_through=newest,
        path=Path("models/x"),
        inputs=BASE_INPUTS,
        instrument=ZL,
        contract={"gates": [{"name": bound.gate, **gate} for bound in ZL.gates], "golden": [{}, {}, {}]},
    )
    held |= {contract.table: empty_frame(contract) for contract in (REPLAY, RECORD, SCORE)}
    for family in FAMILIES:
        for column in family.columns:
            at = held[f"family_{family.name}"].set_index("data_date")[column.column.name]
            held[MATRIX.table][column.path] = at.reindex(held[MATRIX.table]["data_date"]).array
    return held


def worked_out(asset: str, held: Mapping[str, object]) -> dict[str, object]:
    """What a group works out once for several of its checks."""
    return {
        "source": held.get(asset),
        "refused": {},
        "remarks": remarks(None),
        "rows": held.get(asset),
        "select": "SELECT data_date FROM `p.features.daily_ml_matrix`",
        "file": held[TRAINING_VIEW.table],
        "ledger": empty_frame(LEDGER),
        "expected": held.get(asset),
        "remembered": Remembered(),
        "newest": pd.DataFrame(columns=["asset", "state_folder", "prices", "recorded"]),
    }


def test_every_check_answers_in_its_own_name() -> None:
    held = values()
    as_of = sound(SESSIONS.table)["data_date"].iloc[-1].date()
    answered = 0
    for group in every_group():
        for one in group.checks:
            seen = Seen(held, as_of, worked_out(one.asset, held))
            answer = one.verdict(seen)
            assert answer.name == one.name, f"{one.asset}.{one.name}"
            made = result(one, answer)
            assert made.check_name == one.name
            value = number(answer.measured) if isinstance(answer.measured, float) else str(answer.measured)
            for said in (value, answer.bound):
                assert said in str(made.description), f"{one.asset}.{one.name}: {made.description}"
            answered += 1
    assert answered > 62


def test_a_group_runs_as_one_step_and_a_check_that_cannot_be_computed_is_no_verdict() -> None:
    def broken(seen: Seen) -> Verdict:
        raise ZeroDivisionError

    asked: list[str] = []

    def prepare(looking: Looking) -> dict[str, object]:
        asked.append(looking.run)
        return {"name": "prepared"}

    def prepared(seen: Seen) -> Verdict:
        return replace(verdict(passed=True), name=str(seen.found["name"]))

    class Nothing(dg.IOManager):
        def handle_output(self, context: dg.OutputContext, obj: object) -> None: ...

        def load_input(self, context: dg.InputContext) -> pd.DataFrame:
            return pd.DataFrame()

    class Today(dg.ConfigurableResource):
        date: str = "2020-01-02"

    def outcome(*members: Check, alone: Check | None = None) -> dg.ExecuteInProcessResult:
        group = Group("a_step", "What it does.", members, loads("zl_ohlcv"), prepare)
        every = dg.AssetSelection.all_asset_checks()
        selection = every if alone is None else dg.AssetSelection.checks(dg.AssetCheckKey(dg.AssetKey(alone.asset), alone.name))
        defs = dg.Definitions(
            assets=[dg.AssetSpec("zl_ohlcv").with_io_manager_key("nothing")],
            asset_checks=[dagster_checks(group)],
            resources={"nothing": Nothing(), "as_of": Today(), "warehouse": Today()},
            jobs=[dg.define_asset_job("all", selection)],
            executor=dg.in_process_executor,
        )
        quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        return defs.resolve_job_def("all").execute_in_process(raise_on_error=False, run_config=quiet)

    second = replace(check(Level.WARNING), name="other", verdict=lambda seen: replace(verdict(passed=False), name="other"))
    done = outcome(check(), second)
    assert done.success
    assert [(e.check_name, e.passed) for e in done.get_asset_check_evaluations()] == [("sound", True), ("other", False)]
    assert {event.step_key for event in done.get_step_success_events()} == {"a_step"}
    failed = outcome(check(), replace(second, verdict=broken))
    assert not failed.success
    # What was answered before it stands.
    assert [(e.check_name, e.passed) for e in failed.get_asset_check_evaluations()] == [("sound", True)]

    # One alone: the others say nothing, and what only they need is not computed, once for two that do.
    third, fourth = (replace(check(), name=name, verdict=prepared) for name in ("prepared", "another"))
    alone = outcome(check(Level.BLOCKING), replace(second, verdict=broken), third, alone=check())
    assert alone.success
    assert [(e.check_name, e.passed) for e in alone.get_asset_check_evaluations()] == [("sound", True)]
    assert asked == []
    two = outcome(third, replace(fourth, verdict=lambda seen: replace(prepared(seen), name="another")))
    assert [e.check_name for e in two.get_asset_check_evaluations()] == ["prepared", "another"]
    assert len(asked) == 1
