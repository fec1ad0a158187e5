"""One case through the product, and what it leaves.

The refresh is the product's own job in this process, on the embedded BigQuery. A case that is one more of its kind is run as
far as the training CSV, with every check up to there: what reaches the CSV reaches the model. Cases that need a filled state
share one, as long as each leaves it as it was, to the last byte and time stamp; otherwise the next one gets a new copy. Cases
that need an empty one share a server, each with datasets of its own, and the folders of the CSV and the models are emptied.

Must not be here: what must happen (the cases), and words for a page.
"""

import hashlib
import shutil
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd
import pyarrow as pa

from zl_assets.contracts.regimes import REGIME_WEIGHTS
from zl_assets.contracts.training import TRAINING_CSV
from zl_assets_tests.studies.wrong_data import feeds
from zl_assets_tests.studies.wrong_data.case import Case, Outcome, State
from zl_assets_tests.support.contracts import BARS, LATEST, OOF
from zl_assets_tests.support.product import (
    AS_OF,
    WRITTEN_AT,
    Product,
    differences,
    failures,
    kill_leftover_server,
    red,
)

# What a run as far as the CSV does not make.
_OF_THE_MODEL = {OOF.name, LATEST.name, "model"}

_LONGEST = 500

# A step of checks fails with this where one of them blocks; what they say is in the checks.
_BLOCKED = "DagsterAssetCheckFailedError"


@dataclass(frozen=True)
class Result:
    """What became of a case.

    Attributes:
        outcome: in a word.
        success: Dagster's, of the run.
        message: the beginning of what the failed step said, with the step before it; empty if none failed.
        says: the message has the words that the case asks for.
        written: rows that were inserted or updated, by table; a table that was made without rows has 0.
        red, warned: checks that failed, by severity.
        csv, model: the exported file, and the model that `latest` names, are others than before.
        after: what differs, once the right file has run after a failed run, from a run that never saw the wrong one; None where
            no run failed.
        seconds: of the wrong file's run.
    """

    outcome: Outcome
    success: bool
    message: str
    says: bool
    written: dict[str, int]
    red: list[str]
    warned: list[str]
    csv: bool
    model: bool
    after: list[str] | None
    seconds: float

    def is_right(self, case: Case) -> bool:
        """Became of it what must: with its cause told, and mended by the right file."""
        return self.outcome in case.must and self.says and not self.after


@dataclass(frozen=True, eq=False)
class Left:
    """What a run leaves. regime_weights is left out: it is made of no file, and written beside whatever else is refused.

    Attributes:
        rows: hash of each row, time of writing included, by table or view.
        values: digest of all rows without times of writing, by table or view; of the CSV and of the model.
    """

    rows: dict[str, "Counter[int]"]
    values: dict[str, str]

    @classmethod
    def by(cls, product: Product) -> "Left":
        """What there is now, of the product's own datasets."""
        prefix = product.settings().dataset_prefix
        client = product.client()
        names = {
            f"{dataset.dataset_id.removeprefix(prefix)}.{table.table_id}": f"{dataset.dataset_id}.{table.table_id}"
            for dataset in client.list_datasets()
            if dataset.dataset_id.startswith(prefix)
            for table in client.list_tables(dataset.dataset_id)
            if table.table_id != REGIME_WEIGHTS.table
        }
        rows, values = {}, {}
        for name, place in sorted(names.items()):
            found = client.query(f"SELECT * FROM `{place}`").to_arrow()
            rows[name] = Counter(_hashes(found).tolist())
            values[name] = f"{len(found)} rows {hashlib.sha256(np.sort(_hashes(found, WRITTEN_AT)).tobytes()).hexdigest()[:16]}"
        client.close()
        for name, path in {"csv": product.csv, "model": product.model / "model.txt"}.items():
            if path.exists():
                values[name] = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        return cls(rows, values)

    def is_same(self, other: "Left") -> bool:
        """The same to the time of writing."""
        return self.rows == other.rows and self.values == other.values

    def written_since(self, before: "Left") -> dict[str, int]:
        """New or changed rows, by table."""
        found = {name: (rows - before.rows.get(name, Counter())).total() for name, rows in self.rows.items()}
        return {name: count for name, count in found.items() if count or name not in before.rows}


