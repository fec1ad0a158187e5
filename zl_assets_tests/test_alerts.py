"""The sensors, as the daemon evaluates them, on runs that end in every way."""

from collections.abc import Iterator

import dagster as dg
import pytest

from zl_assets import automation
from zl_assets.catalog import Catalog
from zl_assets.definitions import build_defs
from zl_assets.notifications import Alert
from zl_assets.settings import Settings
from zl_assets_tests.support.product import quiet

FINE, WARN, ERROR = dg.AssetCheckResult(passed=True), dg.AssetCheckSeverity.WARN, dg.AssetCheckSeverity.ERROR


def job_of(
    check: dg.AssetCheckResult,
    *,
    blocking: bool = False,
    failure: Exception | None = None,
    says: dict[str, str] | None = None,
    asset: str = "bars",
) -> dg.JobDefinition:
    """Two assets, the first of this name, with a check and with this metadata."""

    @dg.asset(name=asset)
    def bars() -> dg.MaterializeResult[None]:
        if failure is not None:
            raise failure
        return dg.MaterializeResult(metadata=says)

    @dg.asset(deps=[bars])
    def sessions() -> None: ...

    @dg.asset_check(asset=bars, blocking=blocking, name="prices_positive")
    def prices_positive() -> dg.AssetCheckResult:
        return check

    defs = dg.Definitions(
        assets=[bars, sessions],
        asset_checks=[prices_positive],
        jobs=[dg.define_asset_job("refresh")],
        executor=dg.in_process_executor,
    )
    return defs.resolve_job_def("refresh")


WORDS = "2 rows at or below zero, first 2015-03-10"


def red(severity: dg.AssetCheckSeverity, words: str = WORDS) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=False, severity=severity, description=words)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Alert]:
    """The alerts that would leave; delivery itself is test_notifications.py's."""
    alerts: list[Alert] = []
    monkeypatch.setattr(automation, "deliver", lambda alert, notifiers: alerts.append(alert))
    return alerts


class Daemon:
    """Evaluates the sensors, each from where it was, as the daemon does."""

    def __init__(self, instance: dg.DagsterInstance, **settings: str | None) -> None:
        self.instance = instance
        loaded = Settings.load(**{"bars": "/data/bars.parquet", "state_dir": "/work/state"} | settings)
        self.sensors = automation.build_sensors(Catalog.of(loaded), loaded)
        self.cursors: dict[str, str | None] = dict.fromkeys((sensor.name for sensor in self.sensors), None)
        self.tick()

    def tick(self) -> list[str]:
        """One evaluation of each; returns the errors that the ticks show."""
        errors = []
        for sensor in self.sensors:
            context = dg.build_sensor_context(instance=self.instance, cursor=self.cursors[sensor.name], repository_def=None)
            data = sensor.evaluate_tick(context)
            self.cursors[sensor.name] = data.cursor
            errors += [r.error.to_string() for r in data.dagster_run_reactions if r.error is not None]
        return errors

    def run(self, job: dg.JobDefinition) -> dg.ExecuteInProcessResult:
        return job.execute_in_process(instance=self.instance, raise_on_error=False, run_config=quiet())


def test_a_failed_run_is_told_with_job_run_step_words_and_place(instance: dg.DagsterInstance, sent: list[Alert]) -> None:
    daemon = Daemon(instance, ui_url="https://dagster.example.com/")
    result = daemon.run(job_of(FINE, failure=dg.Failure("bars.parquet: a price is missing in row 12", allow_retries=False)))
    assert daemon.tick() == []
    [alert] = sent
    assert alert.subject == "zl-assets: refresh failed"
    assert alert.lines[0] == "FAILED bars: bars.parquet: a price is missing in row 12"
    assert f"https://dagster.example.com/runs/{result.run_id}" in alert.lines[-1]


