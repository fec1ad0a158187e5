"""Which families there are, and which of them are on.

A family is a module in this package with a `FAMILY`; putting the file here is all that registering it takes.

Belongs here: finding the modules, what makes two families collide, and the choice of a Settings. Must not be here: anything about
one family.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from zl_assets.discovery import found_in
from zl_assets.domain import families as package
from zl_assets.domain.errors import FamilyConflict
from zl_assets.domain.families.base import SESSIONS, Family, ModelInput
from zl_assets.errors import SettingError
from zl_assets.instruments.base import Instrument
from zl_assets.warehouse.contract import IDENTIFIER, Column, ColumnType, TableContract, ViewContract

# The matrix carries a label zl_family_<name>, and a label's key has at most 63 characters: 53 would do, 40 can still be read.
MAX_NAME = 40

# What a CSV gives back as it was.
TYPES = (ColumnType.FLOAT64, ColumnType.INT64, ColumnType.BOOL, ColumnType.STRING)


@dataclass(frozen=True)
class Surroundings:
    """The contracts and assets that families are added to.

    Attributes:
        sessions, matrix: the contracts of an instrument, without any family.
        views: the training views of all instruments and horizons, without any family.
        symbols: those of the instruments.
        sources: the tables that a family may read beside the sessions, by asset: they come from outside. Everything else becomes
            the matrix, or is made of it.
        assets: the keys of all assets that exist without a family.
    """

    sessions: TableContract
    matrix: TableContract
    views: tuple[ViewContract, ...]
    symbols: frozenset[str]
    sources: Mapping[str, TableContract]
    assets: frozenset[str]


@dataclass(frozen=True)
class Selection:
    """The families of a Settings.

    Attributes:
        known: all there are, in order of name.
        on: those that are computed, in the same order.
        kept: those of `on` that the training view and the model use.
    """

    known: tuple[Family, ...]
    on: tuple[Family, ...]
    kept: tuple[Family, ...]

    @property
    def sources(self) -> frozenset[str]:
        """The asset keys of what the families that are on read."""
        return frozenset(need.asset for family in self.on for need in family.needs)

    def of(self, instrument: Instrument) -> "Selection":
        """Those that are for one instrument."""

        def own(families: tuple[Family, ...]) -> tuple[Family, ...]:
            return tuple(family for family in families if not family.symbols or instrument.symbol in family.symbols)

        return Selection(own(self.known), own(self.on), own(self.kept))


NONE = Selection((), (), ())


def known_families(around: Surroundings) -> tuple[Family, ...]:
    """Every family of this package, in order of name.

    Raises:
        FamilyConflict: two of them collide, or one cannot be used.
    """
    try:
        found = cast(list[Family], found_in(package, "FAMILY"))
    except ValueError as error:
        raise FamilyConflict(f"A module of zl_assets/domain/families cannot be used, and nothing was run: {error}.") from error
    return register(found, around)


def register(families: Iterable[Family], around: Surroundings) -> tuple[Family, ...]:
    """The families in order of name, if they can be used side by side.

    Raises:
        FamilyConflict: lists every collision and every fault by family.
    """
    ordered = tuple(sorted(families, key=lambda family: family.name))
    problems = [f"- {family.name}: {problem}" for family in ordered for problem in _alone(family, around)]
    problems += _together(ordered, around)
    if problems:
        raise FamilyConflict(
            "These feature families cannot be used, and nothing was run:\n"
            + "\n".join(problems)
            + "\nCorrect or remove their modules in zl_assets/domain/families."
        )
    return ordered


def select(known: tuple[Family, ...], names: Sequence[str], kept: Sequence[str]) -> Selection:
    """The families that ZL_FAMILIES and ZL_KEPT_FAMILIES name.

    Raises:
        SettingError: a name is not known, or a kept family is not on.
    """
    there = [family.name for family in known]
    for setting, wanted in (("ZL_FAMILIES", names), ("ZL_KEPT_FAMILIES", kept)):
        if unknown := [name for name in wanted if name not in there]:
            raise SettingError(
                f"{setting} names {', '.join(unknown)}, and there is no such feature family. Known: {', '.join(there) or 'none'}."
            )
    if off := [name for name in kept if name not in names]:
        raise SettingError(
            f"ZL_KEPT_FAMILIES names {', '.join(off)}, which ZL_FAMILIES ({', '.join(names) or 'unset'}) does not compute. Name "
            "a kept family in both."
        )
    on = tuple(family for family in known if family.name in names)
    return Selection(known, on, tuple(family for family in on if family.name in kept))


def _alone(family: Family, around: Surroundings) -> list[str]:
    """What is wrong with a family by itself."""
    problems = []
    if strangers := sorted(set(family.symbols) - around.symbols):
        problems.append(f"it is for {', '.join(strangers)}, and there is no such instrument")
    if len(family.name) > MAX_NAME:
        problems.append(f"its name has {len(family.name)} characters, at most {MAX_NAME} are allowed")
    names = [column.column.name.casefold() for column in family.columns]
    problems += [f"its column {name} appears twice" for name in sorted({n for n in names if names.count(n) > 1})]
    taken = {column.name.casefold() for column in around.matrix.columns if not column.fields}
    for name in (n for n in names if n in {"data_date", "symbol", "ingestion_ts"}):
        problems.append(f"its column {name} has the name of a column that every family's table has")
    structs = {column.name.casefold(): column for column in around.matrix.columns if column.fields}
    plain = [
        replace(c.column, reserved=False, stamp=None, copy_of=None) == c.column and c.column.type in TYPES for c in family.columns
    ]
    problems += [
        f"{column.path} is {column.column.type}, or has reserved, stamp or copy_of set; a family's column is a plain one of "
        f"{', '.join(TYPES)}"
        for column, good in zip(family.columns, plain, strict=True)
        if not good
    ]
    for column in family.columns:
        if column.struct.casefold() in taken or not IDENTIFIER.fullmatch(column.struct):
            problems.append(f"its STRUCT {column.struct} is a plain column of {around.matrix.name}, or not a valid name")
        elif column.struct.casefold() in structs:
            problems += _in_existing(column.column, column.path, structs[column.struct.casefold()])
    return problems + _reads_the_target(family, around) + _lineage(family, around)


def _lineage(family: Family, around: Surroundings) -> list[str]:
    """`made_from` may name only columns of the sessions and of the sources in the family's `needs`."""
    read = {SESSIONS: around.sessions}
    read |= {need.asset: around.sources[need.asset] for need in family.needs if need.asset in around.sources}
    there = {f"{of}.{name}" for of, table in read.items() for name in table.frame_columns}
    return [
        f"{column.path} is said to be made from {name}, which is not a column of {', '.join(read)}"
        for column in family.columns
        for name in column.made_from
        if name not in there
    ]


