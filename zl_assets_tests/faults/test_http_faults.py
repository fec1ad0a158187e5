"""One write under every kind of HTTP fault: once, and for ever."""

import pytest
from google.cloud import bigquery

from zl_assets.warehouse.errors import WarehouseUnavailable
from zl_assets.warehouse.publish import Publication
from zl_assets_tests.faults.http_faults import SHORT, publisher, small_write_refused_once, write_under_fault
from zl_assets_tests.faults.proxy import FAULTS, Fault, Intercept, slow
from zl_assets_tests.warehouse.tables import SMALL, small_frame


@pytest.mark.usefixtures("brief_pauses")
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_write_whose_every_request_fails_once_is_as_a_clean_one(
    intercept: Intercept, client: bigquery.Client, fault: Fault
) -> None:
    outcome = write_under_fault(intercept, client, fault, "every", always=False, deadline=60.0)
    assert outcome.problems == ()
    assert outcome.result == "as a clean run"
    assert outcome.faulted > 0


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_that_never_stops_ends_in_one_clear_error_and_a_whole_table(
    intercept: Intercept, client: bigquery.Client, fault: Fault
) -> None:
    outcome = write_under_fault(intercept, client, fault, "every", always=True, deadline=SHORT)
    assert outcome.problems == ()
    assert outcome.result == "clear error"


@pytest.mark.usefixtures("brief_pauses")
@pytest.mark.parametrize("step", ["load", "load_staging", "merge_staged"])
@pytest.mark.parametrize(
    "fault", [fault for fault in FAULTS if "after the server acted" in fault.name], ids=lambda fault: fault.name
)
def test_a_load_or_a_staged_write_whose_answer_is_lost_is_as_a_clean_one(
    intercept: Intercept, client: bigquery.Client, fault: Fault, step: str
) -> None:
    outcome = write_under_fault(intercept, client, fault, step, always=False, deadline=60.0)
    assert outcome.problems == ()
    assert outcome.result == "as a clean run"
    assert outcome.faulted > 0


def test_an_answer_that_comes_too_late_leaves_time_to_ask_again(intercept: Intercept, client: bigquery.Client) -> None:
    outcome = write_under_fault(intercept, client, slow(2.5), "merge", always=False, deadline=8.0)
    assert outcome.problems == ()
    assert (outcome.result, outcome.faulted) == ("as a clean run", 1)


def test_faults_of_data_and_rights_are_never_sent_again(intercept: Intercept, client: bigquery.Client) -> None:
    outcomes = small_write_refused_once(intercept, client)
    assert len(outcomes) == 5
    assert [problems for _, problems in outcomes if problems] == []


def test_a_read_survives_one_refused_connection_and_gives_up_in_time_when_all_are(
    intercept: Intercept, client: bigquery.Client
) -> None:
    frame = small_frame(5)
    publisher(client, "reads_", 60.0).publish(Publication(frame), SMALL)
    intercept.storage.refusals = 1
    assert len(publisher(client, "reads_", 60.0).read(SMALL)) == 5
    intercept.storage.shut = True
    try:
        with pytest.raises(WarehouseUnavailable, match="step 'read'"):
            publisher(client, "reads_", 3.0).read(SMALL)
    finally:
        intercept.storage.shut = False
