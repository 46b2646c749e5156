"""Addresses, families and logins as rows: SQL alone steers, nonsense is refused in a sentence, restarts forget nothing.

Mutations to try: let the higher number win; forget the revision in REFUSALS; drop `no_code_twice`.
"""

import psycopg
import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st
from kotak_peer import Peer, http
from test_kotak_login import BAD_TOTP, CREDENTIALS, FIRST, Kotak, body

from broker.kotak_neo import KotakAccount, KotakNeo, KotakSettings
from cli.tenant_factory import TenantFactory
from domain.clock import VirtualClock
from domain.egress import AddressClaim, Egress, conflicts
from domain.errors import BadInput, BrokerUnavailable, LoginRefused, TenureLost
from domain.logins import LoginOutcome
from domain.market import ExchangeCalendar
from domain.tenancy import TenantState
from domain.tenure import Tenure
from repositories.database import Database
from repositories.logins import LoginsRepository
from repositories.users import UsersRepository
from repositories.vault import Vault, check_plain
from settings import Settings
from tenants.supervisor import Supervisor
from tests.commands import PLAIN
from tests.supervision import Stage, gone

VAULT = Vault([Fernet.generate_key().decode()])
ONE, TWO = "203.0.113.7", "203.0.113.8"


@pytest.fixture
def supervisor(stage: Stage) -> Supervisor:
    """A supervisor of asha (1), binod (2) and chitra (3)."""
    return stage.supervisor()


def texts(stage: Stage) -> dict[int, tuple[str | None, str | None]]:
    """State and text of each user."""
    return {status.user_id: (status.state, status.text) for status in stage.rows.tenants.status()}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("egress_ip = '203.0.113.0/24'", r"User asha: the egress address 203.0.113.0/24 is not one IPv4 address"),
        ("egress_ip = '2001:db8::1'", r"User asha: the egress address 2001:db8::1 is not one IPv4 address"),
        ("egress_ip = '0.0.0.0'", r"is not one IPv4 address"),
        ("egress_ip = '203.0.113'", r"invalid input syntax for type inet"),
        ("egress_ip_2 = '203.0.113.7'", r"User asha: egress_ip_2 is the second address; set egress_ip first"),
        (
            "egress_ip = '203.0.113.7', egress_ip_2 = '203.0.113.7'",
            r"the second egress address 203.0.113.7 is the first",
        ),
        ("family = 'a b'", r"User asha: the family a b must be a word"),
    ],
)
def test_nonsense_by_sql_is_refused_in_a_sentence(
    stage: Stage, psql: psycopg.Connection, change: str, says: str
) -> None:
    with pytest.raises(psycopg.Error, match=says):
        psql.execute(f"UPDATE users SET {change} WHERE id = 1".encode())
    assert psql.execute("SELECT egress_ip, revision FROM users WHERE id = 1").fetchone() == (None, 1)


def test_the_constraints_hold_where_the_sentences_are_switched_off(stage: Stage, psql: psycopg.Connection) -> None:
    psql.execute("ALTER TABLE users DISABLE TRIGGER users_egress_is_sound")
    for change in ("egress_ip = '::1'", "egress_ip_2 = '203.0.113.7'", "family = ''"):
        with pytest.raises(psycopg.errors.CheckViolation):
            psql.execute(f"UPDATE users SET {change}".encode())


def test_another_address_by_sql_alone_starts_the_user_anew(stage: Stage, psql: psycopg.Connection) -> None:
    psql.execute("UPDATE users SET egress_ip = '203.0.113.7' WHERE id = 1")
    psql.execute("UPDATE users SET egress_ip = '203.0.113.7' WHERE id = 1")
    psql.execute("UPDATE users SET egress_ip = '203.0.113.8', revision = revision + 1 WHERE id = 1")
    asha = UsersRepository(stage.rows.database).get(1)
    assert (asha.addresses, asha.revision) == (("203.0.113.8",), 3)


def test_two_of_no_family_on_one_address_are_not_both_served(
    stage: Stage, supervisor: Supervisor, psql: psycopg.Connection
) -> None:
    """The lower number is served, whichever row came first."""
    psql.execute("UPDATE users SET egress_ip = '203.0.113.7' WHERE id = 3")
    psql.execute("UPDATE users SET egress_ip = '203.0.113.8', egress_ip_2 = '203.0.113.7' WHERE id = 1")
    supervisor.reconcile()
    assert [tenure.user_id for tenure in stage.entered(2)] == [1, 2]
    state, text = texts(stage)[3]
    assert state == TenantState.REFUSED
    assert text is not None
    assert text.startswith(
        "chitra may not use the egress address 203.0.113.7: asha (user 1, of no declared family) uses it, and chitra is"
        " of no declared family."
    )
    assert "run.py user set-egress chitra 203.0.113.7 --family NAME" in text


