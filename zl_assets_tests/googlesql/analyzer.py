"""GoogleSQL's analyzer with BigQuery's language options, over the schemas of live tables.

Belongs here: the WebAssembly module and its cache, language options, catalog, types and the statements of a script. Must not be
here: anything that knows the product, pytest or a BigQuery client.

The analyzer is the one that BigQuery itself is built on, which Google publishes as GoogleSQL (earlier: ZetaSQL). It resolves
names, types, signatures and clauses. It has no data and runs nothing.
"""

import contextlib
import ctypes
import fcntl
import functools
import importlib.metadata
import os
import platform
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tzdata
import wasmtime
from google.protobuf import empty_pb2
from google.protobuf.message import Message
from zetasql.wasi import get_wasm_path
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as service
from zetasql.wasi._pb2.zetasql.proto import options_pb2 as options
from zetasql.wasi._pb2.zetasql.proto import simple_catalog_pb2 as catalogs
from zetasql.wasi._pb2.zetasql.public import options_pb2 as language
from zetasql.wasi._pb2.zetasql.public import parse_resume_location_pb2 as resumes
from zetasql.wasi._pb2.zetasql.public import type_pb2 as types
from zetasql.wasi._pb2.zetasql.resolved_ast import resolved_ast_pb2 as ast
from zetasql.wasi._pb2.zetasql.resolved_ast import resolved_node_kind_pb2 as nodes

from zl_assets_tests.googlesql.text import as_paths

_REFERENCE = "https://cloud.google.com/bigquery/docs/reference/standard-sql"

# The features beyond the language's core that the product's statements need, and where BigQuery documents each. Nothing else is
# on: a statement that needs more is refused until somebody has looked it up and added it here, with a sample in test_analyzer.py.
FEATURES = {
    "ANALYTIC_FUNCTIONS": f"{_REFERENCE}/window-function-calls",
    "CREATE_VIEW_WITH_COLUMN_LIST": f"{_REFERENCE}/data-definition-language#view_column_name_list",
    "CREATE_VIEWS_WITH_COLUMN_OPTIONS": f"{_REFERENCE}/data-definition-language#view_column_option_list",
    "V_1_3_IS_DISTINCT": f"{_REFERENCE}/operators#is_distinct",
}

# The kinds of statement that may be sent.
STATEMENT_KINDS = {
    "ALTER_TABLE": f"{_REFERENCE}/data-definition-language#alter_table_add_column_statement",
    "ASSERT": f"{_REFERENCE}/debugging-statements#assert",
    "BEGIN": f"{_REFERENCE}/procedural-language#begin_transaction",
    "COMMIT": f"{_REFERENCE}/procedural-language#commit_transaction",
    "CREATE_TABLE": f"{_REFERENCE}/data-definition-language#create_table_statement",
    "CREATE_TABLE_AS_SELECT": f"{_REFERENCE}/data-definition-language#query_statement",
    "CREATE_VIEW": f"{_REFERENCE}/data-definition-language#create_view_statement",
    "DELETE": f"{_REFERENCE}/dml-syntax#delete_statement",
    "DROP": f"{_REFERENCE}/data-definition-language#drop_table_statement",
    "EXPORT_DATA": f"{_REFERENCE}/export-statements",
    "INSERT": f"{_REFERENCE}/dml-syntax#insert_statement",
    "MERGE": f"{_REFERENCE}/dml-syntax#merge_statement",
    "QUERY": f"{_REFERENCE}/query-syntax",
    "ROLLBACK": f"{_REFERENCE}/procedural-language#rollback_transaction",
    "TRUNCATE": f"{_REFERENCE}/dml-syntax#truncate_table_statement",
    "UPDATE": f"{_REFERENCE}/dml-syntax#update_statement",
}

# BigQuery reserves it, and the core of the language does not. https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#reserved_keywords
_RESERVED = ("QUALIFY",)

# The API's names of types that GoogleSQL calls something else.
_TYPE_NAMES = {"INTEGER": "INT64", "FLOAT": "DOUBLE", "FLOAT64": "DOUBLE", "BOOLEAN": "BOOL", "RECORD": "STRUCT"}

