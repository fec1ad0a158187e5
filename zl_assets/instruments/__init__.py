"""What is traded: one module an instrument, each with an `INSTRUMENT`; putting the file here is all that adding it takes.

Belongs here: facts and bounds of instruments. Must not be here: anything that computes, and any table.
"""
