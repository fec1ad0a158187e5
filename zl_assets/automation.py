"""Jobs, schedules, sensors, and how fresh the assets must be.

Must not be here: what the jobs do, what an alert says.
"""

import datetime as dt
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg
import pandas as pd

from zl_assets.alerts import alert_of_run
from zl_assets.assets.common import AFTERWARDS, BRIEFINGS, REFRESH
from zl_assets.assets.impact import impact_op
from zl_assets.catalog import Catalog, impact_job
from zl_assets.checks.folders import NEWEST, Watched, newest_records, watched
from zl_assets.checks.group import evaluation
from zl_assets.domain.checks import Seen
from zl_assets.instruments.base import Instrument
from zl_assets.notifications import LogNotifier, build_notifiers, deliver
from zl_assets.provenance import Provenance
from zl_assets.settings import Settings

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

zl_daily_refresh = dg.define_asset_job(
    REFRESH,
    selection=dg.AssetSelection.all() - dg.AssetSelection.tag(AFTERWARDS, "true"),
    description="Everything, from the bars to the model, with every check.",
)

zl_briefing = dg.define_asset_job(
    BRIEFINGS,
    selection=dg.AssetSelection.tag(AFTERWARDS, "true"),
    description="The morning pages, of what the tables hold now. It is started after each refresh, whatever became of that.",
)

zl_checks = dg.define_asset_job(
    "zl_checks",
    selection=dg.AssetSelection.all_asset_checks(),
    description="Every check on what the tables, files and models hold now. Reads only: it materializes and writes nothing. What "
    "was never materialized is told by the checks that look at it.",
)

# 19:30 in Chicago is 00:30 or 01:30 UTC of the next day: the UTC date of the session has closed, so its bar is final.
TIMEZONE = "America/Chicago"
zl_daily_refresh_schedule = dg.ScheduleDefinition(
    name="zl_daily_refresh_schedule",
    job=zl_daily_refresh,
    cron_schedule="30 19 * * 1-5",
    execution_timezone=TIMEZONE,
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Weekdays at 19:30 in Chicago, when the session's UTC date has closed. Off until it is switched on.",
)

# Of the runs, not of the data, which newest_session watches: on a weekday every asset has been materialized between 19:30 and
# 21:00, or later. A refresh takes about a minute; the rest is room for a queue, a retry and a restart. A cron and not a number of
# hours, or every Sunday would be overdue.
FRESHNESS = dg.FreshnessPolicy.cron("0 21 * * 1-5", dt.timedelta(minutes=90), TIMEZONE)


def with_freshness(assets: Sequence[dg.AssetsDefinition | dg.AssetSpec]) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """The assets; each that a refresh makes has its freshness policy. A bare spec is a table that somebody else writes."""

    def refreshed(spec: dg.AssetSpec) -> dg.AssetSpec:
        return spec.replace_attributes(freshness_policy=FRESHNESS)

    return [asset.map_asset_specs(refreshed) if isinstance(asset, dg.AssetsDefinition) else asset for asset in assets]


def build_sensors(catalog: Catalog, settings: Settings) -> list[dg.SensorDefinition]:
    """Two sensors that alert a person: a run failed, or a run succeeded with a check that is not green.

    They are on from the start, unlike the schedule: they only read, without settings they only write to a log, and an alert that
    somebody has to switch on is off on the day it is needed. Dagster starts them at the newest run, so old failures are not
    reported.
    """

    provenance = Provenance.of(settings)

    def tell(context: dg.RunStatusSensorContext) -> None:
        run, event = context.dagster_run, context.dagster_event
        alert = alert_of_run(context.instance, run, event, settings.ui_url, provenance, catalog.whose)
        if alert is not None:
            deliver(alert, [LogNotifier(context.log), *build_notifiers(settings)])

    @dg.run_failure_sensor(
        name="zl_run_failed",
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=60,
        description="Alerts when a run of this code location failed, with job, run, step and message: by ZL_NOTIFY_WEBHOOK and "
        "ZL_NOTIFY_EMAIL, and always in the log of its tick.",
    )
    def zl_run_failed(context: dg.RunFailureSensorContext) -> None:
        tell(context)

    @dg.run_status_sensor(
        run_status=dg.DagsterRunStatus.SUCCESS,
        name="zl_checks_not_green",
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=60,
        description="Alerts when a run succeeded but a check is red or warns: Dagster calls such a run a success, since only a "
        "blocking check stops one. Alerts go the same ways as those of zl_run_failed.",
    )
    def zl_checks_not_green(context: dg.RunStatusSensorContext) -> None:
        tell(context)

    return [zl_run_failed, zl_checks_not_green, *map(_briefing_after, (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE))]


