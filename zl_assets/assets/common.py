"""What the assets' decorators share: groups, owners and retries. Must not be here: asset bodies."""

import dagster as dg

from zl_assets.instruments.base import Instrument

SOURCE, FEATURES, FAMILIES, TRAINING, PREDICTIONS = "source", "features", "families", "training", "predictions"
IMPACT = "impact"
OWNERS = ["team:zl"]

# The write path has spent its own deadline on retries by then; one more try covers a warehouse that was being restarted.
RETRY = dg.RetryPolicy(max_retries=1, delay=5)


def group_of(instrument: Instrument, group: str) -> str:
    """The group of an asset: the first instrument's assets are grouped by what they are, the others' by instrument."""
    return group if instrument.bare_names else instrument.slug
