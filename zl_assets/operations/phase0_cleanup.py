"""The job `zl_phase0_cleanup`, and the names of the two leftovers.

Must not be here: what proves a leftover to be one, which is warehouse/cleanup.py.
"""

import dagster as dg

from zl_assets.io_managers.bigquery import Warehouse
from zl_assets.io_managers.failures import as_failures
from zl_assets.operations.apply import Apply

NAME = "zl_phase0_cleanup"

BROKEN_VIEW = ("features", "master_features_all")
EMPTY_DATASET = "z_archive_20251119"

_DESCRIPTION = (
    f"Two leftovers of the old system: the view {'.'.join(BROKEN_VIEW)}, if BigQuery says that it cannot run, and the "
    f"dataset {EMPTY_DATASET}, if every table in it has 0 rows. Lists what it finds; with `apply: true` drops what is proven."
)


@dg.op(name="phase0_cleanup", description=_DESCRIPTION)
def phase0_cleanup(context: dg.OpExecutionContext, config: Apply, warehouse: Warehouse) -> None:
    """List or drop the leftovers."""
    from zl_assets.warehouse import cleanup

    with as_failures(), warehouse.publisher(run=context.run_id, asset=NAME) as publisher:
        view = cleanup.inspect_view(publisher, *BROKEN_VIEW)
        dataset = cleanup.inspect_dataset(publisher, EMPTY_DATASET)
        outcome = cleanup.drop(publisher, view, dataset) if config.apply else None
    text = cleanup.markdown([view, dataset], outcome)
    context.log.info(text)
    context.add_output_metadata({"leftovers": dg.MetadataValue.md(text), "dropped": len(outcome.gone) if outcome else 0})


@dg.job(name=NAME, description=_DESCRIPTION)
def zl_phase0_cleanup() -> None:
    """The job."""
    phase0_cleanup()