def _in_existing(column: Column, path: str, struct: Column) -> list[str]:
    if path != f"{struct.name}.{column.name}":
        return [f"{path} must spell the STRUCT as the matrix does, {struct.name}"]
    field = next((field for field in struct.fields if field.name.casefold() == column.name.casefold()), None)
    if field is None:
        return [
            f"{path} is not a field of the STRUCT {struct.name}, and a field cannot be added to a STRUCT; use one of your own"
        ]
    if not field.reserved:
        return [f"{path} is taken: this product fills it without any family"]
    if (field.name, field.type) != (column.name, column.type):
        return [f"{path} is {column.type}, and the matrix has {struct.name}.{field.name} as {field.type}"]
    return []


def _reads_the_target(family: Family, around: Surroundings) -> list[str]:
    """A family must not read the target: anything that could bring it in is refused by name."""
    problems = []
    for need in family.needs:
        if need.asset not in around.sources:
            problems.append(f"it reads {need.asset}, which is not a source table ({', '.join(around.sources)})")
        elif need.of_instrument != ("symbol" in around.sources[need.asset].key):
            whose = "for all instruments" if need.of_instrument else "of one instrument each"
            problems.append(
                f"its SourceNeed must say of_instrument={not need.of_instrument}: the rows of {need.asset} are {whose}"
            )
    own = {column.flat_name for column in family.columns}
    problems += [problem for model_input in family.inputs for problem in _sees_more(model_input, own)]
    target = {name for name in _view_columns(around) if name.startswith("target")}
    names = {name.casefold() for column in family.columns for name in (column.column.name, column.flat_name)}
    return problems + [f"its column {name} has the target's name" for name in sorted(names & target)]


def _sees_more(model_input: ModelInput, own: set[str]) -> list[str]:
    allowed = {*own, "close"}
    more = [name for name in model_input.columns if name not in allowed]
    if not more:
        return []
    return [f"its model input {model_input.name} reads {', '.join(more)}; an input reads the family's own columns and close only"]


def _view_columns(around: Surroundings) -> dict[str, str]:
    """The columns of the training views, each with the first view that has it."""
    return {column.name.casefold(): view.name for view in reversed(around.views) for column in view.columns}


def _together(families: Sequence[Family], around: Surroundings) -> list[str]:
    """Names that two families share, or that something else already has."""
    taken: dict[tuple[str, str], str] = {
        **{("asset", name): "an asset" for name in around.assets},
        **{("view column", name): f"a column of {view}" for name, view in _view_columns(around).items()},
    }
    existing = {column.name.casefold() for column in around.matrix.columns}
    problems = []
    for family in families:
        claims = [("name", family.name), ("asset", family.table)]
        claims += [("column", column.path) for column in family.columns]
        claims += [("view column", column.flat_name) for column in family.columns]
        claims += [("model input", model_input.name) for model_input in family.inputs]
        # Fields cannot be added to a STRUCT later, so a STRUCT of a family's own is that family's alone.
        new = {column.struct.casefold() for column in family.columns} - existing
        claims += [("STRUCT", struct) for struct in sorted(new)]
        own: set[tuple[str, str]] = set()
        for kind, name in claims:
            key = (kind, name.casefold())
            if key in taken or key in own:
                problems.append(f"- {family.name}: the {kind} {name} is taken by {taken.get(key, f'family {family.name}')}")
            own.add(key)
        taken |= {key: f"family {family.name}" for key in own if key not in taken}
    return problems
