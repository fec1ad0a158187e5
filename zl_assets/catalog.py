"""What is on: instruments, horizons, sources, families, and the table behind every asset; built once from the settings.

Belongs here: putting the nouns together, and refusing those that collide. Must not be here: dagster, anything
that reads data.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import cast

from zl_assets import instruments as instruments_package
from zl_assets import sources as sources_package
from zl_assets.contracts import features, forecasts, ledger, market, predictions, regimes, training
from zl_assets.discovery import found_in
from zl_assets.domain.families.base import Family
from zl_assets.domain.families.registry import Selection, Surroundings, known_families, select
from zl_assets.domain.families.tables import asset_of, family_contract, matrix_contract, training_view_contract
from zl_assets.domain.rules.families import in_range
from zl_assets.domain.rules.rows import (
    LATEST_RULES,
    OOF_RULES,
    RECORD_RULES,
    REGIME_RULES,
    REPLAY_RULES,
    SCORE_RULES,
    bar_rules,
    feature_rules,
    matrix_rules,
    price_rules,
)
from zl_assets.errors import SettingError, ZlError
from zl_assets.instruments.base import Horizon, Instrument, Minima
from zl_assets.model.fit.gates import model_gates
from zl_assets.settings import Settings
from zl_assets.sources.base import Source, SourceAsset
from zl_assets.warehouse.contract import TableContract, ViewContract
from zl_assets.warehouse.tables import Table

IMPACT = "feature_family_impact"


def impact_job(instrument: Instrument) -> str:
    """The name of the job that measures the instrument's families: `zl_family_impact`."""
    return instrument.table("family_impact")


class CatalogConflict(ZlError):
    """Instruments, horizons or sources collide, or one of them is incomplete; the message names them."""