def test_one_declared_family_shares_an_address(stage: Stage, supervisor: Supervisor, psql: psycopg.Connection) -> None:
    psql.execute("UPDATE users SET egress_ip = '203.0.113.7', family = 'rao'")
    psql.execute("UPDATE users SET family = 'roy' WHERE id = 3")
    supervisor.reconcile()
    assert [tenure.user_id for tenure in stage.entered(2)] == [1, 2]
    assert "chitra is of the family roy" in (texts(stage)[3][1] or "")
    psql.execute("UPDATE users SET family = 'rao' WHERE id = 3")
    supervisor.reconcile()
    assert [tenure.user_id for tenure in stage.entered()] == [3]


def test_without_addresses_everybody_is_served(stage: Stage, supervisor: Supervisor) -> None:
    supervisor.reconcile()
    assert len(stage.entered(3)) == 3


def test_who_runs_on_an_address_that_a_lower_number_is_given_has_to_stop(
    stage: Stage, supervisor: Supervisor, psql: psycopg.Connection
) -> None:
    """Catches: refusing only the next start, and so leaving two strangers on one address."""
    psql.execute("UPDATE users SET egress_ip = '203.0.113.7' WHERE id = 2")
    supervisor.reconcile()
    running = stage.entered(3)[1]
    psql.execute("UPDATE users SET egress_ip = '203.0.113.7' WHERE id = 1")
    supervisor.reconcile()
    assert running.stopping
    gone(running)
    supervisor.reconcile()
    supervisor.reconcile()
    assert texts(stage)[2][0] == TenantState.REFUSED
    psql.execute("UPDATE users SET enabled = false WHERE id = 1")
    supervisor.reconcile()
    assert 2 in [tenure.user_id for tenure in stage.entered(2)]


CLAIMS = st.lists(
    st.tuples(
        st.lists(st.sampled_from(["a", "b", "c"]), max_size=2, unique=True), st.sampled_from([None, "rao", "roy"])
    ),
    max_size=6,
)


@given(rows=CLAIMS, order=st.randoms())
def test_no_two_strangers_share_an_address_and_the_order_of_the_rows_decides_nothing(
    rows: list[tuple[list[str], str | None]], order: object
) -> None:
    claims = [AddressClaim(n, f"user{n}", tuple(addresses), family) for n, (addresses, family) in enumerate(rows)]
    refused = conflicts(claims)
    served = [claim for claim in claims if claim.user_id not in refused]
    for one in served:
        for other in served:
            shared = set(one.addresses) & set(other.addresses)
            assert one is other or not shared or (one.family is not None and one.family == other.family)
    for claim in claims:
        before = [c for c in served if c.user_id < claim.user_id and set(c.addresses) & set(claim.addresses)]
        strangers = [c for c in before if c.family is None or c.family != claim.family]
        assert (claim.user_id in refused) == bool(strangers)
    shuffled = list(claims)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    assert conflicts(shuffled) == refused


def test_what_an_operator_sets_is_journaled_and_checked(stage: Stage, psql: psycopg.Connection) -> None:
    users = UsersRepository(stage.rows.database)
    assert users.set_egress(1, Egress(ONE, TWO, "rao"), by="meera") == 2
    asha = users.get(1)
    assert (asha.egress_ip, asha.egress_ip_2, asha.family) == (ONE, TWO, "rao")
    (detail,) = psql.execute("SELECT detail FROM journal WHERE event = 'USER_EGRESS_SET'").fetchone() or ({},)
    assert detail == {"egress_ip": ONE, "egress_ip_2": TWO, "family": "rao"}
    for bad in (Egress("x"), Egress(ONE, ONE), Egress(None, TWO), Egress(ONE, None, "a b")):
        with pytest.raises(BadInput, match="Nothing was written"):
            users.set_egress(1, bad)
        with pytest.raises(BadInput, match="Nothing was written"):
            users.add("deepa", "kotak_neo", {"target_percent": 6}, "sealed", egress=bad)
    assert users.get(1) == asha


class Process:
    """One process that logs user 1 in: an account of its own, as after kill -9."""

    def __init__(self, url: str, clock: VirtualClock, database: Database, generation: int) -> None:
        tenure, settings = Tenure(1, generation, "asha"), KotakSettings(url)
        account = KotakAccount(CREDENTIALS, settings, clock)
        self.logins = LoginsRepository(database, tenure, VAULT)
        self.account = account
        self.client = KotakNeo(account, tenure, clock, settings, database.require_idle, None, self.logins)

    @property
    def session(self) -> tuple[str, str] | None:
        """Token and sid."""
        session = self.account.session()
        return (session.token, session.sid) if session is not None else None


