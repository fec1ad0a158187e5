"""Files of a publisher to a table of versions: each is read or refused whole, and what they say together is put in order.

Belongs here: what holds whatever is in the files. Must not be here: a format, or any one source.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from zl_assets.domain.checks import Check, Level, unique_key
from zl_assets.domain.revisions import AVAILABLE, Versions, contradictions, versions_in_files
from zl_assets.domain.rules import versions as rules
from zl_assets.settings import PREFIX, Settings
from zl_assets.sources.base import held_against_files
from zl_assets.sources.dated_files import downloaded_on, files_below
from zl_assets.sources.notes import first_of
from zl_assets.sources.outside import not_there
from zl_assets.warehouse.contract import TableContract
from zl_assets.warehouse.errors import DataFault
from zl_assets.warehouse.shape import conform, empty_frame
from zl_assets.warehouse.verdict import RowRule, Verdict, fault_of


@dataclass(frozen=True, eq=False)
class VersionedFiles:
    """What a source says of its files.

    Attributes:
        setting: the field of Settings that says where they are.
        unset: the message where it does not.
        contract: the table, with observed_on, available_at and vintage.
        versions: what makes a row a version.
        suffixes: of the files that are read, in lower case, with their dot.
        no_publishers: names of files that have such a suffix and are no publisher's: passed by, with a warning.
        read_file: (file, last day) -> the contract's rows without vintage and available_at, and `place`, the file and line of
            each, with a RangeIndex. DataFault where the file cannot be used, or has a date after the last day.
        rule: observed_on -> when that becomes known, UTC.
        row_rules: what every row of a file must meet, beside the rule above.
    """

    setting: str
    unset: str
    contract: TableContract
    versions: Versions
    suffixes: tuple[str, ...]
    no_publishers: tuple[str, ...]
    read_file: Callable[[Path, dt.date], pd.DataFrame]
    rule: Callable[["pd.Series[pd.Timestamp]"], "pd.Series[pd.Timestamp]"]
    row_rules: tuple[RowRule, ...]

    @property
    def variable(self) -> str:
        """The setting's name in the environment."""
        return f"{PREFIX}{self.setting.upper()}"

    @property
    def table_rules(self) -> tuple[RowRule, ...]:
        """What every row must meet before it is written."""
        return (*self.row_rules, self.known_by_rule)

    def known_by_rule(self, frame: pd.DataFrame) -> Verdict:
        """No row was known before the release rule says, and one without a vintage exactly then."""
        return rules.known_by_rule(frame, self.rule(frame["observed_on"]), self.versions)


@dataclass(frozen=True, eq=False)
class Read:
    """What files give.

    Attributes:
        frame: the contract's frame_columns with their types, sorted by key.
        files: rows of each file that was read.
        refused: what was wrong, by file; nothing of such a one is in the frame.
        passed_by: files that are no publisher's, or of another kind.
        revised: rows that are a later version of another.
        later: rows after the as-of date, left out.
    """

    frame: pd.DataFrame
    files: dict[str, int] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    passed_by: tuple[str, ...] = ()
    revised: int = 0
    later: int = 0


def read_versions(path: Path, of: VersionedFiles, as_of: dt.date, today: dt.date) -> Read:
    """Read a file, or every file of a folder and of those below it.

    A file with a fault is refused whole, and the others are read; so are files that disagree about an observation without saying
    when they were downloaded. Rows after `as_of` are left out.

    Args:
        today: no file that does not say its day can have a later date.

    Raises:
        DataFault: there is no file at all.
    """
    there = files_below(path, of.variable)
    wanted = [file for file in there if file.suffix.lower() in of.suffixes and file.name not in of.no_publishers]
    passed_by = tuple(_named(file, path) for file in there if file not in wanted)
    refused: dict[str, str] = {}
    parts: dict[str, pd.DataFrame] = {}
    for file in wanted:
        name = _named(file, path)
        try:
            vintage = downloaded_on(file, path)
            rows = judged(of.read_file(file, vintage or today), of.row_rules)
        except DataFault as fault:
            refused[name] = str(fault)
        except OSError as error:
            refused[name] = f"{file}: cannot be read: {error.strerror or error}. Check its permissions."
        else:
            day = pd.Series(pd.NaT if vintage is None else pd.Timestamp(vintage), rows.index, dtype="datetime64[ns]")
            parts[name] = rows.assign(vintage=day, file=name)
    while parts:
        together = pd.concat(parts.values(), ignore_index=True)
        faults = _contradicting(contradictions(together, of.versions), of.versions)
        if not faults:
            return _in_order(together, of, as_of, Read(together, {k: len(v) for k, v in parts.items()}, refused, passed_by))
        refused |= faults
        parts = {name: part for name, part in parts.items() if name not in faults}
    return Read(empty_frame(of.contract), {}, refused, passed_by)


def judged(rows: pd.DataFrame, row_rules: tuple[RowRule, ...]) -> pd.DataFrame:
    """The rows of a file, if they may be believed.

    Raises:
        DataFault: names the lines that break a rule.
    """
    failed = [verdict for verdict in (rule(rows) for rule in row_rules) if not verdict.passed]
    if failed:
        bad = dict.fromkeys(row for verdict in failed for row in verdict.offenders.index)
        raise fault_of(failed, f"{first_of(rows.loc[list(bad), 'place'].tolist(), 3, '; ')}:", "Download the file again.")
    return rows


