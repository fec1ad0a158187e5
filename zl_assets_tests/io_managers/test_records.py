"""Which record verifies a state folder, where several folders share one Dagster storage."""

from collections.abc import Iterator

import dagster as dg
import pytest

from zl_assets.io_managers.metadata import in_order
from zl_assets.io_managers.records import record_in, said
from zl_assets.provenance import OWN_BARS, Provenance

CSV = dg.AssetKey("training_csv")
OURS, THEIRS = (Provenance("own bars: bars.parquet", f"/work/{name}", OWN_BARS) for name in ("ours", "theirs"))


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def record(instance: dg.DagsterInstance, sha256: str, of: Provenance | None) -> None:
    """What a run of a folder writes down; None: of a version that did not say which."""
    metadata = {"sha256": sha256, **(of.metadata if of else {})}
    instance.report_runless_asset_event(dg.AssetMaterialization(CSV, metadata=metadata))


def verified_by(instance: dg.DagsterInstance, holds: str = "") -> str | None:
    """The hash that our folder's file is held to, if its own is `holds`."""
    found = record_in(instance, CSV, OURS, "sha256", lambda sha256: sha256 == holds)
    return None if found is None else said(found, "sha256")


def test_the_newest_record_of_the_own_folder_counts_whatever_others_recorded_since(instance: dg.DagsterInstance) -> None:
    record(instance, "first", OURS)
    record(instance, "second", OURS)
    # More than a page of them.
    for number in range(25):
        record(instance, f"theirs {number}", THEIRS)
    assert verified_by(instance) == "second"
    # Not even where the folder holds what somebody else's newest, or its own older one, says.
    assert verified_by(instance, holds="theirs 24") == "second"
    assert verified_by(instance, holds="first") == "second"


def test_a_hash_among_the_internals_verifies_and_so_does_that_of_an_earlier_version(instance: dg.DagsterInstance) -> None:
    folded = dg.AssetMaterialization(CSV, metadata=in_order({"sha256": "folded", **OURS.metadata}))
    assert "sha256" not in folded.metadata
    record(instance, "before it", OURS)
    assert verified_by(instance) == "before it"
    instance.report_runless_asset_event(folded)
    assert verified_by(instance) == "folded"
    record(instance, "theirs", THEIRS)
    assert verified_by(instance) == "folded"


def test_an_own_newest_record_costs_one_fetch_of_one_record(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        record(instance, str(number), OURS)
    fetched = []
    fetch = dg.DagsterInstance.fetch_materializations

    def counting(*given: object, **how: object) -> object:
        fetched.append(how["limit"])
        return fetch(*given, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(dg.DagsterInstance, "fetch_materializations", counting)
    assert verified_by(instance) == "4"
    assert fetched == [1]


def test_a_folder_whose_records_are_older_than_their_naming_is_verified_by_what_it_holds(instance: dg.DagsterInstance) -> None:
    """After an upgrade: the newest old record may be another folder's."""
    record(instance, "of this folder", None)
    record(instance, "of another folder", None)
    assert verified_by(instance, holds="of this folder") == "of this folder"
    assert verified_by(instance, holds="of another folder") == "of another folder"
    assert verified_by(instance, holds="what nobody recorded") is None


def test_a_folder_that_was_moved_is_verified_by_what_it_holds_until_it_has_a_record_of_its_own(
    instance: dg.DagsterInstance,
) -> None:
    record(instance, "before the move", THEIRS)
    assert verified_by(instance, holds="before the move") == "before the move"
    record(instance, "after it", OURS)
    assert verified_by(instance, holds="before the move") == "after it"


def test_a_record_that_does_not_say_what_is_asked_for_is_passed_over(instance: dg.DagsterInstance) -> None:
    record(instance, "with a hash", OURS)
    instance.report_runless_asset_event(dg.AssetMaterialization(CSV, metadata=OURS.metadata))
    assert verified_by(instance) == "with a hash"


def test_without_any_record_there_is_none(instance: dg.DagsterInstance) -> None:
    assert verified_by(instance, holds="a file") is None
