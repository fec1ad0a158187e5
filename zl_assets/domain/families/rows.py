"""A family's rows, as its function gives them. Must not be here: rules about their values (rules/families.py)."""

from collections.abc import Mapping

import pandas as pd

from zl_assets.domain.families.base import Family, Show
from zl_assets.domain.families.chart import Shown
from zl_assets.domain.releases import decision_times
from zl_assets.domain.stubs import with_stubs
from zl_assets.instruments.base import Decision, Instrument
from zl_assets.warehouse.contract import PANDAS_DTYPES
from zl_assets.warehouse.errors import DataFault

KEY = ["data_date", "symbol"]

type Sources = Mapping[str, pd.DataFrame]


def sources_without_rows(family: Family, sources: Sources) -> tuple[str, ...]:
    """The family's sources that have no row."""
    return tuple(need.asset for need in family.needs if sources[need.asset].empty)


def family_rows(family: Family, sessions: pd.DataFrame, sources: Sources, instrument: Instrument) -> pd.DataFrame:
    """The values that the family's function gives each session, symbol by symbol.

    Args:
        instrument: says when a session decides, and which hours are stubs.

    Returns:
        data_date, symbol and the family's columns with their contract types, sorted by key, with a RangeIndex.

    Raises:
        DataFault: the function did not return what a family promises; the message says what.
    """
    ordered = sessions.sort_values(["symbol", "data_date"], kind="stable", ignore_index=True)
    given = _with_stubs(sources, instrument)
    parts = []
    for _, group in ordered.groupby("symbol", sort=True):
        own = group.reset_index(drop=True)
        columns = family.compute(_decided(own, instrument), given)
        _require_shape(family, own, columns)
        parts.append(own[KEY].join(columns[[c.column.name for c in family.columns]]))
    rows = pd.concat(parts, ignore_index=True)
    return rows.sort_values(KEY, kind="stable", ignore_index=True)


def newest_shown(show: Show, sessions: pd.DataFrame, sources: Sources, instrument: Instrument) -> Shown | str:
    """What a family shows of the instrument's newest session, or why there is nothing to show.

    Args:
        show: the family's.
        sessions, sources: as `family_rows` takes them.
    """
    own = sessions[sessions["symbol"] == instrument.symbol].sort_values("data_date", ignore_index=True)
    return show(_decided(own, instrument), _with_stubs(sources, instrument))


def _decided(sessions: pd.DataFrame, instrument: Instrument) -> pd.DataFrame:
    return sessions.assign(decided_at=decision_times(sessions["data_date"], instrument.decision))


def _with_stubs(sources: Sources, instrument: Instrument) -> dict[str, pd.DataFrame]:
    return {asset: with_stubs(frame, instrument) if "ts_event" in frame else frame for asset, frame in sources.items()}


def _require_shape(family: Family, sessions: pd.DataFrame, columns: pd.DataFrame) -> None:
    expected = {c.column.name: PANDAS_DTYPES[c.column.type] for c in family.columns}
    found = {str(name): str(dtype) for name, dtype in columns.dtypes.items()}
    if found != expected or not columns.index.equals(sessions.index):
        raise DataFault(
            f"Family {family.name}: its function must return, on the index of the {len(sessions):,} sessions, "
            f"{', '.join(f'{name} ({dtype})' for name, dtype in expected.items())}. It returned {len(columns):,} rows of "
            f"{', '.join(f'{name} ({dtype})' for name, dtype in found.items()) or 'no column'}. Correct its module in "
            "zl_assets/domain/families."
        )


def known_at(source: pd.DataFrame, date: pd.Timestamp, decision: Decision) -> pd.DataFrame:
    """The source rows that a session may use: those available before its decision; of bars, which have no release time, those
    that begin on its UTC date or before, as its own bar does."""
    if "available_at" in source:
        known = source["available_at"] < decision_times(pd.Series([date]), decision)[0]
    else:
        begins = source["ts_event"].dt.tz_localize(None) if "ts_event" in source else source["date"]
        known = begins < date + pd.Timedelta(days=1)
    return source[known].reset_index(drop=True)
