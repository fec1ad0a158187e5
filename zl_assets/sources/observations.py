"""Tables of FRED's series: their contract, their source and the checks of it, for the modules of such tables.

Must not be here: the files (fred.py), when a series is known (domain/releases.py), which series a table has (its module).
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import pandas as pd

from zl_assets.contracts import market
from zl_assets.contracts.columns import INGESTION_TS, real
from zl_assets.domain.checks import Check, Level, Seen, unique_key
from zl_assets.domain.releases import LONG, RELEASES, SHORT, SPREAD
from zl_assets.domain.rules import observations
from zl_assets.domain.rules.rows import OBSERVATION_RULES
from zl_assets.settings import Settings
from zl_assets.sources import fred
from zl_assets.sources.base import Checks, Loaded, Source, SourceAsset, stored_so_far
from zl_assets.warehouse.contract import Column, ColumnType, TableContract
from zl_assets.warehouse.shape import empty_frame
from zl_assets.warehouse.verdict import Verdict

UNSET = (
    "ZL_FRED is not set, so nothing is loaded, and columns that need these series stay NULL. Set it to a folder of FRED's CSV "
    "files, or to https://fred.stlouisfed.org."
)

COLUMNS = (
    Column("series", ColumnType.STRING, "name of the series at FRED", nullable=False),
    Column("observed_on", ColumnType.DATE, "day, or first day of the month, that the value is of", nullable=False),
    Column(
        "available_at",
        ColumnType.TIMESTAMP,
        "when the value became known: by the series' release rule, or for a dated vintage when its day had passed",
        "UTC",
        nullable=False,
    ),
    real("value", "the value, in the series' own unit; an observation without one has no row", nullable=False),
    Column("vintage", ColumnType.DATE, "day whose state of knowledge the value is; NULL: the newest when it was fetched"),
    INGESTION_TS,
)

_IF_FRED_IS_RIGHT = "If FRED is right, the bound in zl_assets/domain/releases.py is too tight."

_RIGHT_THE_FILE = (
    "Look at these rows in the series' file and at FRED. A wrong file is replaced by fetching it again. " + _IF_FRED_IS_RIGHT
)


def series_table(table: str, description: str, series: Sequence[str]) -> Source:
    """The source of a table of FRED's series."""
    contract = TableContract(
        dataset="raw_intelligence",
        table=table,
        description=description,
        columns=COLUMNS,
        key=("series", "observed_on", "available_at"),
        partition_by="observed_on",
        cluster_by=("series",),
    )
    return Source(
        table=table,
        contract=lambda instruments: contract,
        setting="fred",
        unset=UNSET,
        releases={f"`{name}`, {RELEASES[name].meaning}": RELEASES[name].rule for name in series},
        fetch=partial(_fetch, series),
        read=partial(_read, contract, series),
        rules=lambda instruments: OBSERVATION_RULES,
        checks=partial(_checks, contract, series),
        detail="In a session's features an observation counts from its release on:",
        kinds=frozenset({"bigquery", "csv"}),
    )


def _fetch(series: Sequence[str], settings: Settings, now: dt.datetime) -> dict[str, str]:
    folder, addresses = settings.files_of("fred"), settings.addresses_of("fred")
    if not addresses or folder is None:
        return {}
    return fred.fetch(addresses[0], series, folder, now)


def _read(contract: TableContract, series: Sequence[str], settings: Settings, of: SourceAsset, as_of: dt.date) -> Loaded:
    folder = settings.files_of("fred")
    if folder is None:
        return Loaded(empty_frame(contract), nothing=UNSET)
    loaded = fred.read_folder(folder, series, contract, as_of)
    refused = "; ".join(f"{name}: {fault}" for name, fault in loaded.refused.items()) or "none"
    rows = pd.DataFrame(
        [
            {
                "series": name,
                "observations": read.observations,
                "without_a_value": read.missing,
                "duplicates_dropped": read.duplicates,
                "fetched_at": f"{read.fetched_at:%Y-%m-%d %H:%M:%S} UTC",
                "files": ", ".join(read.files),
            }
            for name, read in loaded.series.items()
        ]
        or [{"series": "none"}]
    )
    return Loaded(
        loaded.frame,
        facts={
            "source": str(settings.fred),
            "as_of": str(as_of),
            "series": rows,
            "refused": refused,
            "not_read": ", ".join(loaded.not_read) or "none",
        },
        # Series that contradict each other are refused for the same reason.
        warnings=tuple(dict.fromkeys(loaded.refused.values())),
        nothing=f"none of {', '.join(series)} can be used: {refused}" if loaded.frame.empty else "",
    )


