"""The morning page in words: labels and sentences, in the order in which they are read. Must not be here: a number that is not in
the facts, HTML, a picture."""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from zl_assets.briefing.facts import Facts, Move, Reading, Said

# Beyond these shares of earlier days something is no longer usual, and is rare.
UNUSUAL, RARE = 0.80, 0.95

# Fewer recorded ranges than this that have come tell nothing, and the sentence says so.
FEW = 10


@dataclass(frozen=True)
class Line:
    """One row of the page.

    Attributes:
        label: what it is of.
        sentences: one or more.
        tone: `bad` for an error, `doubtful` for a warning, else empty.
    """

    label: str
    sentences: tuple[str, ...]
    tone: str = ""

    @property
    def text(self) -> str:
        """The sentences in a row."""
        return " ".join(self.sentences)

    @property
    def labelled(self) -> str:
        """The label and the sentences."""
        return f"{self.label}: {self.text}" if self.label else self.text


def title(facts: Facts, mark: str) -> str:
    """The title: what, and of which day.

    Args:
        mark: what stands before everything that is made of invented prices; empty for others.
    """
    return f"{mark}{facts.instrument.symbol}, {facts.instrument.name}: {day(facts.session)}"


def lines(facts: Facts) -> tuple[Line, ...]:
    """The page, from the price to what is wrong."""
    return (
        Line("Close", (f"{_price(facts, facts.close)} ({facts.instrument.price.name}).",)),
        Line("Moved", tuple(_moves(facts))),
        Line("In its year", (_year(facts),)),
        Line("A month ahead" if facts.horizon.words == "month" else f"A {facts.horizon.words} ahead", tuple(_ahead(facts))),
        Line("Such ranges held", tuple(_held(facts))),
        Line("Size of the move", (_size(facts),)),
        Line("Regime", (facts.regime.replace("_", " ") if facts.regime else "none on this date.",)),
        *_readings(facts),
        *_troubles(facts),
    )


def source(facts: Facts, prices: str) -> str:
    """What the page is made of, in small print: the prices, the newest session, and the model.

    Args:
        prices: what they are (`Provenance.prices`).
    """
    by = "" if facts.outlook is None else f" The range is by the model {facts.outlook.model}{_when(facts.outlook.now)}."
    return f"Prices: {prices}, to {facts.session:%Y-%m-%d}.{by}"


def in_short(facts: Facts, mark: str) -> str:
    """The page in a few sentences, the price first and what is wrong last: the value of a metadata row is about forty characters
    wide, has no line ends, and nine lines of it can be read without scrolling.

    Args:
        mark: as `title` takes it.
    """
    return " ".join(f"{said[0].upper()}{said[1:]}." for said in (*filter(None, [mark.removesuffix(": ")]), *_in_short(facts)))


def _in_short(facts: Facts) -> Iterator[str]:
    outlook, kept, year = facts.outlook, facts.kept, facts.year
    spans = {1: "day", 5: "week", 21: "month"}
    yield f"{facts.instrument.symbol} {facts.session:%a %Y-%m-%d}: {_price(facts, facts.close)}"
    moves = [
        f"{percent(move.change)} in a {spans[move.sessions]}{f' ({how_usual(move.usual)})' if move.usual is not None else ''}"
        for move in facts.moves
    ]
    yield ", ".join(moves) or "no session before it"
    yield f"{share_of(year.place)} of its year's range, {year.low:,.2f} to {year.high:,.2f}"
    if outlook is None:
        yield "no range was recorded of this session"
    else:
        now = outlook.now
        held = f"; such ranges held {100 * kept.held:.0f} %" if kept.since is not None else ""
        yield f"80 % range on {now.target_session:%Y-%m-%d}: {now.low:,.2f} to {now.high:,.2f}{held}"
        yield f"expected move {100 * outlook.move:.1f} % either way ({how_usual(outlook.usual)})"
    serious = sum(trouble.serious for trouble in facts.troubles)
    counts = ((serious, "error"), (len(facts.troubles) - serious, "warning"))
    wrong = [f"{number} {name}{'' if number == 1 else 's'}" for number, name in counts if number]
    yield f"WRONG: {' and '.join(wrong)}, first {facts.troubles[0].where}" if wrong else "nothing is wrong"


def day(date: pd.Timestamp) -> str:
    """A date in words."""
    return f"{date:%A} {date.day} {date:%B %Y}"


def percent(fraction: float, digits: int = 1) -> str:
    """A change with its sign."""
    # Zero has no sign: next to nothing is rounded to -0.0 otherwise.
    return f"{round(100 * fraction, digits) + 0.0:+.{digits}f} %"


def share_of(fraction: float) -> str:
    """A share as a whole number; 0 and 100 are said of none and of all alone."""
    percents = 100 * fraction
    return f"{round(percents) if percents in (0, 100) else min(max(round(percents), 1), 99)} %"


def how_usual(share: float) -> str:
    """One word for a size whose smaller ones make up this share of days."""
    if share >= RARE:
        return "rare"
    if share >= UNUSUAL:
        return "large"
    return "usual" if share >= 1 - UNUSUAL else "small"


