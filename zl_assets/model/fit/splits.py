"""Which rows a fit may see, and which it is scored on.

Belongs here: splits in time. The cross-validation itself is scikit-learn's own
`TimeSeriesSplit(n_splits, gap=gap)`; with `gap` at least the horizon no label of a training row reaches its test fold:

    rows      0 . . . . . . . . . . . . . . . . . . . . . . . . . . . n
    fold 1    TTTTTTT ggg ######
    fold 2    TTTTTTTTTTTTT ggg ######              T  training rows
    fold 3    TTTTTTTTTTTTTTTTTTT ggg ######        g  gap: in neither
    ...                                             #  test rows

A feature family's impact is measured on six of them that begin after three years (`impact_folds`). Beside them the rows that a
target without information is shifted by.

Must not be here: fitting, features.
"""

import datetime as dt

import numpy as np
import pandas as pd

from zl_assets.instruments.base import Horizon

IMPACT_FOLDS = 6
FIRST_TEST_ROW = 756  # three years of sessions
EVENT_HORIZONS = 10
# A placebo's target is shifted by a year or more from the truth on either side: a shift of a few weeks shares closes with it.
NEAREST_SHIFT = 252
PLACEBO_ROWS = 2 * NEAREST_SHIFT


def block_rows(horizon: Horizon) -> int:
    """Rows of a block of the bootstrap, which keeps the overlap of the labels, and the fewest of a test block."""
    return 3 * horizon.sessions


def least_impact_rows(horizon: Horizon) -> int:
    """The fewest rows on which a family can be measured."""
    return FIRST_TEST_ROW + IMPACT_FOLDS * block_rows(horizon)


def least_impact_events(horizon: Horizon) -> int:
    """The fewest rows with an event on which a family of events can be measured: ten horizons.

    The labels of sessions that stand together overlap, so that many are worth ten outcomes where the events come in one piece;
    of fewer than ten horizons of rows the track record gives no interval either.
    """
    return EVENT_HORIZONS * horizon.sessions


def impact_folds(rows: int, horizon: Horizon) -> list[tuple[np.ndarray, np.ndarray]]:
    """Six test blocks of the same size from row 756 on, each after all rows before it but those of one horizon.

    scikit-learn's TimeSeriesSplit counts blocks from the end: where the rows do not divide by six, the first block begins up to
    five rows later, and those rows are trained on.

    Raises:
        ValueError: fewer than `least_impact_rows`.
    """
    from sklearn.model_selection import TimeSeriesSplit

    least = least_impact_rows(horizon)
    if rows < least:
        raise ValueError(f"{rows} rows are too few for {IMPACT_FOLDS} test blocks: at least {least}")
    size = (rows - FIRST_TEST_ROW) // IMPACT_FOLDS
    return list(TimeSeriesSplit(IMPACT_FOLDS, test_size=size, gap=horizon.sessions).split(np.empty(rows)))


def purged_holdout(dates: pd.DatetimeIndex, label_ends: pd.DatetimeIndex, split_date: dt.date) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the training rows and of the test rows of one split at a date, purged by label end date.

                              split_date
                                  |
        TTTTTTTTTTTTTTTTTT ppppppp | ##################
                         |        |
                         +------->|   the label of the last training row ends before the split

        T  training rows: the label ends before split_date
        p  purged: before split_date, but the label ends on or after it. In neither set.
        #  test rows: from split_date on

    Args:
        dates: dates of the n labelled rows, in order.
        label_ends: the date on which each row's label is known.
        split_date: first date of the test rows.
    """
    at = pd.Timestamp(split_date)
    return np.flatnonzero(label_ends < at), np.flatnonzero(dates >= at)
