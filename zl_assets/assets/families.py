"""One asset for each feature family that is on, made from its module alone."""

from typing import Any

import dagster as dg
import pandas as pd

from zl_assets.assets.common import FAMILIES, OWNERS, group_of
from zl_assets.catalog import Catalog
from zl_assets.contracts import market
from zl_assets.contracts.columns import counted, named
from zl_assets.domain.families.base import Family
from zl_assets.domain.families.computed import computed
from zl_assets.domain.families.rows import Sources, newest_shown
from zl_assets.domain.families.tables import asset_of
from zl_assets.instruments.base import Instrument
from zl_assets.io_managers.keys import TABLES_IO
from zl_assets.io_managers.metadata import Told, described
from zl_assets.io_managers.pictures import picture_of
from zl_assets.provenance import Provenance

_NEWEST = "newest_session"
"""The metadata that has a family's picture of its newest session, or says why there is none."""


def build_families(catalog: Catalog, instrument: Instrument, provenance: Provenance) -> list[dg.AssetsDefinition]:
    """The assets of the families that are on."""
    return [_asset(catalog, instrument, family, provenance) for family in catalog.selection(instrument).on]


def _asset(catalog: Catalog, instrument: Instrument, family: Family, provenance: Provenance) -> dg.AssetsDefinition:
    contract, own = catalog.family(family, instrument), market.sessions(instrument).table
    sources = {need.asset: need.asset_of(instrument) for need in family.needs}

    @dg.asset(
        name=asset_of(family, instrument),
        description=_description(family, instrument),
        group_name=group_of(instrument, FAMILIES),
        kinds={"bigquery", "pandas"},
        owners=OWNERS,
        tags={"phase": family.phase},
        metadata=described(contract) | {"columns_of_the_matrix": ", ".join(column.path for column in family.columns)},
        ins={asset: dg.AssetIn(asset, input_manager_key=TABLES_IO) for asset in (own, *sources.values())},
        io_manager_key=TABLES_IO,
    )
    def family_asset(context: dg.AssetExecutionContext, **tables: pd.DataFrame) -> dg.MaterializeResult[object]:
        from zl_assets.warehouse.publish import Withheld

        given = {table: tables[asset] for table, asset in sources.items()}
        made = computed(family, tables[own], given, instrument)
        if made.rows is None:
            return dg.MaterializeResult(value=Withheld(made.reason))
        picture = _picture(context.instance, family, tables[own], given, instrument, provenance)
        return dg.MaterializeResult(value=Told(made.rows, picture))

    return family_asset


def _picture(
    instance: dg.DagsterInstance,
    family: Family,
    sessions: pd.DataFrame,
    sources: Sources,
    instrument: Instrument,
    provenance: Provenance,
) -> dict[str, Any]:
    """The family's picture of its newest session as metadata, or why there is none; nothing of a family that has no picture."""
    from zl_assets.model.report.charts import chart_made_of, chart_picture, title_of

    if family.show is None:
        return {}
    chart = newest_shown(family.show, sessions, sources, instrument)
    if isinstance(chart, str):
        return {_NEWEST: chart}
    return picture_of(
        instance,
        dg.AssetKey(asset_of(family, instrument)),
        provenance,
        _NEWEST,
        f"{provenance.mark}{title_of(chart, instrument)}",
        chart_made_of(chart, instrument, synthetic=provenance.synthetic),
        lambda: chart_picture(chart, instrument, synthetic=provenance.synthetic),
    )


def _description(family: Family, instrument: Instrument) -> str:
    text = dict(zip(family.columns, counted((c.column for c in family.columns), [instrument]), strict=True))
    columns = "\n".join(f"- `{c.path}`: {text[c].text}; {c.formula}" for c in family.columns)
    sources = "\n".join(f"- `{need.asset_of(instrument)}` {', '.join(need.series)}: {need.release}" for need in family.needs)
    return (
        f"Feature family **{family.name}** ({family.phase}): {named(family.description, [instrument])}\n\nOne row a session, "
        f"NULL where it has no value; the matrix carries it as\n\n{columns}\n\nReads the sessions"
        + (
            f", and what was known at a session's decision ({instrument.decision.words}) of\n\n{sources}"
            if sources
            else " and nothing else."
        )
        + "\n\nRows that break a rule of the family, or that see what came later, are not written: the table stays as it is, and "
        "its checks say why. Switched on by ZL_FAMILIES."
    )
