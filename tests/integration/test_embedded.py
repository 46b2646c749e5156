"""The embedded PostgreSQL is shared, outlives killed users, and recovers from whatever they left behind.

Real servers in temporary folders, real processes, real SIGKILL. Where it says "catches", that change of the code makes
the test fail.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import IO
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from domain.errors import DatabaseUnavailable
from repositories.embedded import QUEUE, EmbeddedServer, open_embedded
from repositories.file_lock import FileLock

HOLD = """
import sys
from pathlib import Path
from repositories.embedded import open_embedded
with open_embedded(Path(sys.argv[1])) as server:
    print(server.url, flush=True)
    sys.stdin.readline()
"""
FORGET = """
import sys
from pathlib import Path
from repositories.embedded import open_embedded
print(open_embedded(Path(sys.argv[1])).url, flush=True)
"""
FORK = """
import os, sys
from pathlib import Path
from repositories.embedded import open_embedded
server = open_embedded(Path(sys.argv[1]))
if (child := os.fork()) == 0:
    sys.exit()
os.waitpid(child, 0)
print(server.url, flush=True)
sys.stdin.readline()
lasting = os.fork()
if lasting == 0:
    os.read(0, 1)
    os._exit(0)
server.close()
print("closed", flush=True)
os.waitpid(lasting, 0)
"""
SPAWN = """
import subprocess, sys
from pathlib import Path
from repositories.embedded import open_embedded
server = open_embedded(Path(sys.argv[1]))
subprocess.Popen(["cat"], close_fds=False, stdout=subprocess.DEVNULL)
print(server.url, flush=True)
subprocess.Popen(["cat"], stdin=subprocess.PIPE).wait()
"""


class Holder:
    """Another process that uses the server of a folder."""

    def __init__(self, folder: Path, program: str = HOLD) -> None:
        command = [sys.executable, "-c", program, str(folder)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def says(self) -> str:
        return _pipe(self.process.stdout).readline().strip()

    def hears(self, line: str) -> None:
        _pipe(self.process.stdin).write(line + "\n")
        _pipe(self.process.stdin).flush()

    def leave(self) -> None:
        self.process.communicate("\n", timeout=60)
        assert self.process.returncode == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(timeout=60)


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="n15-") as name:
        yield Path(name) / "database"


@pytest.fixture(scope="module")
def shared() -> Iterator[EmbeddedServer]:
    with tempfile.TemporaryDirectory(prefix="n15-") as name, open_embedded(Path(name)) as server:
        yield server


@pytest.fixture
def bystander(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process of the account that owns the data, which a reused process id may lead to."""
    open_embedded(folder).close()
    owner = (folder / "data").stat().st_uid if os.geteuid() == 0 else None
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, user=owner) as process:
        yield process
        _pipe(process.stdin).close()


def ask(url: str, *statements: str) -> str:
    """The first value that the last statement answers."""
    with psycopg.connect(url, autocommit=True) as connection:
        for each in statements:
            cursor = connection.execute(each.encode())
        row = cursor.fetchone()
        assert row is not None
        return str(row[0])


def answers(url: str) -> bool:
    try:
        return ask(url, "SELECT 1") == "1"
    except psycopg.OperationalError:
        return False


def pid(folder: Path) -> int:
    return int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])


def socket_folder(server: EmbeddedServer) -> Path:
    return Path(parse_qs(urlsplit(server.url).query)["host"][0])


def crash(folder: Path) -> None:
    """Kill the server as the kernel would for want of memory; return when nothing of it is left."""
    os.kill(pid(folder), signal.SIGKILL)
    with FileLock(folder / "engine.lock") as lock:
        assert lock.seize(within=30)


def lead_to(process: "subprocess.Popen[str]", folder: Path) -> None:
    """Make the process id that a crashed server left behind belong to somebody else."""
    for path in (folder / "data" / "postmaster.pid", folder / "socket" / ".s.PGSQL.5432.lock"):
        path.write_text("\n".join([str(process.pid), *path.read_text().splitlines()[1:]]) + "\n")


