"""`python -m zl_assets.checks`: docs/checks.md on standard output."""

from zl_assets.checks.page import page

if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 - the page is the output
