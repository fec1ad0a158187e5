"""Sources of feature families as assets: what they load, what they say where nothing is set, and their checks."""

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import dagster as dg
import pandas as pd
import pytest
from google.cloud import bigquery

from zl_assets.assets.sources import build_sources
from zl_assets.catalog import Catalog
from zl_assets.checks.group import dagster_checks
from zl_assets.checks.sources import source_checks
from zl_assets.contracts.marks import MARKS
from zl_assets.domain.checks import Level, Seen
from zl_assets.domain.families import biofuel, intraday, macro, policy, volatility
from zl_assets.domain.families import cot as cot_family
from zl_assets.domain.releases import MACRO_SERIES, RELEASES, VOLATILITY_SERIES
from zl_assets.io_managers.bigquery import Warehouse
from zl_assets.io_managers.homes import EmbeddedBigQuery
from zl_assets.io_managers.metadata import Told
from zl_assets.resources import AsOf
from zl_assets.settings import Settings
from zl_assets.sources import (
    bars_1h,
    cot_weekly,
    fred_observations,
    observations,
    policy_documents,
    rin_prices,
    volatility_daily,
    wasde_balance,
    weather_daily,
)
from zl_assets.warehouse.contract import TableContract
from zl_assets.warehouse.inspection import Terms
from zl_assets.warehouse.jobs import JobRunner
from zl_assets.warehouse.names import Namespace
from zl_assets.warehouse.publish import Publication, Publisher, Withheld
from zl_assets.warehouse.shape import conform, empty_frame
from zl_assets_tests.support import cot, rin
from zl_assets_tests.support.builders import random_closes, sessions_of
from zl_assets_tests.support.contracts import (
    BARS_1H,
    CONTRACTS,
    COT_WEEKLY,
    FRED_OBSERVATIONS,
    INTELLIGENCE,
    POLICY_DOCUMENTS,
    RIN_PRICES,
    ROW_RULES,
    SESSIONS,
    VOLATILITY_DAILY,
)
from zl_assets_tests.support.documents import answer
from zl_assets_tests.support.documents import result as document_result
from zl_assets_tests.support.rows import red_rules
from zl_assets_tests.support.series import delivered, write_file
from zl_assets_tests.support.wasde import file_of, monthly
from zl_assets_tests.support.weather import access_file, made_up

ALL = frozenset(INTELLIGENCE)
# Between them they read every source but the weather, the documents and the balances.
FAMILIES = "intraday, macro, volatility"
AS_OF = "2015-12-31"


class Memory(dg.IOManager):
    """Keeps what was handed over; a table that was never written is read without rows, as the product's IO manager does."""

    def __init__(self) -> None:
        self.tables: dict[str, Any] = {}

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        told = Told.of(obj)
        self.tables[context.asset_key.path[-1]] = told.value
        context.add_output_metadata(told.facts)

    def load_input(self, context: dg.InputContext) -> pd.DataFrame:
        name = context.asset_key.path[-1]
        kept = self.tables.get(name)
        return kept if isinstance(kept, pd.DataFrame) else empty_frame(INTELLIGENCE[name])


class NoWarehouse(Warehouse):
    """These assets ask BigQuery for nothing but their own stored rows, and get those that `Memory` has."""

    kept: ClassVar[Memory]

    @contextmanager
    def publisher(self, *, run: str, asset: str) -> Iterator[Any]:
        yield self

    def latest(self, contract: TableContract, *, absent_ok: bool) -> pd.DataFrame:
        kept = self.kept.tables.get(contract.table)
        return kept if isinstance(kept, pd.DataFrame) else empty_frame(contract)

    @classmethod
    def make(cls) -> "NoWarehouse":
        return cls(
            bigquery=EmbeddedBigQuery(project=None, location="nowhere", state_dir="nowhere"),
            mark="nothing",
            location="nowhere",
            dataset_prefix="",
            may_create=False,
            max_partitions=1,
            max_bytes=1,
            deadline=1.0,
        )


