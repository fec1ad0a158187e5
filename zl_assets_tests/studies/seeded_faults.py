"""Twenty mistakes that an edit could make, each seeded in a copy of the product; a test of the suite must catch it.

    python -m zl_assets_tests.studies.seeded_faults [NAME ...]

Every fault is one place and one change, and names the test that caught it first. The copy is thrown away. Run it after a
refactoring: a fault whose text has gone stops by name, and must be moved to its new place.

Belongs here: faults in the code. Must not be here: faults in data (red-check tests), in requests, processes and disks (faults/).
"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Fault:
    """One seeded mistake.

    Attributes:
        file: below zl_assets.
        function: where in it.
        old, new: the text, there once, and what takes its place.
        meaning: what a user would suffer.
        caught_by: the test that fails first.
    """

    name: str
    file: str
    function: str
    old: str
    new: str
    meaning: str
    caught_by: str


FAULTS = (
    Fault(
        "foreign_stub_prices",
        "domain/sessions.py",
        "build_sessions",
        "prints = merged.loc[~foreign, list(PRICES)]\n",
        "prints = merged[list(PRICES)]\n",
        "on a weekend before a roll the old contract's open, high and low become the new contract's session",
        "domain/test_sessions.py::test_a_stub_of_another_instrument_gives_only_its_volume",
    ),
    Fault(
        "running_mean",
        "domain/indicators.py",
        "moving_average",
        "return padded(row_sums(sliding_window_view(close, window)) / window, len(close))\n",
        'return pd.Series(close).rolling(window).mean().to_numpy("float64")\n',
        "the rounding residue of an outlier stays in every later mean, so one revised bar rewrites all rows after it",
        "domain/test_indicators.py::test_an_outlier_leaves_no_trace_once_it_has_left_the_window",
    ),
    Fault(
        "late_revision_wins",
        "domain/releases.py",
        "as_known",
        '    own = own[own["observed_on"] >= own["observed_on"].cummax()]\n',
        "",
        "a vintage that revises an old observation becomes the current value of the series until the next one",
        "domain/test_releases.py::test_of_several_vintages_the_newest_that_was_known",
    ),
    Fault(
        "older_week_pivot",
        "domain/families/pivots.py",
        "_weekly_pivot",
        "return pivots.reindex(monday - pd.Timedelta(days=7)).set_axis(sessions.index)\n",
        "return pivots.shift().reindex(monday).set_axis(sessions.index)\n",
        "where the week before has no session, an older week's pivot silently takes its place instead of NULL",
        "domain/families/test_pivots.py::test_a_week_without_sessions_is_not_replaced_by_an_older_one",
    ),
    Fault(
        "target_on_newest_rows_unseen",
        "domain/rules/training.py",
        "target_right",
        "    for i, row in enumerate(rows):\n",
        "    for i, row in enumerate(rows[:-ahead]):\n",
        "a view with invented targets on the newest sessions stays green: the model would be trained on them",
        "domain/rules/test_training.py::test_a_seeded_fault_turns_its_predicate_red",
    ),
    Fault(
        "stale_model_bound",
        "domain/rules/predictions.py",
        "MAX_SESSIONS_BEHIND",
        "MAX_SESSIONS_BEHIND = 5\n",
        "MAX_SESSIONS_BEHIND = 25\n",
        "forecasts may come from a model that is more than a month behind before anybody is warned",
        "domain/rules/test_predictions.py",
    ),
    Fault(
        "purge_lost",
        "model/fit/splits.py",
        "purged_holdout",
        "return np.flatnonzero(label_ends < at), np.flatnonzero(dates >= at)\n",
        "return np.flatnonzero(dates < at), np.flatnonzero(dates >= at)\n",
        "the holdout fit has seen 21 labels made of test closes: the holdout score is flattered",
        "model/test_splits.py::test_no_training_label_is_known_only_after_the_split",
    ),
    Fault(
        "nan_passes_gate",
        "model/fit/gates.py",
        "_judge",
        "    passed = (low is None or measured >= low) and (high is None or measured <= high)\n",
        "    passed = not (low is not None and measured < low) and not (high is not None and measured > high)\n",
        "a measure that is not a number (a fold that learnt nothing) passes its gate, and the model becomes latest",
        "model/test_gates.py::test_a_constant_model_fails_instead_of_looking_stable",
    ),
    Fault(
        "other_horizon_becomes_latest",
        "model/fit/artifact.py",
        "withheld",
        "    if trained.config.horizon != published:\n",
        "    if not published:\n",
        "a model trained for another horizon becomes latest, and its forecasts are published as one-month ones",
        "model/test_artifact.py::test_a_model_of_another_horizon_is_kept_but_is_not_latest",
    ),
    Fault(
        "range_of_an_error_not_known",
        "model/ranges/bands.py",
        "half_widths",
        "        ended = row - horizon\n",
        "        ended = row - 1\n",
        "a range is made of errors whose outcome came after its session: what it held is flattered",
        "model/test_ranges.py::test_a_band_is_made_of_the_errors_that_were_known",
    ),
    Fault(
        "label_after_merge",
        "warehouse/publish.py",
        "Publisher.publish",
        "            self._label(name, labels)\n"
        "            statements = self._write(written, name, live, before, is_new=is_new) if before.changes else 0\n",
        "            statements = self._write(written, name, live, before, is_new=is_new) if before.changes else 0\n"
        "            self._label(name, labels)\n",
        "a run killed after its MERGE leaves a family's values without a label: switched off, they are never set NULL",
        "warehouse/test_ownership.py::test_a_run_that_dies_around_the_write_is_healed_by_the_next",
    ),
    Fault(
        "null_is_not_a_change",
        "warehouse/sql.py",
        "_merge",
        '*(f"live.{leaf.path} IS DISTINCT FROM staged.{leaf.staged}" for leaf in contract.value_leaves),\n',
        '*(f"live.{leaf.path} != staged.{leaf.staged}" for leaf in contract.value_leaves),\n',
        "a value that becomes NULL, or stops being NULL, is reported as updated and never written",
        "warehouse/test_publish.py::test_a_value_becoming_null_or_ceasing_to_be_null_is_a_change",
    ),
    Fault(
        "load_that_appends",
        "warehouse/jobs.py",
        "JobRunner.load",
        "            write_disposition=bigquery.WriteDisposition.WRITE_EMPTY,\n",
        "            write_disposition=bigquery.WriteDisposition.WRITE_APPEND,\n",
        "a load that lost its server after storing its rows is doubled by the retry",
        "warehouse/test_lost_answers.py::test_a_first_load_that_is_sent_again_does_not_double_the_rows",
    ),
    Fault(
        "lease_on_a_deleted_file",
        "embedded/lifecycle.py",
        "_take_lease",
        "    if lease is not None and same_file(lease, folder.clients_lock):\n        return\n",
        "    if lease is not None:\n        return\n",
        "after the state folder was deleted under a running process, the new server leaves while that process uses it",
        "embedded/test_lifecycle.py::test_a_client_whose_folder_was_deleted_holds_the_new_folders_server",
    ),
    Fault(
        "csv_hash_not_checked",
        "io_managers/artifacts.py",
        "TrainingCsvIOManager.load_input",
        "            if recorded is None or said(recorded, SHA256) != found:\n",
        "            if recorded is None:\n",
        "a training CSV that was edited, or is another state folder's, is trained on without a word",
        "graph/test_bad_input.py::test_a_csv_that_was_changed_behind_our_back_stops_the_model",
    ),
    Fault(
        "check_looks_at_its_own_computation",
        "checks/families.py",
        "_group",
        "market.no_missing_session(seen.values[asset], seen.values[own])",
        "market.no_missing_session(seen.found[_ROWS](), seen.values[own])",
        "sessions missing in a family's table never turn its check red: it looks at rows just computed, not at the table",
        "checks/test_families.py::test_a_session_that_the_table_lacks_is_missing_although_the_module_has_it",
    ),
    Fault(
        "vanished_bar_only_warns",
        "checks/market.py",
        "bars_checks",
        "market.no_vanished_bar(seen.values[asset], seen.found[_SOURCE]),\n",
        "market.no_vanished_bar(seen.values[asset], seen.found[_SOURCE]),\n                    Level.WARNING,\n",
        "bars that the source has lost are yellow instead of red, and the refresh ends with exit code 0",
        "docs/test_checks.py::test_the_page_is_not_of_other_checks",
    ),
    Fault(
        "red_check_exits_0",
        "__main__.py",
        "main",
        "raise typer.Exit(0 if result.success and not failed_checks(result) and pages.success else 1)\n",
        "raise typer.Exit(0 if result.success and pages.success else 1)\n",
        "a refresh with a red check that does not block ends with exit code 0: cron and CI take it for good",
        "test_summary.py::test_a_red_check_that_blocks_nothing_ends_with_1",
    ),
    Fault(
        "smtp_password_shown",
        "settings.py",
        "SECRETS",
        'SECRETS = {"notify_webhook", "notify_smtp"}\n',
        'SECRETS = {"notify_webhook"}\n',
        "a malformed ZL_NOTIFY_SMTP is printed in the error message with its password",
        "test_settings.py::test_a_wrong_secret_is_named_and_never_shown",
    ),
    Fault(
        "local_midnight_is_a_date",
        "sources/cells.py",
        "date",
        'naive = stamp if stamp.tzinfo is None else stamp.tz_convert("UTC").tz_localize(None)\n',
        "naive = stamp if stamp.tzinfo is None else stamp.tz_localize(None)\n",
        "bars stamped at midnight in Chicago are taken for UTC dates instead of being refused",
        "sources/test_bars.py::test_every_way_to_write_a_utc_date_is_read",
    ),
)


def seeded(fault: Fault, text: str) -> str:
    """The file's text with the fault.

    Raises:
        ValueError: the text that it replaces is not there once.
    """
    if text.count(fault.old) != 1:
        raise ValueError(f"{fault.name}: {fault.file} has the text {text.count(fault.old)} times, once is needed: {fault.old!r}")
    return text.replace(fault.old, fault.new)


def is_caught(fault: Fault) -> bool:
    """Does the named test fail on a copy of the product with the fault?"""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        for part in ("zl_assets", "zl_assets_tests", "docs", "README.md", "pyproject.toml", "dagster.yaml", "workspace.yaml"):
            source = REPO / part
            (shutil.copytree if source.is_dir() else shutil.copy)(source, _made(copy) / part)
        (Path(folder) / "shared").symlink_to(REPO.parent / "shared")
        path = copy / "zl_assets" / fault.file
        path.write_text(seeded(fault, path.read_text()))
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", f"zl_assets_tests/{fault.caught_by}"]
        done = subprocess.run(command, cwd=copy, env=os.environ | {"PYTHONPATH": str(copy)}, capture_output=True, text=True)
        if done.returncode not in (0, 1):
            raise RuntimeError(f"{fault.name}: pytest ended with {done.returncode}\n{done.stdout}{done.stderr}")
        return done.returncode == 1


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


def main(names: list[str]) -> int:
    """Seed the named faults, or all of them."""
    escaped = []
    for fault in (fault for fault in FAULTS if not names or fault.name in names):
        caught = is_caught(fault)
        print(f"{'caught ' if caught else 'ESCAPED'} {fault.name}: {fault.file}, {fault.function}; {fault.caught_by}", flush=True)
        escaped += [] if caught else [fault.name]
    return 1 if escaped else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