def _checks(contract: TableContract, series: Sequence[str], settings: Settings, of: SourceAsset) -> Checks:
    asset, folder = of.key, settings.files_of("fred")
    own, decision = market.sessions(of.instruments[0]).table, of.instruments[0].decision

    def files(as_of: dt.date) -> Mapping[str, object]:
        if folder is None:
            return {"refused": dict.fromkeys(series, UNSET), "source": empty_frame(contract)}
        read = fred.read_folder(folder, series, contract, as_of)
        return {"refused": read.refused, "source": read.frame}

    def ask(
        name: str,
        says: str,
        todo: str,
        verdict: Callable[[Seen], Verdict],
        level: Level = Level.ERROR,
        reads: tuple[str, ...] = (),
    ) -> Check:
        return Check(asset, name, says, todo, verdict, level, reads)

    spread = ask(
        "spread_is_the_difference",
        f"{SPREAD} is {LONG} - {SHORT} to a hundredth, on every date that the three have.",
        "Compare the three series on these dates with FRED. One that FRED has revised is right again once all three are fetched; "
        "where the dates are many, the three are not loaded.",
        lambda seen: observations.spread_is_the_difference(seen.values[asset]),
    )
    return Checks(
        (
            unique_key(asset, contract.key, "One row per series, day and time at which it became known.", Level.ERROR),
            ask(
                "series_accepted",
                f"Each of {', '.join(series)} was found, and is sound. A warning if ZL_FRED is not set.",
                "Put the named file into the folder of ZL_FRED, or replace it with a new one from FRED, and refresh. The rows "
                "that the table already has of the series stay.",
                lambda seen: observations.series_accepted(seen.found["refused"], settings.fred or "ZL_FRED"),
                Level.ERROR if folder is not None else Level.WARNING,
            ),
            ask(
                "on_observation_days",
                "Every observation is of Monday to Friday, or of the first of a month where the series is monthly.",
                "The dates of a file were a day early or late, or days without an observation were filled in: delete the series' "
                "rows, and fetch it again. " + _IF_FRED_IS_RIGHT,
                lambda seen: observations.on_observation_days(seen.values[asset]),
            ),
            ask(
                "observations_in_range",
                "Every value lies in the range of its series.",
                _RIGHT_THE_FILE,
                lambda seen: observations.observations_in_range(seen.values[asset]),
            ),
            ask(
                "no_zero_observation",
                "No value is exactly 0, but for those of T10Y2Y.",
                "A 0 stands for a missing value: delete these rows, and fetch the series again. " + _IF_FRED_IS_RIGHT,
                lambda seen: observations.no_zero_observation(seen.values[asset]),
            ),
            ask(
                "decimals_as_quoted",
                "No value has more decimals than FRED gives of its series (DTWEXBGS four, the others two).",
                "The values are fractions for percent, in another unit, or means: delete these rows, and fetch the series again. "
                + _IF_FRED_IS_RIGHT,
                lambda seen: observations.decimals_as_quoted(seen.values[asset]),
            ),
            ask(
                "no_observation_jump",
                "No value is 8 times the one before, or an eighth of it.",
                _RIGHT_THE_FILE,
                lambda seen: observations.no_observation_jump(seen.values[asset]),
            ),
            ask(
                "available_by_rule",
                "The available_at of every observation is what its series' release rule says.",
                "Somebody edited available_at in the table, or the release rule has changed: empty the table and refresh, so "
                "that every row is stamped by today's rule.",
                lambda seen: observations.available_by_rule(seen.values[asset]),
            ),
            ask(
                "no_vanished_observation",
                "Every stored observation is still in the files.",
                "Compare the file with the previous one: FRED rarely takes an observation back. Nothing is deleted on its own; "
                "delete the rows by hand if they are wrong.",
                lambda seen: observations.no_vanished_observation(stored_so_far(seen, asset), seen.found["source"]),
            ),
            ask(
                "series_fresh",
                "No series has stopped. A warning, by name.",
                "Fetch the series again. If FRED has discontinued it, its columns stay NULL from here on: choose another series.",
                lambda seen: observations.series_fresh(seen.values[asset], series, seen.as_of),
                Level.WARNING,
            ),
            ask(
                "series_start_in_time",
                "Every series was known to the first session. A warning, by name.",
                "Load a longer history of the series, or accept that sessions before its start have no value.",
                lambda seen: observations.series_start_in_time(seen.values[asset], series, seen.values[own], decision),
                Level.WARNING,
                reads=(own,),
            ),
            *([spread] if {SPREAD, LONG, SHORT} <= set(series) else []),
        ),
        files,
        "The table against its rules, the files and the calendar.",
    )
