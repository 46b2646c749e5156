"""The settings, read once from the environment (NINEFIFTEEN_*) by the command line; nothing else reads it."""

from pathlib import Path

import platformdirs
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.errors import BadInput

PREFIX = "NINEFIFTEEN_"
KOTAK_LOGIN_HOST = "https://mis.kotaksecurities.com"


class Settings(BaseSettings):
    """Every setting has a default that works on one machine; times are seconds."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    home: Path = Field(default_factory=lambda: Path(platformdirs.user_data_dir("ninefifteen", appauthor=False)))
    database_url: SecretStr | None = None
    secret_keys: SecretStr | None = None
    kotak_url: str = KOTAK_LOGIN_HOST
    log_dir: Path | None = None
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    cycle_seconds: float = Field(default=5.0, gt=0, le=60)
    orders_per_second: float = Field(default=5.0, ge=0, lt=10)
    reads_per_second: float = Field(default=5.0, ge=0, le=25)
    call_deadline_seconds: float = Field(default=10.0, gt=0, le=60)
    book_lag_seconds: float = Field(default=20.0, gt=0, le=300)
    send_window_seconds: float = Field(default=5.0, gt=0, le=60)
    lease_seconds: float = Field(default=6.0, ge=0.3, le=60)
    pace: float = Field(default=1.0, gt=0, le=1)
    pool_size: int = Field(default=10, ge=2, le=100)

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


def read_settings() -> Settings:
    """Read the environment. Raises BadInput that names the variable and what it must be."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + "_".join(str(part) for part in first["loc"]).upper()
        raise BadInput(f"The environment variable {name} cannot be used: {first['msg']}.") from None
