"""What a run says of its prices and its state folder, from the settings alone."""

from pathlib import Path

import pytest

from zl_assets.provenance import OWN_BARS, SYNTHETIC, Provenance
from zl_assets.settings import Settings


@pytest.mark.parametrize(
    ("values", "prices", "beside", "label"),
    [
        ({}, "SYNTHETIC sample, invented", "", SYNTHETIC),
        ({"bars": "/data/bars.parquet"}, "own bars: bars.parquet", "", OWN_BARS),
        ({"bars": "/data/delivered", "dataset_prefix": "try_"}, "own bars: delivered", ", dataset prefix try_", OWN_BARS),
        (
            {"gcp_project": "my-project", "dataset_prefix": "try_"},
            "table my-project.try_market_data.databento_futures_ohlcv_1d",
            ", dataset prefix try_, project my-project",
            None,
        ),
        # Somebody else's table is what is read there, whatever ZL_BARS says.
        (
            {"gcp_project": "my-project", "bars": "/data/bars.parquet"},
            "table my-project.market_data.databento_futures_ohlcv_1d",
            ", project my-project",
            None,
        ),
    ],
)
def test_prices_and_state_are_named_as_the_settings_have_them(
    tmp_path: Path, values: dict[str, str], prices: str, beside: str, label: str | None
) -> None:
    made = Provenance.of(Settings.load(state_dir=tmp_path / "state", **values))
    assert made == Provenance(prices, f"{tmp_path}/state{beside}", label)
    assert made.metadata == {"prices": prices, "state_folder": f"{tmp_path}/state{beside}"}
    assert made.synthetic is (label == SYNTHETIC)
    assert made.source == (label or "cloud")
    assert bool(made.mark) is made.synthetic


def test_one_folder_by_two_ways_is_one_and_two_folders_are_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "state")
    folders = [Provenance.of(Settings.load(state_dir=folder)).state for folder in ("state", "link", f"{tmp_path}/state", "other")]
    assert folders == [f"{tmp_path}/state"] * 3 + [f"{tmp_path}/other"]
