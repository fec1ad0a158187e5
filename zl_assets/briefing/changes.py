"""What changed since the briefing before: the facts that are kept of each, and their comparison. Must not be here: files."""

import json
from dataclasses import dataclass, replace

from zl_assets.briefing.facts import Facts
from zl_assets.briefing.picture import made_of


@dataclass(frozen=True)
class Kept:
    """What is kept of a briefing.

    Attributes:
        session: its newest session, YYYY-MM-DD.
        close: of it.
        red: the checks that were not green.
        picture: hash of what its picture was made of.
        prices: what its prices are, as the record of forecasts has it.
        said: what it said had changed.
    """

    session: str
    close: float
    red: tuple[str, ...] = ()
    picture: str = ""
    prices: str = ""
    said: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """As JSON."""
        return json.dumps(self.__dict__)

    @classmethod
    def of(cls, facts: Facts, prices: str) -> "Kept":
        """That of these facts, made of such prices."""
        red = tuple(sorted(trouble.where for trouble in facts.troubles))
        return cls(f"{facts.session:%Y-%m-%d}", facts.close, red, made_of(facts), prices)

    @classmethod
    def read(cls, text: str) -> "Kept | None":
        """From JSON; None of a text that is none, or of another version."""
        try:
            found = json.loads(text)
            red, said = (tuple(map(str, found[name])) for name in ("red", "said"))
            return cls(str(found["session"]), float(found["close"]), red, str(found["picture"]), str(found["prices"]), said)
        except (ValueError, KeyError, TypeError):
            return None


def changes(now: Kept, before: Kept | None) -> tuple[str, ...]:
    """What changed, a sentence each. A page that is made again of the same, as by the command line and then by the daemon, says
    what the one before said."""
    if before is None:
        return ("This is the first briefing here.",)
    if before.said and replace(before, said=()) == now:
        return before.said
    said = []
    if now.prices != before.prices:
        said.append(f"The one before was of other prices: {before.prices}.")
    elif now.session == before.session:
        said.append(f"No session has come: it was of {before.session} as well.")
        if now.close != before.close:
            said.append(f"Its close was {before.close:,.2f} then: the source has revised it.")
    else:
        said.append(f"The one before was of {before.session}, at {before.close:,.2f}.")
    if mended := sorted(set(before.red) - set(now.red)):
        said.append(f"Green again: {', '.join(mended)}.")
    if new := sorted(set(now.red) - set(before.red)):
        said.append(f"Not green since then: {', '.join(new)}.")
    return tuple(said)
