"""The analyzer, one for each worker."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from zl_assets_tests.googlesql.analyzer import GoogleSql, cache_folder


@pytest.fixture(scope="session")
def googlesql_cache() -> Path:
    return cache_folder()


@pytest.fixture(scope="session")
def googlesql(googlesql_cache: Path) -> Iterator[GoogleSql]:
    analyzer = GoogleSql(googlesql_cache)
    yield analyzer
    analyzer.close()
