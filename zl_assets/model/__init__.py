"""The model: inputs, splits, fits, gates, files. Pure of dagster, google and the warehouse."""
