"""When a server in service tidies up, and what keeps it from that: decided without a server."""

import threading
import time

from zl_assets.embedded import patches, server
from zl_assets.embedded.entrance import Entrance


def test_whoever_comes_while_it_tidies_up_waits_and_is_not_turned_away() -> None:
    entrance = Entrance()
    assert entrance.try_enter()
    assert not entrance.shut_if_empty(), "somebody is inside"
    entrance.leave()
    assert entrance.shut_if_empty()
    assert not entrance.try_enter()
    order = []

    def read() -> None:
        with entrance.visit():
            order.append("read")

    reader = threading.Thread(target=read)
    reader.start()
    time.sleep(0.1)
    order.append("tidied")
    entrance.open()
    reader.join(5)
    assert order == ["tidied", "read"]
    assert entrance.inside == 0


class _Steps:
    """The decisions of a server that is stepped once a second; what it did, by name."""

    def __init__(self) -> None:
        self.entrance = Entrance()
        # Whole seconds: the last digits of this machine's own clock would decide what happens exactly at a bound.
        self.now = self.entrance.last_used = 0.0
        self.done: list[str] = []
        self.is_due = True
        self.is_busy = False
        self.tidying = server.Tidying(self.entrance, due=self._look, busy=lambda: self.is_busy, tidy=self._tidy)

    def _look(self) -> bool:
        self.done.append("looked")
        return self.is_due

    def _tidy(self) -> None:
        assert not self.entrance.try_enter(), "somebody could come in"
        self.done.append("tidied")
        self.is_due = False

    def pass_seconds(self, seconds: float, asked_every: int | None = None) -> list[str]:
        """Let time go by, with a question every so many seconds, or none; what happened."""
        self.done = []
        for second in range(round(seconds)):
            self.now += 1
            if asked_every and second % asked_every == 0:
                self.entrance.last_used = self.now
            self.tidying.step(self.now)
        return self.done


def test_a_server_that_is_asked_every_three_seconds_tidies_up_all_the_same() -> None:
    steps = _Steps()
    assert steps.pass_seconds(server.LOOK_SECONDS + server.OVERDUE_SECONDS - 1, asked_every=3) == ["looked"]
    steps.is_busy = True
    assert steps.pass_seconds(30, asked_every=3) == [], "a job was running"
    steps.is_busy = False
    assert steps.entrance.try_enter()
    assert steps.pass_seconds(30, asked_every=3) == [], "somebody was inside"
    steps.entrance.leave()
    assert steps.pass_seconds(3, asked_every=3)[0] == "tidied"
    assert steps.entrance.try_enter()


def test_a_server_asks_duckdb_for_its_growth_only_now_and_then() -> None:
    steps = _Steps()
    steps.is_due = False
    assert steps.pass_seconds(600, asked_every=3) == ["looked"] * int(600 / server.LOOK_SECONDS)
    steps.pass_seconds(server.QUIET_SECONDS)
    assert steps.pass_seconds(600) == [], "nobody had come since"
    assert steps.pass_seconds(10, asked_every=10) == ["looked"]
    steps.is_due = True
    assert steps.pass_seconds(10, asked_every=10) == ["looked", "tidied"]


class _Session:
    """A session of the emulator's as far as its end is concerned; its cursor is itself."""

    @property
    def cursor(self) -> "_Session":
        return self


def test_a_session_that_its_client_never_ended_does_not_keep_the_server_from_tidying_up() -> None:
    transactions = patches.OpenTransactions()
    sessions = {"forgotten": _Session(), "writing": _Session()}
    assert not server.is_transaction_open(sessions, transactions)
    transactions.began(sessions["writing"])
    assert server.is_transaction_open(sessions, transactions)
    transactions.ended(sessions["writing"])
    assert not server.is_transaction_open(sessions, transactions)


def test_a_transaction_whose_client_is_gone_does_not_keep_the_server_from_tidying_up_for_ever() -> None:
    transactions = patches.OpenTransactions()
    sessions = {"forgotten": _Session(), "writing": _Session()}
    transactions.began(sessions["writing"])
    now = time.monotonic()
    server.end_abandoned_sessions(sessions, transactions, now + server.SESSION_SECONDS - 60, sessions.pop)
    assert server.is_transaction_open(sessions, transactions), "its client may come back"
    server.end_abandoned_sessions(sessions, transactions, now + server.SESSION_SECONDS, sessions.pop)
    assert list(sessions) == ["forgotten"]
    assert not server.is_transaction_open(sessions, transactions)
