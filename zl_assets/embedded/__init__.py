"""The embedded BigQuery: its folder, its life, its server. Must not be here: anything that Google's BigQuery needs as well."""
