"""The column lineage that the UI shows is true: where a column upstream is changed, the columns that are said to be made of it
change, and no other does. Every column of every table upstream is changed in turn, and the product's own calculations run."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import dagster as dg
import duckdb
import numpy as np
import pandas as pd
import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from zl_assets.contracts.regimes import REGIME_WEIGHTS
from zl_assets.contracts.training import TRAINING_CSV
from zl_assets.definitions import build_defs
from zl_assets.domain.features import feature_rows
from zl_assets.domain.matrix import build_matrix
from zl_assets.domain.regimes import regime_weights
from zl_assets.domain.sessions import build_sessions
from zl_assets.domain.training_view import training_view_select
from zl_assets.instruments.zl import INSTRUMENT as ZL
from zl_assets.io_managers.lineage import upstream_tables
from zl_assets.model.fit.boosting import fit_booster, forecast
from zl_assets.model.fit.design import design_matrix
from zl_assets.model.fit.forecast import latest_forecasts
from zl_assets.model.fit.training import cross_validate, out_of_fold
from zl_assets.model.replay.latest import with_ranges
from zl_assets.settings import Settings
from zl_assets.sources.sample import synthetic_bars
from zl_assets.warehouse.contract import TableContract, ViewContract
from zl_assets.warehouse.lineage import ColumnRef, Lineage, copied, table_lineage
from zl_assets.warehouse.names import TableName
from zl_assets.warehouse.view_rules import view_lineage
from zl_assets_tests.model.record import RECORD, config_of, training_set
from zl_assets_tests.model.replays import replay_of
from zl_assets_tests.model.views import random_walk_view
from zl_assets_tests.support.builders import AS_OF
from zl_assets_tests.support.contracts import (
    BARS,
    CONTRACTS,
    FEATURES,
    LATEST,
    MATRIX,
    MONTH,
    OOF,
    REPLAY,
    SESSIONS,
    SYMBOL,
    TRAINING_VIEW,
)

type Frames = dict[str, pd.DataFrame]
type Compute = Callable[[Frames], pd.DataFrame]

SELECT = training_view_select(TableName("some-project", "features", MATRIX.table).quoted, ZL, MONTH)
GRAPH = build_defs(Settings.load()).resolve_asset_graph()


def lineage_of(asset: str) -> Lineage:
    """As the IO managers record it."""
    if asset == TRAINING_VIEW.table:
        return view_lineage(SELECT)
    if asset == TRAINING_CSV:
        return copied(TRAINING_VIEW, TRAINING_VIEW.table)
    contract = CONTRACTS[asset]
    assert isinstance(contract, TableContract)
    return table_lineage(contract, upstream_of(asset))


def upstream_of(asset: str) -> dict[str, TableContract | ViewContract]:
    return upstream_tables(GRAPH.get(dg.AssetKey(asset)).to_asset_spec(), CONTRACTS | {TRAINING_CSV: TRAINING_VIEW})


def said_to_change(asset: str, *changed: ColumnRef) -> set[str]:
    return {column for column, sources in lineage_of(asset).items() if set(sources) & set(changed)}


def differing(one: pd.DataFrame, other: pd.DataFrame) -> set[str]:
    """Columns that differ, row by row in order."""
    assert len(one) == len(other), "the same rows are needed"
    return {name for name in one if not one[name].reset_index(drop=True).equals(other[name].reset_index(drop=True))}


# Bars with everything that the stub rule knows: 100 stubs, of which some have a bad print, are of another contract, or both.


def tricky_bars() -> pd.DataFrame:
    bars = synthetic_bars().head(900).reset_index(drop=True)
    stubs = bars.index[bars["date"].dt.dayofweek >= 5]
    bars.loc[stubs[::3], "high"] *= 1.5
    bars.loc[stubs[1::3], "low"] *= 0.6
    bars.loc[stubs[::7], "instrument_id"] += 1
    return bars


def change_bars(bars: pd.DataFrame, column: str, rng: np.random.Generator, share: float = 1.0) -> pd.DataFrame:
    """Other values that are sound as bars."""
    low, high = bars["low"], bars["high"]
    drawn = rng.random(len(bars))
    new = {
        "open": low + drawn * (high - low),
        "close": low + drawn * (high - low),
        "high": high * (1 + 0.2 * drawn),
        "low": low * (1 - 0.2 * drawn),
        "volume": bars["volume"] + 1 + (10 * drawn).astype("int64"),
        "instrument_id": pd.Series(rng.integers(1, 4, len(bars)), dtype="Int64"),
    }[column]
    chosen = pd.Series(rng.random(len(bars)) < share)
    return bars.assign(**{column: new.where(chosen, bars[column])})


def change(frame: pd.DataFrame, column: str, rng: np.random.Generator) -> pd.DataFrame:
    """Another value in every row that has one."""
    values = frame[column]
    if column == "instrument_id":
        return frame.assign(instrument_id=pd.Series(rng.integers(1, 4, len(frame)), dtype="Int64"))
    if values.dtype == "boolean":
        return frame.assign(**{column: ~values})
    if values.dtype == "string":
        return frame.assign(**{column: values + "x"})
    if values.dtype == "Int64":
        return frame.assign(**{column: values + 7})
    return frame.assign(**{column: values * (1 + 0.01 * rng.random(len(frame)))})


def sessions(frames: Frames) -> pd.DataFrame:
    return build_sessions(frames[BARS.table], replace(ZL, symbol=frames[BARS.table]["symbol"].iloc[0]), AS_OF).frame


def features(frames: Frames) -> pd.DataFrame:
    return feature_rows(frames[SESSIONS.table], frames[BARS.table], ZL)


def matrix(frames: Frames) -> pd.DataFrame:
    return build_matrix(frames[SESSIONS.table], frames[FEATURES.table], frames[REGIME_WEIGHTS.table], ZL)


def view(frames: Frames) -> pd.DataFrame:
    """The view's own SELECT, run by DuckDB on a frame instead of by a BigQuery on a table."""
    flat = frames[MATRIX.table]
    tree = sqlglot.parse_one(SELECT, dialect="bigquery")
    [table] = tree.find_all(exp.Table)
    table.replace(exp.to_table("matrix"))
    structs: dict[str, dict[str, pd.Series]] = {}
    for name in flat.columns:
        if "." in name:
            struct, field = name.split(".")
            structs.setdefault(struct, {})[field] = flat[name]
    nested = {name: pd.DataFrame(fields).to_dict("records") for name, fields in structs.items()}
    with duckdb.connect() as connection:
        connection.register("matrix", flat[[c for c in flat if "." not in c]].assign(**nested))
        rows: pd.DataFrame = connection.sql(tree.sql(dialect="duckdb")).df()
    return rows.sort_values("data_date", ignore_index=True)


