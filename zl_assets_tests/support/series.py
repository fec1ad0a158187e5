"""Economic series as FRED delivers them, made up: on the days, with the decimals and at the levels of the real ones."""

from pathlib import Path

import numpy as np
import pandas as pd

from zl_assets.domain.releases import DAILY, LONG, RELEASES, SHORT, SPREAD, closed_days, is_business_day

# Level, and the standard deviation of a day's step.
LEVELS = {
    "VIXCLS": (20.0, 0.5),
    "DGS10": (4.0, 0.05),
    "DGS2": (3.0, 0.04),
    "T10YIE": (2.2, 0.04),
    "DTWEXBGS": (110.0, 0.3),
    "FEDFUNDS": (3.0, 0.2),
    "DCOILWTICO": (70.0, 1.2),
}


def delivered(series: str, start: str = "2018-01-01", end: str = "2020-12-31") -> pd.DataFrame:
    """series, observed_on and value of a sound file; the index is the row in the file, without empty cells."""
    if series == SPREAD:
        long, short = delivered(LONG, start, end), delivered(SHORT, start, end)
        return long.assign(series=series, value=(long["value"] - short["value"]).round(2))
    release = RELEASES[series]
    if release.frequency is DAILY:
        days = pd.bdate_range(start, end)
        days = days[is_business_day(days) & ~days.isin(closed_days(series))]
    else:
        days = pd.date_range(start, end, freq="MS")
    random = np.random.default_rng(sorted(RELEASES).index(series))
    level, spread = LEVELS[series]
    # Back to the level by a fiftieth of the way, so that it is never far.
    value, values = level, []
    for step in random.standard_normal(len(days)) * spread:
        value += step + (level - value) / 50
        values.append(round(round(value / release.quoted) * release.quoted, 4))
    return pd.DataFrame({"series": series, "observed_on": days.as_unit("ns"), "value": values}, index=range(2, len(days) + 2))


def write_file(folder: Path, rows: pd.DataFrame, name: str = "") -> Path:
    """The rows as FRED's file of their series, or of another name."""
    header = name or str(rows["series"].iloc[0])
    path = folder / f"{header}.csv"
    lines = [f"{day:%Y-%m-%d},{value:.10g}" for day, value in zip(rows["observed_on"], rows["value"], strict=True)]
    path.write_text("\n".join([f"observation_date,{header}", *lines]) + "\n")
    return path
