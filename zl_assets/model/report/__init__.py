"""What a model and a measurement say to a person: words, tables and pictures. Must not be here: fitting, measuring, Dagster."""
