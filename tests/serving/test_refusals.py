"""Who is turned away: wrong addresses, wrong names, and what no browser would send."""

from __future__ import annotations

import socket
import time
from contextlib import suppress

import numpy as np
import pytest
from web_client import asked, path_of, raw, status_of, viewing

from kbvr.serving import LOOPBACK

# Who is turned away


NOT_NAMED = """
/ /TOKEN /token/ /TOKENx/ /%54OKEN/ TOKEN/ * /\xff/ http://HOST/TOKEN/ /TOKEN/./ /TOKEN/../TOKEN/ /TOKEN/kbvr-photo.js
/etc/passwd //etc/passwd /TOKEN//etc/passwd /TOKEN/%2fetc/passwd /TOKEN/files/ /TOKEN/secret.txt
/TOKEN/files/0/secret.txt /TOKEN/files/0/../../secret.txt /TOKEN/files/0/..%2f..%2fsecret.txt
/TOKEN/files/0/%2e%2e/%2e%2e/secret.txt /TOKEN/files/0/..\\..\\secret.txt /TOKEN/files/0/%252e%252e%252fsecret.txt
/TOKEN/files/0/cat.glb\0 /TOKEN/files/0/cat.glb%00.txt /TOKEN/files/0/cat.glb/ /TOKEN/files/0/cat.glb;a
/TOKEN/files/0/cat.glb::$DATA /TOKEN/files/0/CON /TOKEN/files/0/%63at.glb /TOKEN/FILES/0/cat.glb
/TOKEN/files/1/cat.glb /TOKEN/files/2/cat.glb /TOKEN/files/00/cat.glb /TOKEN/files/-1/cat.glb
"""


@pytest.mark.parametrize("path", NOT_NAMED.split())
def test_what_was_not_named_is_not_given(serving, path):
    """Traversal in every spelling, other files of the folder, a wrong token: one short answer that tells nothing."""
    answer = raw(serving, f"GET {path} HTTP/1.1\r\nHost: HOST\r\n\r\n".encode("latin-1"))
    # h11 takes a path with bytes that no URL holds for no HTTP at all
    status, words = (404, b"Not Found") if path.isascii() and path.isprintable() else (400, b"Bad Request")
    assert status_of(answer) == status
    assert answer.partition(b"\r\n\r\n")[2] == b"%d %s\n" % (status, words)
    assert b"secret" not in answer
    assert b"/" not in answer.replace(b"HTTP/1.1", b"").replace(b"text/plain", b"")


def test_a_token_that_is_nearly_right_is_wrong(serving):
    token = serving.token
    first, last = ("A" if end != "A" else "B" for end in (token[0], token[-1]))
    for wrong in (token[:-1] + last, first + token[1:], token.swapcase(), "A" * len(token), token[:-1], token + "A"):
        for name in ("", "scene.html", "files/0/cat.glb"):
            assert asked(serving, f"/{wrong}/{name}")[1] == b"404 Not Found\n"


OTHER_NAMES = """
evil.example evil.example:PORT 127.0.0.1 127.0.0.1:1 localhost [::1]:PORT 127.0.0.1:PORT.evil.example 127.0.0.2:PORT
evil@127.0.0.1:PORT 2130706433:PORT 127.1:PORT 0x7f.1:PORT localhost.:PORT localhost.evil:PORT 0:PORT
null 127.0.0.1:PORT,a
"""


@pytest.mark.parametrize("host", OTHER_NAMES.split())
def test_other_names_of_this_machine_are_turned_away(serving, host):
    """A page whose name an attacker points at 127.0.0.1 may not read what is served here."""
    name = host.replace("PORT", str(serving.port))
    assert status_of(raw(serving, b"GET /TOKEN/ HTTP/1.1\r\nHost: HOST\r\n\r\n", host=name)) == 421


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /TOKEN/ HTTP/1.1\r\n\r\n", 400),
        (b"GET /TOKEN/ HTTP/1.1\r\nHost: HOST\r\nHost: HOST\r\n\r\n", 400),
        (b"GET /TOKEN/ HTTP/1.1\r\nHost: evil\r\nHost: HOST\r\n\r\n", 400),
        (b"GET /TOKEN/ HTTP/1.1\r\nHost:\r\n\r\n", 421),
        (b"GET http://evil/TOKEN/ HTTP/1.1\r\nHost: evil\r\n\r\n", 421),
        (b"CONNECT evil:443 HTTP/1.1\r\nHost: HOST\r\n\r\n", 405),
        (b"POST /TOKEN/ HTTP/1.1\r\nHost: HOST\r\nContent-Length: 3\r\n\r\nabc", 405),
        (b"OPTIONS /TOKEN/ HTTP/1.1\r\nHost: HOST\r\n\r\n", 405),
        (b"PUT /TOKEN/files/0/cat.glb HTTP/1.1\r\nHost: HOST\r\nContent-Length: 0\r\n\r\n", 405),
        (b"send_error /TOKEN/ HTTP/1.1\r\nHost: HOST\r\n\r\n", 405),
        (b"GET /TOKEN/ HTTP/1.1\r\nHost: HOST\r\nContent-Length: 3\r\n\r\nabc", 400),
        (b"GET /TOKEN/ HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"GET /TOKEN/ HTTP/2.0\r\nHost: HOST\r\n\r\n", 505),
        (b"GET /TOKEN/ HTTP/1.\xd9\xa1\r\nHost: HOST\r\n\r\n", 400),
        (b"GET /TOKEN/ x HTTP/1.1\r\nHost: HOST\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: HOST\r\n\r\n", 431),
        (b"GET /TOKEN/ HTTP/1.1\r\nHost: HOST\r\n" + b"X: y\r\n" * 200 + b"\r\n", 431),
        (b"GET /TOKEN/ HTTP/1.1\r\nHost: HOST\r\n" + (b"X: " + b"y" * 900 + b"\r\n") * 50 + b"\r\n", 431),
    ],
    ids=range(19),
)
def test_what_no_browser_would_send_is_refused(serving, request_bytes, status):
    """In a few words; a client that has sent more than was read may see the connection reset instead."""
    answer = raw(serving, request_bytes)
    assert status_of(answer) in ((status, 0) if status == 431 else (status,)), answer
    assert answer.count(b"HTTP/1.1") <= 1  # a body is not taken for another request
    assert len(answer.partition(b"\r\n\r\n")[2]) < 50


