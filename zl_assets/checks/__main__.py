"""`python -m zl_assets.checks`: docs/checks.md on standard output, in UTF-8 whatever the terminal's encoding."""

import sys

from zl_assets.checks.page import page
from zl_assets.errors import ZlError

if __name__ == "__main__":
    try:
        sys.stdout.buffer.write(page().encode())
    except ZlError as error:
        sys.exit(f"Stopped. {error}")
