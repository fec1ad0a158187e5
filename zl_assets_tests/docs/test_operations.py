"""The files of docs/production are of this version: one set of numbers, known settings, one name for the code location."""

import re
from pathlib import Path
from typing import Any

import yaml

from zl_assets.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parents[2]
PRODUCTION = ROOT / "docs" / "production"


def loaded(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text())
    return content


def test_postgres_changes_where_dagster_keeps_things_and_nothing_else() -> None:
    here, production = loaded(ROOT / "dagster.yaml"), loaded(PRODUCTION / "dagster.yaml")
    places = {"storage", "local_artifact_storage", "compute_logs"}
    assert set(production) == set(here)
    assert {k: v for k, v in production.items() if k not in places} == {k: v for k, v in here.items() if k not in places}


def test_dagster_takes_the_production_file() -> None:
    from dagster._config import process_config
    from dagster._core.instance.config import dagster_instance_config_schema

    for path in (ROOT / "dagster.yaml", PRODUCTION / "dagster.yaml"):
        checked = process_config(dagster_instance_config_schema(), loaded(path))
        assert checked.success, [error.message for error in checked.errors or []]


def test_the_environment_of_the_services_names_settings_that_exist() -> None:
    names = set(re.findall(r"^(?:# )?(ZL_\w+)=", (PRODUCTION / "zl.env").read_text(), flags=re.MULTILINE))
    assert names <= {PREFIX + name.upper() for name in Settings.model_fields}
    assert "ZL_NOTIFY_WEBHOOK" in names


def test_a_schedule_switched_on_stays_on_when_the_services_take_over() -> None:
    [development] = loaded(ROOT / "workspace.yaml")["load_from"]
    [production] = loaded(PRODUCTION / "workspace.yaml")["load_from"]
    name = development["python_module"]["location_name"]
    assert production["grpc_server"]["location_name"] == name
    unit = (PRODUCTION / "zl-code.service").read_text()
    assert f"--location-name {name}" in unit
    assert f"--module-name {development['python_module']['module_name']}" in unit
    assert f"--port {production['grpc_server']['port']}" in unit


def test_nothing_listens_on_more_than_this_machine() -> None:
    """The proxy is what people reach; it is told to listen elsewhere when it has a certificate."""
    text = "\n".join(path.read_text() for path in PRODUCTION.iterdir())
    assert set(re.findall(r"--host (\S+)", text)) == {"127.0.0.1"}
    assert set(re.findall(r"^\s*listen (\S+?):", text, flags=re.MULTILINE)) == {"127.0.0.1"}


def test_every_page_that_a_reader_is_sent_to_is_there() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", page) if "://" not in link]
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
