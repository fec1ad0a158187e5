"""Fitting, judging and storing the model. Must not be here: words for a person, a feature family's worth, Dagster."""
