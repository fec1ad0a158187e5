"""Soybean-oil futures, from daily bars to a model, as a Dagster asset graph. Start with `definitions.py`."""