COMPUTE: dict[str, Compute] = {
    SESSIONS.table: sessions,
    FEATURES.table: features,
    MATRIX.table: matrix,
    TRAINING_VIEW.table: view,
}


# The bars that the features are computed with.
LEFT = "bars without some of the sessions"


def all_frames() -> Frames:
    bars = tricky_bars()
    frames = {BARS.table: bars, REGIME_WEIGHTS.table: regime_weights()}
    frames[SESSIONS.table] = sessions(frames)
    # Some sessions that the bars no longer give: there the roll index takes the session's own open.
    rolled = frames[SESSIONS.table]["instrument_id"].diff().fillna(0).ne(0)
    lost = frames[SESSIONS.table].loc[rolled, "data_date"].iloc[::2]
    frames[BARS.table] = bars[~bars["date"].isin(lost)].reset_index(drop=True)
    frames[FEATURES.table] = features(frames)
    frames[MATRIX.table] = matrix(frames)
    return frames | {BARS.table: bars, LEFT: frames[BARS.table]}


@pytest.fixture(scope="module")
def frames() -> Frames:
    return all_frames()


def inputs_of(asset: str, frames: Frames) -> Frames:
    found = {name: frames[name] for name in upstream_of(asset)}
    return found | {BARS.table: frames[LEFT]} if asset == FEATURES.table else found


KEYS = {"date", "data_date", "symbol"}
VALUES = [
    (asset, name, leaf.path)
    for asset in COMPUTE
    for name in upstream_of(asset)
    for leaf in CONTRACTS[name].frame_leaves
    if leaf.path not in KEYS and not (name == REGIME_WEIGHTS.table and leaf.path.endswith("_date"))
]


@pytest.mark.parametrize(("asset", "source", "column"), VALUES)
def test_a_changed_column_changes_just_what_is_said_to_be_made_of_it(
    frames: Frames, asset: str, source: str, column: str
) -> None:
    rng = np.random.default_rng(1)
    given_ = inputs_of(asset, frames)
    changed = change_bars if source == BARS.table else change
    compute = COMPUTE[asset]
    found = differing(compute(given_), compute(given_ | {source: changed(given_[source], column, rng)}))
    assert found == said_to_change(asset, ColumnRef(source, column))


def moved(given_: Mapping[str, pd.DataFrame], days: int) -> Frames:
    """Every row on another date, with the same weekday."""
    names = {BARS.table: "date"}
    return {
        asset: frame.assign(**{names.get(asset, "data_date"): frame[names.get(asset, "data_date")] + pd.Timedelta(days, "D")})
        if asset != REGIME_WEIGHTS.table
        else frame
        for asset, frame in given_.items()
    }


