"""What an instrument and a horizon are, and what the assets, tables and files made of them are called.

Belongs here: the types that an instrument's module fills in. Must not be here: a fact about one instrument.
"""

import datetime as dt
import re
from dataclasses import dataclass

# A slug begins asset keys, table names and the names of Dagster's steps.
_SLUG = re.compile(r"[a-z][a-z0-9]*")
_HORIZON = re.compile(r"[0-9]+[a-z]+")
# A view takes no parameters, so the symbol stands in its text: nothing that could end the quotes around it.
_SYMBOL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Horizon:
    """How far ahead a forecast looks.

    Attributes:
        name: as names of tables and columns carry it, e.g. `1m`.
        sessions: between a row and the close that its target looks at.
        words: the same in a sentence, e.g. `month`.
        spanning: the least and the largest share of its targets that span a roll and are not worth a warning.
        usual_spanning: the share in the real history.

    Raises:
        ValueError: the name is not a number with a unit, or it looks no session ahead.
    """

    name: str
    sessions: int
    words: str
    spanning: tuple[float, float]
    usual_spanning: float

    def __post_init__(self) -> None:
        if not _HORIZON.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is not the name of a horizon: digits and lower-case letters, such as 1m")
        if self.sessions < 1:
            raise ValueError(f"horizon {self.name}: it looks {self.sessions} sessions ahead; it must look at least 1 ahead")

    @property
    def target(self) -> str:
        """The target's column in the training view."""
        return f"target_{self.name}"


@dataclass(frozen=True)
class PriceUnit:
    """What a price is counted in.

    Attributes:
        name: in full, as columns carry it, e.g. `US cents per pound`.
        word: after a number in a sentence, e.g. `cents`.
        short: on an axis, e.g. `cents/lb`.
        per_dollar: how many of them are a US dollar.
    """

    name: str
    word: str
    short: str
    per_dollar: float


@dataclass(frozen=True)
class ContractSize:
    """What one contract is of.

    Attributes:
        quantity: units of the price's denominator in a contract, so that price / per_dollar * quantity is its value in dollars.
        words: in a sentence, e.g. `60,000 lb`.
    """

    quantity: float
    words: str


@dataclass(frozen=True)
class Decision:
    """When a session decides: what is published later is not known to it.

    Attributes:
        time: wall-clock time on the session's own date.
        zone: its time zone.
        words: in a sentence, e.g. `13:20 in Chicago`.
    """

    time: dt.time
    zone: str
    words: str


@dataclass(frozen=True)
class Plausibility:
    """What the data of an instrument may look like.

    Attributes:
        price: every price lies between these two, or it is in another unit.
        level: the middle close of a history lies between these two, or the bars are of another market.
        step: a close is at most so many times the one before it, and at least that part of it, across a roll as well.
        volume: a bar trades at most so many contracts, or its volume is in another unit.
        level_of_volume: the middle weekday of a history trades at least so many.
        gaps: one session in so many may be missing.
        thin_lots: a session that trades fewer contracts is thin.
        thin_share: the largest share of thin sessions that is not worth a warning.
        stub_print: a weekend stub's price further than this from the stub's own close, as a fraction, is a bad print.
        volatility: the largest 21-session volatility a day that is plausible, a fraction, of returns without the gaps between
            contracts.
        largest_volatility: the largest that its real history has shown.
    """

    price: tuple[float, float]
    level: tuple[float, float]
    step: float
    volume: int
    level_of_volume: int
    gaps: int
    thin_lots: int
    thin_share: float
    stub_print: float
    volatility: float
    largest_volatility: float


@dataclass(frozen=True)
class Minima:
    """The fewest rows that an instrument's history must have.

    Attributes:
        matrix_rows: in the matrix.
        labelled_rows: with a target, in the training view.
    """

    matrix_rows: int
    labelled_rows: int


