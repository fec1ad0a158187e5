"""The keys of the IO managers. Must not be here: what any of them does."""

from zl_assets.instruments.base import Horizon, Instrument

TABLES_IO = "tables_io"


def csv_io(instrument: Instrument, horizon: Horizon) -> str:
    """The IO manager of the training view's file."""
    return instrument.asset_at(horizon, "csv_io")


def models_io(instrument: Instrument, horizon: Horizon) -> str:
    """The IO manager of the models."""
    return instrument.asset_at(horizon, "models_io")


def published_io(instrument: Instrument, horizon: Horizon) -> str:
    """The IO manager of the published model."""
    return instrument.asset_at(horizon, "published_model_io")