@pytest.mark.parametrize("asset", [FEATURES.table, MATRIX.table])
def test_other_dates_change_just_what_is_made_of_dates(frames: Frames, asset: str) -> None:
    given_ = inputs_of(asset, frames)
    found = differing(COMPUTE[asset](given_), COMPUTE[asset](moved(given_, 7 * 500)))
    refs = [ColumnRef(name, column) for name in given_ for column in ("date", "data_date")]
    assert found == said_to_change(asset, *refs)


def test_other_dates_change_the_split_and_nothing_else_of_the_view(frames: Frames) -> None:
    given_ = inputs_of(TRAINING_VIEW.table, frames)
    found = differing(view(given_), view(moved(given_, 7 * 700)))
    assert found == said_to_change(TRAINING_VIEW.table, ColumnRef(MATRIX.table, "data_date")) == {"data_date", "split"}


def test_a_bars_date_decides_the_sessions_date_and_whether_it_had_a_stub(frames: Frames) -> None:
    bars = frames[BARS.table]
    mondays = bars["date"][bars["date"].dt.dayofweek == 0]
    sundays = mondays[~(mondays - pd.Timedelta(1, "D")).isin(bars["date"])] - pd.Timedelta(1, "D")
    # Of another contract and without volume: nothing of it reaches its session but that it was there.
    stub = bars.iloc[[500]].assign(volume=0, instrument_id=9)
    one, other = (pd.concat([bars, stub.assign(date=sunday)]) for sunday in sundays.iloc[:2])
    elsewhere = differing(sessions({BARS.table: one}), sessions({BARS.table: other}))
    later = differing(sessions({BARS.table: one}), sessions(moved({BARS.table: one}, 7)))
    assert (elsewhere, later) == ({"stub_merged"}, {"data_date"})
    assert elsewhere | later == said_to_change(SESSIONS.table, ColumnRef(BARS.table, "date"))


@pytest.mark.parametrize("asset", [SESSIONS.table, FEATURES.table, MATRIX.table])
def test_the_symbol_is_carried_along(frames: Frames, asset: str) -> None:
    given_ = inputs_of(asset, frames)
    other = {name: f.assign(symbol=f["symbol"].replace(SYMBOL, "XX")) if "symbol" in f else f for name, f in given_.items()}
    found = differing(COMPUTE[asset](given_), COMPUTE[asset](other))
    assert found == said_to_change(asset, *(ColumnRef(name, "symbol") for name in given_)) == {"symbol"}


def test_other_boundaries_of_regimes_change_just_the_regime(frames: Frames) -> None:
    given_ = inputs_of(MATRIX.table, frames)
    regimes = given_[REGIME_WEIGHTS.table].copy()
    earlier = pd.Timedelta(6 * 365, "D")
    inner = regimes["start_date"] > regimes["start_date"].min()
    regimes.loc[inner, "start_date"] -= earlier
    regimes.loc[regimes["end_date"] < regimes["end_date"].max(), "end_date"] -= earlier
    found = differing(matrix(given_), matrix(given_ | {REGIME_WEIGHTS.table: regimes}))
    assert found == said_to_change(MATRIX.table, *(ColumnRef(REGIME_WEIGHTS.table, f"{end}_date") for end in ("start", "end")))


BAR_VALUES = ["open", "high", "low", "close", "volume", "instrument_id"]


@settings(max_examples=20)
@given(column=st.sampled_from(BAR_VALUES), share=st.floats(0.001, 1.0), seed=st.integers(0, 2**32))
def test_no_sound_bars_change_a_session_behind_the_lineages_back(column: str, share: float, seed: int) -> None:
    bars = BARS_OF_THE_PROPERTY
    changed = change_bars(bars, column, np.random.default_rng(seed), share)
    found = differing(sessions({BARS.table: bars}), sessions({BARS.table: changed}))
    assert found <= said_to_change(SESSIONS.table, ColumnRef(BARS.table, column))


BARS_OF_THE_PROPERTY = tricky_bars()


# The predictions: of the CSV's columns, with the folds fitted anew, and with a model that stays.

CSV_VALUES = [leaf.path for leaf in TRAINING_VIEW.frame_leaves if leaf.path != "data_date"]


@pytest.fixture(scope="module")
def csv() -> pd.DataFrame:
    text = {"regime_name": "string", "split": "string"}
    return random_walk_view(2200).astype({"sample_weight": "Int64", **text})


@pytest.fixture(scope="module")
def out_of_folds(csv: pd.DataFrame) -> pd.DataFrame:
    return oof(csv)