def test_an_alert_says_whose_it_is_and_marks_invented_prices(instance: dg.DagsterInstance, sent: list[Alert]) -> None:
    """By what the run recorded: it may have been started on another folder, with other prices, than the sensor's process."""
    Daemon(instance).run(job_of(red(WARN)))
    for bars in ("/data/bars.parquet", None):
        daemon = Daemon(instance, bars=bars)
        daemon.run(job_of(red(WARN)))
        daemon.tick()
    whose = {"prices": "SYNTHETIC sample, invented", "state_folder": "/work/elsewhere"}
    daemon = Daemon(instance)
    daemon.run(job_of(red(WARN), says=whose))
    daemon.tick()
    plain, marked = "zl-assets: refresh ended with 1 warning", " (SYNTHETIC sample, invented prices)"
    assert [alert.subject for alert in sent] == [plain, plain + marked, plain + marked]
    assert [alert.lines[-2] for alert in sent] == [
        "Prices: own bars: bars.parquet. State folder: /work/state.",
        "Prices: SYNTHETIC sample, invented. State folder: /work/state.",
        "Prices: SYNTHETIC sample, invented. State folder: /work/elsewhere.",
    ]


@pytest.mark.parametrize(
    ("on", "asset", "symbol"),
    [
        ("ZL,MES", "mes_ohlcv", "MES"),
        ("ZL,MES", "daily_ml_matrix", "ZL"),
        ("ZL,MES", "mes_daily_ml_matrix", "MES"),
        ("ZL,MES", "vw_mes_1m_flat", "MES"),
        ("ZL,MES", "regime_weights", ""),
        ("ZL", "daily_ml_matrix", ""),
    ],
)
def test_of_several_instruments_an_alert_names_the_one(
    instance: dg.DagsterInstance, sent: list[Alert], on: str, asset: str, symbol: str
) -> None:
    daemon = Daemon(instance, instruments=on)
    daemon.run(job_of(red(ERROR), blocking=True, asset=asset))
    daemon.tick()
    [alert] = sent
    assert alert.subject == "zl-assets: refresh failed" + (f" of {symbol}" if symbol else "")
    before = f"{symbol}: " if symbol else ""
    assert alert.lines[:2] == (
        f"{before}RED {asset}: {WORDS}",
        f"{before}FAILED {asset}_prices_positive: a check that is red blocks what comes after it",
    )


def test_a_bug_is_told_with_its_trace(instance: dg.DagsterInstance, sent: list[Alert]) -> None:
    daemon = Daemon(instance)
    daemon.run(job_of(FINE, failure=ZeroDivisionError("of ours")))
    daemon.tick()
    assert "ZeroDivisionError: of ours" in sent[0].text
    assert "Traceback" in sent[0].text or "Stack Trace" in sent[0].text


def test_a_red_check_that_blocks_is_told_by_its_own_words(instance: dg.DagsterInstance, sent: list[Alert]) -> None:
    daemon = Daemon(instance)
    assert not daemon.run(job_of(red(ERROR), blocking=True)).success
    daemon.tick()
    [alert] = sent
    assert alert.subject == "zl-assets: refresh failed"
    assert alert.lines[:2] == (
        f"RED bars: {WORDS}",
        "FAILED bars_prices_positive: a check that is red blocks what comes after it",
    )
    assert "Stack Trace" not in alert.text


@pytest.mark.parametrize(("severity", "subject", "word"), [(ERROR, "1 red check", "RED"), (WARN, "1 warning", "WARNING")])
def test_a_check_that_stops_nothing_is_told_although_the_run_is_a_success(
    instance: dg.DagsterInstance, sent: list[Alert], severity: dg.AssetCheckSeverity, subject: str, word: str
) -> None:
    daemon = Daemon(instance)
    assert daemon.run(job_of(red(severity))).success
    daemon.tick()
    [alert] = sent
    assert alert.subject == f"zl-assets: refresh ended with {subject}"
    assert alert.lines[0] == f"{word} bars: {WORDS}"


def test_a_step_that_failed_is_told_before_the_checks_of_others(instance: dg.DagsterInstance, sent: list[Alert]) -> None:
    @dg.asset
    def hours() -> None:
        raise dg.Failure("hours.parquet: no column volume", allow_retries=False)

    @dg.asset
    def bars() -> None: ...

    @dg.asset_check(asset=bars, name="prices_positive")
    def prices_positive() -> dg.AssetCheckResult:
        return red(ERROR)

    defs = dg.Definitions([bars, hours], asset_checks=[prices_positive], jobs=[dg.define_asset_job("refresh")])
    daemon = Daemon(instance)
    daemon.run(defs.resolve_job_def("refresh"))
    daemon.tick()
    assert sent[0].lines[:2] == ("FAILED hours: hours.parquet: no column volume", f"RED bars: {WORDS}")


