"""The guide followed literally in a copy of the package: a source that the repository does not have, its setting, and a family
that reads it, through Dagster and the embedded BigQuery."""

import ast
import datetime as dt
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import zl_assets
from zl_assets_tests.support.guide import block

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "adding-a-source.md"
MODULES = {"freight_weekly.py": "sources", "freight.py": "domain/families"}

# What runs in the copy: the family's asset with all that it is made of, after each of three deliveries.
RUNS = """
import json, sys
from pathlib import Path
from zl_assets_tests.support.product import Product, failures, metadata, red

folder, freight = Path(sys.argv[1]), Path(sys.argv[2])
product = Product(folder, {"families": "freight", "freight": str(freight)})

def rows(table):
    client = product.client()
    found = client.query(f"SELECT * FROM `{table}` ORDER BY 1, 2").to_dataframe()
    client.close()
    return json.loads(found.drop(columns="ingestion_ts").to_json(orient="records", date_format="iso"))

def run(**changes):
    result = product.run_up_to("family_freight", **changes)
    said = metadata(result).get("freight_weekly", {})
    return {"failures": failures(result), "red": sorted(red(result)), "withheld": said.get("withheld"),
            "inserted": said.get("inserted"), "updated": said.get("updated")}

told = [run(freight=None)]
told += [run(), rows("raw_intelligence.freight_weekly"), rows("features.family_freight")]
(freight / "weeks.csv").write_text((freight / "weeks.csv").read_text().replace("2025-10-03,1075.5", "2025-10-03,999.5"))
(freight / "page.csv").write_text("<html>502 Bad Gateway</html>")
told += [run(), rows("raw_intelligence.freight_weekly"), rows("features.family_freight")]
product.let_go()
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def weeks() -> pd.DataFrame:
    """Fridays of two years, but for a hole of six weeks, and an index."""
    days = pd.date_range("2023-11-03", "2025-11-07", freq="7D")
    days = days[(days < "2024-06-01") | (days > "2024-07-10")]
    index = 1000.0 + (np.arange(len(days)) * 37 % 101)
    return pd.DataFrame({"week_ending": days, "index": np.where(days == "2025-10-03", 1075.5, index)})


@pytest.fixture(scope="module")
def told(weeks: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    copy, place, freight = (tmp_path_factory.mktemp(name) for name in ("copy", "product", "freight"))
    package = copy / "zl_assets"
    shutil.copytree(Path(zl_assets.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    for name, folder in MODULES.items():
        (package / folder / name).write_text(block(GUIDE, name))
    settings = (package / "settings.py").read_text()
    settings = settings.replace('OUTSIDE = ("fred", ', 'OUTSIDE = ("freight", "fred", ')
    (package / "settings.py").write_text(
        settings.replace("    as_of: dt.date | None = Field(", f"{block(GUIDE, 'settings')}    as_of: dt.date | None = Field(")
    )
    weeks.to_csv(freight / "weeks.csv", index=False)
    inherited = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    # The copy comes before the checkout, which has the tests' own package.
    path = os.pathsep.join([*filter(None, inherited), str(copy), str(GUIDE.parents[1])])
    environment = os.environ | {"PYTHONPATH": path}
    command = [sys.executable, "-c", RUNS, str(place), str(freight)]
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    found: list[Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_the_guide_says_how_long_its_modules_are() -> None:
    for name, folder in MODULES.items():
        assert f"`zl_assets/{folder}/{name}`, {len(block(GUIDE, name).splitlines())} lines" in GUIDE.read_text()


def test_nothing_of_the_product_names_it() -> None:
    package = Path(zl_assets.__file__).parent
    assert [path for path in package.rglob("*.py") if re.search(r"freight", path.read_text(), re.IGNORECASE)] == []
    for name in MODULES:
        ast.parse(block(GUIDE, name))


def test_without_its_setting_it_is_said_and_nothing_fails(told: list[Any]) -> None:
    unset = told[0]
    assert unset["failures"] == {}
    assert unset["withheld"].startswith("ZL_FREIGHT is not set")
    assert unset["red"] == ["family_freight:source_there", "freight_weekly:freight_accepted"]


def test_each_session_has_the_newest_week_that_was_known_and_not_an_old_one(told: list[Any], weeks: pd.DataFrame) -> None:
    first, stored, family = told[1:4]
    assert (first["failures"], first["red"], first["inserted"]) == ({}, [], len(weeks))
    # By hand: Friday the 3rd of October is known on Tuesday the 7th at 14:00 UTC, and 10:00 in New York is 15:00 in winter.
    known = {row["observed_on"][:10]: row["available_at"][:16] for row in stored}
    assert (known["2025-10-03"], known["2025-11-07"]) == ("2025-10-07T14:00", "2025-11-11T15:00")
    values = {row["data_date"][:10]: row["freight_index"] for row in family}
    by_day = dict(zip(weeks["week_ending"].dt.strftime("%Y-%m-%d"), weeks["index"], strict=True))
    assert (values["2025-10-06"], values["2025-10-07"]) == (by_day["2025-09-26"], by_day["2025-10-03"])
    assert values["2023-11-06"] is None
    # In the hole the last week, of the 31st of May, counts for 19 days.
    assert (values["2024-06-18"], values["2024-06-20"]) == (by_day["2024-05-31"], None)


def test_a_changed_value_is_a_version_and_a_page_of_an_error_harms_nothing(told: list[Any], weeks: pd.DataFrame) -> None:
    before, after, stored, family = told[3], told[4], told[5], told[6]
    assert (after["failures"], after["red"]) == ({}, ["freight_weekly:freight_accepted"])
    assert (after["inserted"], after["updated"]) == (1, 0)
    versions = [row for row in stored if row["observed_on"].startswith("2025-10-03")]
    assert [row["index"] for row in versions] == [1075.5, 999.5]
    assert versions[1]["vintage"][:10] == f"{dt.datetime.now(dt.UTC):%Y-%m-%d}"
    assert family == before
