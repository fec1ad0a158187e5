"""The model's evidence, its launchpad and its bad inputs, through Dagster on the sample."""

import datetime as dt
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from zl_assets.contracts.features import ROLL_NAMES
from zl_assets.definitions import build_defs
from zl_assets.provenance import Provenance
from zl_assets.settings import Settings
from zl_assets.warehouse import connect
from zl_assets_tests.model.record import RECORD
from zl_assets_tests.support.contracts import FEATURES, LATEST, MATRIX, OOF
from zl_assets_tests.support.fixtures import MakeProduct
from zl_assets_tests.support.product import Product, failures, metadata, red


def materialize(product: Product, *assets: str, **choices: Any) -> dg.ExecuteInProcessResult:
    """Some assets alone, as from the launchpad."""
    return product.run_assets(*assets, checks=False, ops={"lgbm_model": choices} if choices else None)


@pytest.fixture(scope="module")
def refreshed(refreshed_product: MakeProduct) -> Product:
    return refreshed_product()


@pytest.fixture
def product(refreshed: Product) -> Iterator[Product]:
    """The product after its first refresh; what a test does to the CSV is undone."""
    content = refreshed.csv.read_bytes()
    yield refreshed
    refreshed.csv.write_bytes(content)
    record(refreshed, content)


def record(product: Product, content: bytes) -> None:
    """Say that this is what training_csv wrote."""
    said = {"sha256": hashlib.sha256(content).hexdigest(), **Provenance.of(product.settings()).metadata}
    event = dg.AssetMaterialization("training_csv", metadata=said)
    product.instance.report_runless_asset_event(event)


def models(product: Product) -> tuple[str, list[str]]:
    """What `latest` names, and every file under models/."""
    folder = product.model.parent
    return product.model.resolve().name, sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def predictions(product: Product) -> list[pd.DataFrame]:
    return [product.table(table, with_stamps=True) for table in (OOF.table, LATEST.table)]


def assert_same(before: list[pd.DataFrame], after: list[pd.DataFrame]) -> None:
    for one, two in zip(before, after, strict=True):
        pd.testing.assert_frame_equal(one, two, check_exact=True)


def put_back(product: Product) -> None:
    """Dagster's record is that of the newest run: the model of record again, which is found and not trained."""
    assert metadata(materialize(product, "lgbm_model"))["lgbm_model"]["reused"]


# What a person sees.


def test_the_evidence_is_in_the_ui_and_beside_the_model(refreshed: Product) -> None:
    found = refreshed.recorded("lgbm_model")
    tables = {"folds", "gates", "importances", "errors_by_regime", "errors_by_year", "ranges", "ranges_by_year", "rules_by_year"}
    pictures = {"fold_errors", "oof_against_outcome", "error_ratios", "importances_picture", "placebo"}
    pictures |= {"forecast_fan", "coverage_over_time", "roll_comparison"}
    assert tables | pictures | {"what_it_can_do"} <= set(found)
    for name in pictures:
        assert re.fullmatch(r"!\[[^]]+\]\(data:image/png;base64,[A-Za-z0-9+/=]+\)\n\n.+", found[name]), name
    # What one run adds to the event log for its pictures.
    assert sum(len(found[name]) for name in pictures) < 200_000
    assert len(refreshed.recorded("daily_ml_matrix")["over_time"]) < 100_000
    assert "US cents per pound" in found["what_it_can_do"]
    page = (refreshed.model / "report.html").read_text()
    assert page.count("<img") == len(pictures)
    # Its head: which model, data of which day, and whose prices.
    assert f"<dd>{found['model_id']}, published</dd>" in page
    assert "<dd>sessions to 2025-11-14; it learned from those of " in page
    assert f"<dd>{found['prices']}</dd>" in page


def test_the_predictions_are_those_of_the_stored_model(product: Product) -> None:
    oof, latest = product.table(OOF.table), product.table(LATEST.table)
    assert (len(oof), len(latest)) == (3810, 21)
    assert set(oof["model_id"]) == set(latest["model_id"]) == {product.model.resolve().name}
    assert oof["predicted_return"].notna().sum() == 3175
    # As numbers, to be plotted: by hand from the rows.
    said = oof.dropna(subset="predicted_return")
    came, told = (said[name].to_numpy("float64") for name in ("target_1m", "predicted_return"))
    skill = 1 - ((came - told) ** 2).sum() / (came**2).sum()
    assert product.recorded("lgbm_model")["skill"] == pytest.approx(skill, rel=1e-9)
    assert product.recorded("zl_1m_latest")["predicted_close"] == latest["predicted_close"].iloc[-1]


