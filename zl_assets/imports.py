"""Using a library without what it would import and nobody here needs. Must not be here: which library."""

import contextlib
import sys
from collections.abc import Iterator, Sequence


@contextlib.contextmanager
def without(names: Sequence[str]) -> Iterator[None]:
    """For code that imports modules if it can and does without them; what is there already stays."""
    hidden = [name for name in names if name not in sys.modules]
    # Python's own way to say that there is no such module.
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
