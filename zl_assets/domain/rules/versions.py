"""Rules about tables in which a revision is a row of its own. Must not be here: rules about any one source's values."""

import datetime as dt
from collections.abc import Mapping

import pandas as pd

from zl_assets.domain.revisions import AVAILABLE, VINTAGE, Versions
from zl_assets.domain.rules.offenders import day, keys_only_in, none_refused, offending
from zl_assets.warehouse.verdict import Verdict


def known_by_rule(frame: pd.DataFrame, rule: "pd.Series[pd.Timestamp]", versions: Versions) -> Verdict:
    """No row was known before its source's rule says, and one without a vintage exactly then.

    Args:
        rule: when each row would have become known by the rule, UTC.
    """
    at = frame[AVAILABLE]
    bad = ~(at.eq(rule) | (at.gt(rule) & frame[VINTAGE].notna()))
    explanation = f"{bad.sum():,} of {len(frame):,} rows have an available_at that differs from the release rule."
    shown = frame.assign(by_rule=rule).loc[bad, [*versions.of, AVAILABLE, "by_rule"]]
    return offending("known_by_rule", frame, shown, explanation)


def no_vanished_row(table: pd.DataFrame, source: pd.DataFrame, versions: Versions) -> Verdict:
    """Of every stored row the files still say something. A refresh never deletes one."""
    vanished = keys_only_in(table, source, versions.of)
    explanation = (
        f"{len(vanished):,} of the table's {len(table):,} rows are of what is no longer in the files; nothing deletes them."
    )
    return offending("no_vanished_row", table, vanished, explanation)


def fresh(name: str, table: pd.DataFrame, as_of: dt.date, oldest: int, what: str) -> Verdict:
    """The newest observation is not too old for a session.

    Args:
        oldest: in days.
        what: the observation, up to its date, in a sentence.
    """
    newest = table["observed_on"].max()
    age = (pd.Timestamp(as_of) - newest).days if len(table) else 0
    return Verdict(
        name=name,
        passed=len(table) > 0 and age <= oldest,
        measured=age,
        bound=f"at most {oldest} days",
        offenders=pd.DataFrame(),
        explanation=f"The newest {what} of {day(newest)}, {age} days before {as_of}. Sessions to which no newer one is known "
        "have no value.",
    )


def no_file_refused(refused: Mapping[str, str], where: str) -> Verdict:
    """Every file could be read, and contradicts no other.

    Args:
        refused: what was wrong, by file.
        where: what was read.
    """
    explanation = f"{len(refused)} files of {where} were not loaded; the rows that the table already has of them stay."
    return none_refused("no_file_refused", refused, "0 files", explanation)
