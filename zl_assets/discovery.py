"""Modules that belong to the product by being in a folder: instruments, sources, feature families.

Must not be here: what any of them is.
"""

import importlib
import pkgutil
from types import ModuleType


def found_in(package: ModuleType, attribute: str) -> list[object]:
    """The `attribute` of every module of a package that has one, in order of the modules' names."""
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    modules = [importlib.import_module(f"{package.__name__}.{name}") for name in names]
    return [getattr(module, attribute) for module in modules if hasattr(module, attribute)]
