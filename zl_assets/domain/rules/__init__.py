"""The predicates that the write path and the asset checks call, written once, by subject.

Belongs here: functions from frames to a `Verdict` that says what was counted, the bound and the first offenders, in words that
the person looking at the check can use. Must not be here: severities, blocking, anything that changes a frame.

A price column is one called open, high, low or close, at the top level or in a STRUCT (`market_data.close`). A bound that a NULL
would pass in SQL fails here: NULL, NaN and infinity are never in range.
"""