def echoes(process: "subprocess.Popen[str]") -> bool:
    stdin = _pipe(process.stdin)
    stdin.write("alive\n")
    stdin.flush()
    return _pipe(process.stdout).readline() == "alive\n"


def test_the_first_makes_it_and_the_last_stops_it(folder: Path) -> None:
    """Catches: `_leave` that stops whenever somebody leaves, and one that never stops."""
    first = open_embedded(folder)
    second = Holder(folder)
    assert second.says() == first.url
    first.close()
    assert answers(first.url)
    second.leave()
    assert not answers(first.url)


def test_what_was_written_is_there_the_next_time(folder: Path) -> None:
    with open_embedded(folder) as server:
        assert ask(server.url, "CREATE TABLE kept AS SELECT 15 AS n", "SELECT n FROM kept") == "15"
    with open_embedded(folder) as server:
        assert ask(server.url, "SELECT n FROM kept") == "15"


def test_nobody_comes_or_goes_while_somebody_else_does(folder: Path) -> None:
    """Catches: opening or closing without `start.lock`; one would stop the server that the other has just found."""
    with open_embedded(folder) as server, FileLock(folder / "start.lock") as lock, ThreadPoolExecutor() as pool:
        assert lock.seize()
        late = pool.submit(open_embedded, folder)
        going = pool.submit(server.close)
        assert not wait([late], timeout=0.5).done
        assert not going.done()
        lock.release()
        with late.result(timeout=60) as again:
            going.result(timeout=60)
            assert answers(again.url)


def test_many_that_come_at_once_share_one_server(folder: Path) -> None:
    """Catches: `engine.lock` not handed on, without which each would start a server of its own."""
    holders = [Holder(folder) for _ in range(4)]
    url, *others = [holder.says() for holder in holders]
    assert url
    assert others == [url] * 3
    for holder in holders:
        assert answers(url)
        holder.leave()
    assert not answers(url)


def test_one_process_may_open_it_twice_and_close_it_twice(folder: Path) -> None:
    first, second = open_embedded(folder), open_embedded(folder)
    first.close()
    first.close()
    assert answers(second.url)
    second.close()
    assert not answers(second.url)


def test_leaving_without_closing_stops_it(folder: Path) -> None:
    """Catches: no `atexit`."""
    holder = Holder(folder, FORGET)
    url = holder.says()
    holder.leave()
    assert url
    assert not answers(url)


def test_a_killed_user_neither_stops_it_for_others_nor_keeps_it_alive(folder: Path) -> None:
    """Catches: counting users in a file, and a share that outlives its process."""
    with open_embedded(folder) as server:
        holder = Holder(folder)
        holder.says()
        holder.kill()
        assert answers(server.url)
    assert not answers(server.url)


def test_an_orphan_is_adopted_and_stopped_by_who_adopted_it(folder: Path) -> None:
    """Catches: a server that inherits the share (`pass_fds` with it), and a start beside the orphan."""
    holder = Holder(folder)
    url = holder.says()
    holder.kill()
    orphan = pid(folder)
    assert answers(url)
    with open_embedded(folder) as server:
        assert pid(folder) == orphan
        assert server.url == url
    assert not answers(url)


def test_children_of_a_user_do_not_keep_it_alive(folder: Path) -> None:
    """Catches: a share without O_CLOEXEC."""
    holder = Holder(folder, SPAWN)
    url = holder.says()
    holder.kill()
    open_embedded(folder).close()
    assert not answers(url)
    _pipe(holder.process.stdin).close()


def test_a_forked_copy_neither_stops_it_nor_keeps_it_alive(folder: Path) -> None:
    """Catches: no `register_at_fork`: the copy's `atexit` would give up the share that it has in common with us."""
    holder = Holder(folder, FORK)
    url = holder.says()
    assert answers(url)
    holder.hears("go on")
    assert holder.says() == "closed"
    assert not answers(url)
    holder.leave()


