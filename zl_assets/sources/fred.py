"""Economic series from FRED's CSV files, in a folder or fetched into one.

Belongs here: the file format, fetching, and which series of a folder can be used. Must not be here: when an observation is known
(domain/releases.py), and what a sound value is (domain/rules).

A file is what FRED delivers: two columns, `observation_date` (`DATE` in older files) and the series, whose name ends in
`_YYYYMMDD` where it is the vintage of that day. An empty cell or a dot is no observation, and gives no row. A file is judged by
itself (is it this series, at its frequency, on its days, in its unit?), then a series with its vintages, then series together.

Or it is what ALFRED delivers of many vintages: CSV with a column for each, or JSON of `fred/series/observations` (output_type=1)
with the `realtime_start` of each value. Of such a file a row is a value that a vintage has changed, or is the first to have; of
the vintages the newest is judged.
"""

import datetime as dt
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from zl_assets.domain.releases import LONG, RELEASES, SHORT, SPREAD, available_at
from zl_assets.domain.rules.deliveries import delivery_faults
from zl_assets.domain.rules.observations import no_copied_series, spread_contradicted
from zl_assets.domain.rules.rows import OBSERVATION_RULES
from zl_assets.sources import cells, fetching
from zl_assets.sources.fetching import Wanted, changed
from zl_assets.sources.notes import first_of
from zl_assets.warehouse.contract import TableContract
from zl_assets.warehouse.errors import DataFault
from zl_assets.warehouse.shape import conform
from zl_assets.warehouse.verdict import MAX_OFFENDERS, Verdict, fault_of, require

DATE_COLUMNS = ("observation_date", "DATE")
MISSING = frozenset({"", "."})


@dataclass(frozen=True)
class Read:
    """What became of one series.

    Attributes:
        files: those it was read from.
        fetched_at: when the newest of them was fetched, or last changed; UTC.
        observations: rows with a value.
        missing: rows without one.
        duplicates: exact copies of another row.
    """

    files: tuple[str, ...]
    fetched_at: dt.datetime
    observations: int
    missing: int
    duplicates: int


@dataclass(frozen=True, eq=False)
class Observations:
    """The usable series of a folder.

    Attributes:
        frame: the contract's frame_columns with their types, sorted by key; without rows where no series could be used.
        series: what was read, by series.
        refused: what was wrong, by series; nothing of such a series is in the frame.
        not_read: what else is in the folder, by name.
    """

    frame: pd.DataFrame
    series: dict[str, Read]
    refused: dict[str, str] = field(default_factory=dict)
    not_read: tuple[str, ...] = ()


def fetch(address: str, series: Sequence[str], folder: Path, now: dt.datetime) -> dict[str, str]:
    """Fetch FRED's file of each series into the folder (sources/fetching.py).

    Args:
        address: e.g. https://fred.stlouisfed.org; the files are at <address>/graph/fredgraph.csv?id=SERIES.
        now: the time, UTC.

    Returns:
        What went wrong, by series.

    Raises:
        ArtifactFault: the folder cannot be written.
    """
    wanted = [Wanted(name, f"{name}.csv", f"{address}/graph/fredgraph.csv", {"id": name}) for name in series]
    return fetching.fetch(wanted, folder, now, lambda file: _read_file(file, file.stem))


def read_folder(folder: Path, series: Sequence[str], contract: TableContract, as_of: dt.date) -> Observations:
    """Read the files of these series: `SERIES.csv`, `SERIES_YYYYMMDD.csv` for a vintage, and of many vintages `SERIES.json` or
    `SERIES_2_Vintages_Starting_YYYY_MM_DD.csv`.

    A series whose file is missing, malformed, of another frequency, on other days or in another unit, or holds two values for one
    date or a value outside its range, is refused whole, and the others are read. So are series that contradict each other.
    Observations dated after `as_of` are left out.

    Raises:
        DataFault: the folder cannot be used at all.
    """
    try:
        names = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise DataFault(
            f"{folder}: cannot be read as a folder of FRED's CSV files ({error.strerror or error}). Set ZL_FRED to a folder with "
            f"files such as {series[0]}.csv; a relative path starts at {Path.cwd()}."
        ) from error
    frames: list[pd.DataFrame] = []
    read: dict[str, Read] = {}
    refused: dict[str, str] = {}
    for name in series:
        files = [folder / entry for entry in names if _is_file_of(entry, name)]
        try:
            frame, read[name] = _read_series(files, name, folder, contract, as_of)
        except DataFault as error:
            refused[name] = str(error)
            continue
        frames.append(frame)
    empty = pd.DataFrame(columns=list(contract.frame_columns))
    frame = conform(pd.concat(frames) if frames else empty, contract)
    refused |= _contradictions(frame, folder)
    sound = {name: of for name, of in read.items() if name not in refused}
    # The files of the other tables' series are theirs.
    not_read = tuple(entry for entry in names if not any(_is_file_of(entry, name) for name in {*RELEASES, *series}))
    return Observations(conform(frame[frame["series"].isin(list(sound))], contract), sound, refused, not_read)


