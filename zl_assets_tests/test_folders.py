"""The check and the sensor that say when what the UI shows is another state folder's."""

from collections.abc import Iterator
from dataclasses import replace

import dagster as dg
import pytest

from zl_assets.automation import build_folder_sensor
from zl_assets.catalog import Catalog
from zl_assets.checks.folders import newest_records, watched
from zl_assets.definitions import definitions_of
from zl_assets.domain.rules.records import of_this_state_folder
from zl_assets.provenance import Provenance
from zl_assets.settings import Settings
from zl_assets_tests.support.contracts import MONTH, ZL

QUARTER = replace(MONTH, name="3m", sessions=63, words="quarter")

BARS, CSV, FORECASTS = "databento_futures_ohlcv_1d", "training_csv", "zl_1m_latest"


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


class Folder:
    """One state folder, with a daemon that evaluates its sensor; the cursor is Dagster's, which folders share."""

    cursor: str | None = None

    def __init__(self, instance: dg.DagsterInstance, name: str, **settings: str) -> None:
        self.instance = instance
        self.settings = Settings.load(state_dir=f"/work/{name}", **settings)
        self.sensor = build_folder_sensor(Catalog.of(self.settings), self.settings)

    def materialize(self, *assets: str) -> None:
        for asset in assets:
            event = dg.AssetMaterialization(asset, metadata=Provenance.of(self.settings).metadata)
            self.instance.report_runless_asset_event(event)

    def tick(self) -> dict[str, bool]:
        """The assets whose check was answered, and how."""
        with dg.build_sensor_context(instance=self.instance, cursor=Folder.cursor) as context:
            data = self.sensor.evaluate_tick(context)
        Folder.cursor = data.cursor
        answers = {}
        for event in data.asset_events:
            assert isinstance(event, dg.AssetCheckEvaluation)
            assert event.severity is dg.AssetCheckSeverity.ERROR
            self.instance.report_runless_asset_event(event)
            answers[event.asset_key.to_user_string()] = event.passed
        return answers


@pytest.fixture
def folders(instance: dg.DagsterInstance) -> tuple[Folder, Folder]:
    Folder.cursor = None
    return Folder(instance, "ours"), Folder(instance, "theirs", bars="/data/bars.parquet")


def test_the_forecasts_are_judged_with_what_they_are_made_of_and_not_with_what_is_made_of_them() -> None:
    """What comes after them in a run is still another folder's when the check is made: each run would warn."""
    settings = Settings.load()
    off = [one for one in Catalog.of(Settings.load(instruments="ZL,MES")).instruments if one.symbol != ZL.symbol]
    two = Catalog.with_parts(settings, (replace(ZL, horizons=(MONTH, QUARTER)),), Catalog.of(settings).sources, off)
    graph = definitions_of(two, settings).resolve_asset_graph()
    judged = {one.check.asset: set(one.assets) for one in watched(two, settings)}
    for asset in (FORECASTS, "zl_3m_latest"):
        made_of, todo = {asset}, [asset]
        while todo:
            above = {key.to_user_string() for key in graph.get(dg.AssetKey(todo.pop())).parent_keys} - made_of
            made_of |= above
            todo += above
        assert judged[asset] == made_of - {"regime_weights"}, asset


def test_a_newer_materialization_of_another_folder_is_said_once_and_taken_back_by_the_own(
    folders: tuple[Folder, Folder],
) -> None:
    ours, theirs = folders
    assert ours.tick() == {}
    ours.materialize(BARS, CSV, FORECASTS)
    assert ours.tick() == {}
    theirs.materialize(CSV)
    assert ours.tick() == {FORECASTS: False}
    theirs.materialize(BARS)
    assert ours.tick() == {BARS: False, FORECASTS: False}
    assert ours.tick() == {}
    ours.materialize(BARS, CSV)
    assert ours.tick() == {BARS: True, FORECASTS: True}
    assert ours.tick() == {}


def test_it_names_the_asset_the_folder_and_the_prices(folders: tuple[Folder, Folder], instance: dg.DagsterInstance) -> None:
    ours, theirs = folders
    theirs.materialize(FORECASTS)
    assert ours.tick() == {FORECASTS: False}
    key = dg.AssetCheckKey(dg.AssetKey(FORECASTS), "of_this_state_folder")
    record = instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key]
    assert record.evaluation is not None
    said = str(record.evaluation.description)
    assert "Last materialized by another state folder than /work/ours: 1 of 1." in said
    assert "asset=zl_1m_latest, state_folder=/work/theirs, prices=own bars: bars.parquet" in said
    assert "ZL_STATE_DIR" in str(record.evaluation.metadata["what_to_do"].value)


def test_the_next_run_of_the_other_folder_is_said_again(folders: tuple[Folder, Folder]) -> None:
    """Its own check of the same name is green, and newer than what the sensor said."""
    ours, theirs = folders
    theirs.materialize(BARS)
    assert ours.tick() == {BARS: False, FORECASTS: False}
    theirs.materialize(BARS)
    assert ours.tick() == {BARS: False, FORECASTS: False}


def test_the_daemons_of_two_folders_do_not_answer_each_other_for_ever(folders: tuple[Folder, Folder]) -> None:
    ours, theirs = folders
    theirs.materialize(BARS)
    assert ours.tick() == {BARS: False, FORECASTS: False}
    assert [theirs.tick(), ours.tick(), theirs.tick(), ours.tick()] == [{}, {}, {}, {}]


def test_a_record_of_an_older_version_is_nobody_elses(instance: dg.DagsterInstance, folders: tuple[Folder, Folder]) -> None:
    instance.report_runless_asset_event(dg.AssetMaterialization(BARS, metadata={"dagster/row_count": 3998}))
    assert folders[0].tick() == {}
    found = newest_records(instance, [BARS, CSV])
    assert found[["asset", "state_folder", "prices"]].values.tolist() == [[BARS, "", ""]]
    assert of_this_state_folder(found, "/work/ours").passed


def test_the_forecasts_answer_for_all_that_they_are_made_of() -> None:
    """Derived from the graph: the table of regimes is the same in every folder."""
    from zl_assets.definitions import build_defs

    for project in (None, "my-project"):
        settings = Settings.load(gcp_project=project)
        graph = build_defs(settings).resolve_asset_graph()
        [last] = [one for one in watched(Catalog.of(settings), settings) if one.check.asset == FORECASTS]
        line = {FORECASTS} | {key.to_user_string() for key in graph.get_ancestor_asset_keys(dg.AssetKey(FORECASTS))}
        assert set(last.assets) == line - {"regime_weights", *([] if project is None else [BARS])}
