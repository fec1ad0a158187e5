"""Whether what the UI shows is of the state folder that it was started on: Dagster's storage may be shared by several.

Belongs here: the check, and the newest records that it looks at. Must not be here: the rule (domain/rules/records.py), the sensor
that asks it between runs (automation.py).
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import dagster as dg
import pandas as pd

from zl_assets.catalog import Catalog, assets_at
from zl_assets.checks.group import Group, Looking
from zl_assets.contracts import forecasts, market, predictions
from zl_assets.contracts.training import MODEL, TRAINING_CSV
from zl_assets.domain.checks import Check, Level
from zl_assets.domain.rules.records import of_this_state_folder
from zl_assets.instruments.base import Horizon, Instrument
from zl_assets.provenance import PRICES, STATE_FOLDER, Provenance
from zl_assets.settings import Settings

NEWEST = "newest"

_DO = (
    "What the pages of the assets that are named show is another state folder's: run the job zl_daily_refresh here, or start the "
    "UI with the ZL_STATE_DIR that is named. Tables, CSV and models of the two folders are apart."
)


_LEVEL = "A warning in a run; between runs a sensor turns it red within a minute."


@dataclass(frozen=True)
class Watched:
    """A check, the assets whose newest records it judges, and the state folder that they should be of."""

    check: Check
    assets: tuple[str, ...]
    state: str


def watched(catalog: Catalog, settings: Settings) -> list[Watched]:
    """Where the graph begins and where it ends: a person who looks at the graph sees either."""
    provenance = Provenance.of(settings)
    found = []
    for instrument in catalog.instruments:
        bars = instrument.asset(market.BARS_TABLE)
        if settings.embedded:
            says = f"Its newest materialization came from this state folder. {_LEVEL}"
            found.append(_watched(bars, says, (bars,), provenance))
        for horizon in instrument.horizons:
            asset = predictions.latest(instrument, horizon).table
            says = (
                f"Its newest materialization, and that of every asset that it is made of, came from this state folder. {_LEVEL}"
            )
            line = _line(catalog, instrument, horizon)
            found.append(_watched(asset, says, (bars, *line) if settings.embedded else line, provenance))
    return found


def _watched(asset: str, says: str, assets: tuple[str, ...], provenance: Provenance) -> Watched:
    check = Check(
        asset,
        "of_this_state_folder",
        says,
        _DO,
        lambda seen: of_this_state_folder(seen.found[NEWEST], provenance.state),
        Level.WARNING,
    )
    return Watched(check, assets, provenance.state)


def _line(catalog: Catalog, instrument: Instrument, horizon: Horizon) -> tuple[str, ...]:
    """What the forecasts are made of, and the forecasts: the tables of the instrument, the file and the model."""
    others = {asset for other in instrument.horizons if other != horizon for asset in assets_at(instrument, other)}
    # In a run they come after the forecasts, and would still be the other folder's when this is asked.
    others |= {predictions.oof(instrument, horizon).table}
    others |= {instrument.asset_at(horizon, later) for later in (forecasts.RECORD, forecasts.SCORE)}
    files = (instrument.asset_at(horizon, TRAINING_CSV), instrument.asset_at(horizon, MODEL))
    return (*(table for table in catalog.tables_of(instrument) if table not in others), *files)


def folder_checks(catalog: Catalog, settings: Settings) -> list[Group]:
    """The checks, each in a step of its own: they load nothing."""
    return [
        Group(
            f"{one.check.asset}_folder_check",
            "The newest records against the state folder.",
            (one.check,),
            prepare=lambda looking, one=one: {NEWEST: _newest_or_of_this_run(looking, one)},  # type: ignore[misc]
        )
        for one in watched(catalog, settings)
    ]


def _newest_or_of_this_run(looking: Looking, one: Watched) -> pd.DataFrame:
    """What this run made is of this folder, whatever another run on the same storage recorded meanwhile."""
    newest = newest_records(looking.instance, one.assets)
    logs = looking.instance.all_logs(looking.run, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    made = {str(key.to_user_string()) for log in logs if log.dagster_event and (key := log.dagster_event.asset_key)}
    newest.loc[newest["asset"].isin(made), STATE_FOLDER] = one.state
    return newest


def newest_records(instance: dg.DagsterInstance, assets: Iterable[str]) -> pd.DataFrame:
    """The newest materialization of each asset that has one: `of_this_state_folder`'s `newest`."""
    rows = [*_rows(instance, assets)]
    return pd.DataFrame(rows, columns=["asset", STATE_FOLDER, PRICES, "recorded"])


def _rows(instance: dg.DagsterInstance, assets: Iterable[str]) -> Iterator[Mapping[str, str]]:
    for record in instance.get_asset_records([dg.AssetKey(asset) for asset in assets]):
        newest = record.asset_entry.last_materialization
        if newest is None:
            continue
        metadata = newest.asset_materialization.metadata if newest.asset_materialization is not None else {}
        yield {
            "asset": record.asset_entry.asset_key.to_user_string(),
            **{name: str(metadata[name].value) if name in metadata else "" for name in (STATE_FOLDER, PRICES)},
            "recorded": dt.datetime.fromtimestamp(newest.timestamp, dt.UTC).isoformat(" ", "milliseconds"),
        }
