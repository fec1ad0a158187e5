"""What a person sees and does in the UI, from a fresh copy of the repository. The tests share one run and follow one another."""

import re
import time
from contextlib import chdir, suppress
from urllib.parse import urlsplit

import dagster as dg
import pytest
from playwright.sync_api import Locator, Page, TimeoutError, expect

from zl_assets.automation import REFRESH, build_folder_sensor
from zl_assets.catalog import Catalog
from zl_assets.contracts.market import BARS_TABLE
from zl_assets.contracts.regimes import REGIME_WEIGHTS
from zl_assets.contracts.training import TRAINING_CSV
from zl_assets.definitions import build_defs
from zl_assets.main_job import origin
from zl_assets.provenance import OWN_BARS, Provenance
from zl_assets.settings import Settings
from zl_assets.warehouse import connect
from zl_assets_tests.support.contracts import CONTRACTS, FEATURES, MATRIX, SCORE, SESSIONS, TRAINING_VIEW
from zl_assets_tests.ui.conftest import NOTHING, Camera, Ui, visit

GRAPH = build_defs(Settings.load()).resolve_asset_graph()
ASSETS = sorted(key.to_user_string() for key in GRAPH.get_all_asset_keys())
GROUPS = ("source", "features", "training", "predictions")
CHECKS = {
    asset: sorted(check.name for check in GRAPH.asset_check_keys if check.asset_key.to_user_string() == asset) for asset in ASSETS
}
LABELS = {"bigquery": "BigQuery", "pandas": "pandas", "python": "Python", "lightgbm": "lightgbm", "view": "View", "csv": "csv"}

# A run takes 15 s on an idle machine.
RUN_PATIENCE = 600_000.0


def open_lineage(page: Page, *, expanded: bool = False, anew: bool = False) -> None:
    """The global graph, with its groups closed as it opens, or all open in one window."""
    groups = ",".join(f"global@global:{group}" for group in GROUPS)
    visit(page, f"/asset-groups?expanded={groups}" if expanded else "/asset-groups", anew=anew)
    expect(page.get_by_role("button", name="Materialize all")).to_be_enabled()


def graph_node(page: Page, asset: str) -> Locator:
    """An asset in the expanded graph, which shortens a long name in its middle."""
    return page.locator("foreignObject").filter(has_text=asset if len(asset) < 20 else asset[-9:])


def overview(page: Page, camera: Camera, name: str) -> None:
    """A picture of the graph that is open, as a whole, with the names of the assets large enough to be read.

    The colours come with the newest events: the window has them from the graph that was open, and its test has waited for them.
    """
    page.set_viewport_size({"width": 1800, "height": 620})
    open_lineage(page, expanded=True)
    for asset in ASSETS:
        expect(graph_node(page, asset)).to_be_visible()
    camera.shot(page, name)
    page.set_viewport_size({"width": 1400, "height": 900})


def materialize_all(page: Page) -> str:
    """Launch everything from the graph, await the run's end; returns `Success` or `Failure`."""
    launch_all(page)
    leave_until_ended(page)
    return end_of_run(page)


def launch_all(page: Page) -> None:
    """Launch everything from the graph, and open the run's page."""
    open_lineage(page)
    page.get_by_role("button", name="Materialize all").click()
    launched = page.get_by_text("Launched run")
    expect(launched).to_be_visible()
    page.get_by_text("View", exact=True).click()


def leave_until_ended(page: Page) -> None:
    """Be away from a run's page until the run has ended: to show what happens as it happens costs 0.5 s of CPU a second.

    The short runs are followed on their pages.
    """
    page.wait_for_url("**/runs/*")
    address = urlsplit(page.url).path
    asked = {
        "query": "query ($run: ID!) { runOrError(runId: $run) { ... on Run { endTime } } }",
        "variables": {"run": address.rpartition("/")[2]},
    }
    visit(page, NOTHING)
    deadline = time.monotonic() + RUN_PATIENCE / 1000
    while page.request.post("/graphql", data=asked).json()["data"]["runOrError"]["endTime"] is None:
        assert time.monotonic() < deadline, "the run does not end"
        page.wait_for_timeout(1000)
    visit(page, address)


def end_of_run(page: Page) -> str:
    page.wait_for_url("**/runs/*")
    ended = page.get_by_text(re.compile("^(Success|Failure|Canceled)$")).first
    expect(ended).to_be_visible(timeout=RUN_PATIENCE)
    return ended.inner_text()


