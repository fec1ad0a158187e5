"""A picture is drawn again when what it shows has changed, and only then."""

import dagster as dg
import pandas as pd

from zl_assets.io_managers.metadata import in_order
from zl_assets.io_managers.pictures import pictures_of
from zl_assets.model.report.page import Picture
from zl_assets.provenance import Provenance
from zl_assets.settings import Settings

ROWS = pd.DataFrame({"close": [50.0, 51.0]})


def test_pictures_of_the_same_rows_are_found_and_those_of_others_are_drawn() -> None:
    ours, drawn = Provenance.of(Settings.load(state_dir="/work/ours")), []

    def shown(instance: dg.DagsterInstance, rows: pd.DataFrame, *names: str, by: str = "") -> dict[str, object]:
        def draw() -> tuple[Picture, ...]:
            drawn.append(names)
            return tuple(Picture(name, "A title", b"png", "A caption.") for name in names)

        made = pictures_of(instance, "a", ours, names, by, [rows], draw)
        instance.report_runless_asset_event(dg.AssetMaterialization("a", metadata=in_order(made | dict(ours.metadata))))
        return made

    with dg.DagsterInstance.ephemeral() as instance:
        first = shown(instance, ROWS, "one", "two")
        again = shown(instance, ROWS, "one", "two")
        assert (first["one"], first["two"]) == (again["one"], again["two"])
        assert (first["pictures_drawn"], again["pictures_drawn"]) != ("now", "now")
        assert len(drawn) == 1
        shown(instance, ROWS * 2, "one", "two")
        shown(instance, ROWS * 2, "one", "three")
        assert len(drawn) == 3
        # Another look of the same rows is another picture.
        shown(instance, ROWS * 2, "one", "three", by="other lines")
        assert len(drawn) == 4