def test_the_roll_columns_are_in_the_matrix_and_not_in_the_view_or_the_csv(product: Product) -> None:
    assert set(ROLL_NAMES) <= set(product.table(MATRIX.table))
    assert set(ROLL_NAMES).isdisjoint(product.table("vw_zl_1m_flat"))
    assert set(ROLL_NAMES).isdisjoint(pd.read_csv(product.csv, nrows=1))


def test_a_live_table_from_before_the_rolls_gets_their_columns(product: Product) -> None:
    before = {table: product.table(table) for table in (FEATURES.table, MATRIX.table)}
    client = connect(product.settings())
    for contract in (FEATURES, MATRIX):
        for column in ROLL_NAMES:
            client.query(f"ALTER TABLE `{client.project}.{contract.name}` DROP COLUMN {column}").result()
    result = product.run_up_to(MATRIX.table)
    assert failures(result) == {}
    assert red(result) == set()
    for table, frame in before.items():
        assert metadata(result)[table]["columns_added"] == "roll_index, is_roll"
        assert metadata(result)[table]["inserted"] == 0
        pd.testing.assert_frame_equal(product.table(table)[frame.columns], frame, check_exact=True)


# The launchpad.


def test_the_launchpad_offers_the_model_of_record(tmp_path: Path) -> None:
    model = build_defs(Settings.load(state_dir=tmp_path)).resolve_assets_def("lgbm_model")
    offered = model.op.config_schema.as_field().config_type.fields
    for name, value in asdict(RECORD).items():
        assert offered[name].default_value == (value.isoformat() if isinstance(value, dt.date) else value), name
    for name, field in offered.items():
        assert len(field.description or "") > 30, name


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"gap": 20}, "gap=20 is not allowed: it is shorter than the horizon of 21 sessions"),
        ({"horizon": 42}, "gap=21 is not allowed: it is shorter than the horizon of 42 sessions"),
        ({"split_date": "1 Jan 2023"}, "split_date='1 Jan 2023' is not allowed: it must be a date, YYYY-MM-DD"),
        ({"split_date": "2031-01-01"}, "The holdout has .* 0 test rows"),
        ({"folds": 40}, "not enough for 40 folds"),
        ({"learning_rate": 0.0}, "learning_rate=0.0 is not allowed"),
        ({"placebo_shifts": 0}, "placebo_shifts=0 is not allowed"),
    ],
)
def test_a_choice_that_could_not_be_believed_is_refused(product: Product, choices: dict[str, Any], message: str) -> None:
    before = models(product)
    [said] = failures(materialize(product, "lgbm_model", **choices)).values()
    assert re.search(message, said)
    assert models(product) == before


def test_a_choice_of_the_wrong_type_never_starts_a_run(product: Product) -> None:
    with pytest.raises(dg.DagsterInvalidConfigError, match="gap"):
        materialize(product, "lgbm_model", gap="three weeks")


def test_another_horizon_is_an_experiment_that_publishes_nothing(product: Product) -> None:
    (latest, _), tables = models(product), predictions(product)
    result = materialize(product, "lgbm_model", OOF.table, LATEST.table, horizon=5, placebo_shifts=1)
    assert failures(result) == {}
    found = metadata(result)
    assert not found["lgbm_model"]["is_latest"]
    # After the gate that it fails as well.
    assert re.match(r"Not published: .*it forecasts 5 sessions ahead", found["lgbm_model"]["what_it_can_do"])
    assert found[LATEST.table]["newest_model"].endswith("it forecasts 5 sessions ahead, and what is published 21)")
    assert OOF.table not in found
    assert found[LATEST.table]["model_id"] == latest == models(product)[0] != found["lgbm_model"]["model_id"]
    assert_same(tables, predictions(product))
    put_back(product)


# Bad input: a clear refusal, and the last model stays.


def rows(content: bytes) -> tuple[str, list[list[str]]]:
    header, *lines = content.decode().splitlines()
    return header, [line.split(",") for line in lines]


def joined(header: str, lines: list[list[str]]) -> bytes:
    return ("\n".join([header, *(",".join(line) for line in lines)]) + "\n").encode()


def with_column(content: bytes, column: str, value: Callable[[int, str], str]) -> bytes:
    header, lines = rows(content)
    at = header.split(",").index(column)
    return joined(header, [[*line[:at], value(k, line[at]), *line[at + 1 :]] for k, line in enumerate(lines)])


