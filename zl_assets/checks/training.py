"""The checks on the training view, the CSV and the model."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from zl_assets.catalog import Catalog
from zl_assets.checks import shared
from zl_assets.checks.group import Group, Looking, loads
from zl_assets.contracts.training import MODEL, TRAINING_CSV
from zl_assets.domain.checks import Check, Level, Seen
from zl_assets.domain.rules import tables, training
from zl_assets.instruments.base import Horizon, Instrument
from zl_assets.warehouse.verdict import Verdict

if TYPE_CHECKING:
    from zl_assets.io_managers.artifacts import TrainingCsv
    from zl_assets.model.fit.artifact import LoadedModel

_SELECT, _FILE = "select", "file"


def training_checks(catalog: Catalog, instrument: Instrument, horizon: Horizon) -> list[Group]:
    """The checks of one horizon's view, file and model."""
    return [
        _view_checks(catalog, instrument, horizon),
        _csv_checks(catalog, instrument, horizon),
        _model_checks(instrument, horizon),
    ]


def _view_checks(catalog: Catalog, instrument: Instrument, horizon: Horizon) -> Group:
    contract, minima = catalog.view(instrument, horizon), catalog.minima_of(instrument)
    asset, matrix = contract.table, instrument.asset(catalog.matrix(instrument).table)
    split = instrument.split_date

    def rows(seen: Seen) -> pd.DataFrame:
        frame: pd.DataFrame = seen.values[asset]
        return frame

    def live_select(looking: Looking) -> Mapping[str, object]:
        with looking.warehouse.publisher(run=looking.run, asset=asset) as publisher:
            return {_SELECT: publisher.view_query(contract)}

    def no_joins(seen: Seen) -> Verdict:
        from zl_assets.warehouse.view_rules import no_joins

        return no_joins(seen.found[_SELECT])

    return Group(
        f"{asset}_checks",
        "The live view: its SQL, its target and its split.",
        (
            Check(
                asset,
                "no_joins",
                "The live view is one SELECT over one table; its SQL is parsed.",
                "Somebody replaced the view; a refresh restores it.",
                no_joins,
                Level.BLOCKING,
            ),
            Check(
                asset,
                "unique_key",
                "One row per session date.",
                f"Look at unique_key on {matrix}: the view has the rows that the matrix has.",
                lambda seen: tables.unique_key(rows(seen), contract.key),
                Level.BLOCKING,
            ),
            Check(
                asset,
                "target_right",
                f"{horizon.target} is the return over the next {horizon.sessions} rows, NULL on the newest {horizon.sessions} "
                "only.",
                "Do not train on the view. A refresh replaces it; if it stays red, the matrix lacks rows.",
                lambda seen: training.target_right(rows(seen), horizon),
                Level.BLOCKING,
            ),
            Check(
                asset,
                "split_right",
                f"Rows before {split} are train, the others test.",
                "Do not train on the view. A refresh replaces it.",
                lambda seen: training.split_right(rows(seen), split),
                Level.BLOCKING,
            ),
            Check(
                asset,
                "labelled_rows_at_least",
                "The view has at least as many rows with a target as the plan asks for (ZL_MIN_LABELLED_ROWS).",
                shared.load_more(instrument, "ZL_MIN_LABELLED_ROWS"),
                lambda seen: training.labelled_rows_at_least(rows(seen), horizon.target, minima.labelled_rows),
                Level.BLOCKING,
            ),
            Check(
                asset,
                "targets_spanning_a_roll",
                f"The share of targets that include the gap between two contracts is about {100 * horizon.usual_spanning:.0f} "
                "%, as on the real bars. A warning.",
                "Ask whether the source has changed how it identifies its contracts.",
                lambda seen: training.targets_spanning_a_roll(rows(seen), seen.values[matrix], horizon),
                Level.WARNING,
                (matrix,),
            ),
        ),
        loads(asset, matrix),
        live_select,
    )


