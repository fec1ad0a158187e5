"""What the product can send to BigQuery, read from its code.

Belongs here: finding statements in the product's source, and in the text that its renderers return. Must not be here: a list of
statements; whoever adds one to the product must not have to remember to add it here.

A kind is one of three things, and each must have been analyzed in a whole test run:
- a step: the name that a call of the `JobRunner` gives its statement;
- a renderer: a public function that returns SQL, which is every one of `zl_assets/warehouse/sql.py` that returns text, and every
  other function that returns text and has a statement in it;
- a text: a statement that is written where it is sent.
"""

import ast
import functools
import importlib
import inspect
import re
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType

PACKAGE = Path(__file__).resolve().parents[2] / "zl_assets"
SQL = "zl_assets.warehouse.sql"
RUNNER = "zl_assets.warehouse.jobs"

# Speaks DuckDB's SQL with its own database, and sends nothing.
_OTHER_SQL = PACKAGE / "embedded"

_STATEMENT = re.compile(
    r"(?:SELECT|WITH|MERGE|INSERT|UPDATE|DELETE|TRUNCATE|CREATE|ALTER|DROP|EXPORT|BEGIN|ASSERT|CALL|DECLARE|SET|IF)\s+\S",
    re.DOTALL,
)

# Texts that a renderer returned, and that no statement had yet: the newest are enough.
_KEPT = 50

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Unclear(Exception):
    """The product's code does not say what it sends."""


@dataclass(frozen=True)
class Module:
    """One of the product's modules."""

    name: str
    tree: ast.Module

    @property
    def functions(self) -> list[Function]:
        """Those at the top of the module."""
        return [node for node in self.tree.body if isinstance(node, Function)]


