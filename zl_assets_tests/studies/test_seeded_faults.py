"""The seeded faults can still be seeded: a text that has moved is not a fault that is caught."""

import pytest

from zl_assets_tests.studies.seeded_faults import FAULTS, REPO, Fault, seeded


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_text_that_a_fault_replaces_is_there_once(fault: Fault) -> None:
    text = (REPO / "zl_assets" / fault.file).read_text()
    assert seeded(fault, text) != text


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_test_that_catches_a_fault_is_there(fault: Fault) -> None:
    path, _, name = fault.caught_by.partition("::")
    assert f"def {name}" in (REPO / "zl_assets_tests" / path).read_text()
