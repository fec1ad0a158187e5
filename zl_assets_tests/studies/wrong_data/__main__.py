"""The study on the command line. Must not be here: cases, runs, words."""

import logging
import tempfile
import warnings
from pathlib import Path
from typing import Annotated

import typer

from zl_assets_tests.studies.wrong_data import page
from zl_assets_tests.studies.wrong_data.cases import CASES
from zl_assets_tests.studies.wrong_data.run import Result, Runner


def main(
    names: Annotated[list[str] | None, typer.Argument(help="cases, or beginnings of their names; all if none is given")] = None,
    keep: Annotated[str | None, typer.Option(help="before or after: keep what becomes of them, and write the page")] = None,
    rest: Annotated[bool, typer.Option(help="only those of which nothing is kept yet, after a run that was stopped")] = False,
    only_page: Annotated[bool, typer.Option("--page", help="write the page of what is kept, without a run")] = False,
) -> None:
    """Feed wrong data to the product; the exit code is 1 if something became of it that must not."""
    if keep not in (None, *page.WHEN):
        raise typer.BadParameter(f"{keep}: before or after")
    if only_page:
        page.PAGE.write_text(page.page(page.read()))
        raise typer.Exit
    there = page.results(page.read(), keep or "") if rest else {}
    chosen = [case for case in CASES if (not names or case.name.startswith(tuple(names))) and case.name not in there]
    # The issue's own instances first: a run of hours that is stopped has them.
    chosen.sort(key=lambda case: not case.own)
    if not chosen:
        raise typer.BadParameter(f"no case is named {', '.join(names or [])}")
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    results: dict[str, Result] = {}
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="zl-wrong-data-") as place:
        runner = Runner(Path(place))
        try:
            for case in chosen:
                result = results[case.name] = runner.run(case)
                is_right = result.is_right(case)
                wrong += not is_right
                mark = "      " if is_right else "WRONG "
                typer.echo(f"{mark}{result.seconds:5.1f} s  {case.name}: {result.outcome}  {result.message[:200]}")
                for what in (result.red, result.warned, result.after or []):
                    if what:
                        typer.echo(f"                {'; '.join(what)[:400]}")
                if keep is not None:
                    page.keep(keep, {case.name: result})
        finally:
            runner.close()
    typer.echo(f"{len(chosen)} cases, {wrong} not as they must be")
    raise typer.Exit(1 if wrong else 0)


if __name__ == "__main__":
    typer.run(main)
