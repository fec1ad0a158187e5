"""Every ZL_* variable: typed, read and validated once per process.

Belongs here: the name, type, default and meaning of each setting. Must not be here: anything that opens a file, a socket or a
client. No other module reads the environment for a ZL_* name.
"""

import datetime as dt
import os
import re
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from zl_assets.errors import SettingError

PREFIX = "ZL_"

# The synthetic sample ends on Friday 2025-11-14, so the Saturday after it is the first date on which all of it is final.
SAMPLE_AS_OF = dt.date(2025, 11, 15)

# A guard against a runaway scan, not a budget: the full-history matrix is about 2 MB and BigQuery bills at least 10 MiB a table.
# 1 GiB leaves room for a bars table of several hundred symbols, and costs less than one US cent at the on-demand list price.
DEFAULT_MAX_BYTES = 1 << 30

# BigQuery bills a query for at least 10 MiB of each table that it reads, however small, and refuses it where that is above its
# limit. A comparison and a MERGE read two: with less than this, the first refresh would stop after it had staged its rows.
# https://cloud.google.com/bigquery/pricing#on_demand_pricing
LEAST_MAX_BYTES = 2 * 10 * 1024 * 1024

# Names separated by commas; pydantic would read the variable as JSON.
type Names = Annotated[tuple[str, ...], NoDecode]


# Settings that a message, a log or a page of the UI never shows.
SECRETS = {"notify_webhook", "notify_smtp"}

# Settings of sources that are a file, a folder, or the addresses of publishers to fetch from.
OUTSIDE = ("fred", "weather", "policy", "wasde", "cot", "rin")

LOOPBACK = {"127.0.0.1", "localhost", "::1"}

# Where `python -m zl_assets.pages` listens; Dagster's UI has 3000, and in docs/production/ 3001 as well.
PAGES_PORT = 3002


