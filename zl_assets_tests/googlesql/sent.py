"""What the product sends to BigQuery: each statement with the types of its parameters and the schemas of the tables in it.

Belongs here: listening to the client library. Must not be here: the analyzer, pytest, or anything that changes what is sent. An
import here must cost nothing: it is part of every test run.

A statement is the product's if its job carries the label `zl_step`; statements of the tests themselves do not. Schemas are those
that the client was told last; a table that it was never told of is asked for, past the session that tests count requests on.
"""

import functools
import hashlib
import json
import re
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from zl_assets_tests.googlesql.text import names_in, renamed

if TYPE_CHECKING:
    from google.cloud import bigquery

STEP_LABEL = "zl_step"

# The client's methods that take a statement.
SENDING = ("query", "query_and_wait")

# After one of these the tables that a statement names may be others.
_CHANGES_TABLES = re.compile(r"\b(?:CREATE|ALTER|DROP)\b")

# Seconds to wait for a schema. What takes longer is a test of a server that does not answer.
_PATIENCE = 5.0

type Schema = list[dict[str, Any]]


@dataclass(frozen=True)
class Sent:
    """A statement or script as it was sent.

    Attributes:
        step: the name that the product gave it.
        parameters: `queryParameters` of the REST API: names and types only.
        tables: fields by name; None where there was no such table, or nobody could say.
    """

    step: str
    text: str
    parameters: list[dict[str, Any]]
    tables: dict[str, Schema | None]

    def to_json(self) -> str:
        """As one line."""
        return json.dumps(asdict(self))

    @property
    def plain(self) -> "Sent":
        """The same without what is random in its names: equal for two statements that the analyzer cannot tell apart."""
        datasets: dict[str, str] = {}
        names: dict[str, str] = {}
        for name in self.tables:
            *_, dataset, table = name.split(".")
            dataset = datasets.setdefault(dataset, f"dataset_{len(datasets)}")
            table = re.sub(r"_[0-9a-f]{12}$", "", table)
            plain = f"project.{dataset}.{table}"
            names[name] = plain if plain not in names.values() else f"{plain}_{len(names)}"
        tables = {names[name]: schema for name, schema in self.tables.items()}
        return Sent(self.step, renamed(self.text, names), self.parameters, tables)

    @property
    def digest(self) -> str:
        """Of everything that the analyzer sees."""
        seen = json.dumps([self.text, self.parameters, self.tables])
        return hashlib.sha256(seen.encode()).hexdigest()


def schema_of(fields: "Sequence[bigquery.SchemaField]") -> Schema:
    """Names, types, modes and fields alone."""
    return [_plain_field(field.to_api_repr()) for field in fields]


def _plain_field(field: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: field[name] for name in ("name", "type", "mode") if name in field}
    if inner := field.get("fields"):
        kept["fields"] = [_plain_field(one) for one in inner]
    return kept


class Listener:
    """Listens to every BigQuery client of this process.

    Args:
        hear: takes each statement of the product at the moment at which it is sent. May be called by several threads at once.
    """

    def __init__(self, hear: Callable[[Sent], None]) -> None:
        self._hear = hear
        self._known: weakref.WeakKeyDictionary[bigquery.Client, dict[str, Schema | None]] = weakref.WeakKeyDictionary()
        self._mutex = threading.Lock()
        self._undo: list[Callable[[], None]] = []

    def listen(self, client: "type[bigquery.Client]") -> None:
        """Begin. The client library's own methods do what they did."""
        for name in ("get_table", "create_table", "update_table"):
            self._wrap(client, name, after=self._told)
        self._wrap(client, "delete_table", after=lambda client, given, _: self._forget(client, [_named(given[0])]))
        for name in SENDING:
            self._wrap(client, name, before=self._query)

    def stop(self) -> None:
        """Listen no more."""
        while self._undo:
            self._undo.pop()()

    def _wrap(
        self,
        cls: type,
        name: str,
        *,
        before: Callable[..., None] | None = None,
        after: Callable[[Any, tuple[Any, ...], Any], None] | None = None,
    ) -> None:
        method = getattr(cls, name)

        @functools.wraps(method)
        def listening(client: Any, *args: Any, **kwargs: Any) -> Any:
            if before is not None:
                before(client, *args, **kwargs)
            answer = method(client, *args, **kwargs)
            if after is not None:
                after(client, args, answer)
            return answer

        setattr(cls, name, listening)
        self._undo.append(lambda: setattr(cls, name, method))

    def _told(self, client: "bigquery.Client", _: tuple[Any, ...], table: "bigquery.Table") -> None:
        name = f"{table.project}.{table.dataset_id}.{table.table_id}"
        with self._mutex:
            self._known.setdefault(client, {})[name] = schema_of(table.schema)

    def _forget(self, client: "bigquery.Client", names: Sequence[str]) -> None:
        with self._mutex:
            for name in names:
                self._known.get(client, {}).pop(name, None)

    def _query(self, client: "bigquery.Client", query: str, job_config: Any = None, *_: Any, **__: Any) -> None:
        names = names_in(query)
        if job_config is not None and (step := (job_config.labels or {}).get(STEP_LABEL)):
            # Not to_api_repr(), which copies every value: a parameter may have thousands of rows.
            api = job_config._properties.get("query", {}).get("queryParameters", [])
            parameters = [{"name": p["name"], "parameterType": p["parameterType"]} for p in api]
            self._hear(Sent(step, query, parameters, {name: self._schema(client, name) for name in names}))
        if _CHANGES_TABLES.search(query):
            self._forget(client, names)

    def _schema(self, client: "bigquery.Client", name: str) -> Schema | None:
        with self._mutex:
            known = self._known.setdefault(client, {})
            if name in known:
                return known[name]
        found = look_up(client, name)
        if found is not None:
            with self._mutex:
                known[name] = found
        return found


def _named(table: Any) -> str:
    return table if isinstance(table, str) else f"{table.project}.{table.dataset_id}.{table.table_id}"


def look_up(client: "bigquery.Client", name: str) -> Schema | None:
    """The schema of an embedded server's table; None where there is none, or no answer. Not by the client: tests count its
    requests, and make them fail."""
    import requests

    from zl_assets.embedded.folder import SERVER_HEADER

    server = getattr(client, "server", None)
    if server is None or name.count(".") != 2:
        return None
    project, dataset, table = name.split(".")
    address = f"http://127.0.0.1:{server.port}/bigquery/v2/projects/{project}/datasets/{dataset}/tables/{table}"
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.get(address, headers={SERVER_HEADER: server.nonce}, timeout=_PATIENCE)
            found = answer.json() if answer.ok else {}
    except (requests.RequestException, ValueError):
        return None
    return [_plain_field(field) for field in found["schema"]["fields"]] if "schema" in found else None
