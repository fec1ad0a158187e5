"""The intraday family against worked cases, a slow computation, the daily bars and its own prefixes."""

import itertools
import math
import statistics

import numpy as np
import pandas as pd
from hypothesis import given, settings

from zl_assets.domain.families.intraday import FAMILY, session_hours
from zl_assets.domain.stubs import with_stubs
from zl_assets.warehouse.shape import conform
from zl_assets_tests.conftest import shared_data
from zl_assets_tests.support.cases import (
    Sources,
    assert_as_declared,
    assert_prefix_invariant,
    assert_scale_free,
    cuts,
    random_sessions,
    real_sessions,
    sessions_on,
    shares_by_year,
)
from zl_assets_tests.support.contracts import BARS_1H, ZL

PRICES = ["open", "high", "low", "close"]


def hour(start: str, close: float, volume: int = 10, instrument_id: int | None = 1, symbol: str = "ZL") -> dict[str, object]:
    moment = pd.Timestamp(start, tz="UTC")
    return {
        "ts_event": moment,
        "symbol": symbol,
        **dict.fromkeys(PRICES, close),
        "volume": volume,
        "instrument_id": instrument_id,
    }


def hours(*rows: dict[str, object]) -> pd.DataFrame:
    return conform(pd.DataFrame(rows, columns=list(BARS_1H.frame_columns)), BARS_1H)


def sources(rows: pd.DataFrame) -> Sources:
    return {BARS_1H.table: with_stubs(rows, ZL)}


def random_hours(sessions: pd.DataFrame, seed: int = 5) -> pd.DataFrame:
    """Up to 20 hours a session, the evening before it where that is a Sunday, some of another contract, some without volume."""
    random = np.random.default_rng(seed)
    rows = []
    for session in sessions.itertuples():
        starts = [session.data_date + pd.Timedelta(hours=int(h)) for h in sorted(random.choice(20, 12, replace=False))]
        if session.data_date.dayofweek == 0:
            starts.insert(0, session.data_date - pd.Timedelta(hours=1))
        for start in starts:
            contract = 2 if random.random() < 0.03 else 1
            close = session.close * math.exp(0.003 * random.standard_normal())
            rows.append(hour(str(start), close, int(random.integers(0, 50)), contract))
            rows.append(hour(str(start), 4000.0, 10, 9, "MES"))
    return hours(*rows)