@pytest.fixture(scope="module")
def materialized(page: Page, camera: Camera) -> Page:
    """The window after everything was materialized from the UI."""
    # By its state: the log is a list that shows what is in view, and does not always follow its end.
    assert materialize_all(page) == "Success"
    # The picture has the log too, which comes last.
    expect(page.get_by_text(re.compile(r"^Succeeded \([1-9]"))).to_be_visible()
    expect(page.get_by_text("Loading run logs")).to_have_count(0)
    camera.shot(page, "run")
    visit(page, NOTHING, anew=True)
    return page


def open_asset(page: Page, asset: str, view: str = "overview", *, anew: bool = False) -> None:
    visit(page, f"/assets/{asset}?view={view}", anew=anew)
    expect(page.get_by_role("button", name=re.compile("Materialize$"))).to_be_visible()


def test_a_fresh_clone_shows_the_assets_in_their_groups_with_kinds(page: Page) -> None:
    open_lineage(page)
    for group in GROUPS:
        expect(page.locator("foreignObject").filter(has_text=group)).to_be_visible()
    page.set_viewport_size({"width": 4000, "height": 1800})
    open_lineage(page, expanded=True)
    for asset in ASSETS:
        node = graph_node(page, asset)
        expect(node).to_contain_text("Never materialized")
        for kind in GRAPH.get(dg.AssetKey(asset)).kinds - {"csv"}:
            expect(node).to_contain_text(LABELS[kind])


def terminate(page: Page) -> None:
    """End the run whose page is open. Of a run that the page does not know to have begun, the dialog has another button."""
    confirm = page.get_by_role("dialog").get_by_role("button", name=re.compile("Terminate|Force termination"))
    for _ in range(30):
        # In short steps: on a busy machine a whole run is over in the time of two long ones.
        with suppress(TimeoutError):
            if not confirm.is_visible():
                page.get_by_role("button", name="Terminate").first.click(timeout=2000)
            confirm.click(timeout=2000)
        with suppress(AssertionError):
            expect(page.get_by_text(re.compile("^Cancel(ing|ed)$")).first).to_be_visible(timeout=2000)
            return
    pytest.fail("the run cannot be terminated")


def test_a_run_goes_on_after_terminate_or_ends_as_a_failure(page: Page, ui: Ui, camera: Camera) -> None:
    """In a fresh clone: what this leaves is what the next tests begin with."""
    launch_all(page)
    page.wait_for_url("**/runs/*")
    # While its process loads the code the dialog has "Force termination" alone; test_stopping.py has what that does.
    expect(page.get_by_text("ASSET_MATERIALIZATION").first).to_be_visible()
    terminate(page)
    assert end_of_run(page) == "Canceled"
    with chdir(ui.folder), dg.DagsterInstance.from_config(str(ui.folder)) as instance:
        [run] = instance.get_run_records(limit=1)
        assert run.dagster_run.status is dg.DagsterRunStatus.CANCELED
        kinds = {dg.DagsterEventType.RUN_CANCELING, dg.DagsterEventType.RUN_CANCELED, dg.DagsterEventType.RUN_FAILURE}
        logs = instance.all_logs(run.dagster_run.run_id, of_type=kinds)
        assert dg.DagsterEventType.RUN_FAILURE not in {log.dagster_event_type for log in logs}
        assert logs[-1].timestamp - logs[0].timestamp < 10
    visit(page, "/runs", anew=True)
    expect(page.get_by_text("Canceled").first).to_be_visible()
    camera.shot(page, "terminated")


def test_everything_materializes_to_green_from_the_graph(materialized: Page, camera: Camera) -> None:
    page = materialized
    page.set_viewport_size({"width": 4000, "height": 1800})
    open_lineage(page, expanded=True)
    for asset in ASSETS:
        node = graph_node(page, asset)
        if count := len(CHECKS[asset]):
            expect(node).to_contain_text(f"{count} / {count} Passed")
        expect(node).to_contain_text(re.compile("Materialized.*"))
    overview(page, camera, "lineage")


