"""What to do about a step of `kotak check` that failed, in the words in which the check was asked for: no row is there
to correct, only the file, the URL and the address of the command line."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from broker.kotak_neo.checking.walk import Trouble

MOST_SHOWN = 120


@dataclass(frozen=True, slots=True)
class Asked:
    """How the check was asked for: the credentials' file, the login host, the proxy of the file, the address given."""

    file: str
    url: str
    proxy: str | None = None
    address: str | None = None

    def advice(self, trouble: Trouble) -> str:
        """One sentence; no password of a proxy is in it."""
        match trouble:
            case Trouble.ADDRESS:
                return (
                    f"Give {self.address} to this machine and to the broker's list, or name another one: --egress IPV4"
                    " (without it calls leave from wherever the machine sends from)."
                )
            case Trouble.CREDENTIALS:
                where = "what came from the standard input" if self.file == "-" else self.file
                return f"Correct {where}, then check again; a second refusal in a row may lock the account."
            case Trouble.SILENCE:
                return f"See that {self._way()} can be reached from here, then check again."
        return "Compare it with the broker's own app; if that works, the answer is one that this program does not know."

    def _way(self) -> str:
        url = self.url[:MOST_SHOWN]
        if self.proxy is None:
            return url
        parts = urlsplit(self.proxy)
        return f"the proxy {parts.hostname}:{parts.port} (proxy_url of the credentials), and {url} behind it,"
