"""What the tests of every family share: sessions to compute from, and the prefix test."""

from functools import cache

import numpy as np
import pandas as pd
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from zl_assets.contracts.columns import counted
from zl_assets.domain.families.base import Family
from zl_assets.domain.releases import available_at
from zl_assets.domain.sessions import build_sessions
from zl_assets.sources.bars import read_bars
from zl_assets.warehouse.contract import PANDAS_DTYPES, leaves_of
from zl_assets.warehouse.shape import conform
from zl_assets_tests.conftest import shared_data
from zl_assets_tests.support.builders import AS_OF, decided
from zl_assets_tests.support.contracts import FRED_OBSERVATIONS, MATRIX, SESSIONS, ZL

type Sources = dict[str, pd.DataFrame]


def sessions_on(dates: list[str], high: list[float], low: list[float], close: list[float]) -> pd.DataFrame:
    """Sessions on these dates."""
    frame = pd.DataFrame({"data_date": pd.to_datetime(dates), "high": high, "low": low, "close": close})
    return conform(
        frame.assign(symbol="ZL", open=frame["close"], volume=1000, instrument_id=1, stub_merged=False),
        SESSIONS,
    )


def random_sessions(n: int, seed: int = 3) -> pd.DataFrame:
    """Sessions with gaps: about one weekday in ten, and one whole week in twenty, has none."""
    random = np.random.default_rng(seed)
    days = pd.bdate_range("2014-12-15", periods=2 * n + 20)
    weeks = days.to_period("W-SUN")
    closed = random.choice(weeks.unique(), len(weeks.unique()) // 20 + 1, replace=False)
    days = days[(random.random(len(days)) > 0.1) & ~weeks.isin(closed)][:n]
    close = 40.0 * np.cumprod(1.0 + 0.015 * random.standard_normal(n))
    spread = 1.0 + 0.02 * random.random((2, n))
    return sessions_on([str(day) for day in days], list(close * spread[0]), list(close / spread[1]), list(close))


@cache
def real_sessions() -> pd.DataFrame:
    """The sessions of the real bars; nobody changes them."""
    return build_sessions(read_bars(shared_data("databento_futures_ohlcv_1d.parquet"), [ZL]).frame, ZL, AS_OF).frame


def random_observations(series: tuple[str, ...], sessions: pd.DataFrame, seed: int = 4) -> pd.DataFrame:
    """Walks of each series, from a quarter before the sessions on; one day in ten has no observation. FEDFUNDS is monthly, and
    stands still half of the time."""
    random = np.random.default_rng(seed)
    first, last = sessions["data_date"].iloc[0] - pd.Timedelta(days=90), sessions["data_date"].iloc[-1]
    frames = []
    for name in series:
        days = pd.date_range(first, last, freq="MS") if name == "FEDFUNDS" else pd.bdate_range(first, last)
        days = days[random.random(len(days)) > 0.1] if name != "FEDFUNDS" else days
        steps = random.standard_normal(len(days)) * (random.random(len(days)) > 0.5)
        value = {"VIXCLS": 20.0, "DTWEXBGS": 110.0, "DCOILWTICO": 3.0}.get(name, 2.0) + 0.3 * np.cumsum(steps)
        frame = pd.DataFrame({"series": name, "observed_on": days.as_unit("ns"), "value": value})
        frames.append(frame.assign(available_at=available_at(name, frame["observed_on"]), vintage=pd.NaT))
    return conform(pd.concat(frames), FRED_OBSERVATIONS)


def real_observations(series: tuple[str, ...]) -> pd.DataFrame:
    """The real files, read here by pandas alone."""
    frames = []
    for name in series:
        raw = pd.read_csv(shared_data(f"fred/{name}.csv"), parse_dates=["observation_date"]).dropna()
        frame = pd.DataFrame({"series": name, "observed_on": raw["observation_date"], "value": raw[name]})
        frames.append(frame.assign(available_at=available_at(name, frame["observed_on"]), vintage=pd.NaT))
    return conform(pd.concat(frames), FRED_OBSERVATIONS)


def shares_by_year(frame: pd.DataFrame, sessions: pd.DataFrame) -> pd.DataFrame:
    """Share of sessions with a value, by column and year."""
    return frame.notna().groupby(sessions["data_date"].dt.year).mean().T


cuts = st.one_of(st.sampled_from([1, 2, 10, 40, 62, 63, 64, 121]), st.integers(1, 200))


def assert_prefix_invariant(family: Family, sessions: pd.DataFrame, sources: Sources, cut: int) -> None:
    """The first `cut` rows do not depend on the later sessions, to the last bit."""
    full = family.compute(decided(sessions), sources)
    assert_frame_equal(family.compute(decided(sessions.head(cut)), sources), full.head(cut), check_exact=True)


def assert_as_declared(family: Family, sessions: pd.DataFrame, sources: Sources) -> None:
    """One row a session with the declared columns, types and ranges; and the matrix has the fields that it reserved for it."""
    frame = family.compute(decided(sessions), sources)
    assert list(frame.columns) == [column.column.name for column in family.columns]
    assert frame.index.equals(sessions.index)
    reserved = {leaf.path: leaf.column for leaf in leaves_of(MATRIX.columns)}
    for column in family.columns:
        values = frame[column.column.name]
        assert str(values.dtype) == PANDAS_DTYPES[column.column.type], column.path
        assert not values.isin([np.inf, -np.inf]).any(), column.path
        assert column.low is None or (values.dropna() >= column.low).all(), column.path
        assert column.high is None or (values.dropna() <= column.high).all(), column.path
        if column.path in reserved:
            assert reserved[column.path].type is column.column.type, column.path
            [said] = counted([column.column], [ZL])
            assert reserved[column.path].unit == said.unit, column.path
    flat = frame.set_axis([column.flat_name for column in family.columns], axis=1).assign(close=sessions["close"])
    for model_input in family.inputs:
        values = model_input.compute(flat[list(model_input.columns)])
        assert str(values.dtype) == "float64", model_input.name
        assert len(values) == len(sessions)


def assert_scale_free(family: Family, sessions: pd.DataFrame, sources: Sources, scaled: Sources | None = None) -> None:
    """Prices in another unit leave every model input as it was."""
    prices = ["open", "high", "low", "close"]

    def inputs(rows: pd.DataFrame, given: Sources) -> pd.DataFrame:
        flat = family.compute(decided(rows), given).set_axis([column.flat_name for column in family.columns], axis=1)
        flat = flat.assign(close=rows["close"])
        return pd.DataFrame({i.name: i.compute(flat[list(i.columns)]) for i in family.inputs})

    other = sessions.assign(**{name: sessions[name] * 8.0 for name in prices})
    assert_frame_equal(inputs(other, scaled or sources), inputs(sessions, sources), rtol=1e-9, atol=1e-12)