def test_the_page_of_today_is_read_without_scrolling_and_tells_the_price(materialized: Page, ui: Ui, camera: Camera) -> None:
    page = materialized
    page.set_viewport_size({"width": 1400, "height": 900})
    open_asset(page, "briefing")
    today = page.get_by_text(re.compile("SYNTHETIC sample, invented. ZL Fri 2025-11-14: 37.36 cents.*"))
    expect(today).to_be_in_viewport(ratio=1.0)
    camera.shot(page, "briefing")
    # The file by itself, on a desk, on a phone, and in the dark: nothing of it is fetched from anywhere.
    asked: list[str] = []
    alone = page.context.new_page()
    alone.on("request", lambda request: asked.append(request.url))
    for name, width, height, dark in (("page", 1400, 900, False), ("phone", 390, 844, False), ("dark", 1400, 900, True)):
        alone.emulate_media(color_scheme="dark" if dark else "light")
        alone.set_viewport_size({"width": width, "height": height})
        alone.goto((ui.state_dir / "briefing" / "zl.html").as_uri())
        expect(alone.get_by_text("37.36 cents (US cents per pound).")).to_be_in_viewport()
        assert alone.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        camera.shot(alone, f"briefing-{name}")
    alone.close()
    assert [url for url in asked if not url.startswith("file:")] == []


def columns_of(asset: str) -> list[tuple[str, str]]:
    contract = TRAINING_VIEW if asset == TRAINING_CSV else CONTRACTS[asset]
    return [(leaf.path, leaf.column.type.value) for leaf in contract.frame_leaves]


# A column of each table, and what its page says it is made of: the way from the CSV's target back to the bars.
MADE_OF = {
    TRAINING_CSV: "target_1m: vw_zl_1m_flat target_1m",
    TRAINING_VIEW.table: "target_1m: daily_ml_matrix market_data.close",
    MATRIX.table: "market_data.close: zl_ohlcv close",
    FEATURES.table: "rsi_14: zl_ohlcv close",
    SESSIONS.table: "close: databento_futures_ohlcv_1d close",
}


def words_of(table: Locator) -> str:
    """What a table says, read at once: a page with 80 rows is slow to ask row by row."""
    expect(table).to_be_visible()
    return " ".join(table.inner_text().split())


@pytest.mark.parametrize("asset", ASSETS)
def test_an_assets_page_says_what_it_is_and_holds(materialized: Page, ui: Ui, camera: Camera, asset: str) -> None:
    page = materialized
    open_asset(page, asset)
    description = str(GRAPH.get(dg.AssetKey(asset)).description)
    expect(page.get_by_text(re.split(r"[`:.]", description)[0]).first).to_be_visible()
    whose = words_of(page.locator("table").filter(has_text="state_folder").first)
    assert "SYNTHETIC sample, invented" in whose
    assert str(ui.state_dir.resolve()) in whose
    if asset not in (SCORE.table, "briefing"):
        expect(page.locator("tr").filter(has_text="internals").get_by_text("[Show JSON]")).to_be_visible()
    # Nothing of it is cut at the edge.
    told = page.locator("table").filter(has_text="state_folder").first
    assert told.evaluate("table => table.parentElement.scrollWidth <= table.parentElement.clientWidth")
    if asset != REGIME_WEIGHTS.table:
        expect(page.get_by_text("Synthetic sample").first).to_be_visible()
    if asset in ("lgbm_model", "briefing"):
        return
    columns = words_of(page.locator("table").filter(has_text="Column name"))
    for name, kind in columns_of(asset):
        assert f" {name} {kind} " in columns
    if asset == SCORE.table:
        # There is no table before the first forecast comes due.
        expect(page.get_by_text("nothing has come due yet").first).to_be_visible()
        return
    source = TRAINING_VIEW if asset == TRAINING_CSV else CONTRACTS[asset]
    client = connect(Settings.load(state_dir=ui.state_dir))
    [[rows]] = client.query(f"SELECT COUNT(*) FROM {source.name}").result()
    expect(page.get_by_text("Row count").locator("xpath=../..")).to_contain_text(f"{rows:,}")
    if asset != TRAINING_CSV:
        expect(page.get_by_text(source.name, exact=True).first).to_be_visible()
    if asset in MADE_OF:
        lineage = page.locator("tr").filter(has_text="columns_made_of").locator("table")
        assert f" {MADE_OF[asset]} " in words_of(lineage) + " "
        if asset == TRAINING_VIEW.table:
            lineage.scroll_into_view_if_needed()
            camera.shot(page, "column-lineage")


