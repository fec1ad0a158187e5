"""What is mended in the emulator, without a server; test_client.py has the transactions, over the wire."""

import pytest
from sqlglot import exp

from zl_assets.embedded import patches
from zl_assets.embedded.entrance import Entrance
from zl_assets.warehouse.errors import WarehouseUnavailable


def test_a_session_that_waits_for_its_client_is_not_tidied_away() -> None:
    reads = patches.OpenReads()
    assert not reads
    reads.opened(["s/1", "s/2"])
    reads.asked_for("s/1")
    assert reads
    reads.asked_for("s/2")
    assert not reads


def test_a_statement_that_fails_neither_opens_a_transaction_nor_leaves_one_open(monkeypatch: pytest.MonkeyPatch) -> None:
    from local_bigquery.jobs import merge, query

    def run(_: object, tree: exp.Expression) -> None:
        if tree.args.get("fails"):
            raise RuntimeError("refused")

    monkeypatch.setattr(query, "_run", run)
    monkeypatch.setattr(merge, "run", run)
    transactions = patches.OpenTransactions()
    patches._merge_inside_transactions(transactions)
    cursor = Entrance()  # anything that a weak reference can point to
    with pytest.raises(RuntimeError, match="refused"):
        query._run(cursor, exp.Transaction(fails=True))
    assert transactions.last_used(cursor) is None
    query._run(cursor, exp.Transaction())
    began = transactions.last_used(cursor)
    assert began is not None
    query._run(cursor, exp.Select())
    used = transactions.last_used(cursor)
    assert used is not None
    assert used > began, "its client is still there"
    with pytest.raises(RuntimeError, match="refused"):
        query._run(cursor, exp.Commit(fails=True))
    assert transactions.last_used(cursor) is None


@pytest.mark.parametrize(
    ("package", "message"),
    [
        ("local-bigquery", r"local-bigquery 9\.9 .*0\.3\.2 only"),
        ("duckdb-extension-icu", r"duckdb-extension-icu 9\.9 does not fit duckdb"),
    ],
)
def test_an_emulator_or_extension_of_another_version_is_refused(
    monkeypatch: pytest.MonkeyPatch, package: str, message: str
) -> None:
    installed = patches.importlib.metadata.version
    monkeypatch.setattr(patches.importlib.metadata, "version", lambda name: "9.9" if name == package else installed(name))
    with pytest.raises(WarehouseUnavailable, match=message):
        patches.apply(Entrance())
