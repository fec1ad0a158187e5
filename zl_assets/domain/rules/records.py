"""Rules about what was recorded of assets, whatever they hold. Must not be here: where records are kept."""

import pandas as pd

from zl_assets.warehouse.verdict import MAX_OFFENDERS, Verdict


def of_this_state_folder(newest: pd.DataFrame, state: str) -> Verdict:
    """The newest record of each asset is of this state folder.

    Args:
        newest: one row an asset: asset, state_folder (empty: an older version made it, which did not say), prices, recorded
            (UTC).
        state: what a record of this folder names.
    """
    elsewhere = newest[~newest["state_folder"].isin([state, ""])]
    return Verdict(
        name="of_this_state_folder",
        passed=elsewhere.empty,
        measured=len(elsewhere),
        bound="0 assets",
        offenders=elsewhere.head(MAX_OFFENDERS),
        explanation=f"Last materialized by another state folder than {state}: {len(elsewhere)} of {len(newest)}.",
    )
