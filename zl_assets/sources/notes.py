"""What was done to files on the way to our columns, for a person.

Belongs here: the sentences, put together over files. Must not be here: what is done.
"""

from dataclasses import dataclass, field
from pathlib import Path

_NAMED = 3  # files named with a sentence; of a folder of thousands the first few tell which


@dataclass
class Notes:
    """Sentences about files, in the order in which they were made; a sentence that several files share stands once."""

    _files: dict[str, list[str]] = field(default_factory=dict)

    def add(self, file: Path, sentence: str) -> None:
        """Say this of a file. A sentence names no file, and ends without a full stop."""
        names = self._files.setdefault(sentence, [])
        if file.name not in names:
            names.append(file.name)

    def lines(self) -> tuple[str, ...]:
        """One line a sentence, with its files."""
        return tuple(f"{', '.join(names[:_NAMED])}{_more(names)}: {sentence}" for sentence, names in self._files.items())


def _more(names: list[str]) -> str:
    return f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
