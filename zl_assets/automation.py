"""Jobs and schedules. Must not be here: what the jobs do."""

import dagster as dg

from zl_assets.assets.common import IMPACT

REFRESH = "zl_daily_refresh"

zl_daily_refresh = dg.define_asset_job(
    REFRESH,
    selection=dg.AssetSelection.all() - dg.AssetSelection.groups(IMPACT),
    description="Everything, from the bars to the model, with every check.",
)

# Each measurement is a look, and looks are counted: a person takes one, never a schedule.
zl_family_impact = dg.define_asset_job(
    "zl_family_impact",
    selection=dg.AssetSelection.groups(IMPACT),
    description="Measures the feature families that are on, each against its own shifted copies, and adds a row for each to the "
    "ledger. Refresh first. A measurement that the ledger has already is not made again.",
)

# 19:30 in Chicago is 00:30 or 01:30 UTC of the next day: the UTC date of the session has closed, so its bar is final.
zl_daily_refresh_schedule = dg.ScheduleDefinition(
    name="zl_daily_refresh_schedule",
    job=zl_daily_refresh,
    cron_schedule="30 19 * * 1-5",
    execution_timezone="America/Chicago",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Weekdays at 19:30 in Chicago, when the session's UTC date has closed. Off until it is switched on.",
)

JOBS = [zl_daily_refresh]
FAMILY_JOBS = [zl_family_impact]
SCHEDULES = [zl_daily_refresh_schedule]
