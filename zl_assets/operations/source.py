"""The bars that a refresh would start from. Must not be here: anything that writes."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zl_assets.catalog import Catalog
from zl_assets.instruments.base import Instrument
from zl_assets.provenance import OWN_BARS, SYNTHETIC
from zl_assets.sources.bars import bars_to_load

if TYPE_CHECKING:
    from zl_assets.warehouse.publish import Publication, Publisher


@dataclass(frozen=True)
class BarsSource:
    """Where the bars come from.

    Attributes:
        catalog: whose instruments have bars.
        loaded: the bars table is this product's, filled from `path` or the sample; otherwise it is somebody else's.
        path: ZL_BARS.
    """

    catalog: Catalog
    loaded: bool
    path: Path | None

    def bars(self, publisher: "Publisher", instrument: Instrument) -> "Publication":
        """The instrument's bars as they are now, not written anywhere.

        Raises:
            DataFault: the files cannot be used.
            SchemaConflict, WarehouseUnavailable, WarehouseRefused: the table cannot be read.
        """
        from zl_assets.warehouse.publish import Publication

        if not self.loaded:
            return Publication(publisher.read(self.catalog.bars(instrument)))
        loaded = bars_to_load(self.path, [instrument], self.catalog.others(instrument))
        return Publication(loaded.frame, OWN_BARS if self.path else SYNTHETIC)
