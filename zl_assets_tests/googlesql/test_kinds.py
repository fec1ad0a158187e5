"""What is found in the product's code, and what counts as seen."""

import ast

import pytest

from zl_assets.warehouse import sql
from zl_assets.warehouse.names import TableName
from zl_assets_tests.googlesql import kinds
from zl_assets_tests.googlesql.kinds import Module, Unclear, Watch

TABLE = TableName("my-project", "d", "t")


def module(source: str, name: str = "zl_assets.warehouse.made_up") -> Module:
    return Module(name, ast.parse(source))


@pytest.mark.parametrize(
    ("source", "steps"),
    [
        ('runner.query(text, "one")', {"one"}),
        ('self.runner.rows(sql.compare(a, b), "two", bounds)', {"two"}),
        ('publisher.runner.arrow(text, step="three")', {"three"}),
        ('hurried_runner.dry_run(text, "four" if first else "five")', {"four", "five"}),
        ('runner.load(rows, table, fields, "load", empty=lambda: runner.query(text, "six"))', {"six"}),
        ('runner.call("get_table", client.get_table)\nframe.query("close > open", "python")', set()),
    ],
)
def test_no_call_that_sends_a_statement_is_passed_by(source: str, steps: set[str]) -> None:
    assert kinds.steps([module(source)]) == steps


@pytest.mark.parametrize("call", ["runner.query(text, name)", 'runner.rows(text, f"{name}_1")', "runner.arrow(text)"])
def test_a_step_that_the_code_does_not_tell_is_not_passed_by(call: str) -> None:
    with pytest.raises(Unclear, match=r"made_up, line 1: .* must be a string literal"):
        kinds.steps([module(call)])


def test_every_statement_goes_through_the_runner() -> None:
    """What is sent past it carries no step, and would not be heard. The command line sends what a person typed."""
    doors = {kinds.RUNNER, "zl_assets.warehouse.__main__"}
    sending = ("query", "query_and_wait", "insert_rows", "copy_table", "load_table_from_dataframe", "load_table_from_json")
    found = [
        f"{module.name}, line {node.lineno}"
        for module in kinds.modules()
        if module.name not in doors
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in sending
        if not kinds.is_runner(node.func.value)
    ]
    assert found == []


def test_a_statement_that_is_written_where_it_is_sent_is_a_kind() -> None:
    source = '''
def probe(runner, name) -> bool:
    """SELECT nothing."""
    if name is None:
        raise ValueError(f"CREATE TABLE {name} was refused")
    runner.query(f"CREATE TABLE {name} (nothing INT64)", "probe")
    runner.query("SELECT 1", "probe")

def text() -> str:
    return "SELECT 2"

WORDS = ("selects", "SELECTED", "with care", "UPDATE")
'''
    found = kinds.texts([module(source)])
    assert sorted(found) == [
        "'SELECT 1' in zl_assets.warehouse.made_up",
        "f'CREATE TABLE {name} (nothing INT64)' in zl_assets.warehouse.made_up",
    ]
    [pattern] = [pattern for name, pattern in found.items() if "CREATE" in name]
    assert pattern.fullmatch("CREATE TABLE `a.b.c` (nothing INT64)")
    assert not pattern.fullmatch("CREATE TABLE `a.b.c` (something INT64)")


def test_what_the_product_is_known_to_send_is_found_in_it() -> None:
    possible = Watch().possible
    assert "step 'read'" in possible
    assert "renderer zl_assets.warehouse.sql.select_frame" in possible
    assert "renderer zl_assets.domain.training_view.training_view_select" in possible
    assert any(kind.startswith("text ") for kind in possible)
    assert not [kind for kind in possible if "embedded" in kind]


@pytest.fixture
def watch() -> Watch:
    return Watch([*kinds.modules(), module('runner.query("SELECT 1", "one")')])


def test_a_renderer_whose_text_was_not_sent_is_not_seen(watch: Watch) -> None:
    watch.begin()
    counting, emptying = sql.count_rows(TABLE), sql.select_dates(TABLE, "day")
    watch.analyzed("one", f"EXPORT DATA OPTIONS() AS {counting}")
    assert "renderer zl_assets.warehouse.sql.count_rows" in watch.seen
    assert "renderer zl_assets.warehouse.sql.select_dates" not in watch.seen
    watch.analyzed("one", emptying)
    assert "renderer zl_assets.warehouse.sql.select_dates" in watch.seen
    watch.end()


def test_a_text_that_nothing_rendered_is_not_a_renderers(watch: Watch) -> None:
    counting = sql.count_rows(TABLE)
    watch.begin()
    watch.analyzed("one", counting)
    watch.end()
    assert "renderer zl_assets.warehouse.sql.count_rows" not in watch.seen


def test_a_step_is_seen_by_its_name_and_a_text_by_its_words(watch: Watch) -> None:
    watch.analyzed("another", "SELECT 1")
    assert watch.seen == {"text 'SELECT 1' in zl_assets.warehouse.made_up", "text 'SELECT 1' in zl_assets.warehouse.plan"}
    watch.analyzed("one", "SELECT 2")
    assert "step 'one'" in watch.seen
    assert "step 'merge'" not in watch.seen
