"""What cannot stand side by side stops by name when the definitions are loaded; names of other instruments and horizons."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import cast

import dagster as dg
import pytest

from zl_assets import instruments as instruments_package
from zl_assets import sources
from zl_assets.catalog import Catalog, CatalogConflict
from zl_assets.definitions import build_defs, definitions_of
from zl_assets.discovery import found_in
from zl_assets.domain.checks import Check, Seen
from zl_assets.domain.errors import FamilyConflict, IncompleteCheck
from zl_assets.domain.families import pivots
from zl_assets.domain.families.registry import register
from zl_assets.domain.families.tables import asset_of
from zl_assets.domain.trading_calendar import expected_sessions
from zl_assets.errors import SettingError
from zl_assets.instruments import zs
from zl_assets.instruments.base import GateBound, Instrument
from zl_assets.io_managers.keys import csv_io, models_io, published_io
from zl_assets.settings import Settings
from zl_assets.sources import bars_1h, fred_observations, volatility_daily
from zl_assets.sources.base import Checks, Source, SourceAsset
from zl_assets.warehouse.contract import Column, TableContract
from zl_assets.warehouse.shape import empty_frame
from zl_assets.warehouse.verdict import RowRule, Verdict
from zl_assets_tests.support.contracts import INTELLIGENCE, LATEST, MES, MONTH, RECORD, REPLAY, ROW_RULES, SCORE, ZL
from zl_assets_tests.support.families import AROUND
from zl_assets_tests.support.guide import INSTRUMENT_GUIDE

QUARTER = replace(MONTH, name="3m", sessions=63, words="quarter")
KNOWN = cast(list[Instrument], found_in(instruments_package, "INSTRUMENT"))
SOURCES = cast(list[Source], found_in(sources, "SOURCE"))
ALL_FAMILIES = "biofuel, cot, intraday, macro, pivots, policy, volatility, wasde, weather"


def with_parts(
    instruments: Sequence[Instrument] = (ZL,), of: Sequence[Source] = tuple(SOURCES), settings: Settings | None = None
) -> Catalog:
    symbols = {instrument.symbol for instrument in instruments}
    return Catalog.with_parts(settings or Settings.load(), instruments, of, [i for i in KNOWN if i.symbol not in symbols])


def refusal(instruments: Sequence[Instrument] = (ZL,), of: Sequence[Source] = tuple(SOURCES)) -> str:
    with pytest.raises(CatalogConflict) as caught:
        with_parts(instruments, of)
    return str(caught.value)


def with_contract(source: Source, change: Callable[[TableContract], TableContract]) -> Source:
    return replace(source, contract=lambda instruments: change(source.contract(instruments)))


def nullable_key(contract: TableContract) -> TableContract:
    """The first column of the key may be NULL."""
    columns = tuple(replace(c, nullable=True) if c.name == contract.key[0] else c for c in contract.columns)
    return replace(contract, columns=columns)


def plain(rules: Sequence[RowRule]) -> list[object]:
    """Rules that can be compared: a bound that is given is part of one."""
    return [(rule.func, rule.keywords) if isinstance(rule, partial) else rule for rule in rules]


COLLIDING: dict[str, tuple[Sequence[Instrument], Sequence[str]]] = {
    "one slug": (
        (ZL, replace(MES, slug="zl")),
        ["the slug zl belongs to ZL and to MES", "the asset zl_ohlcv belongs to the instrument ZL and to the instrument MES"],
    ),
    "one symbol": ((ZL, replace(MES, symbol="ZL")), ["the symbol ZL belongs to soybean oil and to the micro S&P"]),
    "two with the names of old": ((ZL, replace(MES, bare_names=True)), ["MES, ZL: only one may have bare_names"]),
    "two horizons of one name": (
        (replace(ZL, horizons=(MONTH, QUARTER, replace(QUARTER, sessions=60))),),
        ["the horizon 3m belongs to ZL (63 sessions) and to ZL (60 sessions)"],
    ),
}


@pytest.mark.parametrize("fault", COLLIDING)
def test_instruments_and_horizons_that_collide_are_named(fault: str) -> None:
    instruments, words = COLLIDING[fault]
    message = refusal(instruments)
    assert message.startswith("These collide or are incomplete, and nothing was run:\n- ")
    for said in words:
        assert said in message


def test_a_product_without_an_instrument_says_so() -> None:
    with pytest.raises(CatalogConflict, match="there is no instrument"):
        Catalog.with_parts(Settings.load(), (), SOURCES)


def test_an_asset_that_a_source_and_an_instrument_would_share_is_named() -> None:
    source = replace(volatility_daily.SOURCE, table="mes_ohlcv")
    assert "the asset mes_ohlcv belongs to the source mes_ohlcv and to the instrument MES" in refusal((ZL, MES), (source,))
    twice = (volatility_daily.SOURCE, replace(volatility_daily.SOURCE))
    assert "the asset volatility_daily belongs to the source volatility_daily and to the source volatility_daily" in refusal(
        (ZL,), twice
    )
    ours = replace(volatility_daily.SOURCE, table="regime_weights")
    assert "the asset regime_weights belongs to the product and to the source regime_weights" in refusal((ZL,), (ours,))


def test_an_asset_that_a_source_and_a_horizon_would_share_is_named() -> None:
    source = replace(volatility_daily.SOURCE, table="zl_3m_oof")
    quarterly = replace(ZL, horizons=(MONTH, QUARTER))
    assert "the asset zl_3m_oof belongs to the source zl_3m_oof and to the horizon 3m of ZL" in refusal((quarterly,), (source,))


def test_an_asset_that_a_source_and_a_family_would_share_is_named() -> None:
    source = replace(volatility_daily.SOURCE, table="family_pivots")
    with pytest.raises(FamilyConflict, match="pivots: the asset family_pivots is taken by an asset"):
        with_parts((ZL,), (*SOURCES, source))


def test_a_table_whose_key_may_be_null_is_named() -> None:
    for source, column in ((volatility_daily.SOURCE, "series"), (bars_1h.SOURCE, "ts_event")):
        message = refusal((ZL,), (with_contract(source, nullable_key),))
        assert f"the source {source.table}: " in message
        assert column in message


def test_every_source_that_is_not_whole_is_named_at_once() -> None:
    message = refusal((ZL,), [with_contract(s, nullable_key) for s in (volatility_daily.SOURCE, fred_observations.SOURCE)])
    assert "the source volatility_daily: " in message
    assert "the source fred_observations: " in message


def test_a_check_that_does_not_say_what_to_do_is_named() -> None:
    def never(seen: Seen) -> Verdict:
        raise AssertionError

    for says, todo, lacking in (("It holds.", "  ", "what to do when it is red"), ("", "Refresh.", "what it says")):
        with pytest.raises(IncompleteCheck, match=rf"The check sound of zl_ohlcv lacks {lacking}\."):
            Check("zl_ohlcv", "sound", says, todo, never)


def test_a_check_without_advice_stops_the_definitions() -> None:
    def without(settings: Settings, of: SourceAsset) -> Checks:
        return Checks((Check("volatility_daily", "sound", "It holds.", "", lambda seen: seen.found["verdict"]),))

    settings = Settings.load(families="volatility")
    catalog = with_parts(
        of=(*(s for s in SOURCES if s != volatility_daily.SOURCE), replace(volatility_daily.SOURCE, checks=without)),
        settings=settings,
    )
    with pytest.raises(IncompleteCheck, match=r"The check sound of volatility_daily lacks what to do when it is red\."):
        definitions_of(catalog, settings)


@pytest.mark.parametrize("releases", [{}, {"an hour": "at once", "a day": " "}])
def test_a_source_that_does_not_say_when_its_rows_are_known_is_named(releases: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="The source volatility_daily does not say when its rows are known"):
        replace(volatility_daily.SOURCE, releases=releases)


def test_a_source_with_a_setting_that_there_is_not_is_named() -> None:
    with pytest.raises(ValueError, match="volatility_daily has the setting ferd, which is not a field of Settings"):
        replace(volatility_daily.SOURCE, setting="ferd")


@pytest.mark.parametrize("slug", ["", "6e", "ZL", "z_l", "zl "])
def test_a_slug_that_cannot_begin_a_name_is_refused(slug: str) -> None:
    with pytest.raises(ValueError, match=r"ZL: .* is not a slug"):
        replace(ZL, slug=slug)


def test_an_instrument_without_a_horizon_and_a_horizon_without_a_length_are_refused() -> None:
    with pytest.raises(ValueError, match="ZL: it has no horizon"):
        replace(ZL, horizons=())
    with pytest.raises(ValueError, match="horizon 1m: it looks 0 sessions ahead"):
        replace(MONTH, sessions=0)
    with pytest.raises(ValueError, match="'month' is not the name of a horizon"):
        replace(MONTH, name="month")


def test_a_module_of_the_product_that_is_not_whole_stops_the_definitions(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(package: object, attribute: str) -> list[object]:
        raise ValueError("The source x does not say when its rows are known. Give it `releases`")

    monkeypatch.setattr("zl_assets.catalog.found_in", broken)
    with pytest.raises(CatalogConflict, match="The source x does not say"):
        build_defs(Settings.load())


def test_two_instruments_of_one_slug_stop_the_definitions(monkeypatch: pytest.MonkeyPatch) -> None:
    def found(package: object, attribute: str) -> list[object]:
        return [ZL, replace(MES, slug="zl")] if package is instruments_package else list(SOURCES)

    monkeypatch.setattr("zl_assets.catalog.found_in", found)
    with pytest.raises(CatalogConflict, match="the slug zl belongs to ZL and to MES"):
        build_defs(Settings.load())


def test_the_product_has_zl_at_one_month() -> None:
    catalog = Catalog.of(Settings.load())
    assert catalog.instruments == (ZL,)
    assert [source.table for source in catalog.sources] == [
        "databento_futures_ohlcv_1h",
        "cot_weekly",
        "fred_observations",
        "policy_documents",
        "rin_prices",
        "volatility_daily",
        "wasde_balance",
        "weather_daily",
    ]
    assert catalog.source_assets == ()


def test_instruments_are_switched_on_by_name_and_zl_comes_first() -> None:
    for named in ("MES,ZL", "ZL, MES"):
        assert [i.symbol for i in Catalog.of(Settings.load(instruments=named)).instruments] == ["ZL", "MES"]
    alone = Catalog.of(Settings.load(instruments="MES", min_matrix_rows=7))
    assert [i.symbol for i in alone.instruments] == ["MES"]
    # The settings of old are ZL's, whoever comes first.
    assert alone.minima_of(alone.instruments[0]).matrix_rows == 1600


SOYBEANS = Path(zs.__file__).read_text()


def test_two_modules_with_one_symbol_are_named_though_neither_is_on(tmp_path: Path) -> None:
    with INSTRUMENT_GUIDE.module(tmp_path, "beans", SOYBEANS.replace('"soybeans"', '"other beans"')):
        for on in ("ZL", "ZS"):
            with pytest.raises(CatalogConflict) as caught:
                Catalog.of(Settings.load(instruments=on))
            [line] = [line for line in str(caught.value).splitlines() if line.startswith("- the symbol ZS belongs to ")]
            assert sorted(line.partition("belongs to ")[2].split(" and to ")) == ["other beans", "soybeans"]


def test_a_module_without_an_instrument_is_none(tmp_path: Path) -> None:
    with INSTRUMENT_GUIDE.module(tmp_path, "helpers", SOYBEANS.replace("INSTRUMENT =", "SOYBEANS =").replace("ZS", "XS")):
        assert Catalog.of(Settings.load()).instruments == (ZL,)
        with pytest.raises(SettingError, match=r"ZL_INSTRUMENTS names XS, and there is no such instrument\. Known: MES, ZC, "):
            Catalog.of(Settings.load(instruments="ZL,XS"))


WRONG = {
    "a field that is left out": ("    tick=0.25,\n", "", r"missing 1 required positional argument: 'tick'"),
    "a field that there is not": ("    tick=0.25,", "    tick=0.25,\n    ticks=4,", r"unexpected keyword argument 'ticks'"),
    "a day that there is not": ("    gates=(", "    closures=(Closure(2, 30),),\n    gates=(", r"day .*month"),
    "a horizon without a length": ('Horizon("1m", 21', 'Horizon("1m", 0', r"horizon 1m: it looks 0 sessions ahead"),
}


@pytest.mark.parametrize("fault", WRONG)
def test_a_module_that_is_filled_in_wrongly_is_named_by_its_file(fault: str, tmp_path: Path) -> None:
    text, wrong, words = WRONG[fault]
    code = SOYBEANS.replace("    ContractSize,", "    Closure,\n    ContractSize,").replace(text, wrong)
    with (
        INSTRUMENT_GUIDE.module(tmp_path, "xs", code),
        pytest.raises(CatalogConflict, match=rf"^zl_assets/instruments/xs\.py: .*{words}.*(?<!\.)\. Nothing was run\.$"),
    ):
        Catalog.of(Settings.load())


def test_an_instrument_that_there_is_not_is_refused_in_one_line_with_those_that_there_are() -> None:
    with pytest.raises(SettingError) as caught:
        Catalog.of(Settings.load(instruments="ZL,mes,ES"))
    assert str(caught.value) == ("ZL_INSTRUMENTS names mes, ES, and there is no such instrument. Known: MES, ZC, ZL, ZM, ZS, ZW.")


def test_a_family_that_is_for_none_of_the_instruments_that_are_on_is_refused_by_name() -> None:
    with pytest.raises(SettingError) as caught:
        Catalog.of(Settings.load(families="pivots,golden_zone"))
    assert str(caught.value) == (
        "ZL_FAMILIES names golden_zone, which is for MES, and ZL_INSTRUMENTS (ZL) does not. Name it in both, or leave the family "
        "out."
    )


def test_the_golden_zone_is_for_mes_alone() -> None:
    settings = Settings.load(instruments="ZL,MES", families="golden_zone", kept_families="golden_zone")
    catalog = Catalog.of(settings)
    zl, mes = catalog.instruments
    assert [family.name for family in catalog.selection(mes).kept] == ["golden_zone"]
    assert catalog.selection(zl).on == ()
    keys = keys_of(definitions_of(catalog, settings))
    assert "mes_family_golden_zone" in keys
    assert "family_golden_zone" not in keys
    # No column of it reaches what ZL's model sees.
    assert [c.name for c in catalog.view(zl, zl.horizons[0]).columns] == [
        c.name for c in Catalog.of(Settings.load()).view(zl, zl.horizons[0]).columns
    ]


def test_every_instrument_of_the_product_is_part_of_one_loadable_graph() -> None:
    settings = Settings.load(instruments=",".join(i.symbol for i in KNOWN))
    catalog = Catalog.of(settings)
    dg.Definitions.validate_loadable(definitions_of(catalog, settings))
    assert [i.slug for i in catalog.instruments] == ["zl", "mes", "zc", "zm", "zs", "zw"]


def test_every_table_has_the_rules_that_its_rows_must_meet() -> None:
    catalog = Catalog.of(Settings.load(families=ALL_FAMILIES))
    of_families = {asset_of(family, ZL) for family in catalog.families.on}
    assert len(of_families) == 9
    rules = {asset: table.rules for asset, table in catalog.tables.items() if table.rules}
    assert {asset: plain(own) for asset, own in rules.items() if asset not in of_families} == {
        asset: plain(own) for asset, own in ROW_RULES.items()
    }
    for asset in of_families:
        [rule] = rules[asset]
        assert rule(empty_frame(catalog.tables[asset].contract)).name == "in_range"
    # What is read as no rows before it was ever written.
    assert {asset for asset, table in catalog.tables.items() if table.absent_ok} == {
        *of_families,
        *INTELLIGENCE,
        *(contract.table for contract in (LATEST, REPLAY, RECORD, SCORE)),
    }


def test_the_rows_that_zl_must_have_can_be_set_and_others_keep_theirs() -> None:
    catalog = with_parts((MES, ZL), settings=Settings.load(min_matrix_rows=7))
    assert (catalog.minima_of(ZL).matrix_rows, catalog.minima_of(ZL).labelled_rows) == (7, 3600)
    assert catalog.minima_of(MES) == MES.minima


TWO = (replace(MES, horizons=(MONTH, QUARTER)), replace(ZL, horizons=(MONTH, QUARTER)))
MES_TWO, ZL_TWO = TWO
# What every instrument reads.
SHARED = (
    "regime_weights",
    "fred_observations",
    "volatility_daily",
    "weather_daily",
    "policy_documents",
    "wasde_balance",
    "cot_weekly",
    "rin_prices",
)


def keys_of(defs: dg.Definitions) -> list[str]:
    graph = defs.resolve_asset_graph()
    return [key.to_user_string() for key in graph.get_all_asset_keys()]


def test_other_instruments_and_horizons_are_named_by_the_pattern() -> None:
    assert [MES.table("ohlcv"), MES.table("ta_features"), MES.asset("daily_ml_matrix")] == [
        "mes_ohlcv",
        "mes_ta_features",
        "mes_daily_ml_matrix",
    ]
    for instrument, horizon, expected in (
        (ZL, MONTH, ["vw_zl_1m_flat", "training_csv", "lgbm_model", "zl_1m_oof", "zl_1m_latest", ""]),
        (ZL_TWO, QUARTER, ["vw_zl_3m_flat", "zl_3m_training_csv", "zl_3m_lgbm_model", "zl_3m_oof", "zl_3m_latest", "zl_3m"]),
        (MES, MONTH, ["vw_mes_1m_flat", "mes_training_csv", "mes_lgbm_model", "mes_1m_oof", "mes_1m_latest", "mes_1m"]),
        (
            MES_TWO,
            QUARTER,
            ["vw_mes_3m_flat", "mes_3m_training_csv", "mes_3m_lgbm_model", "mes_3m_oof", "mes_3m_latest", "mes_3m"],
        ),
    ):
        made = [
            instrument.view_at(horizon),
            instrument.asset_at(horizon, "training_csv"),
            instrument.asset_at(horizon, "lgbm_model"),
            instrument.table_at(horizon, "oof"),
            instrument.table_at(horizon, "latest"),
            instrument.folder_at(horizon),
        ]
        assert made == expected
    catalog = with_parts(TWO, settings=Settings.load(families="pivots"))
    [pivots] = catalog.families.on
    assert (asset_of(pivots, ZL), asset_of(pivots, MES)) == ("family_pivots", "mes_family_pivots")
    # One table for both, and one matrix.
    assert pivots.table == catalog.family(pivots, ZL_TWO).table == catalog.family(pivots, MES_TWO).table == "family_pivots"
    assert catalog.matrix(ZL_TWO).table == catalog.matrix(MES_TWO).table == "daily_ml_matrix"


def test_zl_comes_first_whatever_the_order_of_the_modules() -> None:
    assert [instrument.symbol for instrument in with_parts((MES, ZL)).instruments] == ["ZL", "MES"]


def test_an_instrument_reads_its_own_rows_of_a_shared_table_whoever_is_on() -> None:
    """Once MES was on, its rows are there when ZL is alone again."""
    both, alone = with_parts((MES, ZL)), with_parts((ZL,))
    for catalog, instrument in ((both, MES), (both, ZL), (alone, ZL)):
        for contract in (
            catalog.bars(instrument),
            catalog.matrix(instrument),
            *(make(instrument, MONTH) for make in (catalog.replay, catalog.record, catalog.score)),
        ):
            assert contract.symbols == (instrument.symbol,), contract.table
    [close] = [c for c in _fields(both.matrix(ZL).columns) if c.name == "close"]
    assert close.unit == "MES: index points; ZL: US cents per pound"


def _fields(columns: Sequence[Column]) -> list[Column]:
    return [field for column in columns for field in column.fields]


@pytest.mark.parametrize("families", [None, ALL_FAMILIES])
def test_two_instruments_at_two_horizons_are_one_loadable_graph(families: str | None) -> None:
    settings = Settings.load(families=families, kept_families=families) if families else Settings.load()
    defs = definitions_of(with_parts(TWO, settings=settings), settings)
    dg.Definitions.validate_loadable(defs)
    keys = keys_of(defs)
    assert len(keys) == len(set(keys))
    expected = {"databento_futures_ohlcv_1d", "regime_weights", "zl_ohlcv", "zl_ta_features", "daily_ml_matrix"}
    expected |= {"mes_databento_futures_ohlcv_1d", "mes_ohlcv", "mes_ta_features", "mes_daily_ml_matrix"}
    expected |= {"vw_zl_1m_flat", "training_csv", "lgbm_model", "zl_1m_oof", "zl_1m_latest"}
    expected |= {"vw_zl_3m_flat", "zl_3m_training_csv", "zl_3m_lgbm_model", "zl_3m_oof", "zl_3m_latest"}
    expected |= {"vw_mes_1m_flat", "mes_training_csv", "mes_lgbm_model", "mes_1m_oof", "mes_1m_latest"}
    expected |= {"vw_mes_3m_flat", "mes_3m_training_csv", "mes_3m_lgbm_model", "mes_3m_oof", "mes_3m_latest"}
    of_horizons = ("", "zl_3m_", "mes_", "mes_3m_")
    expected |= {f"{begins}forecast_{name}" for begins in of_horizons for name in ("replay", "record", "score")}
    # One for each instrument, at its first horizon.
    expected |= {"briefing", "mes_briefing"}
    if families:
        names = families.split(", ")
        expected |= {*INTELLIGENCE, "mes_databento_futures_ohlcv_1h", "feature_family_impact", "mes_feature_family_impact"}
        # The weather is of ZL's regions; documents, balances, positions and prices are ZL's too.
        expected |= {f"family_{name}" for name in names}
        of_zl = ("biofuel", "cot", "policy", "wasde", "weather")
        expected |= {f"mes_family_{name}" for name in names if name not in of_zl}
    assert set(keys) == expected
    # One selection string has all that is an instrument's, and nothing that both share.
    graph, of_mes = defs.resolve_asset_graph(), {key for key in keys if key.startswith(("mes_", "vw_mes"))}
    for symbol, own in (("MES", of_mes), ("ZL", set(keys) - of_mes - set(SHARED))):
        assert {key for key in keys if graph.get(dg.AssetKey(key)).tags.get("instrument") == symbol} == own
    # Nothing of the one hangs on the other: what is wrong with the one's bars or hours stops nothing of the other.
    for key in keys:
        ancestors = {k.to_user_string() for k in graph.get_ancestor_asset_keys(dg.AssetKey(key))}
        if not key.startswith(("mes_", "vw_mes")):
            assert not [a for a in ancestors if a.startswith(("mes_", "vw_mes"))], key
        else:
            assert ancestors <= {*(k for k in keys if k.startswith(("mes_", "vw_mes"))), *SHARED}, key


def test_no_two_horizons_share_a_file_or_an_io_manager() -> None:
    settings = Settings.load()
    places = [(i, h) for i in TWO for h in i.horizons]
    for name in (csv_io, models_io, published_io):
        assert len({name(*place) for place in places}) == 4
    resources = definitions_of(with_parts(TWO), settings).resources or {}
    assert len({resources[csv_io(*place)].path for place in places}) == 4
    folders = {resources[models_io(*place)].folder for place in places}
    state = settings.state_dir / "models"
    assert folders == {state, state / "zl_3m", state / "mes_1m", state / "mes_3m"}


@pytest.mark.parametrize("symbol", ["", "Z L", "ZL'", "ZL\\", "ZL;", "ZL\n", "-ZL", "Ä"])
def test_a_symbol_that_could_end_its_quotes_never_reaches_sql(symbol: str) -> None:
    with pytest.raises(ValueError, match="is no symbol: letters, digits"):
        replace(ZL, symbol=symbol)


def test_a_gate_whose_words_name_its_bound_has_one() -> None:
    lower = tuple(GateBound(b.gate, 0.1, None) if b.gate == "worst_fold_ratio" else b for b in ZL.gates)
    assert "ZL: the gates worst_fold_ratio need an upper bound" in refusal((replace(ZL, gates=lower),), SOURCES)


def test_a_family_for_an_instrument_that_is_not_there_is_named() -> None:
    with pytest.raises(FamilyConflict, match="it is for ES, and there is no such instrument"):
        register([replace(pivots.FAMILY, symbols=("ES",))], AROUND)


def test_every_instrument_names_a_calendar_that_the_library_has() -> None:
    for instrument in KNOWN:
        assert len(expected_sessions(instrument.calendar, dt.date(2025, 1, 6), dt.date(2025, 1, 10))) > 2