# Between two statements.
_BLANK = re.compile(rb"(?:\s+|--[^\n]*|#[^\n]*|/\*.*?\*/)*", re.DOTALL)

type Field = Mapping[str, Any]
type Schema = Sequence[Field]
type Type = types.TypeProto


# How many sets of tables the analyzer keeps for the statements that follow.
_CATALOGS = 8


class Refused(Exception):
    """A statement that Google's analyzer does not take. Its text is the analyzer's own message."""


class AnalyzerUnavailable(Exception):
    """The analyzer itself cannot be had."""


def type_of(field: Field) -> Type:
    """The type of a table's field, as the REST API gives it (`SchemaField.to_api_repr()`).

    Raises:
        ValueError: there is no such type.
    """
    name = _TYPE_NAMES.get(field["type"], field["type"])
    if name == "STRUCT":
        one = _struct([(inner["name"], type_of(inner)) for inner in field["fields"]])
    else:
        one = types.TypeProto(type_kind=types.TypeKind.Value(f"TYPE_{name}"))
    return _array(one) if field.get("mode") == "REPEATED" else one


def parameter_type(api: Mapping[str, Any]) -> Type:
    """A query parameter's `parameterType` of the REST API: a scalar, an ARRAY, a STRUCT, or an ARRAY of STRUCTs.

    Raises:
        ValueError: there is no such type.
    """
    if api["type"] == "ARRAY":
        return _array(parameter_type(api["arrayType"]))
    if api["type"] == "STRUCT":
        return _struct([(inner.get("name", ""), parameter_type(inner["type"])) for inner in api["structTypes"]])
    return type_of({"type": api["type"]})


def _struct(fields: Sequence[tuple[str, Type]]) -> Type:
    inner = [types.StructFieldProto(field_name=name, field_type=of) for name, of in fields]
    return types.TypeProto(type_kind=types.TYPE_STRUCT, struct_type=types.StructTypeProto(field=inner))


def _array(element: Type) -> Type:
    return types.TypeProto(type_kind=types.TYPE_ARRAY, array_type=types.ArrayTypeProto(element_type=element))


class _Catalog:
    """Tables by path, and what a script makes of them on its way."""

    def __init__(self, tables: Mapping[str, Schema]) -> None:
        self._tables: dict[tuple[str, ...], list[tuple[str, Type]]] = {
            tuple(name.split(".")): [(field["name"], type_of(field)) for field in fields] for name, fields in tables.items()
        }

    def proto(self, how: options.LanguageOptionsProto) -> catalogs.SimpleCatalogProto:
        root = catalogs.SimpleCatalogProto(name="bigquery")
        root.builtin_function_options.language_options.CopyFrom(how)
        inner: dict[tuple[str, ...], catalogs.SimpleCatalogProto] = {(): root}
        for path, columns in self._tables.items():
            for depth in range(1, len(path)):
                if path[:depth] not in inner:
                    inner[path[:depth]] = inner[path[: depth - 1]].catalog.add(name=path[depth - 1])
            table = inner[path[:-1]].table.add(name=path[-1])
            for name, of in columns:
                table.column.add(name=name, type=of, is_writable_column=True)
        return root

    def after(self, kind: str, statement: Message) -> bool:
        """Take over what the statement does to the tables; False where it does nothing to them."""
        if kind in ("create_table", "create_table_as_select"):
            base = statement.parent  # type: ignore[attr-defined]
            path, columns = tuple(base.parent.name_path), [(c.name, c.type) for c in base.column_definition_list]
            self._tables[path] = columns
        elif kind == "create_view":
            base = statement.parent  # type: ignore[attr-defined]
            columns = [(c.name, c.column.type) for c in base.output_column_list]
            self._tables[tuple(base.parent.name_path)] = columns
        elif kind == "drop":
            self._tables.pop(tuple(statement.name_path), None)  # type: ignore[attr-defined]
        elif kind == "alter_table":
            base = statement.parent  # type: ignore[attr-defined]
            columns = self._tables.get(tuple(base.name_path), [])
            for action in base.alter_action_list:
                if action.WhichOneof("node") == "resolved_add_column_action_node":
                    added = action.resolved_add_column_action_node.column_definition
                    if added.name.casefold() not in {name.casefold() for name, _ in columns}:
                        columns.append((added.name, added.type))
        else:
            return False
        return True