BAD: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "cut short": (lambda c: joined(rows(c)[0], rows(c)[1][:-5]), "The file is cut short, or its labels are wrong"),
    "re-ordered": (lambda c: joined(rows(c)[0], [*rows(c)[1][100:], *rows(c)[1][:100]]), "data_date must rise from row to row"),
    "a label missing": (
        lambda c: with_column(c, "target_1m", lambda k, v: "" if k == 7 else v),
        "Column target_1m: 1 of 3831 training rows do not have a finite label. First: row 7",
    ),
    "too few rows": (lambda c: joined(rows(c)[0], rows(c)[1][-700:]), "679 labelled rows are not enough for 5 folds"),
    "a constant target": (
        lambda c: with_column(c, "target_1m", lambda k, v: "0.01" if v else v),
        "all 3810 labelled rows have the same value 0.01",
    ),
    "weights all zero": (lambda c: with_column(c, "sample_weight", lambda k, v: "0"), "every labelled row has weight 0"),
    "a single regime": (
        lambda c: with_column(c, "regime_name", lambda k, v: "inflation"),
        "all labelled rows are in one regime, inflation",
    ),
    "another header": (lambda c: c.replace(b"rsi_14", b"rsi_7", 1), "expected the columns"),
}


@pytest.mark.parametrize("fault", list(BAD))
def test_a_bad_csv_is_refused_and_the_last_model_stays_latest(product: Product, fault: str) -> None:
    damage, message = BAD[fault]
    content = damage(product.csv.read_bytes())
    product.csv.write_bytes(content)
    record(product, content)
    before = models(product)
    said = failures(materialize(product, "lgbm_model", OOF.table))
    assert set(said) == {"lgbm_model"}
    assert message in said["lgbm_model"]
    assert models(product) == before


def test_a_csv_that_is_not_the_recorded_one_is_refused(product: Product) -> None:
    content = product.csv.read_bytes()
    record(product, content)
    product.csv.write_bytes(content.replace(b"2015-01-05", b"2015-01-04", 1))
    before, tables = models(product), predictions(product)
    said = failures(materialize(product, "lgbm_model", OOF.table, LATEST.table))
    assert set(said) == {"lgbm_model"}
    assert f"expected sha256 {hashlib.sha256(content).hexdigest()}, found sha256 " in said["lgbm_model"]
    assert "Materialize training_csv again" in said["lgbm_model"]
    assert models(product) == before
    assert_same(tables, predictions(product))


def test_a_model_that_fails_a_gate_leaves_the_published_forecasts_alone(product: Product) -> None:
    """Overgrown trees: one gate at least is red, so `latest`, and with it the tables, stay."""
    (latest, _), tables = models(product), predictions(product)
    overgrown = {"num_leaves": 31, "min_rows_per_leaf": 20, "l2": 0.0, "learning_rate": 0.5}
    result = materialize(product, "lgbm_model", OOF.table, LATEST.table, placebo_shifts=1, **overgrown)
    assert failures(result) == {}
    found = metadata(result)
    failed = found["lgbm_model"]["gates_failed"]
    assert failed != "none"
    # As numbers, to be plotted: those of the stored model.
    contract = json.loads((Path(str(found["lgbm_model"]["path"])) / "contract.json").read_text())
    for gate in contract["gates"]:
        assert found["lgbm_model"][f"gate_{gate['name']}"] == pytest.approx(gate["measured"])
    assert not found["lgbm_model"]["is_latest"]
    assert OOF.table not in found
    said = found["lgbm_model"]
    assert said["advice"].startswith("not published: failed the gate ")
    assert found[LATEST.table]["newest_model"] == f"{said['model_id']} ({said['advice']})"
    assert said["what_it_can_do"].startswith(f"N{said['advice'][1:]}. This model makes no forecast")
    assert "For a buyer" not in said["what_it_can_do"]
    assert "forecast_fan" not in said
    html = (product.model.parent / said["model_id"] / "report.html").read_text()
    assert f"<dd>{said['model_id']}, not published</dd>" in html
    assert "</dl>\n<p>Not published: failed the gate " in html
    assert "How far the price may move" not in html
    assert (found[LATEST.table]["model_id"], found[LATEST.table]["sessions_behind"]) == (latest, 0)
    assert models(product)[0] == latest
    assert_same(tables, predictions(product))
    put_back(product)
