"""One asset for each feature family that is on, made from its module alone."""

import dagster as dg
import pandas as pd

from zl_assets.assets.common import FAMILIES, OWNERS, RETRY, TABLES_IO, described
from zl_assets.contracts.tables import SESSIONS
from zl_assets.domain.families.base import Family
from zl_assets.domain.families.gates import computed
from zl_assets.domain.families.registry import Selection
from zl_assets.domain.families.tables import asset_of, family_contract


def build_family_assets(selection: Selection) -> list[dg.AssetsDefinition]:
    """The assets of the families that are on."""
    return [_asset(family) for family in selection.on]


def _asset(family: Family) -> dg.AssetsDefinition:
    contract = family_contract(family)
    sources = [need.asset for need in family.needs]

    @dg.asset(
        name=asset_of(family),
        description=_description(family),
        group_name=FAMILIES,
        kinds={"bigquery", "pandas"},
        owners=OWNERS,
        tags={"phase": family.phase},
        metadata=described(contract) | {"columns_of_the_matrix": ", ".join(column.path for column in family.columns)},
        ins={asset: dg.AssetIn(asset, input_manager_key=TABLES_IO) for asset in (SESSIONS.table, *sources)},
        io_manager_key=TABLES_IO,
        retry_policy=RETRY,
    )
    def family_asset(**tables: pd.DataFrame) -> dg.MaterializeResult[object]:
        from zl_assets.warehouse.publish import Withheld

        made = computed(family, tables[SESSIONS.table], {asset: tables[asset] for asset in sources})
        if made.rows is None:
            return dg.MaterializeResult(value=Withheld(made.reason))
        return dg.MaterializeResult(value=made.rows)

    return family_asset


def _description(family: Family) -> str:
    columns = "\n".join(f"- `{c.path}`: {c.column.text}; {c.formula}" for c in family.columns)
    sources = "\n".join(f"- `{need.asset}` {', '.join(need.series)}: {need.release}" for need in family.needs)
    return (
        f"Feature family **{family.name}** ({family.phase}): {family.description}\n\nOne row a session, NULL where it has no "
        f"value; the matrix carries it as\n\n{columns}\n\nReads the sessions"
        + (
            f", and what was known at a session's decision (13:20 in Chicago) of\n\n{sources}"
            if sources
            else " and nothing else."
        )
        + "\n\nRows that break a rule of the family, or that see what came later, are not written: the table stays as it is, and "
        "its checks say why. Switched on by ZL_FAMILIES."
    )