def _is_file_of(entry: str, name: str) -> bool:
    return re.fullmatch(rf"{name}(\.json|(_\d{{8}}|_\d+_Vintages_Starting_[\d_]+)?\.csv)", entry) is not None


def _contradictions(frame: pd.DataFrame, folder: Path) -> dict[str, str]:
    """The series that contradict each other, with what is wrong. Which of them is, nobody can say."""
    refused: dict[str, str] = {}
    spread = spread_contradicted(frame)
    if not spread.passed:
        refused |= dict.fromkeys((SPREAD, LONG, SHORT), _contradiction(spread, folder, (SPREAD, LONG, SHORT)))
    copied = no_copied_series(frame)
    for pair in zip(copied.offenders["series"], copied.offenders["other"], strict=True):
        refused |= {name: _contradiction(copied, folder, pair) for name in pair if name not in refused}
    return refused


def _contradiction(verdict: Verdict, folder: Path, names: Sequence[str]) -> str:
    said = f"{folder}, series {', '.join(names)}: they contradict each other, so that none of them is loaded."
    return str(fault_of([verdict], said, f"Compare each file with FRED, and download {', '.join(names)} again, as they are."))


def _read_series(
    files: Sequence[Path], name: str, folder: Path, contract: TableContract, as_of: dt.date
) -> tuple[pd.DataFrame, Read]:
    if not files:
        raise DataFault(f"{folder}: there is no {name}.csv. Download it from https://fred.stlouisfed.org/series/{name}.")
    read = [_read_file(file, name) for file in files]
    rows = pd.concat([frame for frame, _ in read], ignore_index=True)
    copies = int(rows.duplicated().sum())
    rows = rows.drop_duplicates()
    twice = rows[rows.duplicated(["observed_on", "vintage"], keep=False)].sort_values("observed_on")
    if len(twice):
        named = "; ".join(f"{row.observed_on:%Y-%m-%d}: {row.value!r}" for row in twice.head(MAX_OFFENDERS).itertuples())
        raise DataFault(f"{folder}: {name} has more than one value for a date: {named}. Leave one of each.")
    rows = rows[rows["observed_on"] <= pd.Timestamp(as_of)]
    if rows.empty:
        raise DataFault(f"{folder}: {name} has no observation up to {as_of}. Download it again.")
    rule = available_at(name, rows["observed_on"])
    # What a vintage says was certainly known when its day had passed.
    dated = (rows["vintage"] + pd.Timedelta(days=1)).dt.tz_localize("UTC")
    frame = conform(rows.assign(series=name, available_at=rule.where(~dated.gt(rule), dated)), contract)
    require((assertion(frame) for assertion in OBSERVATION_RULES), f"{folder}, series {name}")
    fetched_at = max(changed(file) for file in files)
    return frame, Read(tuple(f.name for f in files), fetched_at, len(frame), sum(missing for _, missing in read), copies)


def _read_file(file: Path, name: str) -> tuple[pd.DataFrame, int]:
    """observed_on, value and vintage of one file, in its order, copies among them; and the number of rows without a value."""
    try:
        if file.suffix == ".json":
            return _read_json(file, name)
        lines = cells.csv_lines(file)
    except OSError as error:
        raise DataFault(f"{file}: cannot be read: {error.strerror or error}. Check the file and its permissions.") from error
    header = [str(cell).strip() for cell in lines.iloc[0]]
    matches = [re.fullmatch(rf"{name}(?:_(\d{{8}}))?", column) for column in header[1:]]
    days = [match[1] for match in matches if match]
    # Several columns are vintages, each of another day.
    told = len(header) == 2 or (None not in days and len(set(days)) == len(days))
    if header[0] not in DATE_COLUMNS or not days or len(days) != len(header) - 1 or not told:
        raise DataFault(
            f"{file}: its first line is {','.join(header)[:80]!r}, expected '{DATE_COLUMNS[0]},{name}', or {name}_YYYYMMDD for "
            "each of several vintages. Download this series again by itself, as CSV."
        )
    rows = lines.iloc[1:].set_axis(["observed_on", *header[1:]], axis=1).fillna("")
    rows = rows.apply(lambda column: column.str.strip())
    rows = rows[(rows != "").any(axis=1)]
    dates = cells.converted(rows["observed_on"], cells.date, "a date as YYYY-MM-DD", file)
    parts = []
    for column, day in sorted(zip(header[1:], days, strict=True), key=lambda pair: pair[1] or ""):
        given = rows.loc[~rows[column].isin(MISSING), column]
        values = cells.converted(given.rename(name) if len(days) == 1 else given, cells.number, "a number, or empty", file)
        try:
            vintage = pd.Timestamp(dt.datetime.strptime(day, "%Y%m%d")) if day else pd.NaT
        except ValueError as error:
            raise DataFault(f"{file}: {column} does not end in a date. Download the vintage again.") from error
        part = pd.DataFrame({"observed_on": dates[given.index], "value": values, "vintage": vintage})
        parts.append(part.astype({"observed_on": "datetime64[ns]", "value": "float64", "vintage": "datetime64[ns]"}))
    _judge(parts[-1].assign(series=name), name, file)
    if len(parts) == 1:
        return parts[0], len(rows) - len(parts[0])
    every = pd.concat(parts)
    return _changes(every, file), len(rows) - every.index.nunique()


