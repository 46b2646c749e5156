"""Login codes; the mutation to try: do not remember the used period."""

import base64
import hmac
import struct
import threading
from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from broker.kotak_neo.totp import TotpCodes
from domain.clock import VirtualClock
from domain.errors import BrokerUnavailable, LoginRefused
from domain.tenure import Tenure

START = datetime(2026, 11, 23, 3, 45, 0, tzinfo=UTC)
LONG = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


def at(seconds: float) -> VirtualClock:
    return VirtualClock(START + timedelta(seconds=seconds))


def rfc_6238(secret: str, clock: VirtualClock) -> str:
    """The code by the letter of the RFC, by no library, which may find a secret too short."""
    count = struct.pack(">Q", int(clock.now().timestamp()) // 30)
    digest = hmac.new(base64.b32decode(secret), count, "sha1").digest()
    return f"{(struct.unpack_from('>I', digest, digest[-1] & 15)[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def test_the_codes_are_those_of_rfc_6238() -> None:
    clock = VirtualClock(datetime(2005, 3, 18, 1, 58, 29, tzinfo=UTC) - timedelta(seconds=10))
    assert TotpCodes(RFC_SECRET).next(clock, Tenure(1, 1)) == pyotp.TOTP(RFC_SECRET).at(clock.now())
    known = VirtualClock(datetime(2009, 2, 13, 23, 31, 30, tzinfo=UTC))
    assert TotpCodes(RFC_SECRET).next(known, Tenure(1, 1)) == "005924"


def test_a_secret_of_sixteen_characters_is_accepted_however_it_was_written() -> None:
    written = ("JBSWY3DPEHPK3PXP", "jbsw y3dp ehpk 3pxp", " JBSW-Y3DP-EHPK-3PXP ")
    assert {TotpCodes(secret).next(at(0), Tenure(1, 1)) for secret in written} == {rfc_6238("JBSWY3DPEHPK3PXP", at(0))}


def test_padding_may_be_missing() -> None:
    bare, padded = "JBSWY3DPEHPK3PXPJB", "JBSWY3DPEHPK3PXPJB======"
    assert TotpCodes(bare).next(at(0), Tenure(1, 1)) == TotpCodes(padded).next(at(0), Tenure(1, 1))


def test_no_code_is_given_out_twice() -> None:
    clock, codes = at(5), TotpCodes(LONG)
    given = [codes.next(clock, Tenure(1, 1)) for _ in range(4)]
    assert len(set(given)) == 4
    assert 85.0 <= clock.monotonic() < 86.0


def test_threads_share_no_code() -> None:
    clock, codes = at(5), TotpCodes(LONG)
    given: list[str] = []
    threads = [threading.Thread(target=lambda: given.append(codes.next(clock, Tenure(1, 1)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(given)) == 8


@pytest.mark.parametrize(("second", "waits"), [(0.0, False), (26.9, False), (27.1, True), (29.9, True)])
def test_a_code_is_not_used_in_its_last_three_seconds(second: float, waits: bool) -> None:
    clock = at(second)
    code = TotpCodes(LONG).next(clock, Tenure(1, 1))
    assert (clock.monotonic() > 0) is waits
    assert code == pyotp.TOTP(LONG).at(START + timedelta(seconds=30 if waits else 0))


@pytest.mark.parametrize("secret", ["", "   ", "not base32!", "18901890"])
def test_a_secret_that_is_none_is_refused_without_being_repeated(secret: str) -> None:
    with pytest.raises(LoginRefused) as refused:
        TotpCodes(secret).next(at(0), Tenure(1, 1))
    assert not secret.strip() or secret not in str(refused.value)


def test_a_thread_that_waits_for_a_code_shows_that_it_lives() -> None:
    clock, codes, tenure = at(0), TotpCodes(LONG), Tenure(1, 1)
    codes.next(clock, tenure)
    codes.next(clock, tenure)
    assert clock.monotonic() - tenure.beaten <= 1.0


def test_a_tenant_that_is_to_end_does_not_wait_for_a_code() -> None:
    tenure = Tenure(1, 1)
    tenure.stop()
    with pytest.raises(BrokerUnavailable):
        TotpCodes(LONG).next(at(29), tenure)
