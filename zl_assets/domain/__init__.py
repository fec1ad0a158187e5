"""Pure calculations on frames: sessions, indicators, regimes, targets, the matrix and the predicates over them.

Belongs here: numpy and pandas on values that were handed in. Must not be here: files, sockets, the clock, the environment,
dagster, google.
"""
