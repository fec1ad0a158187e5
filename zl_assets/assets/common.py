"""What the assets' decorators share: groups and owners. Must not be here: asset bodies."""

from zl_assets.instruments.base import Instrument

SOURCE, FEATURES, FAMILIES, TRAINING, PREDICTIONS = "source", "features", "families", "training", "predictions"
IMPACT = "impact"
OWNERS = ["team:zl"]


REFRESH = "zl_daily_refresh"
"""The job that makes everything."""

BRIEFINGS = "zl_briefing"
"""The job that makes the morning pages, after a refresh and whatever became of it."""

AFTERWARDS = "zl/afterwards"
"""The tag of assets that a refresh does not make: they say what became of it."""

INSTRUMENT = "instrument"
"""The tag by which everything that is one instrument's is selected: `tag:"instrument"="MES"`."""


def group_of(instrument: Instrument, group: str) -> str:
    """The group of an asset: the first instrument's assets are grouped by what they are, the others' by instrument."""
    return group if instrument.bare_names else instrument.slug