def test_a_run_that_never_reached_a_step_is_told(instance: dg.DagsterInstance, sent: list[Alert]) -> None:
    daemon = Daemon(instance)
    run = instance.create_run_for_job(job_of(FINE))
    instance.report_run_failed(run, "Exceeded maximum runtime of 1800 seconds.")
    daemon.tick()
    assert "Exceeded maximum runtime of 1800 seconds." in sent[0].text


def test_a_green_run_is_not_told_and_nothing_is_told_twice(instance: dg.DagsterInstance, sent: list[Alert]) -> None:
    daemon = Daemon(instance)
    daemon.run(job_of(FINE))
    daemon.tick()
    assert sent == []
    daemon.run(job_of(red(WARN)))
    daemon.tick()
    daemon.tick()
    assert len(sent) == 1


def test_what_failed_before_the_sensor_was_there_is_not_told(instance: dg.DagsterInstance, sent: list[Alert]) -> None:
    job_of(red(ERROR)).execute_in_process(instance=instance, raise_on_error=False, run_config=quiet())
    Daemon(instance).tick()
    assert sent == []


def test_a_long_list_of_long_faults_is_cut_and_says_so(instance: dg.DagsterInstance, sent: list[Alert]) -> None:
    daemon = Daemon(instance)
    daemon.run(job_of(red(WARN, "x" * 5000)))
    daemon.tick()
    assert len(sent[0].text) < 2000
    assert " ..." in sent[0].text


def test_a_receiver_that_is_down_turns_the_tick_red_shows_no_secret_and_loses_nothing(instance: dg.DagsterInstance) -> None:
    daemon = Daemon(instance, notify_webhook="http://127.0.0.1:9/services/T0KEN")
    daemon.run(job_of(red(ERROR)))
    [error] = daemon.tick()
    assert "webhook at 127.0.0.1" in error
    assert WORDS in error
    assert "T0KEN" not in error
    assert daemon.tick() == []
    daemon.run(job_of(red(ERROR)))
    assert len(daemon.tick()) == 1


@pytest.mark.filterwarnings("ignore:Property `ScheduleDefinition.environment_vars`:DeprecationWarning")
def test_the_code_location_offers_no_secret_to_whoever_opens_the_ui() -> None:
    """Resources and sensors are shown with their configuration; the receivers must not be among it."""
    from dagster._core.remote_representation.external_data import RepositorySnap
    from dagster_shared.serdes import serialize_value

    settings = Settings.load(
        notify_webhook="https://hooks.example.com/T0KEN",
        notify_smtp="smtps://zl:T0KEN@mail.example.com",
        notify_email="a@example.com",
    )
    repository = build_defs(settings).get_repository_def()
    assert "T0KEN" not in serialize_value(RepositorySnap.from_def(repository))
    assert "T0KEN" not in repr(settings)


def test_every_asset_that_a_refresh_makes_must_have_been_made_by_the_evening() -> None:
    for project, without in ((None, set()), ("my-project", {"databento_futures_ohlcv_1d"})):
        graph = build_defs(Settings.load(gcp_project=project)).resolve_asset_graph()
        keys = {key.to_user_string(): graph.get(key).freshness_policy for key in graph.get_all_asset_keys()}
        assert {name for name, policy in keys.items() if policy is None} == without
        assert {policy for policy in keys.values() if policy is not None} == {automation.FRESHNESS}


def test_the_deadline_comes_after_the_schedule_of_the_same_day() -> None:
    import datetime as dt

    schedule, freshness = automation.zl_daily_refresh_schedule, automation.FRESHNESS
    minute, hour, *_, days = str(schedule.cron_schedule).split()
    by_minute, by_hour, *_, by_days = freshness.deadline_cron.split()
    began = dt.timedelta(hours=int(hour), minutes=int(minute))
    assert days == by_days
    assert schedule.execution_timezone == freshness.timezone
    assert dt.timedelta(hours=int(by_hour), minutes=int(by_minute)) - freshness.lower_bound_delta == began
