"""What each feature family is worth, measured when a person asks for it; there only where ZL_FAMILIES names a family."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg
import pandas as pd
from pydantic import Field

from zl_assets.assets.common import IMPACT, OWNERS, RETRY, TABLES_IO, described
from zl_assets.assets.pictures import picture, table
from zl_assets.contracts.ledger import LEDGER
from zl_assets.contracts.tables import MATRIX, SESSIONS, TRAINING_VIEW
from zl_assets.domain.families.base import Family
from zl_assets.domain.families.registry import Selection
from zl_assets.errors import SettingError
from zl_assets.io_managers.bigquery import Warehouse
from zl_assets.io_managers.failures import as_failures
from zl_assets.model.errors import TrainingFault
from zl_assets.model.fit.skill import PLACEBO_SHIFTS, SEED
from zl_assets.warehouse.errors import DataFault, SchemaConflict
from zl_assets.warehouse.shape import empty_frame

if TYPE_CHECKING:
    from zl_assets.model.impact.registration import ImpactConfig
    from zl_assets.warehouse.publish import Publisher

ASSET = "feature_family_impact"


class ImpactChoices(dg.Config):
    """What one measurement may choose. A choice is part of what is registered: another one is another look."""

    families: list[str] = Field([], description="Families to measure, of those in ZL_FAMILIES; empty: all of them.")
    shifts: int = Field(
        399,
        description=f"Fewest placebo shifts of the ridge that decides, at least {PLACEBO_SHIFTS}. A later look takes more where "
        "its bound needs them.",
    )
    boosting_shifts: int = Field(39, description="Placebo shifts of the LightGBM that is reported, 1 or more; most of the time.")
    seed: int = Field(SEED, description="What draws the shifts and the bootstrap, 0 or more.")

    def config_of_run(self) -> "ImpactConfig":
        """The choices as the measurement takes them.

        Raises:
            TrainingFault: a choice that the protocol does not allow.
        """
        from zl_assets.model.impact.registration import ImpactConfig

        return ImpactConfig(self.shifts, self.boosting_shifts, self.seed)


def build_impact_asset(selection: Selection) -> list[dg.AssetsDefinition]:
    """The asset that measures the families that are on; none where none is."""
    if not selection.on:
        return []
    sources = dict.fromkeys(need.asset for family in selection.on for need in family.needs)

    @dg.asset(
        name=ASSET,
        group_name=IMPACT,
        kinds={"bigquery", "scikitlearn"},
        owners=OWNERS,
        metadata=described(LEDGER),
        ins={
            name: dg.AssetIn(name, input_manager_key=TABLES_IO)
            for name in (TRAINING_VIEW.table, MATRIX.table, SESSIONS.table, *sources)
        },
        retry_policy=RETRY,
        output_required=False,
    )
    def feature_family_impact(
        context: dg.AssetExecutionContext, config: ImpactChoices, warehouse: Warehouse, **tables: pd.DataFrame
    ) -> Iterator[dg.MaterializeResult[Any]]:
        """Does a feature family help? Each family that is on, against its own columns shifted in a circle; a row in the ledger.

        A family that sees the future, holes beyond its coverage, or values that the matrix does not carry are stopped by their
        gates before anything is measured. The ledger is only added to: a measurement that it has already is not made again, and
        one on new data or with other choices is another look, which makes KEEP harder to reach. docs/impact.md has the protocol.
        """
        added: list[str] = []
        known: list[str] = []
        stopped: list[str] = []
        with as_failures(), warehouse.publisher(run=context.run.run_id, asset=ASSET) as publisher:
            chosen = _chosen(config.families, selection)
            choices = config.config_of_run()
            for family in chosen:
                try:
                    new = _measure(publisher, family, selection, tables, choices)
                    (added if new else known).append(family.name)
                except (DataFault, TrainingFault, SchemaConflict) as fault:
                    stopped.append(str(fault))
            ledger = _ledger(publisher)
        if len(ledger):
            counts: dict[str, Any] = {
                "dagster/row_count": len(ledger),
                "rows_added": ", ".join(added) or "none",
                "measured_before": ", ".join(known) or "none",
            }
            yield dg.MaterializeResult(metadata=counts | _shown(ledger))
        if stopped:
            raise dg.Failure(description="\n\n".join(stopped), allow_retries=False)

    return [feature_family_impact]


def _chosen(names: list[str], selection: Selection) -> list[Family]:
    on = {family.name: family for family in selection.on}
    if unknown := [name for name in names if name not in on]:
        raise SettingError(f"families names {', '.join(unknown)}, which ZL_FAMILIES does not compute. On: {', '.join(on)}.")
    return [on[name] for name in dict.fromkeys(names or on)]


def _measure(
    publisher: "Publisher", family: Family, selection: Selection, tables: dict[str, pd.DataFrame], config: "ImpactConfig"
) -> bool:
    """Measure one family and add its row to the ledger; False where the ledger has it already."""
    from zl_assets.model.impact.gates import gates_of, require_gates
    from zl_assets.model.impact.ledger import is_recorded, ledger_rows, next_look
    from zl_assets.model.impact.measure import measure
    from zl_assets.model.impact.registration import register
    from zl_assets.model.impact.rows import impact_rows
    from zl_assets.warehouse.publish import Publication

    matrix = tables[MATRIX.table]
    gates = gates_of(family, tables[SESSIONS.table], {need.asset: tables[need.asset] for need in family.needs}, matrix)
    require_gates(family.name, gates)
    rows = impact_rows(tables[TRAINING_VIEW.table], matrix, family, [kept for kept in selection.kept if kept is not family])
    registration = register(family, list(rows.base.columns), config)
    # Read for each family, just before it is measured: the look is counted on what is there.
    ledger = _ledger(publisher)
    if is_recorded(ledger, registration, rows.sha256):
        return False
    impact = measure(rows, registration, next_look(ledger, family.name), gates)
    publisher.publish(Publication(ledger_rows([impact])), LEDGER)
    return True


def _ledger(publisher: "Publisher") -> pd.DataFrame:
    return publisher.read(LEDGER) if publisher.exists(LEDGER) else empty_frame(LEDGER)


def _shown(ledger: pd.DataFrame) -> dict[str, dg.MetadataValue]:
    from zl_assets.model.report.impact import impact_report

    report = impact_report(ledger)
    metadata: dict[str, Any] = {"decisions": dg.MetadataValue.md("\n\n".join(report.words))}
    metadata |= {item.name: table(item.rows) for item in report.tables}
    return metadata | {item.name: picture(item.title, item.png, item.caption) for item in report.pictures}