@dataclass(frozen=True, eq=False)
class Catalog:
    """What is on.

    Attributes:
        instruments: in order; the assets of the first are named without its slug.
        sources: all there are, in order of their tables' names.
        families: which are known, computed and kept.
        minima: ZL_MIN_MATRIX_ROWS and ZL_MIN_LABELLED_ROWS where they are set, for the instrument with the names of old.
    """

    instruments: tuple[Instrument, ...]
    sources: tuple[Source, ...]
    families: Selection
    minima: Minima

    @classmethod
    def of(cls, settings: Settings) -> "Catalog":
        """The catalog of one Settings.

        Raises:
            CatalogConflict: two instruments or horizons share a name, a source is not whole, or a module cannot be read as one.
            FamilyConflict: two feature families collide, or one cannot be used.
            SettingError: a setting names an instrument or a family that does not exist, or a family that is for none of the
                instruments that are on.
        """
        try:
            known = cast(list[Instrument], found_in(instruments_package, "INSTRUMENT"))
            sources = cast(list[Source], found_in(sources_package, "SOURCE"))
        except ValueError as error:
            raise CatalogConflict(f"{error}. Nothing was run.") from error
        symbols = sorted({instrument.symbol for instrument in known})
        if strangers := [name for name in settings.instruments if name not in symbols]:
            raise SettingError(
                f"ZL_INSTRUMENTS names {', '.join(strangers)}, and there is no such instrument. Known: {', '.join(symbols)}."
            )
        on = [instrument for instrument in known if instrument.symbol in settings.instruments]
        return cls.with_parts(settings, on, sources, [instrument for instrument in known if instrument not in on])

    @classmethod
    def with_parts(
        cls, settings: Settings, instruments: Sequence[Instrument], sources: Sequence[Source], off: Sequence[Instrument] = ()
    ) -> "Catalog":
        """The catalog of these instruments and sources.

        Args:
            off: instruments that there are as well: a family may be for one of them.

        Raises:
            as `of`.
        """
        # The one with the names of old comes first.
        ordered = tuple(sorted(instruments, key=lambda instrument: (not instrument.bare_names, instrument.slug)))
        if problems := [*_instrument_problems((*ordered, *off)), *_source_problems(sources, ordered)]:
            raise CatalogConflict(
                "These collide or are incomplete, and nothing was run:\n" + "\n".join(f"- {problem}" for problem in problems)
            )
        around = _surroundings(ordered, sources, off)
        families = select(known_families(around), settings.families, settings.kept_families)
        _require_for_one(families, ordered)
        first = ordered[0].minima
        return cls(
            instruments=ordered,
            sources=tuple(sources),
            families=families,
            minima=Minima(
                first.matrix_rows if settings.min_matrix_rows is None else settings.min_matrix_rows,
                first.labelled_rows if settings.min_labelled_rows is None else settings.min_labelled_rows,
            ),
        )

    def others(self, instrument: Instrument) -> tuple[Instrument, ...]:
        """The instruments that share its tables."""
        return tuple(other for other in self.instruments if other != instrument)

    def selection(self, instrument: Instrument) -> Selection:
        """The families that are for it."""
        return self.families.of(instrument)

    def minima_of(self, instrument: Instrument) -> Minima:
        """The fewest rows that its history must have."""
        return self.minima if instrument.bare_names else instrument.minima

    @cached_property
    def source_assets(self) -> tuple[SourceAsset, ...]:
        """The assets of the sources that a family which is on reads, each instrument's own among them."""
        return tuple(
            asset
            for source in self.sources
            for asset in source.assets(
                self.instruments, [one for one in self.instruments if source.table in self.selection(one).sources]
            )
        )

    def sources_of(self, instrument: Instrument) -> Mapping[str, TableContract]:
        """What the instrument's families read beside the sessions, by table."""
        found = {market.BARS_TABLE: self.bars(instrument)}
        found |= {one.source.table: one.contract for one in self.source_assets if instrument in one.instruments}
        return {table: found[table] for table in self.selection(instrument).sources}

    def bars(self, instrument: Instrument) -> TableContract:
        """The daily bars, as the instrument's are loaded and read."""
        return replace(market.bars(*self.instruments), symbols=(instrument.symbol,))

    def matrix(self, instrument: Instrument) -> TableContract:
        """The matrix as the instrument writes and reads it."""
        contract = matrix_contract(self.selection(instrument), instrument, *self.others(instrument))
        return self._own_rows(contract, instrument)

    def family(self, family: Family, instrument: Instrument) -> TableContract:
        """A family's table as the instrument writes and reads it."""
        return self._own_rows(family_contract(family, instrument, *self.others(instrument)), instrument)

    def replay(self, instrument: Instrument, horizon: Horizon) -> TableContract:
        """What would have been forecast, as one horizon of the instrument writes and reads it."""
        contract = replace(forecasts.replay(*self.instruments), made_from=forecasts.replay_made_from(instrument, horizon))
        return self._own_rows(contract, instrument)

    def record(self, instrument: Instrument, horizon: Horizon) -> TableContract:
        """What was forecast, as one horizon of the instrument writes and reads it."""
        contract = replace(forecasts.record(*self.instruments), made_from=forecasts.record_made_from(instrument, horizon))
        return self._own_rows(contract, instrument)

    def score(self, instrument: Instrument, horizon: Horizon) -> TableContract:
        """How it came out, as one horizon of the instrument writes and reads it."""
        contract = replace(forecasts.score(*self.instruments), made_from=forecasts.score_made_from(instrument, horizon))
        return self._own_rows(contract, instrument)

    def view(self, instrument: Instrument, horizon: Horizon) -> ViewContract:
        """The training view, with the columns of the kept families."""
        return training_view_contract(self.selection(instrument).kept, instrument, horizon)

    def _own_rows(self, contract: TableContract, instrument: Instrument) -> TableContract:
        return replace(contract, symbols=(instrument.symbol,), owner="" if instrument.bare_names else instrument.slug)

    @cached_property
    def tables(self) -> Mapping[str, Table]:
        """The table or view behind each asset that has one, by asset key."""
        found = {regimes.REGIME_WEIGHTS.table: Table(regimes.REGIME_WEIGHTS, REGIME_RULES)}
        for instrument in self.instruments:
            found[instrument.asset(market.BARS_TABLE)] = Table(self.bars(instrument), bar_rules(instrument))
        for instrument in self.instruments:
            found |= self.tables_of(instrument)
        for asset in self.source_assets:
            found[asset.key] = Table(asset.contract, asset.source.rules(asset.instruments), absent_ok=True)
        return found

    def tables_of(self, instrument: Instrument) -> dict[str, Table]:
        """The tables and views behind its own assets, by asset key."""
        sessions, of_features = market.sessions(instrument), features.ta_features(instrument)
        found = {
            sessions.table: Table(sessions, price_rules(instrument)),
            of_features.table: Table(of_features, feature_rules(instrument)),
            instrument.asset(features.MATRIX_TABLE): Table(self.matrix(instrument), matrix_rules(instrument)),
        }
        for family in self.selection(instrument).on:
            # Before its first run it does not exist.
            found[asset_of(family, instrument)] = Table(self.family(family, instrument), (in_range(family),), absent_ok=True)
        for horizon in instrument.horizons:
            view, oof, latest = (
                self.view(instrument, horizon),
                predictions.oof(instrument, horizon),
                predictions.latest(instrument, horizon),
            )
            found |= {
                view.table: Table(view),
                oof.table: Table(oof, OOF_RULES),
                # Without a forecast that has a range none is written.
                latest.table: Table(latest, LATEST_RULES, absent_ok=True),
            }
            for contract, rules in (
                (self.replay(instrument, horizon), REPLAY_RULES),
                (self.record(instrument, horizon), RECORD_RULES),
                (self.score(instrument, horizon), SCORE_RULES),
            ):
                found[instrument.asset_at(horizon, contract.table)] = Table(contract, rules, absent_ok=True)
        return found

    def whose(self, name: str) -> str:
        """The symbol of the instrument that an asset, or a step about it, is of; empty for what they share, and where one is on
        alone."""
        owners = self._owners if len(self.instruments) > 1 else {}
        # A step of checks is called after its asset.
        found = [asset for asset in owners if name == asset or name.startswith(f"{asset}_")]
        return owners[max(found, key=len)] if found else ""

    @cached_property
    def _owners(self) -> Mapping[str, str]:
        """The symbol behind each asset that is one instrument's."""
        found: dict[str, str] = {}
        for instrument in self.instruments:
            own = {instrument.asset(market.BARS_TABLE), instrument.asset(IMPACT), *self.tables_of(instrument)}
            own |= {asset for horizon in instrument.horizons for asset in assets_at(instrument, horizon)}
            own |= {asset.key for asset in self.source_assets if asset.instruments == (instrument,)}
            found |= dict.fromkeys(own, instrument.symbol)
        return found

    @property
    def contracts(self) -> Mapping[str, TableContract | ViewContract]:
        """The contract behind each asset that has one, by asset key."""
        return {asset: table.contract for asset, table in self.tables.items()}


