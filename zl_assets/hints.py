"""What to do about an error in terms of this product: the settings that help, and the commands.

Belongs here: the one place that turns the warehouse's hints into words. Must not be here: the facts, which the error's own
message has.
"""

from zl_assets.errors import ZlError
from zl_assets.warehouse.errors import Hint, WarehouseError

WORDS: dict[Hint, str] = {
    Hint.BESIDE: "Or set ZL_DATASET_PREFIX to work beside it.",
    Hint.CREATE: "ZL_CREATE is false; with ZL_CREATE=true this product creates it.",
    Hint.LOCATION: "Set ZL_LOCATION to the dataset's, or ZL_DATASET_PREFIX to work beside it.",
    Hint.SOURCE: (
        "Empty the embedded warehouse with 'python -m zl_assets.warehouse reset', or set ZL_STATE_DIR to another folder."
    ),
    Hint.PARTITIONS: "Set ZL_MAX_PARTITIONS higher.",
    Hint.HOME: "Check ZL_GCP_PROJECT and ZL_DATASET_PREFIX.",
    Hint.NAMES: "Check ZL_GCP_PROJECT and ZL_DATASET_PREFIX.",
    Hint.DEADLINE: "ZL_DEADLINE sets how long a step may take, in seconds, up to 3600.",
    Hint.CREDENTIALS: ("Run `gcloud auth application-default login`, or unset ZL_GCP_PROJECT to use the embedded BigQuery."),
    Hint.ROLES: "docs/google-cloud.md lists the roles that are needed.",
    Hint.PROJECT: "ZL_GCP_PROJECT names the project; without it the embedded BigQuery is used.",
    Hint.BYTES: "ZL_MAX_BYTES sets how many bytes a query may bill; set it to what BigQuery says is required.",
}


def told(error: ZlError) -> str:
    """The error's message, and what to do about it here."""
    hints = error.hints if isinstance(error, WarehouseError) else ()
    return " ".join([str(error), *(WORDS[hint] for hint in hints)])