def test_requests_of_before_http_1_get_nothing(serving):
    assert status_of(raw(serving, b"GET /TOKEN/\r\n\r\n")) == 400
    answer = raw(serving, b"GET /TOKEN/ HTTP/0.9\r\nHost: HOST\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 505 ")
    assert answer.endswith(b"\r\n\r\n505 HTTP Version Not Supported\n")


@pytest.mark.parametrize("path", ["", "files/0/cat.glb"])
def test_a_websocket_is_refused(serving, path):
    """Nothing here speaks it; a request to switch to HTTP/2, which some programs send, is just not followed."""
    request = f"GET /TOKEN/{path} HTTP/1.1\r\nHost: HOST\r\nConnection: Upgrade\r\nUpgrade: PROTOCOL\r\n\r\n".encode()
    answer = raw(serving, request.replace(b"PROTOCOL", b"WebSocket"))
    assert status_of(answer) == 403
    assert answer.endswith(b"\r\n\r\n403 Forbidden\n")
    assert status_of(raw(serving, request.replace(b"PROTOCOL", b"h2c"))) == 200


def test_an_old_client_gets_one_answer(serving):
    answer = raw(serving, b"GET /TOKEN/ HTTP/1.0\r\nHost: HOST\r\n\r\n" * 2)
    assert answer.count(b"200 OK") == 1


def test_noise_breaks_nothing(serving, caplog):
    """Mutated requests: no answer gives what was not asked for rightly, and nothing is taken for a bug of ours."""
    rng = np.random.default_rng(3)
    good = f"GET /TOKEN/files/0/cat.glb HTTP/1.1\r\nHost: HOST\r\nRange: bytes=0-3\r\nX: {'y' * 20}\r\n\r\n".encode()
    good = good.replace(b"HOST", f"{LOOPBACK}:{serving.port}".encode())
    for _ in range(150):
        noisy = bytearray(good)
        for _ in range(rng.integers(1, 6)):
            noisy[rng.integers(len(noisy))] = rng.integers(256)
        with suppress(TimeoutError):
            raw(serving, bytes(noisy[: rng.integers(len(noisy) + 1)]))
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    assert asked(serving, path_of(serving))[0].status == 200


@pytest.mark.parametrize("length", [32_767, 32_768, 32_769, 65_537])
@pytest.mark.parametrize("end", [b"", b" HTTP/1.1\r\n\r\n"])
def test_a_line_as_long_as_a_request_may_be_is_no_bug(serving, caplog, length, end):
    answer = raw(serving, b"GET /" + b"a" * (length - 5) + end)
    assert status_of(answer) in (431, 400, 421, 0)
    assert asked(serving, path_of(serving))[0].status == 200
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_only_this_machine_can_connect(serving):
    """Nothing listens at other addresses, of which 127.0.0.2 is one on Linux."""
    with pytest.raises(OSError, match="refused"), socket.create_connection(("127.0.0.2", serving.port), 1):
        pass


def test_each_run_has_a_new_secret(files):
    tokens = set()
    for _ in range(5):
        with viewing(*files) as served:
            tokens.add(served.token)
    assert len(tokens) == 5
    assert all(len(token) == 22 for token in tokens)  # 128 bits


def test_a_bug_of_ours_is_logged_and_tells_the_client_nothing(serving, monkeypatch, caplog):
    def fail() -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(serving.served.site, "read_again", fail)
    answer, body = asked(serving, path_of(serving))
    assert (answer.status, body) == (500, b"Internal Server Error")
    assert answer.headers["Content-Security-Policy"]
    until = time.monotonic() + 5
    while not caplog.records and time.monotonic() < until:  # it is logged after the answer
        time.sleep(0.01)
    [record] = caplog.records
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], ZeroDivisionError)
    assert asked(serving, path_of(serving, "files/0/cat.glb"))[0].status == 200
