"""What is measured for a new instrument's module: it is what the modules of real ones say, and the guide's example."""

import datetime as dt
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from typing import Any

import pandas as pd
import pandas_market_calendars
import pytest
import typer

from zl_assets.domain.derivation import derive
from zl_assets.domain.regimes import regime_weights
from zl_assets.domain.rules.dates import calendar_complete
from zl_assets.domain.rules.market import thin_sessions
from zl_assets.domain.rules.training import targets_spanning_a_roll
from zl_assets.domain.rules.units import prices_on_tick
from zl_assets.domain.targets import forward_return
from zl_assets.instruments.base import Instrument, Minima, Plausibility
from zl_assets.instruments.mes import INSTRUMENT as MES
from zl_assets.instruments.zm import INSTRUMENT as ZM
from zl_assets.warehouse.verdict import require
from zl_assets_tests.domain.test_real_instruments import real_bars
from zl_assets_tests.studies.instrument_facts import Fact, facts, main
from zl_assets_tests.support.guide import INSTRUMENT_GUIDE, example_bars

# With stubs on closures, and of another exchange's calendar; with gaps of a third between contracts.
REAL = (MES, ZM)

# Measured to the last digit; the others are bounds with room.
MEASURED = {"tick", "horizons.usual_spanning", "plausibility.largest_volatility", "split_date", "folds", "closures"}


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Instrument:
    made: Instrument = INSTRUMENT_GUIDE.made(tmp_path_factory.mktemp("module"))
    return made


def said(instrument: Instrument, fact: Fact) -> Any:
    """What the instrument's module says in the field."""
    of_horizon = fact.field.removeprefix("horizons.")
    return getattr(instrument.horizons[0], of_horizon) if of_horizon != fact.field else attrgetter(fact.field)(instrument)


def by_field(found: list[Fact]) -> dict[str, Fact]:
    assert len({fact.field for fact in found}) == len(found)
    return {fact.field: fact for fact in found}


def names_calendar(fact: Fact, calendar: str) -> bool:
    """Whether the best or one of the next best is this calendar, under whichever of its names."""
    kind = type(pandas_market_calendars.get_calendar(calendar))
    names = [fact.suggested, *(part.rpartition(" ")[0] for part in fact.measured.rstrip(".").rpartition(": ")[2].split(", "))]
    return kind in {type(pandas_market_calendars.get_calendar(name)) for name in names}


def test_the_guides_module_says_what_the_command_measures(example: Instrument) -> None:
    found = by_field(facts(example_bars(example), "XO", 0.2))
    assert names_calendar(found.pop("calendar"), example.calendar)
    assert {field: said(example, fact) for field, fact in found.items()} == {
        field: fact.suggested for field, fact in found.items()
    }


@pytest.mark.parametrize("instrument", REAL, ids=lambda instrument: instrument.symbol)
def test_what_is_suggested_for_a_real_instrument_is_what_its_module_says(instrument: Instrument) -> None:
    found = by_field(facts(real_bars(instrument), instrument.symbol, instrument.tick))
    assert names_calendar(found["calendar"], instrument.calendar)
    assert {field: found[field].suggested for field in MEASURED} == {field: said(instrument, found[field]) for field in MEASURED}
    for field in sorted(found.keys() - MEASURED - {"calendar"}):
        ours, suggested = (
            pd.Series(value, dtype="float64") for value in (said(instrument, found[field]), found[field].suggested)
        )
        # A person has chosen: of the same size, not the same.
        assert (ours / suggested).between(1 / 3.5, 3.5).all(), found[field]


def with_suggested(instrument: Instrument, found: dict[str, Fact]) -> Instrument:
    """The instrument under the suggested values alone."""
    values: dict[str, dict[str, Any]] = {}
    for fact in found.values():
        part, _, name = fact.field.rpartition(".")
        values.setdefault(part, {})[name] = fact.suggested
    return replace(
        instrument,
        **values[""],
        horizons=(replace(instrument.horizons[0], **values["horizons"]),),
        plausibility=Plausibility(**values["plausibility"]),
        minima=Minima(**values["minima"]),
    )


@pytest.mark.parametrize("instrument", REAL, ids=lambda instrument: instrument.symbol)
def test_real_bars_hold_the_bounds_that_are_suggested_for_them(instrument: Instrument) -> None:
    bars = real_bars(instrument)
    suggested = with_suggested(instrument, by_field(facts(bars, instrument.symbol, instrument.tick)))
    derived = derive(bars, suggested, dt.date(2025, 11, 17), regime_weights())
    sessions, matrix = derived.sessions.frame, derived.matrix
    view = matrix[["data_date"]].assign(target_1m=forward_return(matrix["market_data.close"], 21))
    bounds = suggested.plausibility
    verdicts = [
        calendar_complete(sessions, suggested),
        prices_on_tick(sessions, suggested),
        thin_sessions(sessions, bounds.thin_lots, bounds.thin_share),
        targets_spanning_a_roll(view, matrix, suggested.horizons[0]),
    ]
    require(verdicts, "sessions")
    assert len(matrix) >= suggested.minima.matrix_rows
    assert view["target_1m"].notna().sum() >= suggested.minima.labelled_rows


def test_bars_without_instrument_id_say_nothing_of_rolls(example: Instrument) -> None:
    bars = example_bars(example).assign(instrument_id=pd.Series(pd.NA, dtype="Int64"))
    found = by_field(facts(bars, "XO", 0.2))
    assert found["horizons.usual_spanning"].measured == "Not known: the bars have no instrument_id."
    # Raw, by pandas.
    largest = bars["close"].pct_change().rolling(21).std().max()
    assert found["plausibility.largest_volatility"].suggested == round(largest, 3)


def test_the_command_prints_lines_of_a_module_and_stops_in_one_line(
    example: Instrument, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bars = tmp_path / "bars.parquet"
    example_bars(example).to_parquet(bars)
    main(bars, "XO", 0.2)
    assert "# They reach 78,057 contracts.\nplausibility.volume = 1000000\n" in capsys.readouterr().out
    with pytest.raises(typer.Exit):
        main(bars, "XP", 0.2)
    assert f"Stopped. {bars}: no rows of symbol XP. Symbols found: XO (1,200 rows)." in capsys.readouterr().err
