"""The net around a test run: every statement that the product sends is analyzed, and every kind that it can send must have been.

Belongs here: when statements are analyzed, whom a refusal is told, and the sum over all workers. Must not be here: how SQL is
analyzed, heard or found.

A statement that Google's analyzer refuses fails the test in which it was sent. A test that sends one on purpose says so:

    @pytest.mark.refused_by_google("why the product is made to send it")

and nothing that it sends counts as analyzed. On a function the marker must be true; on a module (`pytestmark`) it may be true of
some of its tests.
"""

import json
import os
import time
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from zl_assets_tests.googlesql.children import Children, Writer
from zl_assets_tests.googlesql.sent import Listener, Sent

if TYPE_CHECKING:
    from zl_assets_tests.googlesql.analyzer import GoogleSql
    from zl_assets_tests.googlesql.kinds import Watch

MARKER = "refused_by_google"
REPORT = "--googlesql-report"
TESTS = Path(__file__).resolve().parents[1]

# Where a worker puts what it has to say.
_OUTPUT = "googlesql"

# Of a schema in an error message: what a person reads.
_SHOWN_FIELDS = 60


class Figures(dict[str, float]):
    """What the net cost."""

    def add(self, name: str, value: float) -> None:
        self[name] = self.get(name, 0) + value


class Net:
    """A plugin of pytest, in each process of a test run."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.figures = Figures()
        self.parts: list[Mapping[str, Any]] = []
        self.missing: list[str] = []
        self._sent: list[Sent] = []
        self._words: dict[str, str] = {}
        self._listener = Listener(self._hear)
        self._process = os.getpid()
        self._children: Children | None = None
        self._analyzer: GoogleSql | None = None
        self._watch: Watch | None = None
        self._deselected = False
        self._refused_on_purpose: set[str] = set()

    # -- one process ---------------------------------------------------------------------------------------------------

    def _hear(self, sent: Sent) -> None:
        if os.getpid() == self._process:
            self._sent.append(sent)
        elif self._children is not None:  # a fork, whose memory is its own
            Writer(self._children.folder)(sent)

    def _begin(self) -> None:
        from google.cloud import bigquery

        from zl_assets_tests.googlesql.analyzer import GoogleSql, cache_folder
        from zl_assets_tests.googlesql.kinds import Watch

        self._analyzer = GoogleSql(cache_folder())
        self._watch = Watch()
        self._watch.begin()
        self._listener.listen(bigquery.Client)
        self._children = Children()
        self._children.begin()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        if self._watch is None:
            began = time.process_time()
            self._begin()
            self.figures.add("processor seconds to begin", time.process_time() - began)
        return (yield from self._checked(item))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        result = yield from self._checked(item)
        marked = any(marker.name == MARKER for marker in item.own_markers)
        if marked and item.nodeid not in self._refused_on_purpose:
            pytest.fail(f"nothing that this test sent was refused; take its marker {MARKER} away", pytrace=False)
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        return (yield from self._checked(item))

    def _checked(self, item: pytest.Item) -> Generator[None, object, object]:
        try:
            result = yield
        except BaseException as error:
            if refusals := self._refusals(item):
                if isinstance(error, pytest.skip.Exception | pytest.xfail.Exception):
                    pytest.fail("\n\n".join(refusals), pytrace=False)
                error.add_note("\n\n".join(refusals))
            raise
        if refusals := self._refusals(item):
            pytest.fail("\n\n".join(refusals), pytrace=False)
        return result

    def _refusals(self, item: pytest.Item) -> list[str]:
        """What Google's analyzer says against the statements that were sent since it was asked last."""
        began = time.process_time()
        children = [] if self._children is None else self._children.heard()
        own, self._sent = self._sent, []
        sent = [*own, *children]
        on_purpose = item.get_closest_marker(MARKER) is not None
        refusals: dict[str, None] = {}
        for statement in sent:
            said = self._verdict(statement, counts=not on_purpose)
            if said is not None:
                refusals[said] = None
        self.figures.add("statements", len(sent))
        self.figures.add("of them by other processes", len(children))
        self.figures.add("processor seconds to analyze", time.process_time() - began)
        if refusals and on_purpose:
            self._refused_on_purpose.add(item.nodeid)
            return []
        return list(refusals)

    def _verdict(self, sent: Sent, *, counts: bool) -> str | None:
        """The refusal; None where there is none.

        Args:
            counts: a statement that is not refused is one more that was analyzed.
        """
        from zl_assets_tests.googlesql.analyzer import Refused, parameter_type

        assert self._analyzer is not None
        assert self._watch is not None
        plain = sent.plain
        digest = plain.digest
        if digest not in self._words:
            tables = {name: schema for name, schema in plain.tables.items() if schema is not None}
            parameters = {p["name"]: parameter_type(p["parameterType"]) for p in plain.parameters}
            self.figures.add("unique statements", 1)
            try:
                self._analyzer.analyze(plain.text, tables, parameters)
            except Refused as refusal:
                self._words[digest] = str(refusal)
            else:
                self._words[digest] = ""
        words = self._words[digest]
        if not words:
            if counts:
                self._watch.analyzed(sent.step, sent.text)
            return None
        if _names_a_missing_table(plain, words):
            # That it is not there is a fact of the moment, which the test may well be about, and says nothing of the SQL.
            self.figures.add("statements about a table that is not there", 1)
            return None
        return refused(plain, words)

    # -- all processes -------------------------------------------------------------------------------------------------

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        self._deselected = self._deselected or bool(items)

    def _part(self) -> dict[str, Any]:
        watch = self._watch
        if watch is None:
            return {"seen": [], "possible": [], "figures": {}, "deselected": self._deselected}
        watch.end()
        if self._analyzer is not None:
            self._analyzer.close()
        self._listener.stop()
        if self._children is not None:
            self._children.end()
        return {
            "seen": sorted(watch.seen),
            "possible": sorted(watch.possible),
            "figures": dict(self.figures),
            "deselected": self._deselected,
        }

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        output = getattr(node, "workeroutput", {})
        self.parts.append(json.loads(output[_OUTPUT]) if _OUTPUT in output else {"crashed": True})

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if hasattr(self.config, "workerinput"):
            self.config.workeroutput[_OUTPUT] = json.dumps(self._part())
            return
        if not self.parts:
            self.parts.append(self._part())
        if self._is_whole(session):
            self.missing = unseen(self.parts)
            if self.missing:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _is_whole(self, session: pytest.Session) -> bool:
        """Did this run have every test?"""
        whole = any(TESTS.is_relative_to(Path(argument).resolve()) for argument in self.config.args)
        option = self.config.option
        left_out = (option.ignore, option.ignore_glob, option.collectonly, session.shouldstop, session.shouldfail)
        ended = session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
        complete = not any(part.get("deselected") or part.get("crashed") for part in self.parts)
        return whole and ended and complete and not any(left_out)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.missing:
            terminalreporter.section("statements that Google's analyzer never saw", red=True)
            for kind in self.missing:
                terminalreporter.line(kind)
            terminalreporter.line("The product can send them, and no test made it do so with success: add one. docs/sql.md")
        if self.config.getoption(REPORT):
            terminalreporter.section("Google's analyzer")
            for part in self.parts:
                terminalreporter.line(", ".join(f"{name}: {value:.4g}" for name, value in part.get("figures", {}).items()))
            for kind in unseen(self.parts):
                terminalreporter.line(f"not seen: {kind}")