def _hashes(rows: pa.Table, without: tuple[str, ...] = ()) -> "np.ndarray[Any, Any]":
    flat = rows.drop_columns([name for name in without if name in rows.column_names])
    while any(pa.types.is_struct(column.type) for column in flat.columns):
        flat = flat.flatten()
    return pd.util.hash_pandas_object(flat.to_pandas(date_as_object=False), index=False).to_numpy()


class Runner:
    """Runs cases, one after the other, in a folder of its own."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._made = 0
        self._frozen: dict[State, Product] = {}
        self._clean: dict[State, Left] = {}
        self._working: dict[State, Product] = {}
        self._right = place / "right"
        self._right.mkdir()
        self._bars = feeds.parquet(self._right, feeds.right_bars())
        self._fred = feeds.write_series(self._right)

    def run(self, case: Case) -> Result:
        """The case's files through the product and, if its run fails, the right file after them."""
        files = self._new_folder()
        given = case.make(files)
        clean = self._clean_run(case.state).values
        if case.state is State.EMPTY and not case.whole:
            clean = {name: digest for name, digest in clean.items() if name not in _OF_THE_MODEL}
        product, before = self._product(case.state)
        result, left = fed(case, product, given, before, clean)
        self._tidy(case.state, product, is_as_before=left.is_same(before))
        shutil.rmtree(files)
        own = (f"{files}/", f"{self._right}/", product.settings().dataset_prefix)
        after = result.after and [_without(problem, *own) for problem in result.after]
        return replace(result, message=_without(result.message, *own, f"{Path.cwd()}"), after=after)

    def close(self) -> None:
        """End the servers."""
        for product in self._working.values():
            kill_leftover_server(product.state_dir)
            product.let_go()

    def _new_folder(self) -> Path:
        self._made += 1
        folder = self._place / f"{self._made}"
        folder.mkdir()
        return folder

    def _right_settings(self, state: State) -> dict[str, Any]:
        settings: dict[str, Any] = {"bars": self._bars, "as_of": AS_OF}
        return settings | ({"families": ("macro", "volatility"), "fred": str(self._fred)} if state is State.SERIES else {})

    def _clean_run(self, state: State) -> Left:
        """What the right file alone leaves. An empty state becomes what a filled one is."""
        state = State.FILLED if state is State.EMPTY else state
        if state not in self._clean:
            product = Product(self._new_folder() / "product", self._right_settings(state))
            run = product.refresh()
            if not run.success or red(run):
                raise RuntimeError(f"The right file is not green: {failures(run)} {red(run)}")
            self._clean[state] = Left.by(product)
            product.freeze()
            self._frozen[state] = product
        return self._clean[state]

    def _product(self, state: State) -> tuple[Product, Left]:
        self._clean_run(state)
        if state is State.EMPTY:
            values = self._right_settings(state) | {"dataset_prefix": f"case_{self._made}_"}
            product = Product(self._place / "empty", values)
            for name in ("models", "training_csv"):
                shutil.rmtree(product.state_dir / name, ignore_errors=True)
            self._working[state] = product
            return product, Left({}, {})
        if state not in self._working:
            self._working[state] = self._frozen[state].copy_to(self._new_folder() / "product")
        return self._working[state], self._clean[state]

    def _tidy(self, state: State, product: Product, *, is_as_before: bool) -> None:
        if state is State.EMPTY:
            product.forget(product.settings().dataset_prefix)
            product.let_go()
        elif not is_as_before:
            kill_leftover_server(product.state_dir)
            product.let_go()
            shutil.rmtree(product.folder, ignore_errors=True)
            del self._working[state]


