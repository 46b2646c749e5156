"""A broker's bare other side for tests of the client: a socket that does what the test says, and remembers."""

import json
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Handler = Callable[["Peer", socket.socket, bytes], None]


def http(status: int, body: Any = b"", **headers: str) -> bytes:
    """An HTTP answer; anything but bytes is sent as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} X", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    if "Content_Length" not in headers:
        lines.append(f"Content-Length: {len(raw)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + raw


def answering(*answers: bytes) -> Handler:
    """Give the answers in turn, the last one for ever."""
    left = list(answers)

    def handle(peer: "Peer", connection: socket.socket, request: bytes) -> None:
        connection.sendall(left.pop(0) if len(left) > 1 else left[0])

    return handle


def dropping(peer: "Peer", connection: socket.socket, request: bytes) -> None:
    """Take the request and close without a word."""
    connection.shutdown(socket.SHUT_RDWR)


def tls_of(folder: Path, *names: str) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS context for 127.0.0.1 or other names, and the file that a client has to trust."""
    known = [x509.DNSName(one) for one in names] or [x509.IPAddress(ip_address("127.0.0.1"))]
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "peer")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(known), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = folder / "peer.pem"
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    file.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return server, file


class Peer:
    """Listens on loopback; `requests` are complete ones, `stray` the bytes of connections that never became one."""

    def __init__(self, handle: Handler, tls: ssl.SSLContext | None = None) -> None:
        self.handle = handle
        self.on_accept: Callable[[], None] = lambda: None
        self.requests: list[bytes] = []
        self.stray: list[bytes] = []
        self.connections = 0
        self.ended = threading.Semaphore(0)
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._listener.getsockname()[1]}"
        self.open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, name="peer", daemon=True)

    @property
    def paths(self) -> list[str]:
        """The paths asked for, in order."""
        return [request.split(b" ")[1].decode() for request in self.requests]

    def hang_up(self) -> None:
        """Close what is connected, as a server does with connections that were idle for long."""
        for connection in self.open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()
        self._thread.join(5)

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        self.open.append(connection)
        self.on_accept()
        rest = b""
        with suppress(OSError, ssl.SSLError):
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
                self.open.append(connection)
            while chunk := connection.recv(65536):
                rest = self._requests_in(connection, rest + chunk)
        self.stray.append(rest)
        with suppress(OSError):
            connection.close()
        self.ended.release()

    def _requests_in(self, connection: socket.socket, data: bytes) -> bytes:
        head, blank, body = data.partition(b"\r\n\r\n")
        length = _length(head)
        if not blank or len(body) < length:
            return data
        self.requests.append(data)
        self.handle(self, connection, data)
        return body[length:]


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0
