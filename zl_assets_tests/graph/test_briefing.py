"""The morning page through Dagster and the embedded BigQuery: after a refresh, after a red one, and with nobody to send it to."""

import re
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from zl_assets.assets.common import AFTERWARDS, BRIEFINGS, REFRESH
from zl_assets.definitions import build_defs
from zl_assets.pages.places import Pages
from zl_assets.settings import Settings
from zl_assets_tests.support.fixtures import MakeProduct
from zl_assets_tests.support.product import Product, failures, metadata


@pytest.fixture(scope="module")
def product(refreshed_product: MakeProduct) -> Product:
    return refreshed_product()


def brief(product: Product, **changes: Any) -> dict[str, Any]:
    result = product.run_job(BRIEFINGS, **changes)
    assert failures(result) == {}
    return metadata(result)["briefing"]


def test_a_refresh_does_not_make_it_and_its_end_starts_it() -> None:
    defs = build_defs(Settings.load(instruments="ZL,MES"))
    pages = {"briefing", "mes_briefing"}
    refreshed = {key.to_user_string() for key in defs.resolve_job_def(REFRESH).asset_layer.executable_asset_keys}
    assert refreshed & pages == set()
    made = {key.to_user_string() for key in defs.resolve_job_def(BRIEFINGS).asset_layer.executable_asset_keys}
    assert made == pages
    graph = defs.resolve_asset_graph()
    for page in pages:
        node = graph.get(dg.AssetKey(page))
        assert node.tags[AFTERWARDS] == "true"
        assert not node.child_keys
        assert {key.to_user_string().removeprefix("mes_") for key in node.parent_keys} == {"forecast_score"}
    sensors = {sensor.name: sensor for sensor in defs.sensors or ()}
    for name in ("zl_briefing_after_success", "zl_briefing_after_failure"):
        assert sensors[name].default_status is dg.DefaultSensorStatus.RUNNING


def test_the_page_says_the_numbers_of_the_tables(product: Product) -> None:
    told = brief(product)
    sessions, ta = product.table("zl_ohlcv"), product.table("zl_ta_features")
    record = product.table("forecast_record").iloc[-1]
    close, index = float(sessions["close"].iloc[-1]), ta["roll_index"].astype(float)
    assert told["close"] == close
    assert told["move_1d_%"] == pytest.approx(100 * (index.iloc[-1] / index.iloc[-2] - 1), rel=1e-12)
    assert told["move_21d_%"] == pytest.approx(100 * (index.iloc[-1] / index.iloc[-22] - 1), rel=1e-12)
    assert (told["range_80_low"], told["range_80_high"]) == (record["low_80_close"], record["high_80_close"])
    assert told["not_green"] == 0
    # What its ranges held, by hand: from the replay and the closes 21 sessions later.
    replay = product.table("forecast_replay").merge(
        pd.DataFrame({"data_date": sessions["data_date"], "came": sessions["close"].shift(-21)}), on="data_date"
    )
    late = replay["data_date"].astype("datetime64[ns]") >= "2016-01-01"
    due = replay[late & replay["came"].notna() & replay["low_80_close"].notna()]
    inside = due["low_80_close"].le(due["came"]) & due["came"].le(due["high_80_close"])
    assert told["ranges_held_%"] == pytest.approx(100 * inside.mean(), rel=1e-9)
    page = Path(str(told["file"]))
    text = page.with_suffix(".txt").read_text()
    assert text.splitlines()[0] == "ZL, soybean oil: Friday 14 November 2025"
    assert f"  Close: {close:,.2f} cents" in text
    assert "What is wrong: Nothing: every check is green." in text
    whole = page.read_text()
    assert f"{close:,.2f} cents" in whole
    # In small print what it is of, after the close.
    assert f"to 2025-11-14. The range is by the model {record['model_id']}" in whole
    assert whole.index(f"{close:,.2f} cents") < whole.index(f"<figcaption>Prices: {told['prices']}, to ")
    # What the UI links is a page that is served: where files are and what may be read are said in two places.
    for link, file in ((told["open"], page), (product.recorded("lgbm_model")["report_html"], product.model / "report.html")):
        address = re.fullmatch(r"\[[\w.]+\]\(http://127\.0\.0\.1:3002/(.+)\)", str(link))
        assert address is not None
        served = Pages.of(product.settings()).page(address[1])
        assert served is not None
        assert served.read_bytes() == file.read_bytes()
    # The first row of the metadata is the page.
    assert next(iter(told)) == "today"
    assert f"{close:,.2f} cents" in str(told["today"])


def test_a_red_check_is_on_the_page_with_what_to_do_until_it_is_green_again(product: Product) -> None:
    product.sql("UPDATE features.daily_ml_matrix SET rsi_14 = 150 WHERE data_date = '2025-11-14'")
    product.run_checks("daily_ml_matrix")
    told = brief(product)
    assert told["not_green"] >= 1
    text = Path(str(told["file"])).with_suffix(".txt").read_text()
    assert re.search(r"daily_ml_matrix: rsi_in_range: (?!rsi_in_range).*To do: ", text)
    assert "Not green since then: " in text
    assert 'class="bad"' in Path(str(told["file"])).read_text()
    product.refresh()
    told = brief(product)
    assert told["not_green"] == 0
    assert "Green again: daily_ml_matrix: " in Path(str(told["file"])).with_suffix(".txt").read_text()


def test_a_refresh_that_failed_is_on_the_page_and_the_numbers_are_those_that_stand(product: Product, tmp_path: Path) -> None:
    (tmp_path / "bars.csv").write_text("<html>502 Bad Gateway</html>")
    failed = product.refresh(bars=tmp_path / "bars.csv")
    assert not failed.success
    told = brief(product)
    text = Path(str(told["file"])).with_suffix(".txt").read_text()
    assert "databento_futures_ohlcv_1d: " in text
    assert "What was there before stands." in text
    assert told["close"] == float(product.table("zl_ohlcv")["close"].iloc[-1])
    product.refresh()


def test_a_receiver_that_is_down_is_a_line_in_the_log_and_the_page_is_there(product: Product) -> None:
    told = brief(product, notify_briefing=True, notify_webhook="http://127.0.0.1:9/secret")
    assert Path(str(told["file"])).exists()


def test_before_the_first_refresh_it_says_so(new_product: MakeProduct) -> None:
    told = brief(new_product())
    assert told["today"] == "There is no session yet: refresh first."
    assert "file" not in told
