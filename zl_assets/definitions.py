"""The code location: each room's part put together, and nothing else."""

import dagster as dg

from zl_assets import assets, automation, checks, execution, operations, resources
from zl_assets.catalog import Catalog
from zl_assets.checks.group import dagster_checks
from zl_assets.settings import Settings
from zl_assets.troubles import troubles_by_instrument


def build_defs(settings: Settings | None = None) -> dg.Definitions:
    """Everything, for one Settings (by default the environment's).

    Raises:
        SettingError: a ZL_* variable has a value that is not allowed.
        CatalogConflict, FamilyConflict: two instruments, horizons, sources or feature families collide, or one cannot be used.
    """
    settings = settings or Settings.load()
    return definitions_of(Catalog.of(settings), settings)


def definitions_of(catalog: Catalog, settings: Settings) -> dg.Definitions:
    """Everything, for one catalog."""
    groups = checks.build(catalog, settings)
    troubles = troubles_by_instrument(catalog, (check for group in groups for check in group.checks))
    return dg.Definitions(
        assets=[
            *automation.with_freshness([*assets.build(catalog, settings), *assets.build_briefings(catalog, settings, troubles)]),
            *assets.build_measurements(catalog, settings),
        ],
        asset_checks=[dagster_checks(group) for group in groups],
        jobs=[*automation.build_job_definitions(catalog, settings), *operations.build(catalog, settings)],
        schedules=automation.SCHEDULES,
        sensors=[*automation.build_sensors(catalog, settings), automation.build_folder_sensor(catalog, settings)],
        resources=resources.settled(resources.build(catalog, settings)),
        # The whole graph takes seconds; a process for each step would cost more than its work.
        executor=execution.in_process,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """Built when Dagster asks for it, so that importing this module reads no environment."""
    return build_defs()
