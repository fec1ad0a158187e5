"""What a command line owes the terminal, whatever its encoding. Must not be here: what is said."""

import codecs
import io
import sys

_HANDLER = "zl_assets"


def forgive() -> None:
    """From now on no character ends the output.

    What the terminal's encoding lacks is written with a backslash, and bytes of a path that are no text are written as they are.
    """
    codecs.register_error(_HANDLER, _written)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_HANDLER)


def _written(error: UnicodeError) -> tuple[str | bytes, int]:
    try:
        return codecs.lookup_error("surrogateescape")(error)
    except UnicodeError:
        return codecs.lookup_error("backslashreplace")(error)