@dataclass(frozen=True)
class Closure:
    """A day of every year on which an exchange is closed all day long, and the Monday after it where it is a Sunday.

    Attributes:
        month, day: of the year.

    Raises:
        ValueError: there is no such day.
    """

    month: int
    day: int

    def __post_init__(self) -> None:
        # In a leap year.
        dt.date(2000, self.month, self.day)


@dataclass(frozen=True)
class GateBound:
    """The answers of a model gate that pass; None where there is no bound on that side."""

    gate: str
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Instrument:
    """One instrument: everything that its assets, checks, tables, files and words need to know of it.

    Attributes:
        symbol: as the bars name it.
        slug: what names carry: lower-case letters and digits, a letter first.
        name: in a sentence, e.g. `soybean oil`.
        price: what its prices are counted in.
        tick: the smallest step of a price, in that unit.
        contract: what one contract is of.
        calendar: the exchange's calendar, as pandas-market-calendars names it.
        decision: when a session decides.
        horizons: how far ahead it is forecast; the first one's assets carry no horizon in their names.
        split_date: sessions from this date on are the test split.
        plausibility, minima, gates: bounds on its data, its history and its model.
        folds: of the cross-validation: as many as leave the first some 300 rows to train on.
        closures: full closures of its exchange on which the vendor has a bar nevertheless: the first hour of the next session.
        bare_names: its assets and files are named without its slug where those of other instruments carry theirs: for the first
            instrument, which was there before there were others.

    Raises:
        ValueError: a symbol that cannot stand in SQL, a slug that cannot begin a name, or no horizon.
    """

    symbol: str
    slug: str
    name: str
    price: PriceUnit
    tick: float
    contract: ContractSize
    calendar: str
    decision: Decision
    horizons: tuple[Horizon, ...]
    split_date: dt.date
    plausibility: Plausibility
    minima: Minima
    gates: tuple[GateBound, ...]
    folds: int = 5
    closures: tuple[Closure, ...] = ()
    bare_names: bool = False

    def __post_init__(self) -> None:
        if not _SYMBOL.fullmatch(self.symbol):
            raise ValueError(
                f"{self.symbol!r} is no symbol: letters, digits, dots, hyphens and underscores, a letter or digit first"
            )
        if not _SLUG.fullmatch(self.slug):
            raise ValueError(f"{self.symbol}: {self.slug!r} is not a slug: lower-case letters and digits, a letter first")
        if not self.horizons:
            raise ValueError(f"{self.symbol}: it has no horizon, so there is nothing to forecast")

    @property
    def title(self) -> str:
        """Its name where a sentence begins."""
        return self.name[:1].upper() + self.name[1:]

    @property
    def volume_unit(self) -> str:
        """What its volume is counted in."""
        return f"contracts of {self.contract.words}"

    def asset(self, name: str) -> str:
        """The key of an asset of which every instrument has its own: `daily_ml_matrix`, `mes_daily_ml_matrix`."""
        return name if self.bare_names else f"{self.slug}_{name}"

    def asset_at(self, horizon: Horizon, name: str) -> str:
        """The key of an asset of which every horizon has its own: `training_csv`, `zl_3m_training_csv`, `mes_training_csv`."""
        return self.asset(name) if horizon == self.horizons[0] else f"{self.slug}_{horizon.name}_{name}"

    def table(self, name: str) -> str:
        """The name of a table of its own, which is its asset's key as well: `zl_ohlcv`."""
        return f"{self.slug}_{name}"

    def table_at(self, horizon: Horizon, name: str) -> str:
        """The name of a table of its own at a horizon: `zl_1m_oof`."""
        return f"{self.slug}_{horizon.name}_{name}"

    def view_at(self, horizon: Horizon) -> str:
        """The name of its training view: `vw_zl_1m_flat`."""
        return f"vw_{self.slug}_{horizon.name}_flat"

    def folder_at(self, horizon: Horizon) -> str:
        """Where its models are, under the folder of all models: nothing for the first, `mes_1m` for others."""
        return "" if self.bare_names and horizon == self.horizons[0] else f"{self.slug}_{horizon.name}"
