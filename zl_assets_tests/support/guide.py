"""The modules that docs/adding-a-family.md and docs/adding-an-instrument.md show, put where the guides say, without touching the
checkout."""

import importlib
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd

from zl_assets import instruments
from zl_assets.contracts import market
from zl_assets.domain import families
from zl_assets.domain.rules.offenders import PRICES
from zl_assets.instruments.base import Instrument
from zl_assets.sources.sample import synthetic_bars
from zl_assets.warehouse.shape import conform

_DOCS = Path(__file__).resolve().parents[2] / "docs"


def block(page: Path, label: str) -> str:
    """The code block of a page that stands between its label and `end`."""
    [code] = re.findall(rf"<!-- {re.escape(label)} -->\n```python\n(.*?)```\n<!-- end -->", page.read_text(), re.DOTALL)
    return str(code)


@dataclass(frozen=True)
class Guide:
    """One guide, whose example is one module.

    Attributes:
        page: its file.
        package: where its module goes.
        name: of the module.
        attribute: what makes the module one of the product's.
    """

    page: Path
    package: ModuleType
    name: str
    attribute: str

    @property
    def text(self) -> str:
        """The whole page."""
        return self.page.read_text()

    @property
    def example(self) -> str:
        """The guide's code block, as it is written there."""
        return block(self.page, f"{self.name}.py")

    @contextmanager
    def module(self, folder: Path, name: str, code: str) -> Iterator[None]:
        """A module of the package while this lasts: its file is in `folder`, where the package then looks too."""
        (folder / f"{name}.py").write_text(code)
        self.package.__path__.append(str(folder))
        importlib.invalidate_caches()
        try:
            yield
        finally:
            self.package.__path__.remove(str(folder))
            sys.modules.pop(f"{self.package.__name__}.{name}", None)
            if hasattr(self.package, name):
                delattr(self.package, name)

    def made(self, folder: Path) -> Any:
        """The family or the instrument of the guide's module."""
        with self.module(folder, self.name, self.example):
            return getattr(importlib.import_module(f"{self.package.__name__}.{self.name}"), self.attribute)


FAMILY_GUIDE = Guide(_DOCS / "adding-a-family.md", families, "candle", "FAMILY")
INSTRUMENT_GUIDE = Guide(_DOCS / "adding-an-instrument.md", instruments, "xo", "INSTRUMENT")


def resampled(bars: pd.DataFrame, instrument: Instrument, price: float, sessions: int) -> pd.DataFrame:
    """Bars of an instrument that there is not: the newest weekday bars of another one run backwards in time, at another price.

    The dates stay, so the calendar does; each bar takes what another had, its open and its close exchanged, so that the path is
    one that prices can take.

    Args:
        bars: the columns of contracts.market.bars, of one symbol, in order of date.
        price: what a price is multiplied by.
        sessions: how many bars.
    """
    ahead = bars[bars["date"].dt.dayofweek < 5].tail(sessions)
    back = ahead.iloc[::-1].set_axis(ahead.index).rename(columns={"open": "close", "close": "open"})
    prices = {name: back[name] * price for name in PRICES}
    return conform(back.assign(date=ahead["date"], symbol=instrument.symbol, **prices), market.bars(instrument))


def example_bars(instrument: Instrument) -> pd.DataFrame:
    """The bars of the example of docs/adding-an-instrument.md, as it says of them."""
    return resampled(synthetic_bars(), instrument, price=20, sessions=1200)
