"""The ledger for a person: each family's newest row in words, tables and pictures.

Belongs here: the choice of what is shown and said. Must not be here: measures and rules (model/impact), drawing (plots).
"""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from zl_assets.model.impact.decision import SIGNIFICANT, Decision
from zl_assets.model.impact.ledger import newest_rows
from zl_assets.model.report import plots, watermark
from zl_assets.model.report.page import Part, Picture, Report, Table

# An effect that no honest family of daily data has been seen to have: the bound of the model's gate "too good".
TOO_GOOD = 0.10

_MEANING = {
    Decision.KEEP: "It helps, by a test whose error rate covers ten families and all looks at one. Name it in ZL_KEPT_FAMILIES "
    "to use it.",
    Decision.PROVISIONAL: "It may help: noise alone gives such a p one time in twenty. Using it is a bet; measure again on new "
    "data.",
    Decision.REJECT: "It makes the forecast worse, and no more so than columns without information would. Leave it out.",
    Decision.INCONCLUSIVE: "Shown neither to help nor to be useless: on one market, most families that do help end here.",
    Decision.NOT_TESTABLE: "The loaded data cannot decide on it. No p was computed, and it was no look.",
}


def impact_report(ledger: pd.DataFrame, *, synthetic: bool) -> Report:
    """The newest row of each family, and the list of all rows.

    Args:
        ledger: LEDGER.frame_columns; at least one row.
        synthetic: the prices that were measured on are invented.
    """
    newest = newest_rows(ledger)
    found = [{str(name): value for name, value in row.items()} for row in newest.to_dict("records")]
    tested = [row for row in found if Decision(row["decision"]) is not Decision.NOT_TESTABLE]
    pictures, said = _pictures(tested), tuple(decision_words(row) for row in found)
    mark = f"{watermark.SAMPLE}these prices are invented, so no decision below is about a family on the market."
    return Report(
        title="What each feature family is worth",
        forecast=Part((mark,) if synthetic else ()),
        evidence=Part(said, watermark.marked_pictures(pictures) if synthetic else pictures),
        tables=(_families_table(newest), *_parts_tables(tested), _looks_table(ledger)),
    )


def decision_words(row: dict[str, Any]) -> str:
    """One row of the ledger as a paragraph: the decision, what was measured, and what could have been seen."""
    decision = Decision(row["decision"])
    words = f"**{row['family']}: {decision}.** {_MEANING[decision]} "
    words += str(row["reason"]) if decision is Decision.NOT_TESTABLE else _measurement_words(row)
    words += _direction_words(row)
    if left_out := _left_out(row):
        words += (
            f" Left out, since the loaded sources give them values on too few sessions: {', '.join(left_out)}. The decision is "
            "about the family without them."
        )
    return words


def _measurement_words(row: dict[str, Any]) -> str:
    changes = "falls" if row["effect"] > 0 else "rises"
    words = (
        f"With it the ridge's squared error out of fold "
        f"{changes} by {abs(row['effect']):.2%} of the zero forecast's (saved: 90 % interval {row['effect_low']:+.2%} to "
        f"{row['effect_high']:+.2%}; {row['test_rows']:,} test rows of {row['row_count']:,}, {row['first_date']:%Y-%m-%d} to "
        f"{row['last_date']:%Y-%m-%d}). Of {row['shifts']} circular shifts of its columns {_at_least(row)} did at least as well: "
        f"p = {row['p']:.4f}, against {row['keep_bound']:.4f} for KEEP (row {row['look']}) and {SIGNIFICANT} for PROVISIONAL. "
        f"Shifted, these columns save a median of {_median_placebo(row):+.2%}: what fitting them costs when there is nothing to "
        f"find. An effect of {row['smallest_effect']:.2%} or less could not have been told from no effect. The LightGBM of "
        f"record, reported only: {row['boosting_effect']:+.2%} ({row['boosting_low']:+.2%} to {row['boosting_high']:+.2%}), p = "
        f"{row['boosting_p']:.3f}."
    )
    if row["rows_left_out"]:
        words += f" {row['rows_left_out']:,} labelled rows without a value were left out, of base and family alike."
    if row["effect"] > TOO_GOOD:
        words += " An effect as large as this has most often been a leak: look at how the family is computed before believing it."
    return words


