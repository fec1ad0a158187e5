"""Rules about the balances of WASDE releases. Must not be here: a file format, a formula."""

import datetime as dt
from collections.abc import Mapping

import pandas as pd

from zl_assets.domain.rules.offenders import day, keys_only_in, none_refused, offending
from zl_assets.domain.wasde import (
    MOST_SKIPPED,
    ROUNDING,
    TOO_OLD,
    YEARS,
    known_by_rule,
    newest_year,
    skipped_months,
    year_name,
)
from zl_assets.warehouse.verdict import MAX_OFFENDERS, RowRule, Verdict

# What a row is a version of.
BALANCE = ("wasde_number", "observed_on", "market_year")

QUANTITIES = (
    "beginning_stocks",
    "production",
    "imports",
    "total_supply",
    "domestic_use",
    "exports",
    "total_use",
    "ending_stocks",
)

# Million pounds. The real ones are 18,459 to 29,600, and thousands of tonnes, bushels or meal's short tons are others.
LEAST_USE, MOST_USE = 15_000.0, 60_000.0

# Cents per pound; the real ones are 28 to 75.
LOWEST_PRICE, HIGHEST_PRICE = 5.0, 300.0


def balance_adds_up(frame: pd.DataFrame) -> Verdict:
    """Beginning stocks, production and imports are the supply, domestic use and exports the use, supply less use is the ending
    stocks, each to 1 million pounds, and biofuel is not more than domestic use."""
    parts = {name: frame[name] for name in QUANTITIES}
    gaps = pd.DataFrame(
        {
            "supply": parts["beginning_stocks"] + parts["production"] + parts["imports"] - parts["total_supply"],
            "use": parts["domestic_use"] + parts["exports"] - parts["total_use"],
            "stocks": parts["total_supply"] - parts["total_use"] - parts["ending_stocks"],
        }
    )
    # A billionth for numbers with decimals.
    sound = (gaps.abs() <= ROUNDING + 1e-9).all(axis=1) & ~(frame["biofuel"] > parts["domestic_use"])
    explanation = f"{(~sound).sum():,} of {len(frame):,} balances do not add up: a number is wrong, or another balance's."
    return offending(
        "balance_adds_up", frame, _shown(frame.join(gaps.add_prefix("off_")), ~sound, *gaps.add_prefix("off_")), explanation
    )


def balance_in_range(frame: pd.DataFrame) -> Verdict:
    """No quantity is negative, the use is one of soybean oil in million pounds, and the price one in cents."""
    low, high = frame["price_low"], frame["price_high"]
    bad = (frame[[*QUANTITIES, "biofuel"]] < 0).any(axis=1) | ~frame["total_use"].between(LEAST_USE, MOST_USE)
    bad |= (low < LOWEST_PRICE) | (high > HIGHEST_PRICE) | (low > high) | low.isna().ne(high.isna())
    explanation = f"{bad.sum():,} of {len(frame):,} balances have a number that there is not: another unit, or another commodity."
    return offending("balance_in_range", frame, _shown(frame, bad, "total_use", "price_low", "price_high"), explanation)


def wasde_dates_agree(frame: pd.DataFrame) -> Verdict:
    """Every release came in the month of its number, and every balance is of one of the release's three marketing years."""
    days = frame["observed_on"]
    skipped = skipped_months(frame["wasde_number"].astype("int64"), days)
    newest = newest_year(days).tolist()
    own = [
        name in {year_name(first - back) for back in range(YEARS)}
        for name, first in zip(frame["market_year"], newest, strict=True)
    ]
    bad = ~(skipped.between(0, MOST_SKIPPED) & pd.Series(own, frame.index, dtype=bool))
    explanation = (
        f"{bad.sum():,} of {len(frame):,} balances are of a release in another month than its number's, or of a marketing year "
        "that it does not have: a misread date, or one in the future."
    )
    return offending("wasde_dates_agree", frame, _shown(frame, bad), explanation)


def wasde_available_by_rule(frame: pd.DataFrame) -> Verdict:
    """No release was known before its rule says so, and one without a vintage on its own day."""
    at, days = frame["available_at"], frame["observed_on"]
    own_day = at.dt.tz_convert("America/New_York").dt.tz_localize(None).dt.normalize().eq(days)
    bad = ~(at.ge(known_by_rule(days)) & (own_day | frame["vintage"].notna()))
    explanation = f"{bad.sum():,} of {len(frame):,} balances have an available_at that differs from the release rule."
    return offending("wasde_available_by_rule", frame, _shown(frame, bad, "available_at"), explanation)


WASDE_RULES: tuple[RowRule, ...] = (balance_adds_up, balance_in_range, wasde_dates_agree, wasde_available_by_rule)


def _shown(frame: pd.DataFrame, bad: "pd.Series[bool]", *columns: str) -> pd.DataFrame:
    place = [name for name in ("row",) if name in frame]
    shown: pd.DataFrame = frame.loc[bad, [*place, *BALANCE, *columns]]
    return shown


def wasde_files_accepted(refused: Mapping[str, str]) -> Verdict:
    """No file and no release was refused."""
    explanation = f"{len(refused)} files or releases cannot be used."
    return none_refused("wasde_files_accepted", refused, "0 files or releases refused", explanation)


def no_vanished_release(table: pd.DataFrame, source: pd.DataFrame) -> Verdict:
    """Every stored balance is still in the files. A refresh never deletes one."""
    vanished = keys_only_in(table, source, BALANCE)
    explanation = f"{len(vanished):,} of the table's {len(table):,} rows are no longer in the files; nothing deletes them."
    return offending("no_vanished_release", table, vanished, explanation)


def releases_without_gap(frame: pd.DataFrame) -> Verdict:
    """Between the first release and the last no number is missing."""
    there = set(frame["wasde_number"].tolist())
    missing = sorted(set(range(min(there), max(there) + 1)) - there) if there else []
    return Verdict(
        name="releases_without_gap",
        passed=not missing,
        measured=len(missing),
        bound="0 numbers",
        offenders=pd.DataFrame({"wasde_number": missing}).head(MAX_OFFENDERS),
        explanation=f"{len(missing):,} numbers between the first and the last of {len(there):,} releases are missing: sessions "
        f"keep the release before for {TOO_OLD.days} days, and the change after the gap is NULL.",
    )


def wasde_fresh(frame: pd.DataFrame, as_of: dt.date) -> Verdict:
    """The newest release is not too old."""
    newest = frame["observed_on"].max()
    age = (pd.Timestamp(as_of) - newest).days if len(frame) else None
    return Verdict(
        name="wasde_fresh",
        passed=age is not None and age <= TOO_OLD.days,
        measured="no release" if age is None else age,
        bound=f"at most {TOO_OLD.days} days",
        offenders=pd.DataFrame({"newest": [newest]}) if len(frame) else pd.DataFrame(columns=["newest"]),
        explanation=f"The newest release is of {day(newest)}. Sessions later than {TOO_OLD.days} days after it have no value.",
    )
