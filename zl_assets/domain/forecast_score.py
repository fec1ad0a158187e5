"""How recorded forecasts came out.

Belongs here: the outcome of each, and figures over them. Must not be here: what was said (forecast_record.py), drawing.
"""

import numpy as np
import pandas as pd

from zl_assets.contracts.forecasts import LEVELS


def first_said(record: pd.DataFrame) -> pd.DataFrame:
    """Of several rows about one session the one that was said first, by source."""
    ordered = record.sort_values("issued_on", kind="stable")
    return ordered.drop_duplicates(["data_date", "symbol", "horizon", "source"]).sort_values("data_date", ignore_index=True)


def unlike_replay(record: pd.DataFrame, replay: pd.DataFrame) -> pd.DataFrame:
    """The forecasts that another model made than the replay's of the session: an older one was the published one, or one that a
    person had chosen. There record and replay differ.

    Returns:
        data_date, issued_on, model_id, predicted_return, replayed_return; sessions that the replay does not have are left out.
    """
    replayed = replay[["data_date", "predicted_return"]].rename(columns={"predicted_return": "replayed_return"})
    both = first_said(record).merge(replayed, on="data_date")
    # The golden predictions' tolerance: a sum of leaf values in fixed order.
    other = both[(both["predicted_return"] - both["replayed_return"]).abs().gt(1e-12)]
    return other[["data_date", "issued_on", "model_id", "predicted_return", "replayed_return"]].reset_index(drop=True)


def with_rolls(sessions: pd.DataFrame, ta_features: pd.DataFrame) -> pd.DataFrame:
    """data_date and close of every session, with roll_index and is_roll, in order of date."""
    rolls = ta_features[["data_date", "roll_index", "is_roll"]]
    return sessions[["data_date", "close"]].merge(rolls, on="data_date", how="left").sort_values("data_date", ignore_index=True)


def scores(record: pd.DataFrame, sessions: pd.DataFrame, ahead: int) -> pd.DataFrame:
    """The forecasts whose outcome is known, beside it.

    Args:
        record: of one symbol and horizon.
        sessions: every session of the symbol (`with_rolls`).
        ahead: sessions from a forecast's session to the one that it is about.

    Returns:
        The columns of the contract `score` but for its stamp, one row for each of `first_said` whose session is `ahead` or
        more sessions old. A forecast of a session that there is no longer is left out.
    """
    said = first_said(record)
    days = pd.Index(sessions["data_date"])
    at = days.get_indexer(pd.Index(said["data_date"]))
    due = (at >= 0) & (at + ahead < len(days))
    said, at = said[due].reset_index(drop=True), at[due]
    came = at + ahead

    close, came_close = said["close"].to_numpy("float64"), sessions["close"].to_numpy("float64")[came]
    index = sessions["roll_index"].to_numpy("float64", na_value=np.nan)
    known = sessions["is_roll"].notna().to_numpy()
    changes = sessions["is_roll"].fillna(False).astype("int64").to_numpy().cumsum()
    changed = np.where(known[at] & known[came], changes[came] - changes[at], np.nan)
    returned = came_close / close - 1
    found: pd.DataFrame = said[
        ["data_date", "symbol", "horizon", "source", "issued_on", "model_id", "back_dated", "target_session", "close"]
    ]
    found = found.assign(
        came_on=days[came],
        came_close=came_close,
        predicted_return=said["predicted_return"],
        came_return=returned,
        adjusted_return=index[came] / index[at] - 1,
        contract_changes=pd.array(changed, dtype="Float64").astype("Int64"),
        error=returned - said["predicted_return"].to_numpy("float64"),
    )
    for level in LEVELS:
        low, high = said[f"low_{level}_close"].astype("Float64"), said[f"high_{level}_close"].astype("Float64")
        found[f"inside_{level}"] = (low.le(came_close) & high.ge(came_close)).astype("boolean").where(low.notna())
    return found
