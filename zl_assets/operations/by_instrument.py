"""What a job says of each instrument that is on: what is wrong with one keeps no other from being looked at.

Must not be here: what any job looks at.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from zl_assets.errors import ZlError
from zl_assets.hints import told
from zl_assets.instruments.base import Instrument
from zl_assets.warehouse.errors import ChangedMeanwhile, WarehouseUnavailable


@dataclass
class ByInstrument:
    """What was found of each instrument, or what is wrong with it.

    Attributes:
        instruments: those that are on, in order.
        found: what a person is told of each that nothing is wrong with, as Markdown, by symbol.
        faults: what is wrong with each of the others, by symbol.
    """

    instruments: tuple[Instrument, ...]
    found: dict[str, str] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def of(self, instrument: Instrument) -> Iterator[None]:
        """Note a fault of the instrument instead of stopping. An unreachable BigQuery is no instrument's, and stops the job."""
        try:
            yield
        except (WarehouseUnavailable, ChangedMeanwhile):
            raise
        except ZlError as fault:
            self.faults[instrument.symbol] = told(fault)

    @property
    def text(self) -> str:
        """All of it as Markdown, under the symbol of each where there are several."""
        symbols = [instrument.symbol for instrument in self.instruments]
        told_of = {symbol: self.found.get(symbol) or self.faults[symbol] for symbol in symbols}
        if len(symbols) == 1:
            return told_of[symbols[0]]
        return "\n\n".join(f"### {symbol}\n\n{text}" for symbol, text in told_of.items())

    @property
    def wrong(self) -> list[str]:
        """What is wrong, of which instrument."""
        if len(self.instruments) == 1:
            return list(self.faults.values())
        return [f"{symbol}: {fault}" for symbol, fault in self.faults.items()]

    def require_sound(self, report: Mapping[str, Any]) -> None:
        """End the job as failed where anything is wrong, with what was found of the others.

        Raises:
            dagster.Failure: something is wrong with an instrument.
        """
        if self.faults:
            raise dg.Failure("\n".join(self.wrong), metadata=dict(report), allow_retries=False)