def unseen(parts: list[Mapping[str, Any]]) -> list[str]:
    """Kinds that no process saw."""
    seen = {kind for part in parts for kind in part.get("seen", [])}
    return sorted({kind for part in parts for kind in part.get("possible", [])} - seen)


def _names_a_missing_table(sent: Sent, words: str) -> bool:
    # The words go on with a place, and before it perhaps with a guess: "...; Did you mean ...? [at 1:15]".
    missing = words.partition("Table not found: ")[2].partition(" [at ")[0].partition(";")[0].replace("`", "")
    return missing in {name for name, schema in sent.tables.items() if schema is None}


def refused(sent: Sent, words: str) -> str:
    """A refusal, for the person who wrote the statement."""
    from zl_assets_tests.googlesql.text import as_paths

    lines = [f"Google's SQL analyzer refuses the step {sent.step!r}: {words}", "", as_paths(sent.text), ""]
    lines += [f"@{p['name']}: {_shown_type(p['parameterType'])}" for p in sent.parameters]
    for name, schema in sent.tables.items():
        lines.append(f"{name}: {'not there' if schema is None else _shown(schema)}")
    return "\n".join(lines)


def _shown(fields: list[dict[str, Any]]) -> str:
    shown = [
        f"{f['name']} {f['type']}{' ' + f['mode'] if f.get('mode') == 'REPEATED' else ''}"
        f"{' (' + _shown(f['fields']) + ')' if f.get('fields') else ''}"
        for f in fields
    ]
    return ", ".join([*shown[:_SHOWN_FIELDS], *(["..."] if len(shown) > _SHOWN_FIELDS else [])])


def _shown_type(of: Mapping[str, Any]) -> str:
    if of["type"] == "ARRAY":
        return f"ARRAY<{_shown_type(of['arrayType'])}>"
    if of["type"] == "STRUCT":
        return f"STRUCT<{', '.join(f'{f.get("name", "")} {_shown_type(f["type"])}'.strip() for f in of['structTypes'])}>"
    return str(of["type"])
