"""The command line as its users have it: in this process for speed, or as a command of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cli.app import main

ROOT = Path(__file__).parents[1]
PLAIN = {
    "consumer_key": "c0nsumer-secret",
    "mobile": "+919876543210",
    "ucc": "AB123",
    "mpin": "246813",
    "totp_secret": "JBSWY3DPEHPK3PXP",
}
RULE = '{"target_percent": 6}'
TABLES = ("users", "credentials", "positions", "orders", "journal")


@dataclass(frozen=True, slots=True)
class Result:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The output as JSON."""
        return json.loads(self.out)


class Commands:
    """Runs verbs against one database and one home folder."""

    def __init__(
        self, url: str, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.url, self.home = url, home
        self._monkeypatch, self._capsys = monkeypatch, capsys
        self.set(NINEFIFTEEN_DATABASE_URL=url, NINEFIFTEEN_HOME=str(home))

    def set(self, **environment: str) -> None:
        """Change the environment."""
        for name, value in environment.items():
            self._monkeypatch.setenv(name, value)

    def __call__(self, *words: str) -> Result:
        """Run a verb in this process."""
        self._monkeypatch.setattr(sys, "argv", ["run.py", *words])
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        captured = self._capsys.readouterr()
        return Result(int(ended.value.code or 0), captured.out, captured.err)

    def apart(self, *words: str, stdin: str = "", **how: Any) -> Result:
        """Run a verb as a process of its own."""
        done = subprocess.run(
            [sys.executable, str(ROOT / "run.py"), *words],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            **{"env": {**os.environ, "PYTHONWARNINGS": "error"}} | how,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def credentials(self, **changed: object) -> str:
        """A file of plain fields; None leaves a field out."""
        fields = {name: value for name, value in {**PLAIN, **changed}.items() if value is not None}
        path = self.home / "credentials.json"
        path.write_text(json.dumps(fields))
        return str(path)

    def add_user(self, name: str = "asha") -> Result:
        """Enter a user that is right in every way."""
        words = ("--broker", "kotak_neo", "--credentials", self.credentials(), "--exit-rule", RULE)
        return self("user", "add", name, *words)

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the database."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(query.encode(), values or None)
            return cursor.fetchall() if cursor.description else []

    def counts(self) -> dict[str, int]:
        """How many rows there are."""
        return {table: self.rows(f"SELECT count(*) FROM {table}")[0][0] for table in TABLES}