def _price(facts: Facts, price: float) -> str:
    return f"{price:,.2f} {facts.instrument.price.word}"


def _moves(facts: Facts) -> Iterator[str]:
    for move in facts.moves:
        yield f"{_over(move)} {percent(move.change)}{_compared(move)}."
    if any(move.usual is not None for move in facts.moves):
        yield "Compared with the five years before, whatever the direction."
    if not facts.moves:
        yield "There is one session only."
    elif not facts.adjusted:
        yield "The gaps between contracts are not known, so changes of contract are in these."


def _over(move: Move) -> str:
    return "Since the session before" if move.sessions == 1 else f"Over {move.sessions} sessions"


def _compared(move: Move) -> str:
    if move.usual is None:
        return ""
    what = "days" if move.sessions == 1 else "such moves"
    return f": larger than {share_of(move.usual)} of {what}, {how_usual(move.usual)}"


def _year(facts: Facts) -> str:
    year = facts.year
    span = "the last year" if year.sessions >= 252 else f"{year.sessions} sessions"
    return (
        f"{share_of(year.place)} of the way from the lowest close of {span}, {year.low:,.2f} ({year.low_on:%Y-%m-%d}), to the "
        f"highest, {year.high:,.2f} ({year.high_on:%Y-%m-%d})."
    )


def _ahead(facts: Facts) -> Iterator[str]:
    outlook = facts.outlook
    if outlook is None:
        yield "Nothing was recorded of this session; what is wrong below, or the newest entry of forecast_record, says why."
        return
    now, value = outlook.now, facts.contract_value
    yield (
        f"On {now.target_session:%Y-%m-%d} between {now.low:,.2f} and {_price(facts, now.high)}: a range that is meant to hold "
        f"four times of five{_when(now)}."
    )
    yield (
        f"A contract ({facts.instrument.contract.words}): {now.low * value:,.0f} to {now.high * value:,.0f} dollars, that is "
        f"{(now.low - facts.close) * value:+,.0f} to {(now.high - facts.close) * value:+,.0f} from this close."
    )
    if outlook.before is not None and outlook.before.high > outlook.before.low:
        yield _than_before(facts, now, outlook.before)


def _than_before(facts: Facts, now: Said, before: Said) -> str:
    change = (now.high - now.low) / (before.high - before.low) - 1
    width = "as wide as" if abs(change) < 0.005 else f"{100 * abs(change):.0f} % {'wider' if change > 0 else 'narrower'} than"
    inside = "inside" if before.low <= facts.close <= before.high else "outside"
    return (
        f"That is {width} the one of {before.session:%Y-%m-%d}{_when(before)}, {before.low:,.2f} to {before.high:,.2f} for "
        f"{before.target_session:%Y-%m-%d}; this close is {inside} it."
    )


def _when(said: Said) -> str:
    return ", recorded afterwards" if said.afterwards else ""


def _held(facts: Facts) -> Iterator[str]:
    kept = facts.kept
    if kept.scored == 0:
        yield "None of those recorded has come yet."
    else:
        few = "; too few to say anything" if kept.scored < FEW * facts.horizon.sessions else ""
        yield f"{kept.inside:,} of {kept.scored:,} recorded ones whose day has come{few}."
    if kept.since is not None:
        yield (
            f"Computed afterwards for each session since {kept.since.year}: {100 * kept.held:.1f} % of {kept.replayed:,}, where "
            f"80 % are meant (standard error {100 * kept.error:.1f} points)."
        )


def _size(facts: Facts) -> str:
    outlook = facts.outlook
    if outlook is None:
        return "Not known of this session."
    dollars = outlook.move_price * facts.contract_value
    return (
        f"{100 * outlook.move:.1f} % either way ({_price(facts, outlook.move_price)}, {dollars:,.0f} dollars a contract): larger "
        f"than on {share_of(outlook.usual)} of earlier days ({how_usual(outlook.usual)})."
    )


def _readings(facts: Facts) -> Iterator[Line]:
    for family in dict.fromkeys(reading.family for reading in facts.readings):
        own = [reading for reading in facts.readings if reading.family == family]
        yield Line(family.replace("_", " ").capitalize(), tuple(_reading(reading) for reading in own))


def _reading(reading: Reading) -> str:
    if reading.value is None:
        return f"{reading.meaning}: no value."
    usual = f", above {share_of(reading.usual)} of the last five years" if reading.usual is not None else ""
    known = f"; its sources known up to {reading.known:%Y-%m-%d %H:%M} UTC" if reading.known is not None else ""
    unit = f" {reading.unit}" if reading.unit else ""
    return f"{reading.meaning}: {reading.value:,.4g}{unit}{usual}{known}."


def _troubles(facts: Facts) -> Iterator[Line]:
    if not facts.troubles:
        yield Line("What is wrong", ("Nothing: every check is green.",))
        return
    for n, trouble in enumerate(facts.troubles):
        label = "What is wrong" if n == 0 else ""
        tone = "bad" if trouble.serious else "doubtful"
        yield Line(label, (f"{trouble.where}: {trouble.words}", f"To do: {trouble.todo}"), tone)
