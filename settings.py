"""The settings, read once from the environment (NINEFIFTEEN_*) by the command line; nothing else reads it."""

import os
from collections.abc import Mapping
from difflib import get_close_matches
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Literal

import platformdirs
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.errors import BadInput
from domain.misreadings import misread

PREFIX = "NINEFIFTEEN_"
KOTAK_LOGIN_HOST = "https://mis.kotaksecurities.com"
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
SENTENCES: Mapping[str, str] = {"string_pattern_mismatch": f"must be one of {', '.join(LEVELS)}"}
"""What is wrong where only we know what a pattern means."""


class Settings(BaseSettings):
    """Every setting has a default that works on one machine; times are seconds."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    home: Path = Field(default_factory=lambda: Path(platformdirs.user_data_dir("ninefifteen", appauthor=False)))
    database_url: SecretStr | None = None
    secret_keys: SecretStr | None = None
    kotak_url: str = KOTAK_LOGIN_HOST
    log_dir: Path | None = None
    log_level: str = Field(default="INFO", pattern=f"^({'|'.join(LEVELS)})$")
    cycle_seconds: float = Field(default=5.0, gt=0, le=60)
    orders_per_second: float = Field(default=5.0, ge=0, lt=10)
    reads_per_second: float = Field(default=5.0, ge=0, le=25)
    kotak_call_deadline_seconds: float = Field(default=10.0, gt=0, le=60)
    kotak_book_lag_seconds: float = Field(default=20.0, gt=0, le=300)
    kotak_send_window_seconds: float = Field(default=5.0, gt=0, le=60)
    kotak_absent_reads: int = Field(default=2, ge=2, le=10)
    kotak_sellable_nets_orders: bool = False
    kotak_busy_is_unsent: bool = True
    paper_prices: str = "walk:915"
    paper_instruments: Path | None = None
    kotak_literal_bar: bool = True
    kotak_calls_per_second: float = Field(default=10.0, ge=0, le=100)
    egress_nat: str = ""
    drill_code_seconds: int = Field(default=30, ge=1, le=30)
    kotak_order_feed: bool = True
    record: Path | None = None
    kotak_feed_greeting: Literal["auto", "raw", "json"] = "auto"
    lease_seconds: float = Field(default=6.0, ge=0.3, le=60)
    pace: float = Field(default=1.0, gt=0, le=1)
    pool_size: int = Field(default=10, ge=2, le=100)

    @field_validator("log_level", mode="before")
    @classmethod
    def _in_capitals(cls, level: object) -> object:
        return level.strip().upper() if isinstance(level, str) else level

    @field_validator("egress_nat")
    @classmethod
    def _pairs_of_addresses(cls, written: str) -> str:
        nat_of(written)
        return written

    @property
    def nat(self) -> Mapping[str, str]:
        """For public addresses that are not this machine's own: which of its own to bind to come out of them."""
        return nat_of(self.egress_nat)

    @property
    def data_folder(self) -> Path:
        """Where the embedded database lives."""
        return self.home / "database"

    @property
    def key_file(self) -> Path:
        """Where the key that seals credentials lives, unless NINEFIFTEEN_SECRET_KEYS is set."""
        return self.home / "secret.key"

    @property
    def logs(self) -> Path:
        """Where the log files are written."""
        return self.log_dir or self.home / "logs"


def nat_of(written: str) -> Mapping[str, str]:
    """PUBLIC=PRIVATE pairs of IPv4 addresses, separated by commas. Raises ValueError."""
    pairs = [pair.split("=") for pair in written.split(",") if pair.strip()]
    try:
        return {str(IPv4Address(public.strip())): str(IPv4Address(private.strip())) for public, private in pairs}
    except ValueError:
        raise ValueError("write PUBLIC=PRIVATE pairs of IPv4 addresses, separated by commas") from None


def read_settings() -> Settings:
    """Read the environment. Raises BadInput that names the variable and what it must be."""
    _refuse_unknown()
    try:
        return Settings()
    except ValidationError as error:
        raise BadInput(_sentence(error.errors()[0])) from None


def _refuse_unknown() -> None:
    """A misspelt variable would be a setting that somebody believes in."""
    known = [f"{PREFIX}{name}".upper() for name in Settings.model_fields]
    for name in sorted(name for name in os.environ if name.upper().startswith(PREFIX) and name.upper() not in known):
        near = get_close_matches(name.upper(), known, n=1, cutoff=0.0)
        raise BadInput(f"The environment variable {name} is not known; the nearest is {near[0]}. Unset or correct it.")


def _sentence(found: Mapping[str, Any]) -> str:
    name = PREFIX + "_".join(str(part) for part in found["loc"]).upper()
    shown = "" if name.endswith(("_URL", "_KEYS")) else f"={str(found['input'])[:80]}"
    return f"The environment variable {name}{shown} {misread(found, SENTENCES)}."
