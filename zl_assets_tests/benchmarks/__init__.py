"""What things cost, beside what one would use instead: ratios of runs that take turns in one process.

`test_smoke.py` runs everything once at a tiny size, in CI, and holds that the rivals compute the same. The measurements are the
`bench_*.py` files, which pytest does not collect by itself: `python -m zl_assets_tests.benchmarks` runs them and writes
docs/evidence/benchmarks.json and the tables of docs/evidence/benchmarks.md. No test asserts a time.
"""
