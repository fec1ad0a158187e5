"""The graph as a reviewed snapshot: keys, dependencies, groups, checks, jobs and schedules."""

import json
from pathlib import Path

import dagster as dg
import pytest

from zl_assets.definitions import build_defs, defs
from zl_assets.settings import Settings
from zl_assets_tests.support.golden import assert_golden

GOLDEN = Path(__file__).parent / "golden"


def description(definitions: dg.Definitions) -> dict[str, object]:
    graph = definitions.resolve_asset_graph()
    checks: dict[str, list[str]] = {}
    for check in graph.asset_check_keys:
        blocking = " (blocking)" if graph.get_check_spec(check).blocking else ""
        checks.setdefault(check.asset_key.to_user_string(), []).append(check.name + blocking)
    return {
        "assets": {
            key.to_user_string(): {
                "group": graph.get(key).group_name,
                "kinds": sorted(graph.get(key).kinds),
                "owners": sorted(graph.get(key).owners),
                "deps": sorted(parent.to_user_string() for parent in graph.get(key).parent_keys),
                "materializable": graph.get(key).is_materializable,
                "checks": sorted(checks.get(key.to_user_string(), [])),
            }
            for key in sorted(graph.get_all_asset_keys())
        },
        "jobs": sorted(job.name for job in definitions.resolve_all_job_defs() if not job.name.startswith("__")),
        "schedules": {
            s.name: [s.cron_schedule, s.execution_timezone, s.default_status.value, s.job_name]
            for s in definitions.schedules or []
        },
        "sensors": {s.name: [s.sensor_type.value, s.default_status.value] for s in definitions.sensors or []},
    }


@pytest.mark.parametrize("home", ["embedded", "cloud"])
def test_the_graph_does_not_change_unnoticed(home: str) -> None:
    settings = Settings.load(gcp_project="my-project") if home == "cloud" else Settings.load()
    text = json.dumps(description(build_defs(settings)), indent=2, sort_keys=True)
    assert_golden(text, GOLDEN / f"graph_{home}.json")


def test_the_code_location_loads_as_dagster_loads_it() -> None:
    dg.Definitions.validate_loadable(defs())


def test_every_asset_and_check_tells_the_reader_what_it_is() -> None:
    graph = build_defs(Settings.load()).resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        assert len(graph.get(key).description or "") > 80, key
    for check in graph.asset_check_keys:
        assert len(graph.get_check_spec(check).description or "") > 15, check


def test_every_number_has_a_unit_in_its_column_schema() -> None:
    from zl_assets.warehouse.contract import ColumnType
    from zl_assets_tests.support.contracts import CONTRACTS

    unitless = [
        f"{name}.{leaf.path}"
        for name, contract in CONTRACTS.items()
        for leaf in contract.frame_leaves
        if leaf.column.type is ColumnType.FLOAT64 and leaf.column.unit is None
    ]
    assert unitless == []