def run(settings: Settings, memory: Memory) -> dg.ExecuteInProcessResult:
    """All three assets and their checks, over 260 sessions of 2015."""
    memory.tables[SESSIONS.table] = sessions_of(random_closes(200))
    NoWarehouse.kept = memory
    sessions = dg.AssetSpec(SESSIONS.table).with_io_manager_key("tables_io")
    catalog = Catalog.of(settings)
    defs = dg.Definitions(
        assets=[sessions, *build_sources(catalog, settings)],
        asset_checks=[dagster_checks(group) for group in source_checks(catalog, settings)],
        resources={"tables_io": memory, "as_of": AsOf(fixed=AS_OF), "warehouse": NoWarehouse.make()},
        jobs=[dg.define_asset_job("all", dg.AssetSelection.all())],
        executor=dg.in_process_executor,
    )
    job = defs.resolve_job_def("all")
    return job.execute_in_process(
        raise_on_error=False, run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    )


def checks_of(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    return {f"{e.asset_key.path[-1]}.{e.check_name}": e for e in result.get_asset_check_evaluations()}


def red(result: dg.ExecuteInProcessResult) -> set[str]:
    return {name for name, evaluation in checks_of(result).items() if not evaluation.passed}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """FRED's files of every series for 2015, with an empty cell each."""
    made = tmp_path / "fred"
    made.mkdir()
    for series in RELEASES:
        file = write_file(made, delivered(series, "2014-10-01", "2015-12-31"))
        file.write_text(file.read_text().replace("\n", "\n2014-09-01,\n", 1))
    return made


@pytest.fixture
def hours(tmp_path: Path) -> Path:
    """Two hours of each session, which trade its volume, and one after the as-of date."""
    sessions = sessions_of(random_closes(200))
    starts = sessions["data_date"].dt.tz_localize("UTC")
    rows = pd.concat(
        [sessions.assign(ts_event=starts + pd.Timedelta(hours=h), volume=20_000) for h in (14, 15)]
        + [sessions.tail(1).assign(ts_event=pd.Timestamp(AS_OF, tz="UTC"))]
    )
    path = tmp_path / "hours.parquet"
    rows[list(BARS_1H.frame_columns)].to_parquet(path)
    return path


def test_tables_are_filled_from_files_and_every_check_is_green(folder: Path, hours: Path) -> None:
    memory = Memory()
    result = run(Settings.load(families=FAMILIES, fred=str(folder), bars_1h=str(hours)), memory)
    assert result.success
    assert red(result) == set()
    assert set(memory.tables[FRED_OBSERVATIONS.table]["series"]) == set(MACRO_SERIES)
    assert set(memory.tables[VOLATILITY_DAILY.table]["series"]) == {"VIXCLS"}
    assert len(memory.tables[BARS_1H.table]) == 400
    metadata = {
        e.asset_key.path[-1]: e.materialization.metadata for e in result.get_asset_materialization_events() if e.asset_key
    }
    found = metadata[FRED_OBSERVATIONS.table]["series"].value
    assert {record["series"] for record in (r.data for r in found.records)} == set(MACRO_SERIES)
    assert all(re.search(r"without_a_value: 1; .*fetched_at: \S+ \S+ UTC; ", str(r.data["and"])) for r in found.records)
    assert metadata[BARS_1H.table]["hours_not_final_left_out"].value == 1


def test_nothing_set_is_said_and_harms_nothing() -> None:
    memory = Memory()
    result = run(Settings.load(families=FAMILIES), memory)
    assert result.success
    assert memory.tables[FRED_OBSERVATIONS.table] == Withheld(observations.UNSET)
    assert memory.tables[BARS_1H.table] == Withheld(bars_1h.UNSET)
    accepted = checks_of(result)["fred_observations.series_accepted"]
    assert not accepted.passed
    assert accepted.severity is dg.AssetCheckSeverity.WARN
    assert "ZL_FRED" in str(accepted.description)


def test_a_bad_series_is_named_and_the_others_are_loaded(folder: Path) -> None:
    (folder / "DGS2.csv").unlink()
    stopped = (folder / "DGS10.csv").read_text().splitlines()
    (folder / "DGS10.csv").write_text("\n".join(stopped[:100]) + "\n")
    vix = (folder / "VIXCLS.csv").read_text().splitlines()
    day, value = vix[50].split(",")
    vix[50] = f"{day},{float(value) * 100}"
    (folder / "VIXCLS.csv").write_text("\n".join(vix) + "\n")
    late = (folder / "T10YIE.csv").read_text().splitlines()
    (folder / "T10YIE.csv").write_text("\n".join([late[0], *late[120:]]) + "\n")
    memory = Memory()
    result = run(Settings.load(families=FAMILIES, fred=str(folder)), memory)
    assert result.success
    checks = checks_of(result)
    assert set(memory.tables[FRED_OBSERVATIONS.table]["series"]) == set(MACRO_SERIES) - {"DGS2"}
    assert isinstance(memory.tables[VOLATILITY_DAILY.table], Withheld)
    assert "observations_in_range failed" in memory.tables[VOLATILITY_DAILY.table].reason
    for name, said in {
        "fred_observations.series_accepted": "there is no DGS2.csv",
        "fred_observations.series_fresh": "DGS10 (",
        "fred_observations.series_start_in_time": "T10YIE (",
        "volatility_daily.series_accepted": day,
    }.items():
        assert not checks[name].passed
        assert said in str(checks[name].description), name


def test_two_dates_on_which_series_contradict_are_a_red_check_and_are_loaded(folder: Path) -> None:
    rows = delivered("T10Y2Y", "2014-10-01", "2015-12-31")
    wrong = rows.index[[40, 200]]
    write_file(folder, rows.assign(value=rows["value"].where(~rows.index.isin(wrong), rows["value"] + 0.4)))
    memory = Memory()
    result = run(Settings.load(families=FAMILIES, fred=str(folder)), memory)
    assert result.success
    assert set(memory.tables[FRED_OBSERVATIONS.table]["series"]) == set(MACRO_SERIES)
    red_check = checks_of(result)["fred_observations.spread_is_the_difference"]
    assert not red_check.passed
    assert all(f"{day:%Y-%m-%d}" in str(red_check.description) for day in rows.loc[wrong, "observed_on"])
    assert "fred_observations.spread_is_the_difference" in red(result)


def test_wrong_rows_that_the_table_already_has_are_red_and_block_nothing() -> None:
    settings = Settings.load(families=FAMILIES)
    [group] = [group for group in source_checks(Catalog.of(settings), settings) if FRED_OBSERVATIONS.table in group.inputs]
    rows = conform(
        pd.concat([delivered(series) for series in MACRO_SERIES]).pipe(
            lambda frame: frame.assign(available_at=pd.Timestamp("2021-02-01", tz="UTC"), vintage=pd.NaT)
        ),
        FRED_OBSERVATIONS,
    )
    changes = {
        "on_observation_days": ("observed_on", pd.Timestamp("2019-03-10")),
        "no_zero_observation": ("value", 0.0),
        "decimals_as_quoted": ("value", 0.0425),
        "spread_is_the_difference": ("value", 1.0),
    }
    for check in group.checks:
        if check.name in changes:
            column, value = changes[check.name]
            wrong = rows.copy()
            wrong.loc[rows.index[rows["series"] == "DGS10"][9], column] = value
            for held, passed in ((rows, True), (wrong, False)):
                seen = Seen({FRED_OBSERVATIONS.table: held}, dt.date(2021, 2, 1))
                assert check.verdict(seen).passed is passed, check.name
            assert check.level is Level.ERROR
            # What a row shows by itself, the write path does not take either.
            written = red_rules(FRED_OBSERVATIONS.table, wrong)
            assert (check.name in written) is (check.name != "spread_is_the_difference")
    assert set(changes) <= {check.name for check in group.checks}


def test_a_folder_that_is_not_there_stops_with_one_message(tmp_path: Path) -> None:
    result = run(Settings.load(families=FAMILIES, fred=str(tmp_path / "nowhere")), Memory())
    assert not result.success
    failures = [str(e.step_failure_data.user_failure_data.description) for e in result.get_step_failure_events()[:2]]
    assert all("ZL_FRED" in text for text in failures)


def test_in_the_cloud_the_hours_are_somebody_elses_and_the_series_are_ours() -> None:
    settings = Settings.load(gcp_project="my-project", families=FAMILIES)
    kinds = {a.key.path[-1]: type(a) for a in build_sources(Catalog.of(settings), settings)}
    assert kinds == {
        FRED_OBSERVATIONS.table: dg.AssetsDefinition,
        VOLATILITY_DAILY.table: dg.AssetsDefinition,
        BARS_1H.table: dg.AssetSpec,
    }


def test_only_what_a_family_reads_is_built() -> None:
    nothing = Settings.load()
    assert build_sources(Catalog.of(nothing), nothing) == []
    assert source_checks(Catalog.of(nothing), nothing) == []
    settings = Settings.load(families="volatility")
    [only] = build_sources(Catalog.of(settings), settings)
    assert only.key == dg.AssetKey(VOLATILITY_DAILY.table)
    [group] = source_checks(Catalog.of(settings), settings)
    assert {check.asset for check in group.checks} == {VOLATILITY_DAILY.table}
    assert not ALL & set(CONTRACTS)


def test_every_need_of_a_family_is_a_source_that_holds_its_series() -> None:
    series = {FRED_OBSERVATIONS.table: MACRO_SERIES, VOLATILITY_DAILY.table: VOLATILITY_SERIES}
    for part in (biofuel, cot_family, intraday, macro, policy, volatility):
        family = part.FAMILY
        for need in family.needs:
            assert set(need.series) <= set(series.get(need.asset, ())), family.name
            assert need.asset in INTELLIGENCE
    for source in (fred_observations.SOURCE, volatility_daily.SOURCE):
        assert [name.split("`")[1] for name in source.releases] == list(series[source.table])


def test_what_the_source_says_of_its_releases_is_on_the_asset() -> None:
    settings = Settings.load(families=FAMILIES)
    made = {a.key.path[-1]: a for a in build_sources(Catalog.of(settings), settings)}
    said = made[VOLATILITY_DAILY.table].descriptions_by_key[dg.AssetKey(VOLATILITY_DAILY.table)]
    assert "an observation counts from its release on:\n\n- `VIXCLS`, " in said
    assert said.endswith(RELEASES["VIXCLS"].rule)
    hours = made[BARS_1H.table].descriptions_by_key[dg.AssetKey(BARS_1H.table)]
    assert hours.endswith("Loaded from ZL_BARS_1H, for the families that read hours.")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """An executive order and a page, and a list of events that is no publisher's."""
    made = tmp_path / "policy"
    made.mkdir()
    order = document_result("2015-30000", "2015-12-21", "Tariffs", type="Presidential Document", executive_order_number=13700)
    answer(made / "2015q4.json", order, document_result("2015-30001", "2015-12-28", "Soybeans"))
    (made / "pages.csv").write_text("published_at_utc,title,url\n2015-12-18T21:00:00Z,Tariffs,https://www.whitehouse.gov/a/\n")
    (made / "trade_biofuel_events.csv").write_text("published_on\n2015-01-01\n")
    return made


def test_documents_are_loaded_and_their_checks_are_green(files: Path) -> None:
    memory = Memory()
    result = run(Settings.load(families="policy", policy=str(files)), memory)
    assert result.success
    assert red(result) == set()
    assert memory.tables[POLICY_DOCUMENTS.table]["kind"].value_counts().to_dict() == {
        "document": 3,
        "day of presidential documents": 6,
        "day of all documents": 5,
    }
    facts = next(e.materialization.metadata for e in result.get_asset_materialization_events())
    assert facts["not_read"].value == "trade_biofuel_events.csv"


def test_a_bad_file_of_documents_is_named_and_the_others_are_loaded(files: Path) -> None:
    (files / "2015q3.csv").write_text("<html>502 Bad Gateway</html>")
    memory = Memory()
    result = run(Settings.load(families="policy", policy=str(files)), memory)
    assert result.success
    assert red(result) == {"policy_documents.files_accepted"}
    assert "2015q3.csv: this is a web page" in str(checks_of(result)["policy_documents.files_accepted"].description)
    assert len(memory.tables[POLICY_DOCUMENTS.table]) == 14
    # And what is there where nothing can be used.
    (files / "2015q4.json").unlink()
    (files / "pages.csv").unlink()
    nothing = Memory()
    assert run(Settings.load(families="policy", policy=str(files)), nothing).success
    assert "this is a web page" in nothing.tables[POLICY_DOCUMENTS.table].reason


def test_a_document_that_a_replaced_file_tells_otherwise_is_a_version_of_its_own(files: Path) -> None:
    memory = Memory()
    settings = Settings.load(families="policy", policy=str(files))
    run(settings, memory)
    before = memory.tables[POLICY_DOCUMENTS.table]
    order = document_result("2015-30000", "2015-12-21", "Tarifs", type="Presidential Document", executive_order_number=13700)
    answer(files / "2015q4.json", order, document_result("2015-30001", "2015-12-28", "Soybeans"))
    result = run(settings, memory)
    now = memory.tables[POLICY_DOCUMENTS.table]
    [version] = now[now["available_at"] > before["available_at"].max()].to_dict("records")
    assert (version["title"], f"{version['vintage']:%Y-%m-%d}") == ("Tarifs", f"{dt.datetime.now(dt.UTC):%Y-%m-%d}")
    assert red(result) == set()
    assert len(now) == len(before)


def test_a_version_that_was_fetched_over_midnight_is_not_known_by_the_midnight(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = Memory()
    settings = Settings.load(families="policy", policy=str(files))
    run(settings, memory)
    order = document_result("2015-30000", "2015-12-21", "Tarifs", type="Presidential Document", executive_order_number=13700)
    answer(files / "2015q4.json", order, document_result("2015-30001", "2015-12-28", "Soybeans"))
    times = iter([dt.datetime(2016, 1, 4, 23, 59, tzinfo=dt.UTC), dt.datetime(2016, 1, 5, 0, 3, tzinfo=dt.UTC)])
    clock = SimpleNamespace(datetime=SimpleNamespace(now=lambda zone: next(times)), UTC=dt.UTC)
    monkeypatch.setattr("zl_assets.assets.sources.dt", clock)
    run(settings, memory)
    now = memory.tables[POLICY_DOCUMENTS.table]
    assert now.loc[now["title"].eq("Tarifs"), "available_at"].tolist() == [pd.Timestamp("2016-01-06", tz="UTC")]


def test_without_documents_it_is_said_and_nothing_is_harmed() -> None:
    memory = Memory()
    result = run(Settings.load(families="policy"), memory)
    assert result.success
    assert memory.tables[POLICY_DOCUMENTS.table] == Withheld(policy_documents.UNSET)
    assert checks_of(result)["policy_documents.files_accepted"].severity is dg.AssetCheckSeverity.WARN


@pytest.fixture
def positions_and_prices(tmp_path: Path) -> dict[str, str]:
    """A year's reports and prices, as ZL_COT and ZL_RIN name them."""
    reports = tmp_path / "cot" / "fut_disagg_txt_2015.zip"
    reports.parent.mkdir()
    reports.write_bytes(cot.zipped(cot.text(*cot.made_up("2015-01-01", "2015-12-22").to_dict("records"))))
    prices = tmp_path / "rin" / "RIN_prices_20151228.csv"
    prices.parent.mkdir()
    weeks = [
        (f"{row.observed_on:%m/%d/%Y}", str(row.transfer_year), str(row.rin_year), row.d_code, row.service, f"${row.price}")
        for row in rin.made_up("2015-01-05", "2015-12-21").itertuples()
    ]
    prices.write_text(rin.csv(*weeks))
    return {"cot": str(reports.parent), "rin": str(prices.parent)}


def test_positions_and_prices_are_loaded_and_a_bad_file_is_named_and_harms_no_other(
    files: Path, positions_and_prices: dict[str, str]
) -> None:
    settings = Settings.load(families="cot, biofuel", policy=str(files), **positions_and_prices)
    memory = Memory()
    result = run(settings, memory)
    assert result.success
    assert red(result) == set()
    reports, prices = memory.tables[COT_WEEKLY.table], memory.tables[RIN_PRICES.table]
    assert (len(reports), len(prices)) == (51, 198)
    # Pages of an error, saved beside the files; and a report of futures and options.
    for name in positions_and_prices.values():
        (Path(name) / "later.csv").write_text("<html>503 Service Unavailable</html>\n")
    (Path(positions_and_prices["cot"]) / "com_disagg.txt").write_text(cot.text(cot.report("2015-12-22"), kind="Combined"))
    result = run(settings, memory)
    assert result.success
    assert red(result) == {"cot_weekly.no_file_refused", "rin_prices.no_file_refused"}
    said = str(checks_of(result)["cot_weekly.no_file_refused"].metadata)
    assert "com_disagg.txt, line 2: FutOnly_or_Combined is 'Combined'" in said
    assert "later.csv: this is a web page" in said
    assert "later.csv: this is a web page" in str(checks_of(result)["rin_prices.no_file_refused"].metadata)
    pd.testing.assert_frame_equal(memory.tables[COT_WEEKLY.table], reports)
    pd.testing.assert_frame_equal(memory.tables[RIN_PRICES.table], prices)


def test_a_report_that_a_replaced_file_tells_otherwise_is_a_version_of_its_own(positions_and_prices: dict[str, str]) -> None:
    memory = Memory()
    settings = Settings.load(families="cot", cot=positions_and_prices["cot"])
    run(settings, memory)
    before = memory.tables[COT_WEEKLY.table]
    told = before.assign(mm_long=before["mm_long"] - 1, nonrept_long=before["nonrept_long"] + 1).head(1)
    changed = pd.concat([told, before.iloc[1:]]).to_dict("records")
    (Path(positions_and_prices["cot"]) / "fut_disagg_txt_2015.zip").write_bytes(cot.zipped(cot.text(*changed)))
    result = run(settings, memory)
    now = memory.tables[COT_WEEKLY.table]
    [version] = now[now["vintage"].notna()].to_dict("records")
    assert (version["mm_long"], version["observed_on"]) == (before["mm_long"].iloc[0] - 1, before["observed_on"].iloc[0])
    assert version["available_at"] > pd.Timestamp.now("UTC")
    assert red(result) == set()


def test_wrong_positions_and_prices_that_the_table_already_has_are_red(files: Path) -> None:
    settings = Settings.load(families="cot, biofuel", policy=str(files), cot="unused", rin="unused")
    groups = {group.checks[0].asset: group for group in source_checks(Catalog.of(settings), settings)}
    as_of = dt.date(2016, 1, 4)
    cases = {
        COT_WEEKLY.table: (
            cot.made_up("2015-01-01", "2015-12-29"),
            {
                "positions_add_up": {"mm_long": 0},
                "report_days": {"observed_on": pd.Timestamp("2015-03-06")},
                "known_by_rule": {"available_at": pd.Timestamp("2015-03-06", tz="UTC")},
            },
        ),
        RIN_PRICES.table: (
            rin.made_up("2015-01-05", "2015-12-28"),
            {
                "prices_in_range": {"price": 145.0},
                "weeks_sound": {"transfer_year": 2014},
                "known_by_rule": {"available_at": pd.Timestamp("2015-03-06", tz="UTC")},
            },
        ),
    }
    for table, (rows, faults) in cases.items():

        def red_of(stored: pd.DataFrame, source: pd.DataFrame, *refused: str, table: str = table) -> set[str]:
            found = {"refused": dict.fromkeys(refused, "no CSV"), "source": source}
            seen = Seen({table: stored}, as_of, found)
            return {check.name for check in groups[table].checks if not check.verdict(seen).passed}

        assert red_of(rows, rows) == set()
        for name, changed in faults.items():
            wrong = rows.copy()
            wrong.loc[9, list(changed)] = list(changed.values())
            assert name in red_of(wrong, rows)
        assert red_of(rows, rows.iloc[1:]) == {"no_vanished_row"}
        # Of a file that is refused what is stored stays.
        assert red_of(rows, rows.head(0), "a.csv") == {"no_file_refused"}


def test_positions_and_prices_that_are_not_set_are_said_and_harm_nothing(files: Path) -> None:
    memory = Memory()
    result = run(Settings.load(families="cot, biofuel", policy=str(files)), memory)
    assert result.success
    assert memory.tables[COT_WEEKLY.table] == Withheld(cot_weekly.UNSET)
    assert memory.tables[RIN_PRICES.table] == Withheld(rin_prices.UNSET)
    for table in (COT_WEEKLY.table, RIN_PRICES.table):
        accepted = checks_of(result)[f"{table}.no_file_refused"]
        assert (accepted.passed, accepted.severity) == (False, dg.AssetCheckSeverity.WARN)


READ_BY = {
    FRED_OBSERVATIONS.table: "macro",
    POLICY_DOCUMENTS.table: "policy",
    RIN_PRICES.table: "biofuel",
    BARS_1H.table: "intraday",
}


@pytest.mark.parametrize("table", READ_BY)
def test_the_write_path_takes_the_tables_and_a_second_write_changes_nothing(
    bq: bigquery.Client,
    prefix: str,
    folder: Path,
    hours: Path,
    files: Path,
    positions_and_prices: dict[str, str],
    table: str,
) -> None:
    memory, contract = Memory(), INTELLIGENCE[table]
    # Of the sources only what one family reads: with those of all four each case took 2.1 CPU seconds.
    settings = Settings.load(
        families=READ_BY[table], fred=str(folder), bars_1h=str(hours), policy=str(files), **positions_and_prices
    )
    run(settings, memory)
    frame = memory.tables[contract.table].head(60)

    def publisher() -> Publisher:
        runner = JobRunner(bq, MARKS, "test", "sources", max_bytes=1 << 30, deadline=60.0)
        return Publisher(
            runner, Namespace(bq.project, prefix), Terms("us-central1", may_create=True, marks=MARKS), max_partitions=3000
        )

    rules = ROW_RULES[contract.table]
    first = publisher().publish(Publication(frame), contract, rules)
    assert (first.inserted, first.updated) == (len(frame), 0)
    again = publisher().publish(Publication(frame), contract, rules)
    assert (again.inserted, again.updated, again.unchanged) == (0, 0, len(frame))
    pd.testing.assert_frame_equal(publisher().read(contract), conform(frame, contract))


def test_weather_is_loaded_and_green_and_a_bad_file_is_named_and_harms_no_other(tmp_path: Path) -> None:
    rows = made_up("2015-01-01", "2015-12-24", "USC00115079", "USC00131533")
    for station, own in rows.groupby("station"):
        (tmp_path / f"{station}.csv").write_text(access_file(own))
    settings = Settings.load(families="weather", weather=str(tmp_path))
    weather_daily._read_once.cache_clear()
    memory = Memory()
    result = run(settings, memory)
    assert result.success
    assert red(result) == set()
    assert len(memory.tables["weather_daily"]) == len(rows)
    # Read once for the asset and its checks, and again when a file is another.
    assert weather_daily._read_once.cache_info().misses == 1
    # A page of an error, saved as the station's file: what is stored of it stays, and the other station is loaded.
    (tmp_path / "USC00131533.csv").write_text("<html>503 Service Unavailable</html>")
    result = run(settings, memory)
    assert result.success
    assert weather_daily._read_once.cache_info().misses == 2
    assert red(result) == {"weather_daily.weather_files_accepted"}
    accepted = checks_of(result)["weather_daily.weather_files_accepted"]
    assert "USC00131533.csv: an HTML or XML page" in str(accepted.metadata)
    assert set(memory.tables["weather_daily"]["station"]) == {"USC00115079"}


def test_weather_that_is_not_set_is_said_and_harms_nothing() -> None:
    memory = Memory()
    result = run(Settings.load(families="weather"), memory)
    assert result.success
    assert memory.tables["weather_daily"] == Withheld(weather_daily.UNSET)
    accepted = checks_of(result)["weather_daily.weather_files_accepted"]
    assert (accepted.passed, accepted.severity) == (False, dg.AssetCheckSeverity.WARN)


def test_wrong_weather_that_the_table_already_has_is_red() -> None:
    settings = Settings.load(families="weather")
    [group] = source_checks(Catalog.of(settings), settings)
    sound = made_up("2015-01-01", "2015-12-24", "USC00115079")
    changes = {
        "weather_in_range": sound.assign(tmax_c=sound["tmin_c"] - 1),
        "stations_listed": sound.assign(station="USC00999999"),
        "weather_available_by_rule": sound.assign(available_at=sound["available_at"] - pd.Timedelta(hours=1)),
        "stations_fresh": sound[sound["observed_on"] < "2015-11-01"],
        "no_vanished_weather": sound,
        "unique_key": pd.concat([sound, sound]),
    }
    by_name = {check.name: check for check in group.checks}
    assert set(by_name) == {*changes, "weather_files_accepted"}
    for name, frame in changes.items():
        source = sound.tail(10) if name == "no_vanished_weather" else sound
        seen = Seen({"weather_daily": frame}, dt.date(2015, 12, 31), {"refused": {}, "source": source})
        red_now = {other for other, check in by_name.items() if not check.verdict(seen).passed}
        assert name in red_now
    seen = Seen({"weather_daily": sound}, dt.date(2015, 12, 31), {"refused": {}, "source": sound})
    assert [name for name, check in by_name.items() if not check.verdict(seen).passed] == []


def test_balances_are_loaded_and_green_and_a_bad_file_is_named_and_harms_no_other(tmp_path: Path) -> None:
    rows = monthly("2015-01-12", 12, 484 + 54 - 2)
    by_release = [own for _, own in rows.groupby("wasde_number")]
    for own in by_release:
        (tmp_path / f"{own['wasde_number'].iloc[0]}.csv").write_text(file_of(own))
    settings = Settings.load(families="wasde", wasde=str(tmp_path))
    memory = Memory()
    result = run(settings, memory)
    assert result.success
    assert red(result) == set()
    assert len(memory.tables["wasde_balance"]) == len(rows)
    facts = next(e.materialization.metadata for e in result.get_asset_materialization_events())
    assert (facts["releases"].value, facts["newest_release"].value) == (12, "2015-12-12")
    # A page of an error, saved as a release's file: what is stored of it stays, and the others are loaded.
    (tmp_path / "547.csv").write_text("<html>503 Service Unavailable</html>")
    result = run(settings, memory)
    assert result.success
    assert red(result) == {"wasde_balance.wasde_files_accepted"}
    assert "547.csv: a web page" in str(checks_of(result)["wasde_balance.wasde_files_accepted"].metadata)
    assert memory.tables["wasde_balance"]["wasde_number"].max() == 546


def test_balances_that_are_not_set_are_said_and_harm_nothing() -> None:
    memory = Memory()
    result = run(Settings.load(families="wasde"), memory)
    assert result.success
    assert memory.tables["wasde_balance"] == Withheld(wasde_balance.UNSET)
    accepted = checks_of(result)["wasde_balance.wasde_files_accepted"]
    assert (accepted.passed, accepted.severity) == (False, dg.AssetCheckSeverity.WARN)


def test_wrong_balances_that_the_table_already_has_are_red() -> None:
    settings = Settings.load(families="wasde")
    [group] = source_checks(Catalog.of(settings), settings)
    sound = monthly("2015-01-12", 12, 484 + 54 - 2)
    changes = {
        "balance_adds_up": sound.assign(imports=sound["imports"] + 5),
        "balance_in_range": sound.assign(price_low=1000.0),
        "wasde_dates_agree": sound.assign(wasde_number=sound["wasde_number"] + 40),
        "wasde_available_by_rule": sound.assign(available_at=sound["available_at"] - pd.Timedelta(hours=1)),
        "releases_without_gap": sound[sound["wasde_number"] != 540],
        "wasde_fresh": sound[sound["observed_on"] < "2015-10-01"],
        "no_vanished_release": sound,
        "unique_key": pd.concat([sound, sound]),
    }
    by_name = {check.name: check for check in group.checks}
    assert set(by_name) == {*changes, "wasde_files_accepted"}
    for name, frame in changes.items():
        source = sound.tail(10) if name == "no_vanished_release" else sound
        seen = Seen({"wasde_balance": frame}, dt.date(2015, 12, 31), {"refused": {}, "source": source})
        assert name in {other for other, check in by_name.items() if not check.verdict(seen).passed}
    # Of a file that is refused what is stored stays.
    seen = Seen({"wasde_balance": sound}, dt.date(2015, 12, 31), {"refused": {"a.csv": "no CSV"}, "source": sound.head(0)})
    assert [name for name, check in by_name.items() if not check.verdict(seen).passed] == ["wasde_files_accepted"]
    seen = Seen({"wasde_balance": sound}, dt.date(2015, 12, 31), {"refused": {}, "source": sound})
    assert [name for name, check in by_name.items() if not check.verdict(seen).passed] == []