def test_a_crashed_server_is_started_again(folder: Path) -> None:
    with open_embedded(folder) as server:
        crash(folder)
        assert not answers(server.url)
        with open_embedded(folder) as again:
            assert answers(again.url)
        assert answers(server.url)


def test_a_process_id_that_is_somebody_elses_now_does_not_block_the_start(
    folder: Path, bystander: "subprocess.Popen[str]"
) -> None:
    """Catches: leaving the stale `postmaster.pid` to PostgreSQL, which takes the other process for a server."""
    with open_embedded(folder):
        crash(folder)
        lead_to(bystander, folder)
        with open_embedded(folder) as server:
            assert answers(server.url)
            assert pid(folder) != bystander.pid
    assert echoes(bystander)


def test_leaving_a_crashed_server_does_not_stop_somebody_else(folder: Path, bystander: "subprocess.Popen[str]") -> None:
    """Catches: `pg_ctl stop` without a look at `engine.lock`; it would send SIGINT to the other process."""
    server = open_embedded(folder)
    crash(folder)
    lead_to(bystander, folder)
    server.close()
    assert echoes(bystander)


def test_the_server_of_another_folder_is_not_taken_for_ours(folder: Path) -> None:
    """Catches: adopting whatever answers at the address in `postmaster.pid`."""
    other = folder.with_name("other")
    open_embedded(other).close()
    with open_embedded(folder) as server:
        shutil.copy(folder / "data" / "postmaster.pid", other / "data" / "postmaster.pid")
        with open_embedded(other) as separate:
            assert Path(ask(separate.superuser_url, "SHOW data_directory")) == (other / "data").resolve()
        assert answers(server.url)


def test_half_finished_data_do_not_block_the_start(folder: Path) -> None:
    """Catches: `initdb` into the final folder."""
    (folder / "data.new" / "base").mkdir(parents=True)
    (folder / "data.new" / "PG_VERSION").write_text("18\n")
    (folder / "data").mkdir()
    with open_embedded(folder) as server:
        assert answers(server.url)


def test_a_half_finished_role_and_database_are_made_good(folder: Path) -> None:
    with open_embedded(folder) as server:
        elsewhere = server.superuser_url.replace("/ninefifteen?", "/postgres?")
        with psycopg.connect(elsewhere, autocommit=True) as connection:
            connection.execute("DROP DATABASE ninefifteen")
        with open_embedded(folder) as again:
            assert answers(again.url)


def test_whoever_still_makes_the_database_is_waited_for(folder: Path) -> None:
    """Catches: no `pg_advisory_lock`; the session of a killed process goes on making the database for a while."""
    waiting = "SELECT count(*) FROM pg_sleep(0.01), pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with open_embedded(folder) as server, ThreadPoolExecutor() as pool:
        elsewhere = server.superuser_url.replace("/ninefifteen?", "/postgres?")
        with psycopg.connect(elsewhere, autocommit=True) as stray:
            stray.execute(QUEUE)
            stray.execute("DROP DATABASE ninefifteen")
            late = pool.submit(open_embedded, folder)
            assert any(ask(elsewhere, waiting) == "1" for _ in range(500))
            stray.execute("CREATE DATABASE ninefifteen OWNER ninefifteen")
        with late.result(timeout=60) as again:
            assert answers(again.url)


def test_every_process_of_the_server_holds_its_lock(folder: Path) -> None:
    """Catches: `engine.lock` not handed on, without which a server that still starts would pass for none."""
    with open_embedded(folder), FileLock(folder / "engine.lock") as lock:
        assert not lock.seize()
    with FileLock(folder / "engine.lock") as lock:
        assert lock.seize(within=30)


def test_a_long_path_gets_its_socket_elsewhere(folder: Path) -> None:
    with open_embedded(folder / ("long" * 30)) as server:
        assert answers(server.url)
        place = socket_folder(server)
        assert place.stat().st_mode & 0o777 == 0o700
    assert not place.exists()