@pytest.mark.parametrize(("asset", "pictures"), [("daily_ml_matrix", 1), ("lgbm_model", 8)])
def test_every_plot_is_drawn_and_fits(materialized: Page, camera: Camera, asset: str, pictures: int) -> None:
    page = materialized
    open_asset(page, asset)
    links = page.get_by_text("[Show Markdown]")
    expect(links.first).to_be_visible()
    drawn = 0
    for link in links.all():
        link.click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("button", name="Close")).to_be_visible()
        for image in dialog.locator("img").all():
            expect(image).to_have_js_property("complete", True)
            shown = image.evaluate(
                "i => [i.naturalWidth, i.getBoundingClientRect().right, i.closest('[role=dialog]').getBoundingClientRect().right]"
            )
            assert shown[0] > 0
            assert shown[1] <= shown[2], "wider than its window"
            drawn += 1
            if drawn == 1:
                camera.shot(page, f"plot-{asset}")
        dialog.get_by_role("button", name="Close").click()
        expect(dialog).to_have_count(0)
    assert drawn == pictures


@pytest.mark.parametrize("asset", ASSETS)
def test_each_check_shows_its_numbers(materialized: Page, camera: Camera, asset: str) -> None:
    page = materialized
    open_asset(page, asset, "checks")
    for check in CHECKS[asset]:
        page.get_by_text(check, exact=True).first.click()
        spec = GRAPH.get_check_spec(dg.AssetCheckKey(dg.AssetKey(asset), check))
        expect(page.get_by_text(str(spec.description).replace("`", ""), exact=True).first).to_be_visible()
        expect(page.get_by_text("Passed", exact=True).first).to_be_visible()
        numbers = words_of(page.locator("table").filter(has_text="model_id" if check == "trained" else "measured").first)
        assert check == "trained" or "bound" in numbers
    if asset == MATRIX.table:
        camera.shot(page, "checks")


def test_one_check_is_executed_by_itself(materialized: Page, camera: Camera) -> None:
    page = materialized
    open_asset(page, MATRIX.table, "checks")
    page.get_by_text("rsi_in_range", exact=True).first.click()
    execute = page.get_by_role("button", name=re.compile("Execute$"))
    expect(execute).to_be_enabled()
    camera.shot(page, "execute-check")
    execute.click()
    expect(page.get_by_text("Launched run")).to_be_visible()
    page.get_by_text("View", exact=True).click()
    assert end_of_run(page) == "Success"
    # The one that was asked for, and nothing was materialized.
    expect(page.get_by_text("RUN_SUCCESS")).to_be_visible()
    expect(page.get_by_text("ASSET_CHECK_EVALUATION", exact=True)).to_have_count(1)
    expect(page.get_by_text("MATERIALIZATION", exact=True)).to_have_count(0)


def test_the_schedule_can_be_switched_on_and_says_when_it_runs_next(page: Page, camera: Camera) -> None:
    visit(page, "/locations/zl_assets/schedules/zl_daily_refresh_schedule", anew=True)
    switch = page.locator("input[type=checkbox]").first
    expect(page.get_by_text("Next tick")).to_have_count(0)
    page.locator("label").filter(has=switch).click()
    expect(switch).to_be_checked()
    expect(switch).to_be_enabled()
    expect(page.get_by_text("Next tick")).to_be_visible()
    expect(page.get_by_text("America/Chicago")).to_be_visible()
    camera.shot(page, "schedule")
    page.locator("label").filter(has=switch).click()
    expect(switch).not_to_be_checked()


def open_launchpad(page: Page, config: str) -> Locator:
    """The launchpad of lgbm_model with a configuration; returns its window."""
    open_asset(page, "lgbm_model")
    page.locator("button:right-of(:text('Materialize'))").first.click()
    page.get_by_text("Open launchpad").click()
    # By its title: the menu that it was opened from is a dialog too, and may still be on its way out.
    dialog = page.get_by_role("dialog").filter(has_text="Launchpad (configure assets)")
    editor = dialog.locator(".CodeMirror").first
    expect(editor).to_contain_text("num_leaves")
    # What a person may set, and nothing else: the settings have said the rest.
    expect(editor).not_to_contain_text("warehouse")
    expect(editor).not_to_contain_text("as_of")
    editor.click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(config)
    return dialog


def test_a_value_of_the_wrong_type_is_refused_while_it_is_typed(materialized: Page, camera: Camera) -> None:
    page = materialized
    dialog = open_launchpad(page, "ops: {lgbm_model: {config: {gap: three weeks}}}")
    expect(dialog).to_contain_text("three weeks")
    expect(dialog.get_by_text(re.compile("root:ops:lgbm_model:config:gap.*Int", re.DOTALL)).first).to_be_visible()
    expect(dialog.get_by_role("button", name=re.compile("Materialize$"))).to_be_disabled()
    camera.shot(page, "launchpad-error")