def _read_json(file: Path, name: str) -> tuple[pd.DataFrame, int]:
    """As `_read_file`, of an answer of `fred/series/observations`; the index is the place among its observations."""
    again = (
        f"Ask ALFRED again: fred/series/observations?series_id={name}&realtime_start=1776-07-04&realtime_end=9999-12-31"
        "&output_type=1&file_type=json."
    )
    try:
        found = json.loads(file.read_bytes().decode("utf-8-sig"))
    except ValueError as error:
        raise DataFault(f"{file}: this is not whole JSON ({error}): it was cut short, or is a web page. {again}") from error
    given = found.get("observations") if isinstance(found, dict) else None
    if not isinstance(given, list) or not given:
        said = str(found.get("error_message", "")) if isinstance(found, dict) else ""
        raise DataFault(f"{file}: it has no observations{f' ({said})' if said else ''}. {again}")
    if (units := found.get("units", "lin")) != "lin":
        raise DataFault(f"{file}: its values are changed (units={units}), expected those of the series (units=lin). {again}")
    if (count := found.get("count", len(given))) != len(given):
        raise DataFault(
            f"{file}: it has {len(given)} of {count} observations: an answer was cut, or has a limit. Ask for a shorter time, "
            f"from an observation_start on. {again}"
        )
    rows = pd.DataFrame(given, index=pd.RangeIndex(1, len(given) + 1), dtype=object)
    if lacking := [column for column in ("date", "realtime_start", "value") if column not in rows]:
        raise DataFault(f"{file}: its observations have no {', '.join(lacking)}. {again}")
    there = rows[~rows["value"].isin(MISSING)]
    every = pd.DataFrame(
        {
            "observed_on": cells.converted(there["date"], cells.date, "a date as YYYY-MM-DD", file),
            "value": cells.converted(there["value"], cells.number, "a number, or a dot", file),
            "vintage": cells.converted(there["realtime_start"], cells.date, "a date as YYYY-MM-DD", file),
        }
    ).astype({"observed_on": "datetime64[ns]", "value": "float64", "vintage": "datetime64[ns]"})
    newest = every.sort_values(["observed_on", "vintage"], kind="stable").drop_duplicates("observed_on", keep="last")
    _judge(newest.assign(series=name), name, file)
    return _changes(every, file), len(rows) - len(there)


def _changes(rows: pd.DataFrame, file: Path) -> pd.DataFrame:
    """The values that a vintage changed, or was the first to have; of one vintage all.

    Raises:
        DataFault: a vintage before its observation.
    """
    if (early := rows["vintage"] < rows["observed_on"]).any():
        named = [f"row {row.Index}: {row.observed_on:%Y-%m-%d} in {row.vintage:%Y-%m-%d}" for row in rows[early].itertuples()]
        raise DataFault(
            f"{file}: a value cannot be known before the day that it is of, but found {first_of(named, between='; ')}. Download "
            "the vintages again."
        )
    ordered = rows.sort_values(["observed_on", "vintage"], kind="stable")
    before = ordered.groupby("observed_on")[["value", "vintage"]].shift()
    kept: pd.DataFrame = ordered[before["value"].ne(ordered["value"]) | before["vintage"].eq(ordered["vintage"])]
    return kept


def _judge(rows: pd.DataFrame, name: str, file: Path) -> None:
    """Refuse a file that is not what FRED delivers of the series; the message names rows of the file."""
    if rows.empty or name not in RELEASES:
        return
    failed = [_by_row(verdict) for verdict in delivery_faults(rows)]
    if failed:
        raise fault_of(
            failed,
            f"{file}: this is not {name} as FRED delivers it: {len(failed)} of the rules do not hold.",
            f"Replace the file with {name} as it is downloaded from https://fred.stlouisfed.org/series/{name}; if FRED shows the "
            "same, change what zl_assets/domain/releases.py says of the series.",
        )


def _by_row(verdict: Verdict) -> Verdict:
    """The verdict with the rows of the file in its words, where its offenders are such."""
    if "observed_on" not in verdict.offenders:
        return verdict
    return replace(verdict, offenders=verdict.offenders.rename_axis("row").reset_index())
