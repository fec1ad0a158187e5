"""What a published view may and may not say, and what its columns are made of, read from its parsed SQL.

Must not be here: a regular expression over SQL text.
"""

import pandas as pd
import sqlglot
from sqlglot import exp

from zl_assets.warehouse.lineage import ColumnRef, Lineage
from zl_assets.warehouse.verdict import Verdict


def no_joins(select: str) -> Verdict:
    """The statement is one SELECT over one table, without a join, a comma join, a subquery or a set operation."""
    tree = sqlglot.parse_one(select, dialect="bigquery")
    found = [
        *(f"JOIN {node.this.sql(dialect='bigquery')}" for node in tree.find_all(exp.Join)),
        *(f"subquery {node.sql(dialect='bigquery')[:60]}" for node in tree.find_all(exp.Subquery)),
        *(type(node).__name__.upper() for node in tree.find_all(exp.SetOperation)),
    ]
    names = sorted({table.sql(dialect="bigquery") for table in tree.find_all(exp.Table)})
    if len(names) > 1:
        found.append(f"{len(names)} tables: {', '.join(names)}")
    if not isinstance(tree, exp.Select):
        found.append(f"a {type(tree).__name__}, not a SELECT")
    return Verdict(
        name="no_joins",
        passed=not found,
        measured=len(found),
        bound="0 joins, subqueries or set operations; one table",
        offenders=pd.DataFrame({"found": found}),
        explanation=f"The parsed view reads {', '.join(names) or 'no table'}; {len(found)} faults in its form.",
    )


def view_lineage(select: str) -> Lineage:
    """The columns that each column of the view is computed from, by name. What only orders a window or selects rows is left out.

    Args:
        select: one SELECT over one table, as `no_joins` holds it; the table's name is its asset's.
    """
    tree = sqlglot.parse_one(select, dialect="bigquery", into=exp.Select)
    [table] = tree.find_all(exp.Table)
    return {
        projection.alias_or_name: tuple(
            # `market_data.close` is a field of a STRUCT: with one table in the statement there is nothing else to qualify by.
            dict.fromkeys(
                ColumnRef(table.name, ".".join(part.name for part in column.parts)) for column in projection.find_all(exp.Column)
            )
        )
        for projection in tree.selects
    }