@pytest.fixture
def served(stage: Stage, psql: psycopg.Connection) -> None:
    """User 1 with credentials, under generation 1."""
    psql.execute("INSERT INTO credentials (user_id, sealed) VALUES (1, 'sealed text')")
    psql.execute("INSERT INTO tenants (user_id, generation) VALUES (1, 1)")


def codes(peer: Peer) -> list[str]:
    """The codes that were sent."""
    return [body(request)["totp"] for request in peer.requests if request.startswith(f"POST {FIRST}".encode())]


@pytest.mark.usefixtures("served")
def test_a_process_that_follows_at_once_sends_no_code_of_the_one_before(
    database: Database, clock: VirtualClock
) -> None:
    """Catches: remembering codes in memory, which kill -9 forgets."""
    kotak = Kotak()
    kotak.second = http(503, b"")
    with Peer(kotak) as peer:
        for _ in range(3):
            with pytest.raises(BrokerUnavailable):
                Process(peer.url, clock, database, 1).client.login()
    assert len(set(codes(peer))) == len(codes(peer)) == 3


@pytest.mark.usefixtures("served")
def test_a_process_that_follows_goes_on_in_the_session_of_the_day_which_is_sealed(
    database: Database, clock: VirtualClock, psql: psycopg.Connection
) -> None:
    """Catches: a login, and up to 30 s until its code is fresh, after every crash."""
    with Peer(Kotak()) as peer:
        Process(peer.url, clock, database, 1).client.login()
        heir = Process(peer.url, clock, database, 1)
        heir.client.login()
        assert heir.session == ("trade-token", "trade-sid")
        assert len(peer.requests) == 2
        assert "trade-" not in str(psql.execute("SELECT * FROM logins").fetchall())
        psql.execute("UPDATE credentials SET sealed = 'other text' WHERE user_id = 1")
        Process(peer.url, clock, database, 1).client.login()
        assert len(peer.requests) == 4
        clock.advance(24 * 3600)
        Process(peer.url, clock, database, 1).client.login()
        assert len(peer.requests) == 6
    assert psql.execute("SELECT count(session), count(*) FROM logins").fetchone() == (1, 3)


@pytest.mark.usefixtures("served")
def test_a_session_that_the_broker_ended_is_taken_over_once_and_replaced(
    database: Database, clock: VirtualClock
) -> None:
    over = http(200, {"stat": "Not_Ok", "errMsg": "invalid session token", "stCode": 100022})
    kotak = Kotak()
    with Peer(kotak) as peer:
        Process(peer.url, clock, database, 1).client.login()
        heir = Process(peer.url, clock, database, 1)
        kotak.first = None
        usual = peer.handle
        peer.handle = lambda peer, to, request: to.sendall(over) if b"/quick" in request else usual(peer, to, request)
        with pytest.raises(BrokerUnavailable):
            heir.client.order_book()
    assert [path for path in peer.paths if "quick" in path] == ["/quick/user/orders"] * 2
    assert len(set(codes(peer))) == 2


@pytest.mark.usefixtures("served")
def test_refused_credentials_are_asked_twice_over_all_processes_until_something_changes(
    database: Database, clock: VirtualClock, psql: psycopg.Connection
) -> None:
    kotak = Kotak()
    kotak.first = BAD_TOTP
    with Peer(kotak) as peer:

        def attempt() -> str:
            clock.advance(60)
            with pytest.raises((BrokerUnavailable, LoginRefused)) as told:
                Process(peer.url, clock, database, 1).client.login()
            return f"{type(told.value).__name__}: {told.value}"

        assert "refusal 1 of 2" in attempt()
        for _ in range(4):
            assert attempt().startswith("LoginRefused: asha#1: the broker refused the login (consumer key, mobile")
        assert len(peer.requests) == 2
        psql.execute("UPDATE users SET revision = revision + 1 WHERE id = 1")
        assert "refusal 1 of 2" in attempt()
        attempt()
        assert len(peer.requests) == 4
        psql.execute("UPDATE credentials SET sealed = 'other text' WHERE user_id = 1")
        kotak.first = None
        clock.advance(60)
        Process(peer.url, clock, database, 1).client.login()
        psql.execute("UPDATE credentials SET sealed = 'sealed text' WHERE user_id = 1")
        kotak.first = BAD_TOTP
        assert "refusal 1 of 2" in attempt()
    outcomes = [outcome for (outcome,) in psql.execute("SELECT outcome FROM logins ORDER BY id")]
    assert outcomes == ["refused"] * 4 + ["accepted", "refused"]
    assert "401: Invalid credentials" in str(psql.execute("SELECT text FROM logins LIMIT 1").fetchone())