def require_readable(of: VersionedFiles, file: Path, today: dt.date) -> None:
    """Refuse a file that `read_versions` would refuse by itself.

    Raises:
        DataFault: names file and line.
    """
    judged(of.read_file(file, downloaded_on(file, file) or today), of.row_rules)


def read_now(settings: Settings, of: VersionedFiles, as_of: dt.date) -> Read:
    """What there is; where nothing has been fetched yet, the addresses as refused.

    Raises:
        DataFault: the place that is set has no file at all.
    """
    place, absent = settings.files_of(of.setting), not_there(settings, of.setting, of.unset)
    if place is None or absent:
        return Read(empty_frame(of.contract), refused=absent)
    return read_versions(place, of, as_of, dt.datetime.now(dt.UTC).date())


def facts_of(read: Read, settings: Settings, of: VersionedFiles, as_of: dt.date) -> dict[str, str | int | pd.DataFrame]:
    """What a person is told of what was read."""
    files = pd.DataFrame({"file": list(read.files), "rows": list(read.files.values())})
    return {
        "source": str(getattr(settings, of.setting)),
        "as_of": str(as_of),
        "files": files if len(files) else pd.DataFrame([{"file": "none"}]),
        "refused": "; ".join(read.refused.values()) or "none",
        "not_read": ", ".join(read.passed_by) or "none",
        "revised": read.revised,
        "rows_after_as_of_left_out": read.later,
    }


def warnings_of(read: Read, of: VersionedFiles) -> tuple[str, ...]:
    """What was left out, a line each."""
    by_hand = [name for name in read.passed_by if Path(name).name in of.no_publishers]
    passed_by = [f"{', '.join(by_hand)}: no publisher's file, so it is passed by."] if by_hand else []
    return (*dict.fromkeys(read.refused.values()), *passed_by)


def nothing_of(read: Read, of: VersionedFiles) -> str:
    """Why there is no row; empty where there is one."""
    if len(read.frame):
        return ""
    kinds = " or ".join(of.suffixes)
    return f"{of.variable}: nothing can be used: {'; '.join(read.refused.values()) or f'there is no file that ends in {kinds}'}"


def checks_of(settings: Settings, of: VersionedFiles, asset: str) -> tuple[Check, ...]:
    """The checks that every such table has; they look at `refused` and `source`, as `prepare` makes them."""

    place = getattr(settings, of.setting)
    return (
        unique_key(asset, of.contract.key, "One row per observation and time at which it became known.", Level.ERROR),
        Check(
            asset,
            "no_file_refused",
            f"Every file of {of.variable} could be read, and contradicts no other. A warning if {of.variable} is not set.",
            "Replace the named file with a new download, as the message says, and refresh. Rows that the table has of it stay.",
            lambda seen: rules.no_file_refused(seen.found["refused"], str(place or of.variable)),
            Level.ERROR if place is not None else Level.WARNING,
        ),
        Check(
            asset,
            "known_by_rule",
            "No row was known before the release rule says, and one without a vintage exactly then.",
            "Somebody edited available_at in the table, or the rule has changed: empty the table and refresh, so that every row "
            "is stamped by today's rule.",
            lambda seen: of.known_by_rule(seen.values[asset]),
        ),
        Check(
            asset,
            "no_vanished_row",
            "Of every stored row the files still say something. Not asked while a file is refused: what is stored of it stays.",
            "Put the files that are gone back, or accept that the table keeps their rows: nothing is deleted on its own.",
            lambda seen: rules.no_vanished_row(held_against_files(seen, asset), seen.found["source"], of.versions),
        ),
    )


def prepared(settings: Settings, of: VersionedFiles, as_of: dt.date) -> Mapping[str, object]:
    """What the checks look at: the files as they are now."""
    read = read_now(settings, of, as_of)
    return {"refused": read.refused, "source": read.frame}


def _named(file: Path, place: Path) -> str:
    return file.name if file == place else str(file.relative_to(place))


def _contradicting(rows: pd.DataFrame, versions: Versions) -> dict[str, str]:
    """What is wrong with each file that has one of these rows."""
    faults: dict[str, str] = {}
    observations = [(own["file"].unique(), own["place"].tolist()) for _, own in rows.groupby(list(versions.of), sort=True)]
    for files, places in observations:
        said = (
            f"{' and '.join(places)} are of one observation and differ, and nobody can say which is right. Leave one of them, or "
            "end each file's name with the day of its download, as _YYYYMMDD."
        )
        faults = dict.fromkeys(files, said) | faults
    return faults


def _in_order(rows: pd.DataFrame, of: VersionedFiles, as_of: dt.date, read: Read) -> Read:
    later = rows["observed_on"] > pd.Timestamp(as_of)
    own = rows[~later]
    told = versions_in_files(own.assign(**{AVAILABLE: of.rule(own["observed_on"])}), of.versions)
    revised = int(told.duplicated(list(of.versions.of)).sum())
    return replace(read, frame=conform(told, of.contract), revised=revised, later=int(later.sum()))