def _csv_checks(catalog: Catalog, instrument: Instrument, horizon: Horizon) -> Group:
    view, asset = catalog.view(instrument, horizon), instrument.asset_at(horizon, TRAINING_CSV)

    def read_again(looking: Looking) -> Mapping[str, object]:
        from zl_assets.io_managers.artifacts import read_csv_with_arrow

        csv: TrainingCsv = looking.seen.values[asset]
        return {_FILE: read_csv_with_arrow(csv.path, view)}

    return Group(
        f"{asset}_checks",
        "The file against the view, value for value.",
        (
            Check(
                asset,
                "csv_equals_view",
                "The file, read by a second reader that shares no code with the writer, holds exactly the view's rows.",
                f"Materialize {asset} again.",
                lambda seen: training.csv_equals_view(seen.found[_FILE], seen.values[view.table]),
                Level.BLOCKING,
                (view.table,),
            ),
        ),
        loads(asset, view.table),
        read_again,
    )


_STORED = "The model is stored, but `latest` stays on the last one that passed, which goes on making the forecasts. "


def _model_checks(instrument: Instrument, horizon: Horizon) -> Group:
    asset = instrument.asset_at(horizon, MODEL)
    high = {bound.gate: bound.high for bound in instrument.gates if bound.high is not None}
    blow_up = _STORED + f"Look at the table `folds` on {asset}: which fold, and what the market did in it."
    leak = _STORED + "Suspect a leak: look for a feature that sees later sessions in the last change of the code or the bars."
    noise = _STORED + "The folds learn different things, which is what noise looks like."

    # The model's contract holds what was measured; these words say what a gate is for, before any model exists.
    gates = (
        (
            "worst_fold_ratio",
            f"CV folds stable: the worst fold's error is at most {high['worst_fold_ratio']:.2f} times that of forecasting no "
            "change.",
            blow_up,
        ),
        ("fold_ratio_spread", "No fold is far worse than the others.", blow_up),
        (
            "best_fold_r2",
            "Not too good: a fold's R2 against the better of zero and the training mean. Above the bound: a suspected leak.",
            leak,
        ),
        ("largest_ic", "Not too good: a correlation above the bound is a suspected leak.", leak),
        ("target_sd_ratio", "The target swings as widely in the test rows as in the training rows, within bounds.", blow_up),
        (
            "out_of_range_share",
            "A fold's test rows lie within what the fold was trained on.",
            _STORED + "A feature is outside of the range that it was trained on: look at it on the newest sessions.",
        ),
        ("prediction_dispersion", "Forecasts are neither constant nor wild.", blow_up),
        (
            "largest_gain_share",
            f"Importances sensible: no feature takes more than {100 * high['largest_gain_share']:.0f} % of the gain.",
            _STORED + "One feature decides alone: look at it for a leak or a bad print.",
        ),
        ("importance_rank_correlation", "Importances agree between folds.", noise),
        ("permutation_importance", "No feature knows the answer: more than the bound is a suspected leak.", leak),
    )
    return Group(
        f"{asset}_checks",
        "The stored model's gates, as its contract recorded them before it could become `latest`.",
        (
            Check(
                asset,
                "trained",
                "The saved model loads by its id and reproduces its golden predictions.",
                f"Materialize {asset} again.",
                lambda seen: _trained(seen.values[asset]),
            ),
            *(_gate(asset, name, says, todo) for name, says, todo in gates),
        ),
        loads(asset),
    )


def _trained(model: "LoadedModel") -> Verdict:
    """A loaded model has already been verified; if it cannot be loaded, the step fails and there is no verdict."""
    golden = len(model.contract["golden"])
    return Verdict(
        name="trained",
        passed=True,
        measured=golden,
        bound=f"all {golden} golden predictions",
        offenders=pd.DataFrame(),
        explanation=f"Model {model.model_id} was read back, its files match its id, and its golden predictions came out again.",
        facts={"model_id": model.model_id, "path": model.path},
    )


def _gate(asset: str, name: str, says: str, todo: str) -> Check:
    def verdict(seen: Seen) -> Verdict:
        model: LoadedModel = seen.values[asset]
        [gate] = [gate for gate in model.contract["gates"] if gate["name"] == name]
        return Verdict(
            name=name,
            passed=gate["passed"],
            measured="not a number" if gate["measured"] is None else gate["measured"],
            bound=gate["bound"],
            offenders=pd.DataFrame(),
            explanation=says,
            facts={"detail": gate["detail"]},
        )

    return Check(asset, name, says, todo, verdict)
