"""Frames as the contracts shape them.

Must not be here: any judgement about a value, and anything that needs BigQuery.
"""

import pandas as pd

from zl_assets.warehouse.contract import PANDAS_DTYPES, TableContract, ViewContract


def conform(frame: pd.DataFrame, contract: TableContract) -> pd.DataFrame:
    """The contract's columns in its order and with its pandas types, sorted by its key, with a RangeIndex.

    Columns that the contract does not have are dropped; a missing one is a KeyError, which is a bug of the caller.
    """
    dtypes = {leaf.path: PANDAS_DTYPES[leaf.column.type] for leaf in contract.frame_leaves}
    return frame[list(dtypes)].astype(dtypes).sort_values(list(contract.key), kind="stable", ignore_index=True)


def empty_frame(contract: TableContract | ViewContract) -> pd.DataFrame:
    """No rows, with the contract's columns and types."""
    return pd.DataFrame({leaf.path: pd.Series(dtype=PANDAS_DTYPES[leaf.column.type]) for leaf in contract.frame_leaves})