class Settings(BaseSettings):
    """The product's settings. Build it with `Settings.load()`, which turns a bad value into a `SettingError`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True)

    gcp_project: str | None = Field(
        default=None,
        description="Google Cloud project id; unset: the embedded BigQuery on this machine",
    )
    location: str = Field(default="us-central1", description="BigQuery location of every dataset, e.g. us-central1, US or EU")
    dataset_prefix: str = Field(
        default="", description="put before every dataset name: letters, digits and underscores, not starting with a digit"
    )
    create: bool | None = Field(
        default=None, description="true or false: may datasets and tables be created (default: true embedded, false cloud)"
    )
    state_dir: Path = Field(default=Path(".zl"), description="folder for the embedded warehouse, the CSV and the models")
    bars: Path | None = Field(
        default=None,
        description="daily bars to load in embedded mode: a Parquet, CSV or Databento DBN file (.dbn, .dbn.zst), or a folder of "
        "them; unset: the synthetic sample",
    )
    instruments: Names = Field(
        default=("ZL",), description="symbols of the instruments that are on, separated by commas, e.g. ZL,MES; unset: ZL"
    )
    families: Names = Field(
        default=(), description="feature families to compute, separated by commas, e.g. pivots,macro; unset: none"
    )
    kept_families: Names = Field(
        default=(),
        description="families of ZL_FAMILIES that the training view and the model use, separated by commas; unset: none",
    )
    bars_1h: Path | None = Field(
        default=None,
        description="hourly bars for the intraday family in embedded mode: a Parquet, CSV or Databento DBN file (ohlcv-1h), or a "
        "folder of them; unset: none",
    )
    fred: str | None = Field(
        default=None,
        description="folder of FRED's CSV files, one SERIES.csv each, or https://fred.stlouisfed.org to fetch them from there; "
        "unset: none",
    )
    weather: str | None = Field(
        default=None,
        description="weather files as their publishers deliver them: a file, a folder that is read with its sub-folders, or "
        "addresses to fetch them from, separated by commas: https://www.ncei.noaa.gov, https://power.larc.nasa.gov, "
        "https://archive-api.open-meteo.com; unset: none",
    )
    policy: str | None = Field(
        default=None,
        description="a file of government documents (the Federal Register's JSON or CSV, White House pages), a folder of them "
        "that is read with its sub-folders, or https://www.federalregister.gov to fetch them from there; unset: none",
    )
    wasde: str | None = Field(
        default=None,
        description="a CSV file of USDA's historical WASDE data, or a zip archive of such, a folder of them that is read with "
        "its sub-folders, or https://www.usda.gov to fetch them from there; unset: none",
    )
    cot: str | None = Field(
        default=None,
        description="the CFTC's yearly files of the disaggregated report, futures only: a file, a folder that is read with its "
        "sub-folders, or https://www.cftc.gov to fetch them from there; unset: none",
    )
    rin: str | None = Field(
        default=None,
        description="EPA's CSV file of weekly RIN prices, a folder of them that is read with its sub-folders, or the address of "
        "a mirror to fetch it from; unset: none",
    )
    as_of: dt.date | None = Field(
        default=None,
        description="UTC date (YYYY-MM-DD) that data decisions are made on; unset: today, or 2025-11-15 for the sample",
    )
    min_matrix_rows: int | None = Field(
        default=None,
        ge=0,
        description="fewest rows the matrix of ZL may have: a whole number, 0 or more; unset: the instrument's",
    )
    min_labelled_rows: int | None = Field(
        default=None, ge=0, description="fewest rows of ZL with a target: a whole number, 0 or more; unset: the instrument's"
    )
    max_partitions: int = Field(
        default=3000, ge=1, le=4000, description="partitions that one MERGE may change: 1 to 4000, which is BigQuery's limit"
    )
    max_bytes: int = Field(
        default=DEFAULT_MAX_BYTES,
        ge=LEAST_MAX_BYTES,
        description=f"maximum_bytes_billed of a query: at least {LEAST_MAX_BYTES}, since BigQuery bills 10485760 for each table "
        "that a query reads, and a MERGE reads two",
    )

    export_uri: str | None = Field(
        default=None,
        description="gs://bucket or gs://bucket/path: training_csv is then exported by BigQuery through that folder; unset: the "
        "view is read directly",
    )
    retrain: bool = Field(
        default=False,
        description="true or false: train even where a stored model was made of the same data, choices, libraries and code",
    )
    deadline: float = Field(
        default=300.0,
        gt=0,
        le=3600,
        description="seconds that one step in BigQuery may take, its retries included: more than 0, at most 3600",
    )
    notify_webhook: SecretStr | None = Field(
        default=None,
        description="an https:// URL (http:// only to this machine) that takes {'text': ...} by POST, as Slack and Mattermost do",
    )
    notify_briefing: bool = Field(
        default=False, description="true: each briefing is sent as well, by ZL_NOTIFY_WEBHOOK and ZL_NOTIFY_EMAIL"
    )
    notify_email: str | None = Field(default=None, description="e-mail addresses, separated by commas; needs ZL_NOTIFY_SMTP")
    notify_from: str | None = Field(
        default=None, description="the e-mail address that alerts come from; unset: the first recipient"
    )
    notify_smtp: SecretStr | None = Field(
        default=None,
        description="smtp://user:password@host:587 (STARTTLS, but to this machine) or smtps://user:password@host:465; user and "
        "password may be left out, and are percent-encoded",
    )
    ui_url: str = Field(
        default="http://127.0.0.1:3000", description="http:// or https:// address under which people open Dagster's UI"
    )
    pages_url: str = Field(
        default=f"http://127.0.0.1:{PAGES_PORT}",
        description="http:// or https:// address under which people open what `python -m zl_assets.pages` serves: the briefings "
        "and the models' reports",
    )

    @field_validator("instruments", mode="before")
    @classmethod
    def _symbols(cls, value: Any) -> Any:
        symbols = _parts(value)
        if not symbols:
            raise ValueError("name at least one")
        if any(not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", symbol) for symbol in symbols):
            raise ValueError("a symbol has letters, digits, dots, hyphens and underscores, and starts with a letter or digit")
        return symbols

    @field_validator("families", "kept_families", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        names = _parts(value)
        if any(not re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names):
            raise ValueError("a family name has lower-case letters, digits and underscores, and starts with a letter")
        return names

    @field_validator("as_of", mode="before")
    @classmethod
    def _as_of(cls, value: Any) -> Any:
        # pydantic would take a number for seconds since 1970.
        if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
            raise ValueError("a date is written YYYY-MM-DD")
        return value

    @field_validator("gcp_project")
    @classmethod
    def _project(cls, value: str | None) -> str | None:
        # Google's rule for project ids; the optional domain part is that of legacy domain-scoped projects.
        if value is not None and not re.fullmatch(r"(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]", value):
            raise ValueError("a project id has 6 to 30 lower-case letters, digits and hyphens, and starts with a letter")
        return value

    @field_validator("location")
    @classmethod
    def _location(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z]+(-[a-z]+[0-9]+)?", value):
            raise ValueError("a BigQuery location looks like us-central1, US or EU")
        return value

    @field_validator("dataset_prefix")
    @classmethod
    def _dataset_prefix(cls, value: str) -> str:
        if value and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,127}", value):
            raise ValueError("a prefix has letters, digits and underscores only, and does not start with a digit")
        return value

    @field_validator("export_uri")
    @classmethod
    def _export_uri(cls, value: str | None) -> str | None:
        # Google's rule for bucket names; of the path, what needs no quoting in SQL and cannot climb out of its folder.
        if value is None:
            return None
        if not re.fullmatch(r"gs://[a-z0-9][a-z0-9._-]{1,220}[a-z0-9](?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*/?", value):
            raise ValueError("letters, digits, '.', '_', '-' and single slashes only, and no part of the path begins with a dot")
        return value.rstrip("/")

    @field_validator("notify_webhook")
    @classmethod
    def _webhook(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            url = _url(value.get_secret_value(), {"https", "http"})
            if url.scheme == "http" and url.hostname not in LOOPBACK:
                raise ValueError("it would go over the network unencrypted")
        return value

    @field_validator("notify_smtp")
    @classmethod
    def _smtp(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            url = _url(value.get_secret_value(), {"smtp", "smtps"})
            if url.path.strip("/") or url.query or url.fragment:
                raise ValueError("nothing may follow the port")
            if (url.username is None) != (url.password is None):
                raise ValueError("user and password must be given together")
        return value

    @field_validator("notify_email")
    @classmethod
    def _recipients(cls, value: str | None) -> str | None:
        return value if value is None else ", ".join(_address(part) for part in value.split(","))

    @field_validator("notify_from")
    @classmethod
    def _sender(cls, value: str | None) -> str | None:
        return value if value is None else _address(value)

    @field_validator("ui_url", "pages_url")
    @classmethod
    def _address_of_ours(cls, value: str) -> str:
        _url(value, {"https", "http"})
        return value.rstrip("/")

    @model_validator(mode="after")
    def _mail_needs_a_server(self) -> Self:
        if self.notify_email is not None and self.notify_smtp is None:
            raise ValueError("ZL_NOTIFY_EMAIL is set and ZL_NOTIFY_SMTP is not: say which server takes the mail")
        return self

    @field_validator("state_dir")
    @classmethod
    def _state_dir(cls, value: Path) -> Path:
        return value.expanduser()

    @model_validator(mode="after")
    def _paths_are_text(self) -> Self:
        # They become metadata and JSON, which are text.
        for name in ("state_dir", "bars", "bars_1h", *OUTSIDE):
            path = str(getattr(self, name) or "")
            try:
                os.path.abspath(path).encode()
            except UnicodeEncodeError:
                ascii_only = sys.getfilesystemencoding() != "utf-8"
                raise ValueError(
                    f"{PREFIX}{name.upper()} is {os.path.abspath(path)!r}: a path must be text in "
                    + (
                        "the encoding of this process, which is ASCII. Set PYTHONUTF8=1, or LC_ALL to a locale of UTF-8"
                        if ascii_only
                        else "UTF-8, and this one has other bytes. Rename the folder or file, or choose another"
                    )
                ) from None
        folder = str(self.state_dir.absolute())
        if self.embedded and "?" in folder:
            raise ValueError(
                f"The state folder is {folder!r}: DuckDB, which keeps the embedded tables there, takes a '?' in a path for its "
                f"end. Set {PREFIX}STATE_DIR to a folder without one"
            )
        return self

    @field_validator(*OUTSIDE)
    @classmethod
    def _outside(cls, value: str | None) -> str | None:
        # Plain HTTP only to this machine: what is fetched decides on features.
        if value is None or "://" not in value:
            return value
        addresses = _parts(value)
        for address in addresses:
            if not re.fullmatch(r"https://[A-Za-z0-9.-]+(?::[0-9]+)?/?|http://(?:127\.0\.0\.1|localhost)(?::[0-9]+)?/?", address):
                raise ValueError("an address is https://host, with nothing after it; several are separated by commas")
        return ",".join(dict.fromkeys(address.rstrip("/") for address in addresses))

    @field_validator("bars", "bars_1h")
    @classmethod
    def _bars(cls, value: Path | None) -> Path | None:
        return value.expanduser() if value is not None else None

    @classmethod
    def load(cls, **overrides: Any) -> "Settings":
        """Read the environment; `overrides` take the place of variables.

        Raises:
            SettingError: a variable has a value that is not allowed, or a setting is not known.
        """
        known = {PREFIX + name.upper() for name in cls.model_fields}
        # In any case of letters, as the values themselves are read.
        if unknown := sorted(name for name in os.environ if name.upper().startswith(PREFIX) and name.upper() not in known):
            raise SettingError(f"{', '.join(unknown)}: no such setting. Known: {', '.join(sorted(known))}.")
        try:
            return cls(**overrides)
        except ValidationError as error:
            raise SettingError("\n".join(_problem(e) for e in error.errors())) from None

    @staticmethod
    def typed() -> tuple[list[str], list[str]]:
        """What is set in the environment, for a command line that has the same settings.

        Returns:
            `NAME=value` of each variable, quoted for a shell, and the names of those that are secrets.
        """
        given = {name: value for name, value in sorted(os.environ.items()) if name.upper().startswith(PREFIX) and value}
        secret = [name for name in given if name.upper().removeprefix(PREFIX).lower() in SECRETS]
        return [f"{name}={shlex.quote(value)}" for name, value in given.items() if name not in secret], secret

    @property
    def embedded(self) -> bool:
        """True when no Google Cloud project is set: BigQuery runs on this machine."""
        return self.gcp_project is None

    def files_of(self, setting: str) -> Path | None:
        """Where the files of an outside source are: what its setting says, or the folder in the state folder into which they are
        fetched.

        Args:
            setting: one of OUTSIDE.
        """
        value = getattr(self, setting)
        if value is None:
            return None
        return self.state_dir / setting if self.addresses_of(setting) else Path(value).expanduser()

    def addresses_of(self, setting: str) -> tuple[str, ...]:
        """The addresses to fetch the files of an outside source from; none where its setting is a file or folder."""
        value = getattr(self, setting)
        return tuple(value.split(",")) if value is not None and "://" in value else ()

    @property
    def synthetic(self) -> bool:
        """True when the bars are the built-in sample."""
        return self.embedded and self.bars is None

    @property
    def may_create(self) -> bool:
        """May datasets and tables be created: ZL_CREATE, or by default only in the embedded BigQuery."""
        return self.embedded if self.create is None else self.create

    @property
    def fixed_as_of(self) -> dt.date | None:
        """The as-of date where it does not depend on the day of the run: ZL_AS_OF, or the sample's."""
        return SAMPLE_AS_OF if self.as_of is None and self.synthetic else self.as_of


