"""Modules that belong to the product by being in a folder: instruments, sources, feature families.

Must not be here: what any of them is.
"""

import importlib
import pkgutil
from types import ModuleType


def found_in(package: ModuleType, attribute: str) -> list[object]:
    """The `attribute` of every module of a package that has one, in order of the modules' names.

    Raises:
        ValueError: a module fills its `attribute` in wrongly, or leaves a field of it out; the message names the module, and has
            no full stop.
    """
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    modules = [_imported(f"{package.__name__}.{name}") for name in names]
    return [getattr(module, attribute) for module in modules if hasattr(module, attribute)]


def _imported(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{name.replace('.', '/')}.py: {str(error).rstrip('.')}") from error