def fed(case: Case, product: Product, given: dict[str, Any], before: Left, clean: dict[str, str]) -> tuple[Result, Left]:
    """Feed a case's files to a product; if the run fails, the product's own files after them.

    Args:
        given: the case's settings.
        before: what the product holds.
        clean: what a run leaves that never saw the wrong files, as `Left.values`.

    Returns:
        what became of it, and what the product holds at last.
    """
    began = time.monotonic()
    run = _refresh(product, case, **given)
    seconds = time.monotonic() - began
    left = at_last = Left.by(product)
    said = {step: text for step, text in failures(run).items() if _BLOCKED not in text.split("\n", 1)[0]}
    warned = sorted(_failed(run, dg.AssetCheckSeverity.WARN))
    turned_red = sorted(red(run) - set(warned))
    after = None
    if not run.success:
        mended = _refresh(product, case)
        at_last = Left.by(product)
        after = [f"{step}: {_beginning(text)}" for step, text in failures(mended).items()]
        after += [f"{check} is red" for check in sorted(red(mended))]
        after += differences(at_last.values, clean)
    result = Result(
        outcome=_outcome(case, product, run.success, said, turned_red, warned, left.is_same(before)),
        success=run.success,
        message=next((f"{step}: {_beginning(text)}" for step, text in said.items()), ""),
        says=not said or all(word.lower() in "\n".join(said.values()).lower() for word in case.says),
        written=left.written_since(before),
        red=turned_red,
        warned=warned,
        csv=left.values.get("csv") != before.values.get("csv"),
        model=left.values.get("model") != before.values.get("model"),
        after=after,
        seconds=round(seconds, 1),
    )
    return result, at_last


def _refresh(product: Product, case: Case, **given: Any) -> dg.ExecuteInProcessResult:
    return product.refresh(**given) if case.whole else product.run_up_to(TRAINING_CSV, **given)


def _outcome(
    case: Case,
    product: Product,
    success: bool,
    said: dict[str, str],
    turned_red: list[str],
    warned: list[str],
    untouched: bool,
) -> Outcome:
    if any(text.startswith("CRASH") for text in said.values()):
        return Outcome.CRASHED
    if not success and untouched:
        return Outcome.REFUSED
    if turned_red:
        return Outcome.TOLD_STILL if untouched else Outcome.RED
    if not success:
        return Outcome.HALF
    if case.right is not None and same_bars(_stored_bars(product), case.right()):
        return Outcome.LOADED_TOLD if warned else Outcome.LOADED
    return Outcome.WARNED if warned else Outcome.QUIET


def _stored_bars(product: Product) -> pd.DataFrame:
    client = product.client()
    place = f"{product.settings().dataset_prefix}{BARS.name}"
    found = client.query(f"SELECT {', '.join(BARS.frame_columns)} FROM `{place}`").to_dataframe()
    client.close()
    return found


def same_bars(found: pd.DataFrame, right: pd.DataFrame) -> bool:
    """Are these the right bars, to the last bit, and no others? In any order."""
    found, right = (
        frame.assign(date=pd.to_datetime(frame["date"])).sort_values(["date", "symbol"], ignore_index=True)
        for frame in (found, right)
    )
    if len(found) != len(right) or not (found["date"].eq(right["date"]) & found["symbol"].eq(right["symbol"])).all():
        return False
    return np.array_equal(*(frame[feeds.VALUES].astype("float64").to_numpy() for frame in (found, right)), equal_nan=True)


def _failed(run: dg.ExecuteInProcessResult, severity: dg.AssetCheckSeverity) -> set[str]:
    return {
        f"{found.asset_key.to_user_string()}:{found.check_name}"
        for found in run.get_asset_check_evaluations()
        if not found.passed and found.severity is severity
    }


def _without(text: str, *places: str) -> str:
    """Without the names of folders and datasets that are of this run alone."""
    for place in places:
        text = text.replace(place, "") if place else text
    return text


def _beginning(text: str) -> str:
    """The first line, and the rule that it announces."""
    return " ".join(text.split("\n\n", 1)[0].split())[:_LONGEST]
