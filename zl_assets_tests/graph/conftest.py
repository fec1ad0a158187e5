"""A product with a state folder of its own for each test module."""

from collections.abc import Callable, Iterator
from typing import Any

import dagster as dg
import pytest

from zl_assets.warehouse.embedded.lifecycle import stop_server
from zl_assets_tests.graph.product import Product


@pytest.fixture(scope="module")
def new_product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Product]]:
    """Makes products; their servers are stopped at the end."""
    made: list[Product] = []

    def make(**values: Any) -> Product:
        instance = dg.DagsterInstance.ephemeral(tempdir=str(tmp_path_factory.mktemp("dagster")))
        product = Product(tmp_path_factory.mktemp("product"), instance, values)
        made.append(product)
        return product

    yield make
    for product in made:
        stop_server(product.state_dir)
        product.instance.dispose()
