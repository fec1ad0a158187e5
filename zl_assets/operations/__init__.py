"""Jobs that a person starts now and then: the plan before the first refresh, a trial run, and guarded clean-ups.

Belongs here: thin ops, one module per job, and what the person looking at the job reads. Must not be here: what the jobs do,
which is in `warehouse` and `domain`; and anything that a refresh or a schedule runs. A job that deletes does so only with
`apply: true`.
"""

import dagster as dg

from zl_assets.catalog import Catalog
from zl_assets.operations.delete_vanished import delete_vanished_job
from zl_assets.operations.phase0_cleanup import zl_phase0_cleanup
from zl_assets.operations.plan import plan_job
from zl_assets.operations.slice_check import slice_check_job
from zl_assets.operations.source import BarsSource
from zl_assets.settings import Settings


def build(catalog: Catalog, settings: Settings) -> list[dg.JobDefinition]:
    """The jobs of one catalog."""
    bars = BarsSource(catalog, settings.embedded, settings.bars)
    return [
        plan_job(catalog, bars),
        slice_check_job(catalog, bars),
        delete_vanished_job(catalog, bars),
        zl_phase0_cleanup,
    ]
