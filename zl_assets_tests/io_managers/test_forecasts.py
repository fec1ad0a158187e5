"""What the last materialization said of the record is found again, and only where it is said of the same prices."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from zl_assets.domain.forecast_record import Remembered
from zl_assets.io_managers.forecasts import remembered, statement
from zl_assets.provenance import Provenance
from zl_assets.settings import Settings

ASSET = "forecast_record"
RECORD = pd.DataFrame({"issued_on": pd.to_datetime(["2025-11-13", "2025-11-14"])})


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def provenance(**settings: object) -> Provenance:
    return Provenance.of(Settings.load(state_dir="/work/ours", **settings))


def tell(instance: dg.DagsterInstance, of: Provenance, added: dt.date | None, before: Remembered) -> None:
    said = {**of.metadata, **statement(RECORD, added, before)}
    instance.report_runless_asset_event(dg.AssetMaterialization(ASSET, metadata=said))


def test_what_is_said_is_remembered_and_what_was_lost_stays_lost(instance: dg.DagsterInstance) -> None:
    bars = provenance(bars=Path("/data/bars.parquet"))
    assert remembered(instance, ASSET, bars, RECORD) == Remembered()
    tell(instance, bars, dt.date(2025, 11, 15), Remembered(5, dt.date(2025, 11, 14), lost=1))
    assert remembered(instance, ASSET, bars, RECORD) == Remembered(3, dt.date(2025, 11, 15), lost=4)


def test_a_record_of_invented_prices_is_not_missed_by_own_bars_in_the_same_folder(instance: dg.DagsterInstance) -> None:
    """Who tries the sample, empties the warehouse and begins with own bars would be told that somebody deleted rows."""
    tell(instance, provenance(), None, Remembered(2, dt.date(2025, 11, 14)))
    assert remembered(instance, ASSET, provenance(), RECORD).rows == 2
    bars = provenance(bars=Path("/data/bars.parquet"))
    assert remembered(instance, ASSET, bars, RECORD) == Remembered()
    tell(instance, bars, None, Remembered())
    assert remembered(instance, ASSET, provenance(bars=Path("/data/other.parquet")), RECORD).rows == 2
