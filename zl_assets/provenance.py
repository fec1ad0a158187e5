"""Whose the outcome of a run is: what its prices are, and which state folder it belongs to.

Belongs here: both in words, made once of the settings. Must not be here: looking at what was recorded (io_managers/records.py),
Dagster.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from zl_assets.contracts import market
from zl_assets.settings import Settings

# The label of tables whose rows are made of the sample, and of those made of ZL_BARS. Live tables carry them: they never change.
SYNTHETIC, OWN_BARS = "synthetic", "bars"

# What a forecast says of its prices where they are somebody else's table, which has no such label.
CLOUD = "cloud"

INVENTED = "SYNTHETIC sample, invented"

# Names of the metadata that every materialization has.
PRICES, STATE_FOLDER = "prices", "state_folder"


@dataclass(frozen=True)
class Provenance:
    """What the settings of one process make of whatever it materializes.

    Attributes:
        prices: what they are, for a person.
        state: the state folder's absolute path, with project and dataset prefix where they are set: two with the same share
            tables, CSV and models.
        label: of the tables that hold such rows; None in the cloud, where the prices are somebody else's table.
    """

    prices: str
    state: str
    label: str | None

    @classmethod
    def of(cls, settings: Settings) -> "Provenance":
        """That of one Settings."""
        state = str(settings.state_dir.resolve())
        if settings.dataset_prefix:
            state += f", dataset prefix {settings.dataset_prefix}"
        if settings.gcp_project is not None:
            table = f"{settings.gcp_project}.{settings.dataset_prefix}{market.bars().name}"
            return cls(f"table {table}", f"{state}, project {settings.gcp_project}", None)
        if settings.bars is None:
            return cls(INVENTED, state, SYNTHETIC)
        return cls(f"own bars: {settings.bars.name}", state, OWN_BARS)

    @property
    def synthetic(self) -> bool:
        """Are the prices invented?"""
        return self.label == SYNTHETIC

    @property
    def source(self) -> str:
        """What a forecast says of its prices."""
        return self.label or CLOUD

    @property
    def mark(self) -> str:
        """Begins a sentence about invented prices; empty for any others."""
        return f"{INVENTED}: " if self.synthetic else ""

    @property
    def metadata(self) -> Mapping[str, str]:
        """What every materialization says of itself."""
        return {PRICES: self.prices, STATE_FOLDER: self.state}
