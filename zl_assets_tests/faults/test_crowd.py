"""Writers that race one another, and starters that race one another."""

import threading
from pathlib import Path

from google.cloud import bigquery

from zl_assets.errors import ZlError
from zl_assets.warehouse.publish import Publication
from zl_assets_tests.faults.crowd import starts_together
from zl_assets_tests.faults.http_faults import after_once, publisher, written
from zl_assets_tests.support.product import Product
from zl_assets_tests.warehouse.tables import SMALL, small_frame


def test_writers_into_one_new_dataset_at_once_all_succeed_and_write_each_row_once(home: Product, client: bigquery.Client) -> None:
    """Two of them create the dataset and the table; the loser's error is a lost race, not a bad statement."""
    for number in range(3):
        prefix, said = f"race{number}_", []

        def write(prefix: str = prefix, said: list[str] = said) -> None:
            try:
                publisher(client, prefix, 60.0).publish(Publication(small_frame(7)), SMALL)
            except ZlError as error:
                said.append(str(error))

        writers = [threading.Thread(target=write) for _ in range(4)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        assert said == []
        assert written(client, prefix) == after_once(small_frame(7))


def test_two_processes_that_start_the_server_together_get_one(tmp_path: Path) -> None:
    assert starts_together(tmp_path / "state", 3).problems == ()
