"""The analyzer, one for each worker."""

from pathlib import Path

import pytest

from zl_assets_tests.googlesql.analyzer import GoogleSql, cache_folder


@pytest.fixture(scope="session")
def googlesql_cache() -> Path:
    return cache_folder()


@pytest.fixture(scope="session")
def googlesql(googlesql_cache: Path) -> GoogleSql:
    return GoogleSql(googlesql_cache)