def _briefing_after(status: dg.DagsterRunStatus) -> dg.SensorDefinition:
    """Starts the briefings when a refresh has ended so: a sensor of run status looks at one status."""

    @dg.run_status_sensor(
        run_status=status,
        name=f"zl_briefing_after_{status.value.lower()}",
        monitored_jobs=[zl_daily_refresh],
        request_job=zl_briefing,
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=30,
        description="Makes the morning pages when a refresh has ended, so that they say what became of it.",
    )
    def after(context: dg.RunStatusSensorContext) -> dg.RunRequest:
        return dg.RunRequest(run_key=context.dagster_run.run_id)

    return after


def build_folder_sensor(catalog: Catalog, settings: Settings) -> dg.SensorDefinition:
    """A sensor that keeps the checks `of_this_state_folder` true between the runs of this folder: Dagster's storage may be shared
    with others, whose runs are not ours to check.

    It is on from the start: it reads one record an asset a minute, and writes only where the answer has changed. What it said is
    kept for each folder by itself, so that the daemons of two folders do not answer each other for ever.
    """
    state, checks = Provenance.of(settings).state, watched(catalog, settings)

    @dg.sensor(
        name="zl_other_state_folder",
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=60,
        description="Turns the checks of_this_state_folder red when the newest materialization came from another state folder "
        "than this process was started on, and back when one of this folder is newer.",
    )
    def zl_other_state_folder(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        said: dict[str, dict[str, str]] = json.loads(context.cursor or "{}")
        before, now, events = said.get(state, {}), {}, []
        for one in checks:
            newest = newest_records(context.instance, one.assets)
            found = _evaluation(one, newest)
            asset = one.check.asset
            # Another run of the other folder brings a check of its own, which is green: it must be said again after that.
            now[asset] = "" if found.passed else newest.to_json(orient="values")
            if now[asset] != before.get(asset, ""):
                events.append(found)
        words = "; ".join(f"{event.asset_key.to_user_string()}: {event.description}" for event in events)
        return dg.SensorResult(
            asset_events=events,
            cursor=json.dumps({**said, state: now}),
            skip_reason=words or "Nothing has changed since the last tick.",
        )

    return zl_other_state_folder


def _evaluation(one: Watched, newest: pd.DataFrame) -> dg.AssetCheckEvaluation:
    """The answer, and if there is something to say, red: the overview of the graph draws a node with a warning green."""
    # The date is a run's; no verdict on records looks at it.
    seen = Seen({}, dt.datetime.now(dt.UTC).date(), {NEWEST: newest})
    return evaluation(one.check, one.check.verdict(seen), dg.AssetCheckSeverity.ERROR)


def build_job_definitions(catalog: Catalog, settings: Settings) -> "list[UnresolvedAssetJobDefinition | dg.JobDefinition]":
    """The refresh, its checks alone and, while a family is on, the measurement."""
    return [
        zl_daily_refresh,
        zl_briefing,
        zl_checks,
        *(_family_impact(catalog, settings, one) for one in catalog.instruments if catalog.selection(one).on),
    ]


def _family_impact(catalog: Catalog, settings: Settings, instrument: Instrument) -> dg.JobDefinition:
    # Each measurement is a look, and looks are counted: a person takes one, never a schedule, nor a selection of assets.
    measure = impact_op(catalog, instrument, Provenance.of(settings))

    @dg.job(
        name=impact_job(instrument),
        description=f"Measures the feature families of {instrument.symbol} that are on, each against its own shifted copies, and "
        "adds a row for each to the ledger. Refresh first. A measurement that the ledger has already is not made again.",
    )
    def job() -> None:
        measure()

    return job


SCHEDULES = [zl_daily_refresh_schedule]