def _parts(value: Any) -> tuple[str, ...]:
    """Names that a comma separates, each once."""
    names = [name.strip() for name in value.split(",")] if isinstance(value, str) else list(value)
    if len(set(names)) != len(names):
        raise ValueError("a name appears twice")
    return tuple(names)


def _address(text: str) -> str:
    # The part that a person types; whether there is such a mailbox is the mail server's to say.
    address = text.strip()
    if not re.fullmatch(r"[A-Za-z0-9._%+-]+@(?:[A-Za-z0-9-]+\.)*[A-Za-z0-9-]+", address):
        raise ValueError("an e-mail address looks like name@example.com")
    return address


def _url(text: str, schemes: set[str]) -> SplitResult:
    """The parts of a URL; what is said about a wrong one never repeats it, since it may hold a secret."""
    if not text.isascii() or any(c.isspace() or not c.isprintable() for c in text):
        raise ValueError("a URL has no spaces and only ASCII characters")
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        raise ValueError("it is not a URL") from None
    if url.scheme not in schemes or not url.hostname or port == 0:
        raise ValueError(f"it does not begin with {' or '.join(f'{s}://' for s in sorted(schemes))} and a host")
    return url


def _problem(error: Any) -> str:
    if not error["loc"]:
        return f"{error['msg'].removeprefix('Value error, ')}."
    name = str(error["loc"][0])
    field = Settings.model_fields.get(name)
    if field is None:
        return f"{name} is not a setting of this version. Known: {', '.join(PREFIX + n.upper() for n in Settings.model_fields)}."
    value = "(not shown)" if name in SECRETS else repr(error["input"])
    problem = error["msg"].removeprefix("Value error, ")  # pydantic's words before ours
    return f"{PREFIX}{name.upper()}={value} is not allowed: {problem}. Allowed: {field.description}."