@dataclass(frozen=True)
class _Module:
    """The service of the analyzer, compiled to WebAssembly: requests and answers are protocol buffers in its memory."""

    store: wasmtime.Store
    exports: Any

    def call[M: Message](self, method: str, request: Message, answer: type[M]) -> M:
        """Ask the service.

        Raises:
            Refused: it answers with an error.
            AnalyzerUnavailable: it stopped instead of answering; it can answer nothing more.
        """
        data = request.SerializeToString()
        try:
            at = self.exports["wasm_malloc"](self.store, len(data))
            size_at = self.exports["wasm_malloc"](self.store, 4)
            ctypes.memmove(self._base + at, data, len(data))
            found = self.exports[f"ZetaSqlLocalService_{method}"](self.store, at, len(data), size_at)
            try:
                if not found:
                    size = self.exports["wasm_get_last_error_size"](self.store)
                    said = self._read(self.exports["wasm_get_last_error"](self.store), size).decode()
                    raise Refused(said.partition(", Message: ")[2] or said)
                result = self._read(found, int.from_bytes(self._read(size_at, 4), "little"))
                self.exports["wasm_free"](self.store, found)
                return answer.FromString(result)
            finally:
                self.exports["wasm_free"](self.store, at)
                self.exports["wasm_free"](self.store, size_at)
        except (wasmtime.WasmtimeError, wasmtime.Trap) as error:
            raise AnalyzerUnavailable(f"the analyzer broke down: {error}") from error

    @property
    def _base(self) -> int:
        # Asked for each time: the memory moves when it grows.
        return ctypes.addressof(self.exports["memory"].data_ptr().contents)

    def _read(self, at: int, size: int) -> bytes:
        return ctypes.string_at(self._base + at, size)


