"""Settings: a wrong value stops with the variable, the value and what is allowed."""

import datetime as dt
import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zl_assets.errors import SettingError
from zl_assets.settings import OUTSIDE, Settings

WRONG = {
    "ZL_GCP_PROJECT": ["My-Project", "my project", "my-project`", "my-project ", "my-project\n", "a", "x`; DROP TABLE t; --"],
    "ZL_LOCATION": ["us central", "us-central1; --"],
    "ZL_DATASET_PREFIX": ["1_", "a-b", "a b", "x.y", "`"],
    "ZL_CREATE": ["maybe"],
    "ZL_INSTRUMENTS": ["ZL,", "ZL;MES", "ZL,ZL", "ZL'", "`"],
    "ZL_FAMILIES": ["Pivots", "a,,b", "a;b", "pivots,pivots", "`"],
    "ZL_KEPT_FAMILIES": ["pivots,", "1a"],
    "ZL_FRED": ["http://fred.stlouisfed.org", "ftp://x", "https://fred.stlouisfed.org/graph?id=DGS10", "https://u:p@host"],
    "ZL_AS_OF": ["tomorrow", "0", "1763164800", "2025-13-01", "15.11.2025"],
    "ZL_MIN_MATRIX_ROWS": ["-1", "many", "1.5"],
    "ZL_MIN_LABELLED_ROWS": ["-1"],
    "ZL_MAX_PARTITIONS": ["0", "4001"],
    "ZL_MAX_BYTES": ["1", "-5", "10485760", "20971519"],
    "ZL_DEADLINE": ["0", "-1", "7200", "nan"],
    "ZL_NOTIFY_EMAIL": ["me", "a@b@c", "a@example.com,", "a@example.com\nBcc: x@example.com", "Me <a@example.com>"],
    "ZL_NOTIFY_FROM": ["me", "a@example.com, b@example.com"],
    "ZL_UI_URL": ["dagster.example.com", "ftp://x", "http://"],
}


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"ZL_{name.upper()}", raising=False)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_wrong_value_names_the_variable_the_value_and_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingError) as caught:
        Settings.load()
    message = str(caught.value)
    assert name in message
    assert repr(value) in message
    assert "Allowed:" in message


def test_a_byte_limit_below_what_a_merge_must_bill_is_refused_with_the_least_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """BigQuery would refuse it in the middle of the first refresh."""
    monkeypatch.setenv("ZL_MAX_BYTES", str(2 * 10_485_760 - 1))
    with pytest.raises(SettingError, match="at least 20971520, since BigQuery bills 10485760 for each table"):
        Settings.load()
    monkeypatch.setenv("ZL_MAX_BYTES", str(2 * 10_485_760))
    assert Settings.load().max_bytes == 20_971_520


SECRET = "T0KEN"  # noqa: S105 - of no service
WRONG_SECRETS = {
    "ZL_NOTIFY_WEBHOOK": ["hooks.example.com/T0KEN", "http://hooks.example.com/T0KEN", "https:///T0KEN", "https://x/T0KEN y"],
    "ZL_NOTIFY_SMTP": [
        "mail.example.com",
        "smtp://zl:T0KEN@",
        "smtp://T0KEN@mail.example.com",
        "smtp://zl:T0KEN@mail.example.com:99999",
        "smtp://zl:T0KEN@mail.example.com/inbox",
        "http://zl:T0KEN@mail.example.com",
        "smtp://zl:T0KEN@[mail",
    ],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG_SECRETS.items() for value in values])
def test_a_wrong_secret_is_named_and_never_shown(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingError, match=f"{name}=.not shown. is not allowed") as caught:
        Settings.load()
    assert "Allowed:" in str(caught.value)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_recipients_without_a_mail_server_are_not_silently_never_told() -> None:
    with pytest.raises(SettingError, match="ZL_NOTIFY_SMTP is not"):
        Settings.load(notify_email="a@example.com")


@pytest.mark.parametrize("name", ["ZL_BAR", "zl_bar"])
def test_a_misspelt_setting_is_not_silently_the_default(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "/my/bars.parquet")
    with pytest.raises(SettingError, match=rf"{name}: no such setting. Known: .*ZL_BARS"):
        Settings.load()


def test_every_wrong_value_is_reported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZL_AS_OF", "x")
    monkeypatch.setenv("ZL_MAX_PARTITIONS", "0")
    with pytest.raises(SettingError) as caught:
        Settings.load()
    assert "ZL_AS_OF" in str(caught.value)
    assert "ZL_MAX_PARTITIONS" in str(caught.value)


def test_nothing_set_is_the_sample_on_this_machine() -> None:
    settings = Settings.load()
    assert settings.embedded
    assert settings.synthetic
    assert settings.may_create
    assert settings.state_dir == Path(".zl")
    assert settings.fixed_as_of == dt.date(2025, 11, 15)


def test_own_bars_are_looked_at_today_unless_a_date_is_given() -> None:
    assert Settings.load(bars="x.parquet").fixed_as_of is None
    assert Settings.load(bars="x.parquet", as_of="2024-01-02").fixed_as_of == dt.date(2024, 1, 2)


def test_families_are_names_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings.load().families == ()
    monkeypatch.setenv("ZL_FAMILIES", "pivots, macro")
    monkeypatch.setenv("ZL_KEPT_FAMILIES", "macro")
    settings = Settings.load()
    assert (settings.families, settings.kept_families) == (("pivots", "macro"), ("macro",))


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZL_GCP_PROJECT", "")
    assert Settings.load().embedded


@given(st.text(min_size=1))
def test_no_prefix_that_is_not_an_identifier_gets_through(prefix: str) -> None:
    try:
        settings = Settings.load(dataset_prefix=prefix)
    except SettingError:
        return
    assert settings.dataset_prefix.isascii()
    assert settings.dataset_prefix.replace("_", "a").isalnum()


@pytest.mark.parametrize("setting", OUTSIDE)
def test_an_outside_source_is_a_folder_or_addresses_whose_files_go_to_the_state_folder(setting: str) -> None:
    assert Settings.load().files_of(setting) is None
    assert Settings.load().addresses_of(setting) == ()
    folder = Settings.load(**{setting: "data/its"})
    assert (folder.files_of(setting), folder.addresses_of(setting)) == (Path("data/its"), ())
    address = Settings.load(**{setting: "https://one.example.org/, https://two.example.org"}, state_dir="s")
    assert address.files_of(setting) == Path("s") / setting
    assert address.addresses_of(setting) == ("https://one.example.org", "https://two.example.org")
    for wrong in ("http://one.example.org", "https://one.example.org/path", "https://one.example.org, data/its"):
        with pytest.raises(SettingError, match="https://host"):
            Settings.load(**{setting: wrong})