def slow(sessions: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """By walking through the days from each session back to the weekend before it."""
    by_day: dict[object, list] = {}
    for row in rows[rows["symbol"] == "ZL"].sort_values("ts_event").itertuples():
        by_day.setdefault(row.ts_event.date(), []).append(row)
    dates = set(sessions["data_date"].dt.date)
    result = []
    for session in sessions.itertuples():
        day = session.data_date.date()
        theirs = list(by_day.get(day, []))
        before = day - pd.Timedelta(days=1)
        while before not in dates and (session.data_date.date() - before).days < 12:
            if before.weekday() >= 5:
                theirs = by_day.get(before, []) + theirs
            before -= pd.Timedelta(days=1)
        theirs = [row for row in theirs if row.instrument_id == session.instrument_id]
        total = sum(row.volume for row in theirs)
        returns = [math.log(b.close / a.close) for a, b in itertools.pairwise(theirs)]
        result.append(
            {
                "vwap": sum(row.close * row.volume for row in theirs) / total if total else math.nan,
                "realized_vol_1h": statistics.stdev(returns) if len(returns) > 1 else math.nan,
            }
        )
    return pd.DataFrame(result)


def test_mean_price_and_volatility_by_hand() -> None:
    # Sunday's hour belongs to Monday. (10*1 + 11*3 + 12.1*2) / 6; returns ln 1.1 twice: no spread.
    sessions = sessions_on(["2024-01-08", "2024-01-09"], [13, 13], [9, 9], [12, 12])
    rows = hours(
        hour("2024-01-07 23:00", 10.0, 1),
        hour("2024-01-08 00:00", 11.0, 3),
        hour("2024-01-08 01:00", 12.1, 2),
        hour("2024-01-09 01:00", 10.0, 1),
        hour("2024-01-09 02:00", 20.0, 1),
        hour("2024-01-09 03:00", 10.0, 1),
    )
    frame = FAMILY.compute(sessions, sources(rows))
    np.testing.assert_allclose(frame["vwap"], [67.2 / 6, 40 / 3])
    # ln 2 and -ln 2: mean 0, one degree of freedom. The step from 12.1 to 10 overnight is in neither session.
    np.testing.assert_allclose(frame["realized_vol_1h"], [0.0, math.log(2) * math.sqrt(2)], atol=1e-15)


def test_weekend_hours_before_a_holiday_monday_belong_to_tuesday() -> None:
    sessions = sessions_on(["2024-01-12", "2024-01-16"], [13, 13], [9, 9], [12, 12])
    rows = hours(hour("2024-01-14 23:00", 10.0), hour("2024-01-15 10:00", 99.0), hour("2024-01-16 10:00", 11.0))
    assert session_hours(sessions, with_stubs(rows, ZL))["close"].tolist() == [10.0, 11.0]
    assert FAMILY.compute(sessions, sources(rows))["vwap"].tolist()[1] == 10.5


def test_prices_of_another_contract_are_left_out() -> None:
    sessions = sessions_on(["2024-01-08"], [13], [9], [12])
    rows = hours(hour("2024-01-07 23:00", 50.0, 100, 2), *(hour(f"2024-01-08 0{i}:00", 10.0 + i, 1) for i in range(3)))
    frame = FAMILY.compute(sessions, sources(rows))
    assert frame["vwap"].tolist() == [11.0]
    assert frame["realized_vol_1h"].iloc[0] < 0.01


def test_no_return_is_taken_across_two_contracts_where_the_session_does_not_say_which_is_its_own() -> None:
    sessions = sessions_on(["2024-01-08"], [13], [9], [12]).assign(instrument_id=pd.NA).astype({"instrument_id": "Int64"})
    closes = [(10.0, 1), (11.0, 1), (40.0, 2), (44.0, 2)]
    rows = hours(*(hour(f"2024-01-08 0{i}:00", close, 1, contract) for i, (close, contract) in enumerate(closes)))
    assert FAMILY.compute(sessions, sources(rows))["realized_vol_1h"].iloc[0] < 1e-15


def test_a_session_without_hours_or_volume_has_no_value() -> None:
    sessions = sessions_on(["2024-01-08", "2024-01-09", "2024-01-10"], [13] * 3, [9] * 3, [12] * 3)
    rows = hours(hour("2024-01-08 01:00", 10.0, 0), hour("2024-01-10 01:00", 10.0), hour("2024-01-10 02:00", 11.0))
    frame = FAMILY.compute(sessions, sources(rows))
    assert frame["vwap"].isna().tolist() == [True, True, False]
    assert frame["realized_vol_1h"].isna().all()
    assert FAMILY.compute(sessions, sources(rows.head(0))).isna().all(axis=None)


def test_family_equals_a_slow_computation_over_gaps() -> None:
    sessions = random_sessions(120)
    rows = random_hours(sessions)
    pd.testing.assert_frame_equal(
        FAMILY.compute(sessions, sources(rows)), slow(sessions, rows), check_exact=False, rtol=1e-12, atol=1e-12
    )
    assert_as_declared(FAMILY, sessions, sources(rows))


def real_hours() -> pd.DataFrame:
    return conform(pd.read_parquet(shared_data("databento_futures_ohlcv_1h.parquet")), BARS_1H)


def test_hours_of_the_real_sessions_sum_to_their_daily_bars() -> None:
    sessions, rows = real_sessions(), real_hours()
    of_sessions = session_hours(sessions, with_stubs(rows, ZL)).groupby("session")
    volume = of_sessions["volume"].sum().reindex(sessions.index)
    other = sessions.index[volume != sessions["volume"]]
    # The four Sunday hours of another contract, which give a session their volume and not their prices.
    assert [str(day.date()) for day in sessions["data_date"][other]] == ["2011-04-18", "2011-04-25", "2011-07-18", "2012-11-26"]
    assert of_sessions["close"].last().tolist() == sessions["close"].tolist()

    frame = FAMILY.compute(sessions, sources(rows))
    assert (frame["vwap"].between(sessions["low"], sessions["high"])).all()
    # Five holidays of 2010 and 2011 have one or two hours.
    assert frame.isna().sum().to_dict() == {"vwap": 0, "realized_vol_1h": 5}
    assert (shares_by_year(frame, sessions).loc[:, 2012:] == 1.0).all(axis=None)
    assert_as_declared(FAMILY, sessions, sources(rows))
    part = sessions[sessions["data_date"].dt.year == 2014].reset_index(drop=True)
    pd.testing.assert_frame_equal(
        FAMILY.compute(part, sources(rows)), slow(part, rows[rows["ts_event"].dt.year.isin([2013, 2014])]), rtol=1e-12
    )


def test_model_inputs_have_no_price_scale() -> None:
    sessions = random_sessions(40)
    rows = random_hours(sessions)
    scaled = rows.assign(**{name: rows[name] * 8.0 for name in PRICES})
    assert_scale_free(FAMILY, sessions, sources(rows), sources(scaled))


_SESSIONS = random_sessions(150)
_HOURS = random_hours(_SESSIONS)


@settings(max_examples=8)
@given(cuts)
def test_no_feature_depends_on_later_sessions_or_hours(cut: int) -> None:
    assert_prefix_invariant(FAMILY, _SESSIONS, sources(_HOURS), cut)
    known = _HOURS[_HOURS["ts_event"].dt.tz_localize(None) < _SESSIONS["data_date"].head(cut).iloc[-1] + pd.Timedelta(days=1)]
    pd.testing.assert_frame_equal(
        FAMILY.compute(_SESSIONS.head(cut), sources(known)),
        FAMILY.compute(_SESSIONS, sources(_HOURS)).head(cut),
        check_exact=True,
    )