def test_a_gap_that_would_flatter_the_score_is_refused_in_words(materialized: Page, camera: Camera) -> None:
    page = materialized
    dialog = open_launchpad(page, "ops: {lgbm_model: {config: {gap: 3}}}")
    start = dialog.get_by_role("button", name=re.compile("Materialize$"))
    expect(start).to_be_enabled()
    start.click()
    assert end_of_run(page) == "Failure"
    said = page.get_by_text("gap=3 is not allowed").first
    expect(said).to_be_visible()
    expect(page.get_by_text("at least 21").first).to_be_visible()
    assert "Traceback" not in page.locator("body").inner_text()
    camera.shot(page, "refused-config")
    open_asset(page, "lgbm_model", "events", anew=True)
    expect(page.get_by_text("NOT MATERIALIZED. gap=3 is not allowed")).to_be_visible()
    expect(page.get_by_text("did not materialize this asset")).to_be_visible()
    camera.shot(page, "why-not-materialized")


def test_a_rejected_model_says_so_and_shows_no_forecast_of_its_own(materialized: Page, camera: Camera) -> None:
    """Overgrown trees, which no gate lets through."""
    page = materialized
    overgrown = "num_leaves: 31, min_rows_per_leaf: 20, l2: 0.0, learning_rate: 0.5, placebo_shifts: 1"
    dialog = open_launchpad(page, f"ops: {{lgbm_model: {{config: {{{overgrown}}}}}}}")
    start = dialog.get_by_role("button", name=re.compile("Materialize$"))
    expect(start).to_be_enabled()
    start.click()
    leave_until_ended(page)
    assert end_of_run(page) == "Success"
    open_asset(page, "lgbm_model", anew=True)
    told = page.locator("tr").filter(has_text="advice").filter(has_text="not published: failed the gate")
    expect(told.first).to_be_visible()
    # The first of the model's metadata, under the table's head.
    table = page.locator("table").filter(has=told.first).last
    assert table.locator("tr").nth(1).inner_text().split()[0] == "advice"
    expect(page.get_by_text("forecast_fan", exact=True)).to_have_count(0)
    page.locator("tr").filter(has_text="what_it_can_do").get_by_text("[Show Markdown]").last.click()
    # The dialog is there before its text is.
    expect(page.get_by_role("dialog")).to_contain_text('Not published: failed the gate "CV folds stable"')
    expect(page.get_by_role("dialog")).not_to_contain_text("For a buyer")
    camera.shot(page, "not-published")
    page.get_by_role("dialog").get_by_role("button", name="Close").click()


CONTRAST = """
element => {
  const numbers = text => text.match(/[\\d.]+/g).map(Number);
  const light = rgb => rgb.slice(0, 3).map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  let behind = element;
  while (behind && (numbers(getComputedStyle(behind).backgroundColor)[3] ?? 1) === 0) behind = behind.parentElement;
  const back = behind ? numbers(getComputedStyle(behind).backgroundColor) : [255, 255, 255];
  const [a, b] = [light(numbers(getComputedStyle(element).color)), light(back)].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
}
"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_can_be_read_in_either_theme(materialized: Page, camera: Camera, theme: str) -> None:
    """At least 4.5 to 1, which is what WCAG asks of text."""
    page = materialized
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    open_asset(page, MATRIX.table, anew=True)
    for text in ("One denormalised row per session", "session date: the UTC date of the weekday bar", "market_data.close"):
        shown = page.get_by_text(text).first
        expect(shown).to_be_visible()
        assert shown.evaluate(CONTRAST) >= 4.5, text
    camera.shot(page, f"asset-{theme}")
    page.emulate_media(color_scheme="light")


def test_a_newer_materialization_of_another_state_folder_is_told_in_the_graph_and_on_the_page(
    materialized: Page, ui: Ui, camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sensor is asked here as the daemon asks it once a minute; what it answers is stored as the daemon stores it."""
    page, elsewhere = materialized, Provenance("own bars: bars.parquet", "/elsewhere/.zl", OWN_BARS)
    monkeypatch.chdir(ui.folder)
    with dg.DagsterInstance.from_config(str(ui.folder)) as instance:
        counted = {"dagster/row_count": 3998, **elsewhere.metadata}
        instance.report_runless_asset_event(dg.AssetMaterialization(BARS_TABLE, metadata=counted))
        # The other folder's run found all its checks green, this one too.
        for name in CHECKS[BARS_TABLE]:
            instance.report_runless_asset_event(dg.AssetCheckEvaluation(dg.AssetKey(BARS_TABLE), name, passed=True))
        settings = Settings.load()
        sensor = build_folder_sensor(Catalog.of(settings), settings)
        with dg.build_sensor_context(instance=instance) as context:
            for event in sensor.evaluate_tick(context).asset_events:
                instance.report_runless_asset_event(event)
    page.set_viewport_size({"width": 4000, "height": 1800})
    open_lineage(page, expanded=True, anew=True)
    for asset in (BARS_TABLE, "zl_1m_latest"):
        expect(graph_node(page, asset)).to_contain_text(f"{len(CHECKS[asset]) - 1} / {len(CHECKS[asset])} Passed")
    overview(page, camera, "other-folder")
    open_asset(page, BARS_TABLE, "checks")
    page.get_by_text("of_this_state_folder", exact=True).first.click()
    expect(page.get_by_text("Last materialized by another state folder than").first).to_be_visible()
    expect(page.get_by_text("/elsewhere/.zl").first).to_be_visible()
    camera.shot(page, "other-folder-check")