@pytest.mark.usefixtures("served")
def test_a_generation_that_was_replaced_sends_no_code_but_may_still_tell_how_its_login_ended(
    database: Database, clock: VirtualClock, psql: psycopg.Connection
) -> None:
    with Peer(Kotak()) as peer:
        late = Process(peer.url, clock, database, 1)
        assert late.logins.claim(5)
        psql.execute("UPDATE tenants SET generation = 2 WHERE user_id = 1")
        with pytest.raises(TenureLost):
            late.client.login()
        assert peer.requests == []
        late.logins.ended(5, LoginOutcome.REFUSED, "Invalid MPIN")
        assert LoginsRepository(database, Tenure(1, 2, "asha"), VAULT).refusals() == ("Invalid MPIN",)


@pytest.mark.usefixtures("served")
def test_what_fails_in_passing_is_no_refusal(database: Database, clock: VirtualClock) -> None:
    kotak = Kotak()
    kotak.first = http(503, b"")
    with Peer(kotak) as peer:
        for _ in range(3):
            with pytest.raises(BrokerUnavailable):
                Process(peer.url, clock, database, 1).client.login()
            clock.advance(60)
        kotak.first = None
        Process(peer.url, clock, database, 1).client.login()


def test_an_account_is_kept_over_restarts_and_another_address_makes_another_within_the_same_rate(
    stage: Stage, clock: VirtualClock, psql: psycopg.Connection
) -> None:
    vault = Vault([Fernet.generate_key().decode()])
    factory = TenantFactory(stage.rows.database, vault, clock, ExchangeCalendar(), Settings(kotak_order_feed=False))
    psql.execute("INSERT INTO credentials (user_id, sealed) VALUES (1, %s)", (vault.seal(check_plain(PLAIN)),))
    first = factory._kotak.reader(1, Tenure(1, 1, "asha"))[0]
    assert factory._kotak.reader(1, Tenure(1, 1, "asha"))[0] is first
    psql.execute("UPDATE users SET egress_ip = '203.0.113.7' WHERE id = 1")
    second = factory._kotak.reader(1, Tenure(1, 1, "asha"))[0]
    assert second is not first
    assert second.rates is first.rates
    assert second.egress.addresses == (ONE,)
    proxied = check_plain(PLAIN | {"proxy_url": "http://u:p@127.0.0.1:3128"})
    psql.execute("UPDATE credentials SET sealed = %s WHERE user_id = 1", (vault.seal(proxied),))
    assert factory._kotak.reader(1, Tenure(1, 1, "asha"))[0].egress.proxy == "http://u:p@127.0.0.1:3128"
    psql.execute("UPDATE users SET egress_ip = NULL WHERE id = 1")
    with pytest.raises(BadInput, match="credentials of asha name a proxy, and its row no egress address"):
        factory._kotak.reader(1, Tenure(1, 1, "asha"))[0]


def test_one_broker_account_is_not_served_for_two_users(
    stage: Stage, psql: psycopg.Connection, clock: VirtualClock
) -> None:
    """Catches: two users whose positions would each be sold out of the same shares."""
    for user_id in (1, 2):
        sealed = VAULT.seal(check_plain(PLAIN))
        psql.execute("INSERT INTO credentials (user_id, sealed) VALUES (%s, %s)", (user_id, sealed))
    settings = Settings(kotak_url="http://127.0.0.1:9", kotak_order_feed=False)
    factory = TenantFactory(stage.rows.database, VAULT, clock, ExchangeCalendar(), settings)
    asha = Tenure(1, 1, "asha")
    factory(asha)
    with pytest.raises(BadInput, match=r"broker account \(UCC\) that asha \(user 1\) is served with") as told:
        factory(Tenure(2, 1, "binod"))
    assert "run.py user set-credentials binod" in str(told.value)
    assert str(PLAIN["ucc"]) not in str(told.value)
    factory(Tenure(1, 2, "asha"))
    asha.stop()
    with pytest.raises(BadInput):
        factory(Tenure(2, 2, "binod"))
    other = VAULT.seal(check_plain(PLAIN | {"ucc": "OTHER"}))
    psql.execute("UPDATE credentials SET sealed = %s WHERE user_id = 1", (other,))
    factory(Tenure(1, 3, "asha"))
    factory(Tenure(2, 3, "binod"))
