"""What a person must know before reading on: that a model is not published, and that its data are old.

Belongs here: what stands before a report, made anew whenever it is shown, since a stored report is of another day. Must not be
here: anything that the model was measured at (words).
"""

import datetime as dt

import pandas as pd

from zl_assets.contracts.predictions import latest
from zl_assets.domain.rules.market import newest_session
from zl_assets.model.fit.artifact import withheld
from zl_assets.model.fit.gates import GateResult
from zl_assets.model.fit.training import TrainedModel


def standing_words(trained: TrainedModel, gates: tuple[GateResult, ...], view: pd.DataFrame, as_of: dt.date) -> tuple[str, ...]:
    """The sentences that a report begins with; none of a model that is published and up to date.

    Args:
        view: the training CSV's rows.
        as_of: the UTC date that data decisions are made on.
    """
    return (*_not_published(trained, gates), *_stale(trained, view, as_of))


def _not_published(trained: TrainedModel, gates: tuple[GateResult, ...]) -> tuple[str, ...]:
    reasons = withheld(trained, gates)
    if not reasons:
        return ()
    table = latest(trained.data.instrument, trained.data.horizon).table
    return (
        f"Not published: {'; '.join(reasons)}. This model makes no forecast, and none is shown here: those in {table} are by "
        "the last model that passed every gate, if there is one. What follows is evidence about the past.",
        *(f'"{gate.title}": {gate.explanation}' for gate in gates if not gate.passed),
    )


def _stale(trained: TrainedModel, view: pd.DataFrame, as_of: dt.date) -> tuple[str, ...]:
    calendar = newest_session(view, trained.data.instrument.calendar, as_of)
    if calendar.passed:
        return ()
    return (f"Stale by {calendar.measured} sessions. {calendar.explanation} Refresh with newer bars before using a forecast.",)
