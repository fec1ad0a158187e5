"""The contracts of this product's own tables and views, by subject: the only place where their columns are named, typed,
described and given a unit.

Must not be here: the contract types (warehouse/contract.py), a source's contract (its module in sources/), SQL, pandas code.
"""
