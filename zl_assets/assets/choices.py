"""The launchpad's choices, made from the records that the model room validates.

Belongs here: a record's fields as Dagster config, and config back as a record. Must not be here: any one choice, its words or
its bounds: they stand with the record's fields.
"""

import datetime as dt
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field, create_model

from zl_assets.model.errors import TrainingFault

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def choices_of(name: str, words: str, *records: "DataclassInstance") -> type[dg.Config]:
    """A config class with the fields of the records, whose values are the defaults.

    Args:
        name: of the class.
        words: what the launchpad says of all the choices together.
        records: each field has its `description` as metadata, in which `{other}` stands for the default of that field.
    """
    offered: dict[str, Any] = {}
    for record in records:
        defaults = asdict(record)
        for field in fields(record):
            kind, default = field.type, defaults[field.name]
            # Dagster has no type for a date.
            kind, default = (str, default.isoformat()) if kind is dt.date else (kind, default)
            offered[field.name] = (kind, Field(default, description=field.metadata["description"].format(**defaults)))
    return create_model(name, __base__=dg.Config, __doc__=words, **offered)


def chosen[Record: "DataclassInstance"](choices: dg.Config, record: type[Record]) -> Record:
    """One record of the choices of a run.

    Raises:
        TrainingFault: a date that cannot be read, or a choice that the record does not allow.
    """
    values = {field.name: getattr(choices, field.name) for field in fields(record)}
    for field in fields(record):
        if field.type is dt.date:
            values[field.name] = _date(field.name, values[field.name])
    return record(**values)


def _date(name: str, text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise TrainingFault(f"{name}={text!r} is not allowed: it must be a date, YYYY-MM-DD.") from None
