"""What is wrong with one instrument is told beside the others; what is wrong with BigQuery stops the job and is tried again."""

import dagster as dg
import pytest

from zl_assets.operations.by_instrument import ByInstrument
from zl_assets.warehouse.errors import ChangedMeanwhile, DataFault, Hint, WarehouseUnavailable
from zl_assets_tests.support.contracts import MES, ZL


def test_a_fault_of_one_is_told_under_its_symbol_beside_what_was_found_of_the_other() -> None:
    seen = ByInstrument((ZL, MES))
    with seen.of(ZL):
        raise DataFault("a bad bar.", Hint.BESIDE)
    with seen.of(MES):
        seen.found["MES"] = "a table"
    wrong = "a bad bar. Or set ZL_DATASET_PREFIX to work beside it."
    assert seen.text == f"### ZL\n\n{wrong}\n\n### MES\n\na table"
    with pytest.raises(dg.Failure) as caught:
        seen.require_sound({"report": seen.text})
    assert (caught.value.description, caught.value.allow_retries) == (f"ZL: {wrong}", False)
    assert caught.value.metadata["report"].value == seen.text


def test_one_instrument_alone_needs_no_symbol_and_without_a_fault_nothing_fails() -> None:
    alone = ByInstrument((ZL,))
    with alone.of(ZL):
        alone.found["ZL"] = "a table"
    assert (alone.text, alone.wrong) == ("a table", [])
    alone.require_sound({})


@pytest.mark.parametrize("error", [WarehouseUnavailable("no answer"), ChangedMeanwhile("a race")])
def test_what_another_try_may_mend_is_no_fault_of_an_instrument(error: Exception) -> None:
    seen = ByInstrument((ZL, MES))
    with pytest.raises(type(error)), seen.of(ZL):
        raise error
    assert seen.faults == {}
