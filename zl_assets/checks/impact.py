"""Checks on the ledger of the feature families, and of what is kept against it."""

import dagster as dg

from zl_assets.assets.impact import ASSET
from zl_assets.checks.common import result, spec
from zl_assets.contracts.ledger import LEDGER
from zl_assets.contracts.tables import TRAINING_VIEW
from zl_assets.domain.families.registry import Selection
from zl_assets.io_managers.bigquery import Warehouse
from zl_assets.io_managers.failures import as_failures
from zl_assets.model.impact.ledger import kept_family_verdict, looks_numbered
from zl_assets.warehouse.shape import empty_frame

VIEW = TRAINING_VIEW.table


def build_impact_checks(selection: Selection) -> list[dg.AssetChecksDefinition]:
    """The ledger's check where a family is on, and the kept families' where one is kept."""
    return [*([looks_check] if selection.on else []), *([_kept_check(selection)] if selection.kept else [])]


@dg.multi_asset_check(
    name="feature_family_impact_checks",
    specs=[
        spec(ASSET, "looks_numbered", "The looks at each family are 1, 2, 3 ... in the ledger: none is missing or there twice.")
    ],
)
def looks_check(context: dg.AssetCheckExecutionContext, warehouse: Warehouse) -> dg.AssetCheckResult:
    """The ledger as it is."""
    with as_failures(), warehouse.publisher(run=context.run.run_id, asset=ASSET) as publisher:
        ledger = publisher.read(LEDGER)
    return result(ASSET, looks_numbered(ledger))


def _kept_check(selection: Selection) -> dg.AssetChecksDefinition:
    names = [family.name for family in selection.kept]

    @dg.multi_asset_check(
        name="kept_family_checks",
        specs=[
            spec(
                VIEW,
                "kept_family_verdict",
                f"The ledger says KEEP or PROVISIONAL of every family in ZL_KEPT_FAMILIES ({', '.join(names)}). A warning.",
            )
        ],
    )
    def kept_check(context: dg.AssetCheckExecutionContext, warehouse: Warehouse) -> dg.AssetCheckResult:
        with as_failures(), warehouse.publisher(run=context.run.run_id, asset=VIEW) as publisher:
            ledger = publisher.read(LEDGER) if publisher.exists(LEDGER) else empty_frame(LEDGER)
        return result(VIEW, kept_family_verdict(names, ledger), warn=True)

    return kept_check
