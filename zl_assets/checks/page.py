"""docs/checks.md: every check with what it says and what to do when it is red, made from the checks themselves.

Must not be here: a word about one check.
"""

from collections.abc import Callable, Iterable
from functools import partial

from zl_assets.catalog import Catalog
from zl_assets.checks import build
from zl_assets.checks.group import Group
from zl_assets.domain.checks import Check
from zl_assets.domain.rules.revisions import revision_rules
from zl_assets.domain.rules.rows import bar_history_rules, bar_rules, history_rules
from zl_assets.errors import SettingError
from zl_assets.instruments.base import Instrument
from zl_assets.settings import Settings
from zl_assets.warehouse.verdict import Verdict

_HEAD = """# Checks: what they say, and what to do when one is red

A check's page in the UI shows what was measured, the bound, and the first offending rows, and, if it is red, what to do. A
**blocking** check that is red keeps everything downstream from running, so the CSV, the model and the forecasts stay what they
were. Most rules about rows are also applied before anything is written: bad bars fail the step that would have loaded them, and
its message names the rows. A *warning* is yellow and stops nothing.

After any repair: run the refresh again. It is safe to repeat at any time; it writes nothing if nothing differs.

A model that fails a gate is stored under its id with its numbers, and does not become `latest`: the forecasts stay with the last
model that passed them all. The bounds are about the 99 % quantile of the same model on targets without information
([thresholds.json](evidence/thresholds.json)); all gates together are red on about one in twenty such targets, so a red day on
sound data is to be expected now and then. [mutants.md](evidence/mutants.md) shows what each gate catches.

Each instrument that is on has all of these on assets of its own (`mes_ohlcv`, `mes_daily_ml_matrix`, ...), which look at its own
rows.

This page is written by `python -m zl_assets.checks > docs/checks.md` from the checks themselves, for the embedded BigQuery; in
the cloud the bars' table is somebody else's and has no checks. A test compares the page with them.
"""

_FAMILIES = """
# With feature families on

`ZL_FAMILIES` names the families that are computed. While a family is only tried, its checks stand by themselves; those of a
family in `ZL_KEPT_FAMILIES` block what comes after them. [adding-a-family.md](adding-a-family.md) and [impact.md](impact.md) say
more.
"""


_REFUSALS = """
# What is refused before the first write

A refresh holds the bars to these rules before it changes a table, by themselves and together with what the tables hold: in the
embedded BigQuery before the bars table is written, in the cloud, where that table is somebody else's, before the sessions are.
The step fails, its message names the rule, what it measured, the bound, the first rows and, where it can be told, the likely
cause; no table, file or model changes. Deliver the right bars and run again: the result is that of a run that never saw the
wrong ones. If the new source is right and the tables are wrong, begin anew: `python -m zl_assets.warehouse reset`, or another
`ZL_STATE_DIR`; in the cloud `ZL_DATASET_PREFIX`.
"""

_BY_ROW = "Correct these rows at their source. The message names file and row; a factor that all of them share is a unit."
_AS_A_WHOLE = "The file is of another market, in another unit, or dated wrongly: look at how it was made."
_BESIDE = (
    "The source has changed, not the market: give the earlier file again, or all of its parts in one folder. A row or two may "
    "be corrected in any way."
)


def page() -> str:
    """The page: the checks of the product as it is installed, then those that the feature families add."""
    # Whatever the environment says: the page is the same on every machine.
    plain = Settings.model_construct()
    catalog = Catalog.of(plain)
    families = catalog.selection(catalog.instruments[0]).known
    every = plain.model_copy(update={"families": tuple(family.name for family in families)})
    base = build(catalog, plain)
    known = {(check.asset, check.name) for group in base for check in group.checks}
    more = [check for check in _checks(build(Catalog.of(every), every)) if (check.asset, check.name) not in known]
    refusals = [_refusals(instrument) for instrument in catalog.instruments]
    return "\n".join([_HEAD, *_sections(_checks(base)), _FAMILIES, *_sections(more), _REFUSALS, *refusals])


def _refusals(instrument: Instrument) -> str:
    """The rules that refuse bars, each with what it says of itself."""
    by_subject: dict[str, tuple[str, Iterable[Callable[..., Verdict]]]] = {
        "Each bar": (_BY_ROW, bar_rules(instrument)),
        "All bars": (_AS_A_WHOLE, (*bar_history_rules(instrument), *history_rules(instrument))),
        "Bars beside those that the tables hold": (_BESIDE, revision_rules(instrument)),
    }
    parts = [
        "\n".join([f"**{subject}.** {todo}", "", "| rule | what holds |", "|---|---|", *map(_rule, rules), ""])
        for subject, (todo, rules) in by_subject.items()
    ]
    return "\n".join([f"## Bars of {instrument.symbol}", "", *parts])


def _rule(rule: Callable[..., Verdict]) -> str:
    predicate = rule.func if isinstance(rule, partial) else rule
    if predicate.__doc__ is None:
        raise SettingError(
            "The page is made of docstrings, which PYTHONOPTIMIZE=2 (python -OO) removes. Unset it and run this again."
        )
    summary = predicate.__doc__.partition("\n\n")[0]
    return f"| `{predicate.__name__}` | {_cell(summary)} |"


def _checks(groups: Iterable[Group]) -> list[Check]:
    return [check for group in groups for check in group.checks]


def _sections(checks: Iterable[Check]) -> list[str]:
    of_assets: dict[str, list[Check]] = {}
    for check in checks:
        of_assets.setdefault(check.asset, []).append(check)
    return [_section(asset, own) for asset, own in of_assets.items()]


def _section(asset: str, checks: Iterable[Check]) -> str:
    rows = [f"| `{check.name}` | {check.level} | {_cell(check.says)} | {_cell(check.todo)} |" for check in checks]
    return "\n".join([f"## {asset}", "", "| check | kind | green means | when it is red |", "|---|---|---|---|", *rows, ""])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
