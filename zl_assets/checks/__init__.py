"""The asset checks: thin wrappers that hand tables to pure predicates and show their verdicts.

Belongs here: which predicate holds which asset, its severity, and whether it blocks. Must not be here: the rules themselves
(domain/assertions.py, model/gates.py), and any `except`: a check that cannot be computed raises, it does not turn red.
"""
