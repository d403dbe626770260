"""A client of kbvr's server that asks as browsers do, and as attackers do over bare sockets."""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

from kbvr.serving import LOOPBACK, Server, Site, Viewing, open_server
from kbvr.serving.certificate import Certificate


def viewing(*given: Path, certificate: Certificate | None = None, port: int = 0) -> Server:
    """Return the server of `kbvr view`, which answers inside `with`."""
    return open_server(Viewing(Site(given), is_lan=certificate is not None), LOOPBACK, port, certificate)


def path_of(served: Server, name: str = "") -> str:
    return f"/{served.token}/{name}"


def asked(served: Server, path: str, method: str = "GET", **headers: str) -> tuple[HTTPResponse, bytes]:
    """Ask as a browser does; give back the answer and its body."""
    connection = HTTPConnection(LOOPBACK, served.port, timeout=10)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


def raw(served: Server, request: bytes, *, host: str | None = None) -> bytes:
    """Send bytes as they are, HOST and TOKEN put in; return all that comes back until the server hangs up."""
    name = host or f"{LOOPBACK}:{served.port}"
    request = request.replace(b"HOST", name.encode()).replace(b"TOKEN", served.token.encode())
    answer = b""
    with socket.create_connection((LOOPBACK, served.port), timeout=10) as client:
        with suppress(OSError):  # it may have hung up: reset, or not connected any more
            client.sendall(request)
            client.shutdown(socket.SHUT_WR)
        with suppress(ConnectionError):
            while got := client.recv(65536):
                answer += got
    return answer


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


def is_open(client: socket.socket) -> bool:
    """Tell whether the server has not hung up on a client that it sends nothing."""
    client.settimeout(0.05)
    try:
        return client.recv(1) != b""
    except TimeoutError:
        return True
    except ConnectionError:
        return False


def trustful() -> ssl.SSLContext:
    """Return what takes any certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def certificate_shown_by(port: int) -> bytes:
    """Shake hands without trust, as a browser does before it warns; return the certificate (DER)."""
    with socket.create_connection((LOOPBACK, port), timeout=10) as plain, trustful().wrap_socket(plain) as secured:
        shown = secured.getpeercert(binary_form=True)
    assert shown is not None
    return shown