def test_a_run_of_the_command_line_is_on_the_landing_page_and_under_its_job(materialized: Page, ui: Ui, camera: Camera) -> None:
    """The run is made as the command makes it, by the same words of whose it is, and ends at once."""
    page = materialized
    with chdir(ui.folder), dg.DagsterInstance.from_config(str(ui.folder)) as instance:
        job = build_defs(Settings.load()).resolve_job_def(REFRESH)
        run = instance.create_run_for_job(job, remote_job_origin=origin(REFRESH), status=dg.DagsterRunStatus.STARTED)
        instance.report_dagster_event(dg.DagsterEvent(dg.DagsterEventType.RUN_SUCCESS.value, job.name), run.run_id)
    visit(page, "/overview", anew=True)
    expect(page.get_by_role("link", name="zl_daily_refresh")).to_be_visible()
    visit(page, "/locations/zl_assets/jobs/zl_daily_refresh/runs")
    expect(page.get_by_text("Success").first).to_be_visible()
    camera.shot(page, "command-line-run")


def test_a_fault_turns_a_check_red_blocks_what_follows_and_says_what_to_do(materialized: Page, ui: Ui, camera: Camera) -> None:
    """Last: it leaves a red graph behind."""
    page = materialized
    client = connect(Settings.load(state_dir=ui.state_dir))
    # A row of a Saturday, with an RSI that none can have, that somebody wrote into the table by hand.
    fault = "SELECT * REPLACE (DATE '2015-03-14' AS data_date, 101.5 AS rsi_14)"
    client.query(f"INSERT INTO {MATRIX.name} {fault} FROM {MATRIX.name} WHERE data_date = '2015-03-10'").result()
    assert materialize_all(page) == "Failure"

    open_asset(page, MATRIX.table, "checks", anew=True)
    page.get_by_text("rsi_in_range", exact=True).first.click()
    expect(page.get_by_text("Failed", exact=True).first).to_be_visible()
    expect(page.get_by_text("1 of 3,832 rows have a rsi_14 outside 0 to 100")).to_be_visible()
    expect(page.get_by_text("2015-03-14").first).to_be_visible()
    expect(page.get_by_text("Somebody edited the table; a refresh restores its rows.")).to_be_visible()
    camera.shot(page, "red-check")

    page.set_viewport_size({"width": 4000, "height": 1800})
    open_lineage(page, expanded=True)
    # What another state folder had recorded is behind a record of this one again.
    expect(graph_node(page, BARS_TABLE)).to_contain_text(f"{len(CHECKS[BARS_TABLE])} / {len(CHECKS[BARS_TABLE])} Passed")
    # The page is not blocked for long: it is made again when the refresh has ended, and says what is red.
    for asset in (asset for asset in ASSETS if asset != "briefing"):
        blocked = asset not in ("databento_futures_ohlcv_1d", "regime_weights", SESSIONS.table, FEATURES.table, MATRIX.table)
        node = graph_node(page, asset)
        expect(node).to_contain_text("Failed" if blocked else "Materialized")
    overview(page, camera, "blocked")
