"""The switch that every job which deletes shares."""

import dagster as dg
from pydantic import Field


class Apply(dg.Config):
    """List only, or act."""

    apply: bool = Field(default=False, description="false: only list what would be deleted; true: delete it")
