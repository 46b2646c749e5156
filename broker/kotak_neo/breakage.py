"""What a broken exchange was, in words for people: the cause, and whether anything of the request may have left."""

import re
from http.client import HTTPException

import requests
from urllib3.exceptions import HTTPError

from broker.kotak_neo.call import Call

BROKEN = (requests.RequestException, HTTPError, HTTPException, OSError, ValueError, ArithmeticError, LookupError)
"""What requests, urllib3, http.client and their decoders raise over what they are sent; a chunk of -2 bytes is a
ValueError, for one. Anything of it that came through would end the tenant's thread in the middle of an order."""


class Odd(Exception):
    """An answer that cannot be used as one; its text says why."""


_TUNNEL_REFUSED = re.compile(r"Tunnel connection failed: (\d{3})")


class NoAnswer(Exception):
    """The exchange broke. `begun`: a byte may have left this machine, so the broker may have acted on it.

    `hung`: the broker said neither yes nor no in time.
    """

    def __init__(self, text: str, begun: bool, hung: bool = False) -> None:
        super().__init__(text)
        self.begun = begun
        self.hung = hung


def what_broke(error: BaseException, call: Call, proxied: bool) -> str:
    """The innermost cause in words: the outer ones repeat addresses, and a bad header's even its value."""
    where = "through the proxy: " if proxied and not call.begun else ""
    if call.cut:
        told = "no complete answer before the deadline of the call" if call.begun else "no connection in time"
        return f"{where}{told}, its socket was shut"
    error = _innermost(error)
    if isinstance(error, Odd):
        return str(error)
    if refusal := _TUNNEL_REFUSED.match(str(error)):
        return (
            f"the proxy answered {refusal[1]} instead of opening a tunnel; correct proxy_url in the credentials"
            " (run.py user set-credentials), or the proxy"
        )
    said = error.strerror if isinstance(error, OSError) and error.strerror else ""
    ours = said and isinstance(error, OSError) and error.errno is None
    return where + (said if ours else f"{type(error).__name__} {said}".strip())


def hung(error: BaseException, call: Call) -> bool:
    """Whether the broker said neither yes nor no in time."""
    return call.cut or isinstance(_innermost(error), TimeoutError)


def _innermost(error: BaseException) -> BaseException:
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return error
