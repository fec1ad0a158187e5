"""The seven market regimes and the lookup of a date's regime.

Belongs here: the constants, which are the record that the live table is held against, and the lookup. Must not be here: a daily
calendar, or a default for a date that no regime covers.
"""

import datetime as dt
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from zl_assets.contracts.regimes import REGIME_WEIGHTS
from zl_assets.warehouse.errors import DataFault
from zl_assets.warehouse.shape import conform


@dataclass(frozen=True)
class Regime:
    """A market period.

    Attributes:
        start: first day.
        end: last day, included.
        weight: sample weight of a session in it, relative to the other regimes.
    """

    name: str
    start: dt.date
    end: dt.date
    weight: int
    description: str
    research_rationale: str


REGIMES: tuple[Regime, ...] = (
    Regime(
        "pre_trade_war",
        dt.date(2010, 1, 1),
        dt.date(2018, 2, 28),
        100,
        "Recovery after the financial crisis, the 2012 drought, then ample supplies; exports to China without extra tariffs.",
        "The longest and oldest period, under trade rules that no longer hold: kept for its many sessions, at the base weight.",
    ),
    Regime(
        "trade_war",
        dt.date(2018, 3, 1),
        dt.date(2019, 12, 31),
        300,
        "US tariffs and China's answer on US soybeans; export flows move to Brazil and crush margins follow the headlines.",
        "The closest earlier example of tariff policy moving the soy complex, so it counts three times the base.",
    ),
    Regime(
        "covid_crash",
        dt.date(2020, 1, 1),
        dt.date(2020, 5, 31),
        200,
        "The pandemic's first months: fuel and food-service demand collapse and vegetable oils fall with crude oil.",
        "Short and extreme: it teaches what stress looks like, and must not dominate a fit, so twice the base.",
    ),
    Regime(
        "covid_recovery",
        dt.date(2020, 6, 1),
        dt.date(2020, 12, 31),
        200,
        "Reopening, record Chinese buying and tight palm-oil supply lift vegetable oils to multi-year highs.",
        "A demand shock with low stocks; informative but brief, so twice the base.",
    ),
    Regime(
        "inflation",
        dt.date(2021, 1, 1),
        dt.date(2022, 12, 31),
        300,
        "Commodity inflation, the build-up of renewable diesel, war in Ukraine, Indonesia's export ban; record oil prices.",
        "Biofuel demand became a price driver of its own in this period and has stayed one, so three times the base.",
    ),
    Regime(
        "trump_anticipation",
        dt.date(2023, 1, 1),
        dt.date(2025, 1, 19),
        400,
        "Prices fall back as feedstock imports and crush capacity grow; in 2024 the market starts to price a change of policy.",
        "Recent supply and demand, and the run-up to the present policy, so four times the base.",
    ),
    Regime(
        "trump_term",
        dt.date(2025, 1, 20),
        dt.date(2029, 12, 31),
        600,
        "The administration in office from January 2025: broad tariffs, biofuel mandates and tax credits, bargaining with China.",
        "The period that forecasts are made in: its sessions are the fewest and the most relevant, so six times the base.",
    ),
)


def regime_weights() -> pd.DataFrame:
    """`REGIMES` as a frame of REGIME_WEIGHTS.frame_columns, sorted by key."""
    rows = pd.DataFrame([asdict(regime) for regime in REGIMES])
    return conform(rows.rename(columns={"name": "regime", "start": "start_date", "end": "end_date"}), REGIME_WEIGHTS)


def regimes_on(dates: pd.Series, regime_weights: pd.DataFrame, history: pd.Series | None = None) -> pd.DataFrame:
    """The regime of each date.

    Args:
        dates: datetime64[ns], shape (n,).
        regime_weights: REGIME_WEIGHTS.frame_columns.
        history: the dates that a refusal counts and names, where `dates` are some of them; unset: `dates`.

    Returns:
        Columns name (string) and weight (Int64), shape (n, 2), on the index of `dates`.

    Raises:
        DataFault: two regimes overlap, or a date has no regime.
    """
    periods = regime_weights.sort_values("start_date", ignore_index=True)
    overlapping = periods[periods["start_date"] <= periods["end_date"].shift()]
    if not overlapping.empty:
        raise DataFault(
            f"regime_weights: {', '.join(overlapping['regime'])} starts before the previous regime has ended, so some dates "
            "have two regimes. Correct start_date and end_date in training.regime_weights."
        )
    position = np.searchsorted(periods["start_date"].to_numpy(), dates.to_numpy(), side="right") - 1
    found = periods.iloc[position.clip(min=0)].set_index(dates.index)
    covered = (dates >= found["start_date"]) & (dates <= found["end_date"])
    if not covered.all():
        raise DataFault(_uncovered(dates if history is None else history, periods))
    return found[["regime", "weight"]].rename(columns={"regime": "name"}).astype({"name": "string", "weight": "Int64"})


def regimes_reached(dates: pd.Series, regime_weights: pd.DataFrame) -> tuple[str, ...]:
    """The regimes that at least one of the dates lies in, oldest first.

    Args:
        dates: datetime64[ns].
        regime_weights: REGIME_WEIGHTS.frame_columns.
    """
    periods = regime_weights.sort_values("start_date")
    return tuple(str(row.regime) for row in periods.itertuples() if dates.between(row.start_date, row.end_date).any())


def _uncovered(history: pd.Series, periods: pd.DataFrame) -> str:
    """Which of the dates no regime covers, and what would cover them."""
    within = [history.between(row.start_date, row.end_date) for row in periods.itertuples()]
    dates = history[~np.logical_or.reduce(within)].sort_values()
    first, last = periods.iloc[0], periods.loc[periods["end_date"].idxmax()]
    is_before, is_after = dates < first["start_date"], dates > last["end_date"]
    before, after, other = dates[is_before], dates[is_after], dates[~is_before & ~is_after]
    begins, ends = f"{first['start_date']:%Y-%m-%d}", f"{last['end_date']:%Y-%m-%d}"
    parts, ways = [], []
    if len(before):
        parts.append(f"{_span(before)}, before the first regime ({first['regime']}) begins")
        ways.append(f"an earlier start of {first['regime']}, or a regime before it")
    if len(after):
        parts.append(f"{_span(after)}, after the last regime ({last['regime']}) has ended")
        ways.append(f"a later end of {last['regime']}, or a regime after it")
    if len(other):
        named = ", ".join(str(date)[:10] for date in other.head(10))
        parts.append(f"{named}{', ...' if len(other) > 10 else ''}")
        ways.append("a regime for each of them")
    cut = [f"before {begins}"] * bool(len(before)) + [f"after {ends}"] * bool(len(after))
    return (
        f"{len(dates):,} of {len(history):,} dates have no regime: {'; '.join(parts)}. regime_weights covers {begins} to {ends}. "
        f"Leave the bars {' and '.join(cut) or 'of these dates'} out of the file, or extend the regimes in REGIMES, in "
        f"zl_assets/domain/regimes.py, by {'; '.join(ways)}, and the same in the live table training.regime_weights; "
        "REGIME_COUNT in zl_assets/domain/rules/regimes.py says how many there are. What weight such sessions have in training "
        "is for the owner of the regimes to decide."
    )


def _span(dates: pd.Series) -> str:
    first, last = f"{dates.iloc[0]:%Y-%m-%d}", f"{dates.iloc[-1]:%Y-%m-%d}"
    return first if len(dates) == 1 else f"{len(dates):,} from {first} to {last}"
