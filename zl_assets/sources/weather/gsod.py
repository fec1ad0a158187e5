"""NCEI's Global Surface Summary of the Day: one CSV a station and year, in degrees Fahrenheit and inches.

9999.9 and 99.99 are missing. Rain of 0.00 with the flag I means that no rain was reported and that it may have rained all the
same: missing, and not a dry day. https://www.ncei.noaa.gov/data/global-summary-of-the-day/doc/readme.txt
"""

from collections.abc import Iterator

import pandas as pd

from zl_assets.sources.weather.documents import COLUMNS, Document, columns_of, dates, numbers, require_places, table

MM_PER_INCH = 25.4
NOT_REPORTED = "I"

# As the columns are after MAX, MIN and PRCP.
NEEDED = ("STATION", "DATE", "LATITUDE", "LONGITUDE", "MAX", "MIN", "PRCP", "PRCP_ATTRIBUTES")


def read(document: Document) -> Iterator[pd.DataFrame]:
    """A station's year.

    Raises:
        DataFault: a column is missing, or a value is no number.
    """
    frame = table(document, document.text())
    columns_of(document, frame, NEEDED)
    require_places(document, frame)
    rain = numbers(document, frame["PRCP"], frozenset({"", "99.99"})) * MM_PER_INCH
    rows = pd.DataFrame(
        {
            "station": frame["STATION"].str.strip(),
            "observed_on": dates(document, frame["DATE"], "%Y-%m-%d", "YYYY-MM-DD"),
            "tmax_c": _celsius(numbers(document, frame["MAX"], frozenset({"", "9999.9"}))),
            "tmin_c": _celsius(numbers(document, frame["MIN"], frozenset({"", "9999.9"}))),
            "prcp_mm": rain.mask(rain.eq(0.0) & frame["PRCP_ATTRIBUTES"].str.strip().eq(NOT_REPORTED)),
            "row": frame.index,
        }
    )
    yield rows[list(COLUMNS)]


def _celsius(fahrenheit: "pd.Series[float]") -> "pd.Series[float]":
    return (fahrenheit - 32.0) * 5.0 / 9.0