def oof(csv: pd.DataFrame) -> pd.DataFrame:
    config = RECORD
    data = training_set(csv, config)
    rows = out_of_fold(data, cross_validate(data, config))
    predicted = rows["predicted"].to_numpy()
    labelled = csv[csv["target_1m"].notna()].set_index("data_date")
    close = labelled.loc[rows["data_date"], "close"].to_numpy()
    return pd.DataFrame({"predicted_return": predicted, "predicted_close": close * (1 + predicted)})


@pytest.mark.parametrize("column", CSV_VALUES)
def test_an_out_of_fold_forecast_is_made_of_the_columns_that_its_fit_reads(
    csv: pd.DataFrame, out_of_folds: pd.DataFrame, column: str
) -> None:
    found = differing(out_of_folds, oof(shuffled(csv, column)))
    assert found == said_to_change(OOF.table, ColumnRef(TRAINING_CSV, column)) & set(out_of_folds)


def shuffled(csv: pd.DataFrame, column: str) -> pd.DataFrame:
    """Other values in a column, still labelled where it was."""
    rng = np.random.default_rng(3)
    if csv[column].dtype != "float64":
        return change(csv, column, rng).assign(**({} if column != "sample_weight" else {column: rng.integers(1, 9, len(csv))}))
    return csv.assign(**{column: csv[column] * (1 + rng.random(len(csv)))})


def test_the_newest_forecasts_are_made_of_the_models_inputs_and_the_replays_widths(csv: pd.DataFrame) -> None:
    data = training_set(csv, RECORD)
    # Of small leaves, so that it splits on every input even in the newest rows.
    booster = fit_booster(data.features, data.target, data.weights, config_of(num_leaves=60, rounds=60, min_rows_per_leaf=5))

    replay = replay_of(csv)

    def latest(rows: pd.DataFrame, replay: pd.DataFrame) -> pd.DataFrame:
        newest = rows.tail(21)
        coming = pd.bdate_range("2026-01-01", periods=21)
        forecasts = latest_forecasts(newest, forecast(booster, design_matrix(newest)), coming)
        return with_ranges(forecasts, replay, len(rows), ZL, MONTH)

    before, rng = latest(csv, replay), np.random.default_rng(4)
    for column in CSV_VALUES:
        found = differing(before, latest(shuffled(csv, column), replay))
        assert found == said_to_change(LATEST.table, ColumnRef(TRAINING_CSV, column)), column
    for leaf in REPLAY.frame_leaves:
        if leaf.path != "data_date":
            found = differing(before, latest(csv, change(replay, leaf.path, rng)))
            said = said_to_change(LATEST.table, ColumnRef(REPLAY.table, leaf.path))
            assert found == said & set(before), leaf.path


# What is shown for each column.


@pytest.mark.parametrize("asset", [*CONTRACTS, TRAINING_CSV])
def test_every_lineage_leads_to_columns_that_there_are(asset: str) -> None:
    columns = {name: {leaf.path for leaf in contract.frame_leaves} for name, contract in CONTRACTS.items()}
    columns[TRAINING_CSV] = columns[TRAINING_VIEW.table]
    lineage = {} if asset in (BARS.table, REGIME_WEIGHTS.table) else lineage_of(asset)
    parents = {key.to_user_string() for key in GRAPH.get(dg.AssetKey(asset)).parent_keys}
    for column, sources in lineage.items():
        assert column in columns[asset]
        for ref in sources:
            assert ref.asset in parents, (column, ref)
            assert ref.column in columns[ref.asset], (column, ref)


# Constants, and what comes from the model itself.
NOT_OF_A_COLUMN = {
    OOF.table: {"symbol", "model_id", "fold"},
    LATEST.table: {"model_id", "interval_level"},
}


@pytest.mark.parametrize("asset", [*COMPUTE, TRAINING_CSV, OOF.table, LATEST.table])
def test_every_column_has_a_lineage(asset: str) -> None:
    contract = TRAINING_VIEW if asset == TRAINING_CSV else CONTRACTS[asset]
    assert {leaf.path for leaf in contract.frame_leaves} - lineage_of(asset).keys() == NOT_OF_A_COLUMN.get(asset, set())


def test_the_csvs_target_leads_back_to_the_bars_close() -> None:
    at = {ColumnRef(TRAINING_CSV, "target_1m")}
    path = []
    while at:
        path.append(sorted(f"{ref.asset}.{ref.column}" for ref in at))
        at = {up for ref in at if ref.asset != BARS.table for up in lineage_of(ref.asset)[ref.column]}
    assert path == [
        ["training_csv.target_1m"],
        ["vw_zl_1m_flat.target_1m"],
        ["daily_ml_matrix.market_data.close"],
        ["zl_ohlcv.close"],
        ["databento_futures_ohlcv_1d.close"],
    ]
