"""What each feature family is worth, measured when a person asks for it. The asset exists only while ZL_FAMILIES names a
family, and only the op of its own job can make it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import dagster as dg
import pandas as pd

from zl_assets.assets.choices import choices_of, chosen
from zl_assets.assets.common import IMPACT as GROUP
from zl_assets.assets.common import OWNERS, group_of
from zl_assets.catalog import IMPACT, Catalog, impact_job
from zl_assets.checks.group import evaluation
from zl_assets.checks.impact import looks_numbered
from zl_assets.contracts import market
from zl_assets.contracts.ledger import LEDGER
from zl_assets.domain.families.base import Family
from zl_assets.domain.families.registry import Selection
from zl_assets.errors import SettingError
from zl_assets.hints import told
from zl_assets.instruments.base import Horizon, Instrument
from zl_assets.io_managers.bigquery import Warehouse
from zl_assets.io_managers.failures import as_failures
from zl_assets.io_managers.metadata import described, in_order, shown
from zl_assets.model.errors import TrainingFault
from zl_assets.model.fit.config import launchpad
from zl_assets.model.impact.config import ImpactConfig
from zl_assets.provenance import Provenance
from zl_assets.warehouse.errors import DataFault, SchemaConflict

if TYPE_CHECKING:
    from zl_assets.warehouse.publish import Publisher


@dataclass(frozen=True)
class FamilyChoice:
    """Which families one run measures."""

    families: list[str] = field(
        default_factory=list, metadata=launchpad("Families to measure, of those in ZL_FAMILIES; empty: all of them.")
    )


ImpactChoices = choices_of(
    "ImpactChoices",
    "The choices of one measurement. They are part of what is registered: other choices are another look.",
    FamilyChoice(),
    ImpactConfig(),
)


def build_impact(catalog: Catalog, instrument: Instrument) -> list[dg.AssetSpec]:
    """The asset of the measurements of the families that are on; an empty list if none is on.

    It has no function of its own, so nothing that materializes assets can take a look: not "Materialize all", not a selection of
    it alone. `impact_op` reports its materializations.
    """
    selection = catalog.selection(instrument)
    if not selection.on:
        return []
    return [
        dg.AssetSpec(
            instrument.asset(IMPACT),
            description=_DESCRIPTION.format(job=impact_job(instrument)),
            group_name=group_of(instrument, GROUP),
            kinds={"bigquery", "scikitlearn"},
            owners=OWNERS,
            metadata=described(LEDGER),
            deps=_Measuring(catalog, instrument, instrument.horizons[0]).inputs,
        )
    ]


def impact_op(catalog: Catalog, instrument: Instrument, provenance: Provenance) -> dg.OpDefinition:
    """What measures the families that are on."""
    selection, measuring = catalog.selection(instrument), _Measuring(catalog, instrument, instrument.horizons[0])
    asset, looks = instrument.asset(IMPACT), looks_numbered(instrument.asset(IMPACT))

    @dg.op(name=asset, description=_DESCRIPTION.format(job=impact_job(instrument)), out={})
    def impact(
        context: dg.OpExecutionContext,
        config: ImpactChoices,  # type: ignore[valid-type]
        warehouse: Warehouse,
    ) -> Iterator[dg.AssetMaterialization | dg.AssetCheckEvaluation]:
        from zl_assets.model.impact import ledger as ledgers
        from zl_assets.model.report.impact import impact_report

        added: list[str] = []
        known: list[str] = []
        stopped: list[str] = []
        with as_failures(), warehouse.publisher(run=context.run_id, asset=asset) as publisher:
            families = _chosen(chosen(config, FamilyChoice).families, selection)
            choices = chosen(config, ImpactConfig)
            tables = measuring.tables(publisher)
            for family in families:
                try:
                    new = measuring.measure(publisher, family, tables, choices)
                    (added if new else known).append(family.name)
                except (DataFault, TrainingFault, SchemaConflict) as fault:
                    stopped.append(told(fault))
            ledger = publisher.read_or_empty(LEDGER)
        own = ledger[ledger["family"].isin([instrument.asset(family.name) for family in selection.known])]
        if len(own):
            counts: dict[str, Any] = {
                "dagster/row_count": len(ledger),
                "rows_added": ", ".join(added) or "none",
                "measured_before": ", ".join(known) or "none",
            }
            told_of = shown(impact_report(own, synthetic=provenance.synthetic), "decisions")
            yield dg.AssetMaterialization(asset, metadata=in_order(counts | told_of | dict(provenance.metadata)))
            yield evaluation(looks, ledgers.looks_numbered(ledger))
        if stopped:
            raise dg.Failure(description="\n\n".join(stopped), allow_retries=False)

    return impact


_DESCRIPTION = (
    "Does a feature family help? Each family that is on, against its own columns shifted in a circle; a row in the ledger.\n\n"
    "Only the job {job} measures: each measurement is a look, and looks are counted, so *Materialize all* takes\nnone.\n\n"
    "Gates stop a family before anything is measured if it sees the future, has more holes than its coverage allows, or has\n"
    "values that differ from the matrix. A family with too few rows or events gets a row that says so, and no p. The ledger is "
    "only\nadded to: a measurement that it already has is not made again, and one on new data or with other choices is another "
    "look,\nwhich makes KEEP harder to reach. docs/impact.md has the protocol."
)


def _chosen(names: list[str], selection: Selection) -> list[Family]:
    on = {family.name: family for family in selection.on}
    if unknown := [name for name in names if name not in on]:
        raise SettingError(f"families names {', '.join(unknown)}, which ZL_FAMILIES does not. It names {', '.join(on)}.")
    return [on[name] for name in dict.fromkeys(names or on)]


@dataclass(frozen=True)
class _Measuring:
    """The measurement of one instrument's families at one horizon."""

    catalog: Catalog
    instrument: Instrument
    horizon: Horizon

    @property
    def inputs(self) -> tuple[str, ...]:
        """The assets that are read: the view, the matrix, the sessions, and what the families need."""
        on = self.catalog.selection(self.instrument).on
        needed = (need.asset_of(self.instrument) for family in on for need in family.needs)
        return tuple(dict.fromkeys((*self._own, *needed)))

    @property
    def _own(self) -> tuple[str, str, str]:
        view, matrix = self.catalog.view(self.instrument, self.horizon).table, self.catalog.matrix(self.instrument).table
        return view, self.instrument.asset(matrix), market.sessions(self.instrument).table

    def tables(self, publisher: "Publisher") -> dict[str, pd.DataFrame]:
        """The rows of the assets that are read, by asset."""
        found = {name: self.catalog.tables[name] for name in self.inputs}
        return {name: publisher.latest(table.contract, absent_ok=table.absent_ok) for name, table in found.items()}

    def measure(self, publisher: "Publisher", family: Family, tables: dict[str, pd.DataFrame], config: ImpactConfig) -> bool:
        """Measure one family, if it can be tested, and add its row to the ledger; False if the ledger already has it."""
        from zl_assets.model.impact import ledger as ledgers
        from zl_assets.model.impact.gates import gates_of
        from zl_assets.model.impact.measure import measure
        from zl_assets.model.impact.registration import register
        from zl_assets.model.impact.rows import TooFew, impact_rows
        from zl_assets.warehouse.publish import Publication

        view, matrix, sessions = (tables[name] for name in self._own)
        sources = {need.asset: tables[need.asset_of(self.instrument)] for need in family.needs}
        gates = gates_of(family, sessions, sources, matrix, self.instrument)
        kept = [other for other in self.catalog.selection(self.instrument).kept if other is not family]
        rows = impact_rows(view, matrix, family, kept, gates, self.instrument, self.horizon)
        registration = register(family, rows.unfilled, rows.base_names, config, self.instrument, self.horizon)
        # Read for each family, just before it is measured: the look is counted on what is there.
        ledger = publisher.read_or_empty(LEDGER)
        if ledgers.is_recorded(ledger, registration, rows.sha256):
            return False
        place = ledgers.next_row(ledger, registration.family)
        if isinstance(rows, TooFew):
            row = ledgers.untested_row(rows, registration, place)
        else:
            row = ledgers.measured_row(measure(rows, registration, ledgers.next_look(ledger, registration.family)), place)
        publisher.publish(Publication(row), LEDGER)
        return True
