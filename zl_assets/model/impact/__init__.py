"""What a feature family is worth, by step of the protocol. Must not be here: the model of record, words for a person, Dagster."""
