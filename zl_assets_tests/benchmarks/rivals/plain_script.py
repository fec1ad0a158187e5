"""The same work without this product: bars to features, matrix, view, CSV, folds, model and forecasts, truncating and loading
every table on the embedded BigQuery, with no check, no report and nothing that survives a fault.

    python -m zl_assets_tests.benchmarks.rivals.plain_script BARS   (ZL_STATE_DIR says where the server is)
"""

import io
import sys
import tempfile
from pathlib import Path

import lightgbm
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from google.cloud import bigquery
from sklearn.model_selection import TimeSeriesSplit

from zl_assets.warehouse import connect

AHEAD = 21
SETTINGS = {
    "objective": "l2",
    "num_leaves": 5,
    "learning_rate": 0.05,
    "min_data_in_leaf": 150,
    "lambda_l2": 1,
    "verbosity": -1,
    "num_threads": 1,
    "seed": 1,
}
ROUNDS = 40
PRICES = ["open", "high", "low", "close"]
FLAT = [*(f"return_{n}d" for n in (1, 5, 21)), *(f"ma_{n}" for n in (5, 21, 63)), "volatility_21d", "rsi_14"]


class Tables:
    """Tables by name, each replaced as a whole."""

    def __init__(self) -> None:
        self.client = connect()
        for dataset in ("market_data", "features", "training", "predictions"):
            self.client.create_dataset(f"plain_{dataset}", exists_ok=True)

    def replace(self, name: str, rows: pa.Table) -> None:
        """Truncate and load."""
        file = io.BytesIO()
        pq.write_table(rows, file)
        file.seek(0)
        how = bigquery.LoadJobConfig(source_format="PARQUET", write_disposition="WRITE_TRUNCATE")
        self.client.load_table_from_file(file, f"plain_{name}", job_config=how).result()


def arrow(frame: pd.DataFrame, day: str) -> pa.Table:
    """A frame with its day as a DATE."""
    return pa.Table.from_pandas(frame.assign(**{day: frame[day].dt.date}), preserve_index=False)


def sessions_of(bars: pd.DataFrame) -> pd.DataFrame:
    """A weekend's stub belongs to the Monday after it."""
    weekday = bars["date"].dt.dayofweek
    day = bars["date"].where(weekday < 5, bars["date"] + pd.to_timedelta(7 - weekday, "D"))
    grouped = bars.assign(data_date=day).groupby("data_date", as_index=False)
    return grouped.agg(
        open=("open", "first"), high=("high", "max"), low=("low", "min"), close=("close", "last"), volume=("volume", "sum")
    ).assign(symbol="ZL")


def features_of(sessions: pd.DataFrame) -> pd.DataFrame:
    """The eight features, near enough for a comparison of costs."""
    close, change = sessions["close"], sessions["close"].diff()
    rows = sessions[["data_date", "symbol"]].copy()
    for n in (1, 5, 21):
        rows[f"return_{n}d"] = close.pct_change(n)
    for n in (5, 21, 63):
        rows[f"ma_{n}"] = close.rolling(n).mean()
    rows["volatility_21d"] = rows["return_1d"].rolling(21).std()
    gains, losses = (part.ewm(alpha=1 / 14).mean() for part in (change.clip(lower=0), -change.clip(upper=0)))
    rows["rsi_14"] = 100 - 100 / (1 + gains / losses)
    return rows


def matrix_of(sessions: pd.DataFrame, features: pd.DataFrame) -> pa.Table:
    """Bars as a STRUCT beside the flat features."""
    rows = sessions.merge(features, on=["data_date", "symbol"]).dropna().reset_index(drop=True)
    bar = [*PRICES, "volume"]
    struct = pa.StructArray.from_arrays([pa.array(rows[name]) for name in bar], bar)
    return arrow(rows.drop(columns=bar), "data_date").append_column("market_data", struct)


def main(path: str) -> None:
    """Everything, once."""
    tables = Tables()
    bars = pd.read_parquet(path).query("symbol == 'ZL'").sort_values("date", ignore_index=True)
    bars["date"] = pd.to_datetime(bars["date"])
    tables.replace("market_data.bars", arrow(bars, "date"))
    sessions = sessions_of(bars)
    tables.replace("features.zl_ohlcv", arrow(sessions, "data_date"))
    features = features_of(sessions)
    tables.replace("features.ta", arrow(features, "data_date"))
    tables.replace("features.matrix", matrix_of(sessions, features))
    tables.client.query(
        f"CREATE OR REPLACE VIEW plain_training.flat AS SELECT data_date, market_data.close, {', '.join(FLAT)}, "
        f"LEAD(market_data.close, {AHEAD}) OVER (ORDER BY data_date) / market_data.close - 1 AS target_1m "
        "FROM plain_features.matrix"
    ).result()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "view.csv"
        asked = tables.client.query("SELECT * FROM plain_training.flat ORDER BY data_date").result()
        asked.to_arrow(create_bqstorage_client=False).to_pandas().to_csv(file, index=False)
        view = pd.read_csv(file)
        for n in (5, 21, 63):
            view[f"above_{n}"] = view["close"] / view[f"ma_{n}"] - 1
        inputs = [name.replace("ma_", "above_") for name in FLAT]
        known, newest = (view[rows].reset_index(drop=True) for rows in (view["target_1m"].notna(), view["target_1m"].isna()))
        predicted = pd.Series(float("nan"), index=known.index)
        for train, test in TimeSeriesSplit(5, gap=AHEAD).split(known):
            fold = lightgbm.Dataset(known.loc[train, inputs], known.loc[train, "target_1m"])
            predicted[test] = lightgbm.train(SETTINGS, fold, ROUNDS).predict(known.loc[test, inputs])
        model = lightgbm.train(SETTINGS, lightgbm.Dataset(known[inputs], known["target_1m"]), ROUNDS)
        model.save_model(str(Path(folder) / "model.txt"))
    tables.replace("predictions.oof", pa.table({"data_date": known["data_date"], "predicted": predicted}))
    latest = {"data_date": newest["data_date"], "predicted": model.predict(newest[inputs])}
    tables.replace("predictions.latest", pa.table(latest))


if __name__ == "__main__":
    main(sys.argv[1])
