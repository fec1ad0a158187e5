"""Which rows a fit may see, and which it is scored on.

Belongs here: splits in time, in scikit-learn's splitter interface. The cross-validation itself is scikit-learn's own
`TimeSeriesSplit(n_splits, gap=gap)`; with `gap` at least the horizon no label of a training row reaches its test fold:

    rows      0 . . . . . . . . . . . . . . . . . . . . . . . . . . . n
    fold 1    TTTTTTT ggg ######
    fold 2    TTTTTTTTTTTTT ggg ######              T  training rows
    fold 3    TTTTTTTTTTTTTTTTTTT ggg ######        g  gap: in neither
    ...                                             #  test rows

A feature family's impact is measured on six of them that begin after three years (`impact_folds`).

Must not be here: fitting, features.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from zl_assets.contracts.tables import HORIZON

IMPACT_FOLDS = 6
FIRST_TEST_ROW = 756  # three years of sessions
LEAST_TEST_ROWS = 63  # three horizons, and one block of the bootstrap
LEAST_IMPACT_ROWS = FIRST_TEST_ROW + IMPACT_FOLDS * LEAST_TEST_ROWS


def impact_folds(rows: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Six test blocks of the same size from row 756 on, each after all rows before it but the newest 21.

    scikit-learn's TimeSeriesSplit counts blocks from the end: where the rows do not divide by six, the first block begins up to
    five rows later, and those rows are trained on.

    Raises:
        ValueError: fewer than `LEAST_IMPACT_ROWS` rows.
    """
    from sklearn.model_selection import TimeSeriesSplit

    if rows < LEAST_IMPACT_ROWS:
        raise ValueError(f"{rows} rows are too few for {IMPACT_FOLDS} test blocks: at least {LEAST_IMPACT_ROWS}")
    size = (rows - FIRST_TEST_ROW) // IMPACT_FOLDS
    return list(TimeSeriesSplit(IMPACT_FOLDS, test_size=size, gap=HORIZON).split(np.empty(rows)))


@dataclass(frozen=True)
class PurgedHoldout:
    """One split at a date, purged by label end date, in scikit-learn's splitter interface.

                              split_date
                                  |
        TTTTTTTTTTTTTTTTTT ppppppp | ##################
                         |        |
                         +------->|   the label of the last training row ends before the split

        T  training rows: the label ends before split_date
        p  purged: before split_date, but the label ends on or after it. In neither set.
        #  test rows: from split_date on

    Attributes:
        dates: dates of the n labelled rows, in order.
        label_ends: the date on which each row's label is known.
        split_date: first date of the test rows.
    """

    dates: pd.DatetimeIndex
    label_ends: pd.DatetimeIndex
    split_date: dt.date

    def split(self, X: object = None, y: object = None, groups: object = None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Positions of the training rows and of the test rows. The arguments are scikit-learn's and are not looked at."""
        at = pd.Timestamp(self.split_date)
        yield np.flatnonzero(self.label_ends < at), np.flatnonzero(self.dates >= at)

    def get_n_splits(self, X: object = None, y: object = None, groups: object = None) -> int:
        """Always 1."""
        return 1