def test_a_comma_in_the_path_is_no_second_host(folder: Path) -> None:
    with open_embedded(folder / """a,b c"d'e$f%g""") as server:
        assert answers(server.url)


def test_a_socket_folder_that_others_can_enter_is_refused(folder: Path) -> None:
    """Catches: `_require_private` that accepts what it finds."""
    far = folder / ("long" * 30)
    with open_embedded(far) as server:
        place = socket_folder(server)
    place.mkdir()
    place.chmod(0o755)
    try:
        with pytest.raises(DatabaseUnavailable, match=r"is not private to us .*mode 755"):
            open_embedded(far)
    finally:
        place.rmdir()


def test_a_folder_that_cannot_be_written_is_a_sentence(folder: Path) -> None:
    folder.write_text("a file")
    with pytest.raises(
        DatabaseUnavailable, match=r"^The data folder .* cannot be written: .*Set NINEFIFTEEN_HOME to a "
    ):
        open_embedded(folder / "below")


def test_data_of_another_version_are_left_alone(folder: Path) -> None:
    open_embedded(folder).close()
    (folder / "data" / "PG_VERSION").write_text("17\n")
    with pytest.raises(DatabaseUnavailable, match=r"was made by PostgreSQL 17, and this is PostgreSQL 18\. Move"):
        open_embedded(folder)


def test_a_folder_with_something_else_in_it_is_left_alone(folder: Path) -> None:
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "thesis.txt").write_text("three years")
    with pytest.raises(DatabaseUnavailable, match="was made by something else"):
        open_embedded(folder)
    assert (folder / "data" / "thesis.txt").read_text() == "three years"


def test_a_server_that_does_not_start_says_why(folder: Path) -> None:
    with pytest.raises(
        DatabaseUnavailable, match=r'(?s)failed to start\..*invalid value for parameter "max_connections"'
    ):
        open_embedded(folder, settings={"max_connections": "plenty"})
    with open_embedded(folder) as server:
        assert answers(server.url)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fsync", "on"),
        ("data_checksums", "on"),
        ("server_encoding", "UTF8"),
        ("timezone", "UTC"),
        ("listen_addresses", ""),
        ("max_connections", "100"),
    ],
)
def test_the_server_is_safe_as_it_comes(shared: EmbeddedServer, name: str, value: str) -> None:
    assert ask(shared.url, f"SHOW {name}") == value


def test_further_settings_hold_but_cannot_open_a_port(folder: Path) -> None:
    with open_embedded(folder, settings={"work_mem": "7MB", "listen_addresses": "*"}) as server:
        assert ask(server.url, "SHOW work_mem") == "7MB"
        assert ask(server.url, "SHOW listen_addresses") == ""


def test_row_level_security_binds_our_role(shared: EmbeddedServer) -> None:
    """Catches: a role with SUPERUSER or BYPASSRLS, and a database that it does not own."""
    rights = (
        "SELECT rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
    )
    assert ask(shared.url, rights) == "False"
    made = ["CREATE TABLE fenced AS SELECT 1 AS n", "ALTER TABLE fenced OWNER TO ninefifteen"]
    fence = "ALTER TABLE fenced ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
    assert ask(shared.superuser_url, *made, fence, "SELECT count(*) FROM fenced") == "1"
    assert ask(shared.url, "SELECT count(*) FROM fenced") == "0"


def test_the_log_does_not_tell_rows(shared: EmbeddedServer) -> None:
    """Catches: `log_error_verbosity` or `log_min_error_statement` as PostgreSQL has them."""
    with pytest.raises(psycopg.errors.CheckViolation):
        ask(shared.url, "CREATE TABLE safe (pin text CHECK (pin = ''))", "INSERT INTO safe VALUES ('4711')")
    log = Path(ask(shared.superuser_url, "SHOW data_directory")).with_name("postgres.log").read_text()
    assert "violates check constraint" in log
    assert "4711" not in log
