"""Faults, kills, crowds, full disks and years: what the write path leaves behind after each.

`pytest zl_assets_tests/faults` runs a few points of every kind. `python -m zl_assets_tests.faults` runs all of them and writes
the figures to docs/evidence/faults.md.
"""
