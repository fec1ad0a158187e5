"""The cases, a module for each kind. Must not be here: how they are run."""

from zl_assets_tests.studies.wrong_data.case import Case
from zl_assets_tests.studies.wrong_data.cases import (
    dates,
    histories,
    holes,
    hours,
    lost_rows,
    market,
    series,
    sound,
    units,
    vendors,
)

CASES: tuple[Case, ...] = (
    *units.CASES,
    *market.CASES,
    *dates.CASES,
    *hours.CASES,
    *holes.CASES,
    *lost_rows.CASES,
    *series.CASES,
    *vendors.CASES,
    *histories.CASES,
    *sound.CASES,
)