def _require_for_one(families: Selection, instruments: Sequence[Instrument]) -> None:
    """Every family that is on is for an instrument that is on."""
    on = {instrument.symbol for instrument in instruments}
    for family in families.on:
        if family.symbols and not on & set(family.symbols):
            raise SettingError(
                f"ZL_FAMILIES names {family.name}, which is for {', '.join(family.symbols)}, and ZL_INSTRUMENTS "
                f"({', '.join(sorted(on))}) does not. Name it in both, or leave the family out."
            )


def _surroundings(instruments: Sequence[Instrument], sources: Sequence[Source], off: Sequence[Instrument]) -> Surroundings:
    first = instruments[0]
    return Surroundings(
        sessions=market.sessions(first),
        matrix=features.matrix(first),
        views=tuple(training.training_view(i, horizon) for i in instruments for horizon in i.horizons),
        symbols=frozenset(instrument.symbol for instrument in (*instruments, *off)),
        sources={
            market.BARS_TABLE: market.bars(*instruments),
            **{source.table: source.contract(instruments) for source in sources},
        },
        assets=frozenset(asset for asset, _ in _assets(instruments, sources)),
    )


def _assets(instruments: Sequence[Instrument], sources: Sequence[Source]) -> Iterator[tuple[str, str]]:
    """Every asset that exists without a feature family, and its owner."""
    for asset in (market.BARS_TABLE, regimes.REGIME_WEIGHTS.table, ledger.LEDGER.table):
        yield asset, "the product"
    for source in sources:
        yield source.table, f"the source {source.table}"
    for instrument in instruments:
        tables = (market.BARS_TABLE, *(source.table for source in sources))
        own = (
            # Those with the names of old are above.
            *(instrument.asset(table) for table in tables if not instrument.bare_names),
            market.sessions(instrument).table,
            features.ta_features(instrument).table,
            instrument.asset(features.MATRIX_TABLE),
            instrument.asset(IMPACT),
        )
        yield from ((asset, f"the instrument {instrument.symbol}") for asset in own)
        for horizon in instrument.horizons:
            whose = f"the horizon {horizon.name} of {instrument.symbol}"
            yield from ((asset, whose) for asset in assets_at(instrument, horizon))


def assets_at(instrument: Instrument, horizon: Horizon) -> tuple[str, ...]:
    """The keys of the assets of one horizon, in the order of the graph."""
    return (
        instrument.view_at(horizon),
        instrument.asset_at(horizon, training.TRAINING_CSV),
        instrument.asset_at(horizon, forecasts.REPLAY),
        instrument.asset_at(horizon, training.MODEL),
        predictions.oof(instrument, horizon).table,
        predictions.latest(instrument, horizon).table,
        instrument.asset_at(horizon, forecasts.RECORD),
        instrument.asset_at(horizon, forecasts.SCORE),
    )


def _instrument_problems(instruments: Sequence[Instrument]) -> Iterator[str]:
    if not instruments:
        yield "there is no instrument: put a module with an INSTRUMENT into zl_assets/instruments"
    if len([i for i in instruments if i.bare_names]) > 1:
        names = ", ".join(i.symbol for i in instruments if i.bare_names)
        yield f"{names}: only one may have bare_names, because their assets would share names"
    yield from _shared("symbol", [(i.symbol, i.name) for i in instruments])
    yield from _shared("slug", [(i.slug, i.symbol) for i in instruments])
    for instrument in instruments:
        for horizon in instrument.horizons:
            try:
                model_gates(instrument, horizon)
            except ValueError as error:
                yield f"{instrument.symbol}: {error}"
        yield from _shared("horizon", [(h.name, f"{instrument.symbol} ({h.sessions} sessions)") for h in instrument.horizons])


def _source_problems(sources: Sequence[Source], instruments: Sequence[Instrument]) -> Iterator[str]:
    if not instruments:
        return
    for source in sources:
        try:
            source.contract(instruments)
        except ValueError as error:
            yield f"the source {source.table}: {error}"
    yield from _shared("asset", list(_assets(instruments, sources)))


def _shared(what: str, named: Sequence[tuple[str, str]]) -> Iterator[str]:
    """A line for each name that two owners share."""
    whose: dict[str, str] = {}
    for name, owner in named:
        if name in whose:
            yield f"the {what} {name} belongs to {whose[name]} and to {owner}"
        whose.setdefault(name, owner)