def _direction_words(row: dict[str, Any]) -> str:
    """What theory said beforehand, and what was found; nothing where it said nothing."""
    found = {} if pd.isna(row["directions"]) else json.loads(row["directions"])
    words = ""
    for name, said in json.loads(row["config"]).get("expected", {}).items():
        ahead = "higher" if said["sign"] > 0 else "lower"
        words += f" Said beforehand: prices ahead are {ahead} with a higher {name} ({said['why']})."
        if name in found:
            agrees = "They were" if found[name] * said["sign"] > 0 else "They were not"
            words += f" {agrees}, by a rank correlation of {found[name]:+.3f}, reported only."
    return words


def _left_out(row: dict[str, Any]) -> list[str]:
    """Names of the inputs that were not measured; none in a row from before they were written down."""
    return [] if pd.isna(row["left_out"]) else list(json.loads(row["left_out"]))


def _at_least(row: dict[str, Any]) -> int:
    return round(float(row["p"]) * (int(row["shifts"]) + 1)) - 1


def _median_placebo(row: dict[str, Any]) -> float:
    return float(np.median(json.loads(row["placebo"])))


def _families_table(newest: pd.DataFrame) -> Table:
    shown = ["family", "decision", "look", "p", "keep_bound", "effect", "effect_low", "effect_high", "smallest_effect"]
    shown += ["boosting_effect", "boosting_p", "row_count", "rows_left_out"]
    return Table("families", "Newest row of each family", newest[shown].round(5), ("family", "decision", "p"))


def _looks_table(ledger: pd.DataFrame) -> Table:
    shown = ["family", "look", "decision", "p", "effect", "last_date", "seed", "shifts", "left_out", "reason"]
    shown += ["registration_id", "data_sha256"]
    rows = ledger.sort_values(["family", "look"])[shown].round(5)
    brief = ("family", "look", "decision")
    return Table("looks", "Every row", rows.assign(last_date=rows["last_date"].dt.strftime("%Y-%m-%d")), brief)


def _parts_tables(tested: Sequence[dict[str, Any]]) -> tuple[Table, ...]:
    return tuple(_parts_table(name, tested) for name in ("fold", "regime")) if tested else ()


def _parts_table(name: str, tested: Sequence[dict[str, Any]]) -> Table:
    rows = [{"family": row["family"], name: part["name"], **part} for row in tested for part in json.loads(row[f"by_{name}"])]
    return Table(f"by_{name}", f"Effect by {name}", pd.DataFrame(rows).drop(columns="name").round(5))


def _pictures(tested: Sequence[dict[str, Any]]) -> tuple[Picture, ...]:
    if not tested:
        return ()
    effects = Picture(
        "effects",
        "Effect by family",
        plots.family_effects(
            [str(row["family"]) for row in tested], pd.DataFrame(tested), max(row["last_date"] for row in tested)
        ),
        "To the right of zero the family saved error on sessions it had not seen. p decides, not the interval.",
    )
    return (effects, *(picture for row in tested for picture in _family_pictures(row)))


def _family_pictures(row: dict[str, Any]) -> tuple[Picture, ...]:
    family = str(row["family"])
    parts = {
        name: pd.Series({part["name"]: part["effect"] for part in json.loads(row[f"by_{name}"])}) for name in ("fold", "regime")
    }
    return (
        Picture(
            f"{family}_placebo",
            f"{family}: effect and placebo",
            plots.placebo_effects(family, row["effect"], json.loads(row["placebo"]), row["smallest_effect"], row["last_date"]),
            f"p = {row['p']:.4f}: {_at_least(row)} of {row['shifts']} shifts did at least as well.",
        ),
        Picture(
            f"{family}_parts",
            f"{family}: effect by fold and regime",
            plots.effects_by(family, parts, row["last_date"]),
            "Each bar divides by the error of forecasting zero on its own rows. Regimes were drawn with hindsight.",
        ),
    )