def cache_folder() -> Path:
    """Where the compiled module is kept: this user's cache, for every clone and every run."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "zl-assets-tests"


@contextlib.contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    with open(lock, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # given back by the kernel, also when its holder is killed
        yield


def compiled(engine: wasmtime.Engine, folder: Path) -> wasmtime.Module:
    """The module as machine code: from the cache if it is there, else compiled, by one process at a time, and kept.

    Compiling takes half a minute of processor time and 1 GB; reading what was kept takes a fraction of a second.
    """
    source = Path(get_wasm_path())
    versions = [importlib.metadata.version(name) for name in ("zetasql", "wasmtime")]
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # what is in it is run
    kept = folder / f"googlesql-{'-'.join(versions)}-{platform.system()}-{platform.machine()}.cwasm".lower()
    with _only_one(kept.with_suffix(".lock")):
        if kept.exists():
            with contextlib.suppress(wasmtime.WasmtimeError):  # cut short, or made on another processor
                return wasmtime.Module.deserialize_file(engine, str(kept))
        module = wasmtime.Module.from_file(engine, str(source))
        unfinished = kept.with_suffix(".unfinished")
        unfinished.write_bytes(module.serialize())
        unfinished.replace(kept)
        return module


def _started(folder: Path) -> _Module:
    config = wasmtime.Config()
    config.shared_memory = True
    engine = wasmtime.Engine(config)
    module = compiled(engine, folder)
    store = wasmtime.Store(engine)
    wasi = wasmtime.WasiConfig()
    wasi.preopen_dir(str(Path(tzdata.__file__).parent / "zoneinfo"), "/usr/share/zoneinfo")
    store.set_wasi(wasi)
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    exports = linker.instantiate(store, module).exports(store)
    exports["_initialize"](store)  # type: ignore[operator]
    return _Module(store, exports)


class GoogleSql:
    """The analyzer. Not for several threads at once.

    Args:
        folder: where the compiled module is kept.
        features: those of FEATURES that are on.
    """

    def __init__(self, folder: Path, features: Sequence[str] = tuple(FEATURES)) -> None:
        self._folder = folder
        self._registered: dict[bytes, int] = {}
        self.language = options.LanguageOptionsProto(
            product_mode=language.PRODUCT_EXTERNAL,
            name_resolution_mode=language.NAME_RESOLUTION_DEFAULT,
            enabled_language_features=sorted(language.LanguageFeature.Value(f"FEATURE_{name}") for name in features),
            supported_statement_kinds=[nodes.ResolvedNodeKind.Value(f"RESOLVED_{name}_STMT") for name in STATEMENT_KINDS],
            reserved_keywords=_RESERVED,
        )

    @functools.cached_property
    def _module(self) -> _Module:
        return _started(self._folder)

    def close(self) -> None:
        """Give its memory back. It may be used again."""
        self.__dict__.pop("_module", None)
        self._registered.clear()

    def analyze(
        self, script: str, tables: Mapping[str, Schema], parameters: Mapping[str, Type], *, undeclared: bool = False
    ) -> tuple[str, ...]:
        """Resolve every statement of a script, in order. What one creates, alters or drops is so for the next.

        Args:
            tables: fields of the REST API, by the name in the backticks.
            parameters: types by name.
            undeclared: other parameters may have whatever type fits.

        Returns:
            The statements' kinds, such as "query" or "merge".

        Raises:
            Refused: BigQuery would not take a statement. Positions in the message are those in `as_paths(script)`.
            AnalyzerUnavailable: there is no analyzer.
        """
        text = as_paths(script)
        catalog = _Catalog(tables)
        how = options.AnalyzerOptionsProto(
            language_options=self.language,
            error_message_mode=language.ERROR_MESSAGE_ONE_LINE,
            default_timezone="UTC",
            allow_undeclared_parameters=undeclared,
        )
        for name, of in parameters.items():
            how.query_parameters.add(name=name.lower(), type=of)
        encoded, kinds, at = text.encode(), [], 0
        known = self._registered_id(catalog)
        while (at := _next(encoded, at)) < len(encoded):
            location = resumes.ParseResumeLocationProto(input=text, byte_position=at, allow_resume=True)
            request = service.AnalyzeRequest(options=how, registered_catalog_id=known, parse_resume_location=location)
            answer = self._module.call("Analyze", request, service.AnalyzeResponse)
            at = answer.resume_byte_position
            kind, statement = _statement(answer.resolved_statement)
            kinds.append(kind)
            if catalog.after(kind, statement):
                known = self._registered_id(catalog)
        if not kinds:
            raise Refused("there is no statement in it")
        return tuple(kinds)

    def _registered_id(self, catalog: _Catalog) -> int:
        """The service's number for the catalog. It keeps the newest: to register one takes 8 ms without a table, for Google's
        functions are in each, and to analyze a short statement 1 ms."""
        tables = catalog.proto(self.language)
        content = tables.SerializeToString(deterministic=True)
        known = self._registered.pop(content, None)
        if known is None:
            if len(self._registered) == _CATALOGS:
                oldest = self._registered.pop(next(iter(self._registered)))
                self._module.call("UnregisterCatalog", service.UnregisterRequest(registered_id=oldest), empty_pb2.Empty)
            request = service.RegisterCatalogRequest(simple_catalog=tables)
            known = int(self._module.call("RegisterCatalog", request, service.RegisterResponse).registered_id)
        self._registered[content] = known
        return known


def _next(script: bytes, at: int) -> int:
    """Where the next statement begins; the end of the script if there is none."""
    blank = _BLANK.match(script, at)
    return at if blank is None else blank.end()


def _statement(resolved: ast.AnyResolvedStatementProto) -> tuple[str, Message]:
    """Its kind, and the message of that kind, wrapped in one "any of these" for each family of kinds that it is of."""
    name, message = "", resolved
    while "node" in message.DESCRIPTOR.oneofs_by_name:
        name = message.WhichOneof("node")
        message = getattr(message, name)
    return name.removeprefix("resolved_").removesuffix("_node").removesuffix("_stmt"), message