@functools.cache
def modules() -> tuple[Module, ...]:
    """Those that may speak to BigQuery. Parsed once, which takes 0.6 CPU seconds."""
    return tuple(
        Module(".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts), ast.parse(path.read_text()))
        for path in sorted(PACKAGE.rglob("*.py"))
        if not path.is_relative_to(_OTHER_SQL)
    )


def sending_methods() -> dict[str, int]:
    """The `JobRunner`'s methods that take a statement and a step, and the place of the step among their arguments."""
    runner = importlib.import_module(RUNNER).JobRunner
    found = {}
    for name, method in inspect.getmembers(runner, inspect.isfunction):
        names = list(inspect.signature(method).parameters)
        if "sql" in names and "step" in names:
            found[name] = names.index("step") - 1  # without self
    return found


def steps(found: Iterable[Module]) -> frozenset[str]:
    """The step of every call that sends a statement.

    Raises:
        Unclear: a call's step is no literal.
    """
    sending = sending_methods()
    return frozenset(
        step
        for module in found
        if module.name != RUNNER
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in sending
        if is_runner(node.func.value)
        for step in _step(module, node, sending[node.func.attr])
    )


def is_runner(receiver: ast.expr) -> bool:
    """Is it a `JobRunner`, by its name?"""
    name = receiver.attr if isinstance(receiver, ast.Attribute) else receiver.id if isinstance(receiver, ast.Name) else ""
    return name.endswith("runner")


def _step(module: Module, call: ast.Call, place: int) -> list[str]:
    given = next((word.value for word in call.keywords if word.arg == "step"), None)
    if given is None and place < len(call.args):
        given = call.args[place]
    choices = [given.body, given.orelse] if isinstance(given, ast.IfExp) else [given]
    if not all(isinstance(choice, ast.Constant) and isinstance(choice.value, str) for choice in choices):
        raise Unclear(
            f"{module.name}, line {call.lineno}: the step of a statement must be a string literal where it is sent, so that the "
            "tests can hold what was sent against what can be sent."
        )
    return [choice.value for choice in choices if isinstance(choice, ast.Constant)]


def renderers(found: Iterable[Module]) -> dict[str, CodeType]:
    """The public functions that return SQL, by their full names."""
    codes = {}
    for module in found:
        for function in module.functions:
            renders = _returns_text(function) and (module.name == SQL or any(_statements(function)))
            if renders and not function.name.startswith("_"):
                code = getattr(importlib.import_module(module.name), function.name).__code__
                codes[f"{module.name}.{function.name}"] = code
    return codes


def _returns_text(function: Function) -> bool:
    return isinstance(function.returns, ast.Name) and function.returns.id == "str"


def texts(found: Iterable[Module]) -> dict[str, re.Pattern[str]]:
    """The statements outside renderers, and what each is when its placeholders are filled in."""
    patterns = {}
    for module in found:
        # Few modules have a statement: only those are looked through for what renders it.
        literals = list(_statements(module.tree)) if module.name != SQL else []
        functions = [node for node in ast.walk(module.tree) if isinstance(node, Function)] if literals else []
        rendering = {id(node) for function in functions if _returns_text(function) for node in ast.walk(function)}
        for literal in literals:
            if id(literal) not in rendering:
                parts = [_part(part) for part in (literal.values if isinstance(literal, ast.JoinedStr) else [literal])]
                patterns[f"{ast.unparse(literal)} in {module.name}"] = re.compile("".join(parts), re.DOTALL)
    return patterns


def _part(part: ast.expr) -> str:
    return re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".*"


def _statements(tree: ast.AST) -> Iterator[ast.JoinedStr | ast.Constant]:
    """String literals that begin as a statement does; not docstrings, nor what an error says."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr | ast.Constant) and _begins(node)]
    if not found:
        return
    skipped: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise):
            skipped.update(id(inner) for inner in ast.walk(node))
        elif isinstance(node, ast.Expr):
            skipped.add(id(node.value))
        elif isinstance(node, ast.JoinedStr):
            skipped.update(id(value) for value in node.values)
    yield from (node for node in found if id(node) not in skipped)


def _begins(literal: ast.JoinedStr | ast.Constant) -> bool:
    first = literal.values[0] if isinstance(literal, ast.JoinedStr) and literal.values else literal
    shown = first.value if isinstance(first, ast.Constant) else None
    return isinstance(shown, str) and _STATEMENT.match(shown + ("x" if isinstance(literal, ast.JoinedStr) else "")) is not None


class Watch:
    """Which kinds were analyzed so far.

    Renderers are watched while they run, by the interpreter's own monitoring, so that nothing in the product is replaced.
    """

    def __init__(self, found: Iterable[Module] | None = None) -> None:
        found = modules() if found is None else tuple(found)
        self._steps = {f"step {step!r}": step for step in steps(found)}
        self._renderers = {code: f"renderer {name}" for name, code in renderers(found).items()}
        self._texts = {f"text {name}": pattern for name, pattern in texts(found).items()}
        self._returned: dict[CodeType, deque[str]] = {}
        self._tool: int | None = None
        self.seen: set[str] = set()

    @property
    def possible(self) -> frozenset[str]:
        """Every kind there is."""
        return frozenset([*self._steps, *self._renderers.values(), *self._texts])

    def begin(self) -> None:
        """Watch the renderers."""
        self._tool = next(tool for tool in (4, 3) if sys.monitoring.get_tool(tool) is None)
        sys.monitoring.use_tool_id(self._tool, "zl_assets_tests.googlesql")
        sys.monitoring.register_callback(self._tool, sys.monitoring.events.PY_RETURN, self._on_return)
        for code in self._renderers:
            sys.monitoring.set_local_events(self._tool, code, sys.monitoring.events.PY_RETURN)

    def end(self) -> None:
        """Watch no more."""
        if self._tool is not None:
            sys.monitoring.free_tool_id(self._tool)
            self._tool = None

    def _on_return(self, code: CodeType, _: int, text: object) -> object:
        if self._renderers[code] in self.seen:
            return sys.monitoring.DISABLE
        self._returned.setdefault(code, deque(maxlen=_KEPT)).append(str(text))
        return None

    def analyzed(self, step: str, text: str) -> None:
        """A statement of the product was analyzed, and accepted."""
        self.seen.update(kind for kind, name in self._steps.items() if name == step)
        self.seen.update(kind for kind, pattern in self._texts.items() if kind not in self.seen and pattern.fullmatch(text))
        for code, returned in list(self._returned.items()):
            if any(part in text for part in returned):
                self.seen.add(self._renderers[code])
                del self._returned[code]
