"""`kbvr view`: what it serves, to whom, and all that it does not. Attacks come over bare sockets."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import re
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from browser import FLAGS
from hypothesis import given
from hypothesis import strategies as st

from kbvr.cli import view
from kbvr.cli.main import main
from kbvr.errors import InputError
from kbvr.serving import LOOPBACK, Server, handler, lan_address, make_certificate, make_site, open_server, server, site
from kbvr.serving.ranges import part_of

ROOT = Path(__file__).parents[2]
VIDEO = np.random.default_rng(7).bytes(300_001)


@pytest.fixture
def pages(tmp_path_factory, monkeypatch):
    """Stand-ins for the pages that are built when kbvr is installed."""
    folder = tmp_path_factory.mktemp("pages")
    for name in ("scene.html", "stereo.html"):
        (folder / name).write_text(f"<!doctype html><title>{name}</title>", "utf-8")
    monkeypatch.setattr(site, "PAGES", folder)
    return folder


@pytest.fixture
def files(tmp_path, pages):
    """A scene and a video beside a file that nobody named."""
    (tmp_path / "cat.glb").write_bytes(b"glTF" + bytes(range(256)))
    (tmp_path / "cat_LR.mp4").write_bytes(VIDEO)
    (tmp_path / "secret.txt").write_text("secret", "utf-8")
    return [tmp_path / "cat.glb", tmp_path / "cat_LR.mp4"]


@contextmanager
def running(served: Server) -> Iterator[Server]:
    """Serve while inside."""
    thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield served
    finally:
        served.shutdown()
        thread.join()
        served.server_close()


@pytest.fixture
def serving(files) -> Iterator[Server]:
    with running(open_server(make_site(files))) as served:
        yield served


def path_of(served: Server, name: str = "") -> str:
    return f"/{served.token}/{name}"


def asked(served: Server, path: str, method: str = "GET", **headers: str) -> tuple[HTTPResponse, bytes]:
    """Ask as a browser does; give back the answer and its body."""
    connection = HTTPConnection(LOOPBACK, served.server_address[1], timeout=10)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


def raw(served: Server, request: bytes, *, host: str | None = None) -> bytes:
    """Send bytes as they are, HOST and TOKEN put in; return all that comes back until the server hangs up."""
    name = host or f"{LOOPBACK}:{served.server_address[1]}"
    request = request.replace(b"HOST", name.encode()).replace(b"TOKEN", served.token.encode())
    answer = b""
    with socket.create_connection((LOOPBACK, served.server_address[1]), timeout=10) as client:
        with suppress(OSError):  # it may have hung up: reset, or not connected any more
            client.sendall(request)
            client.shutdown(socket.SHUT_WR)
        with suppress(ConnectionError):
            while got := client.recv(65536):
                answer += got
    return answer


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


# What is served


def test_files_pages_and_an_index_are_given(serving, files, pages):
    assert asked(serving, path_of(serving, "files/0/cat.glb"))[1] == files[0].read_bytes()
    assert asked(serving, path_of(serving, "scene.html?src=files/0/cat.glb"))[1] == (pages / "scene.html").read_bytes()
    index = asked(serving, path_of(serving))[1].decode()
    links = re.findall(r'<a href="([^"]+)">([^<]+)<', index)
    assert [name for _, name in links] == ["cat.glb", "cat_LR.mp4"]
    assert [link for link, _ in links] == ["scene.html?src=files/0/cat.glb", "stereo.html?src=files/1/cat_LR.mp4"]
    assert [link for link, _ in links] == list(serving.site.links)


@pytest.mark.parametrize(
    ("name", "mime", "link"),
    [
        ("a.GLB", "model/gltf-binary", "scene.html?src=files/0/a.GLB"),
        ("a.html", "text/html; charset=utf-8", "files/0/a.html"),
        ("a_LR.jpg", "image/jpeg", "stereo.html?src=files/0/a_LR.jpg"),
        ("a.mpo", "image/jpeg", "stereo.html?src=files/0/a.mpo"),
        ("a.avif", "image/avif", "stereo.html?src=files/0/a.avif"),
        ("a.webp", "image/webp", "stereo.html?src=files/0/a.webp"),
        ("a.mp4", "video/mp4", "stereo.html?src=files/0/a.mp4"),
        ("a.webm", "video/webm", "stereo.html?src=files/0/a.webm"),
        ("a.mkv", "video/x-matroska", "stereo.html?src=files/0/a.mkv"),
        ('猫 <b>"&.png', "image/png", "stereo.html?src=files/0/___b___.png"),
        (f"{'long' * 50}_kbvr_180_LR.mp4", "video/mp4", f"stereo.html?src=files/0/{'long' * 6}_kbvr_180_LR.mp4"),
    ],
)
def test_each_kind_of_file_has_its_page_and_type(tmp_path, pages, name, mime, link):
    """Names in URLs are plain, and keep the end, which tells the layout."""
    (tmp_path / name).write_bytes(b"content")
    with running(open_server(make_site([tmp_path / name]))) as served:
        assert list(served.site.links) == [link]
        answer, body = asked(served, path_of(served, link.rpartition("src=")[2]))
        assert (answer.status, answer.headers["Content-Type"], body) == (200, mime, b"content")
        assert "<b>" not in asked(served, path_of(served))[1].decode()


def test_a_name_that_is_no_text_is_served(tmp_path, pages):
    path = tmp_path / os.fsdecode(b"\xff.glb")
    path.touch()
    made = make_site([path])
    assert made.links == ("scene.html?src=files/0/_.glb",)
    assert "?.glb" in made.index.decode()


def test_every_answer_is_guarded(serving):
    """Right ones and refusals tell browsers to guess nothing, keep nothing and let no other site in."""
    for path in (path_of(serving), path_of(serving, "scene.html"), path_of(serving, "files/0/cat.glb"), "/"):
        headers = asked(serving, path)[0].headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "xr-spatial-tracking=(self)" in headers["Permissions-Policy"]
        assert "connect-src 'self' blob: data:;" in headers["Content-Security-Policy"]
        assert "Python" not in str(headers)


def test_head_is_get_without_a_body(serving):
    answer, body = asked(serving, path_of(serving, "files/1/cat_LR.mp4"), "HEAD", Range="bytes=0-9")
    assert (answer.status, answer.headers["Content-Length"], body) == (200, str(len(VIDEO)), b"")
    assert raw(serving, b"HEAD /nothing HTTP/1.1\r\nHost: HOST\r\n\r\n").endswith(b"\r\n\r\n")


def test_connections_are_kept_for_further_requests(serving):
    one = b"GET /TOKEN/scene.html HTTP/1.1\r\nHost: HOST\r\n\r\n"
    assert raw(serving, one * 3).count(b"HTTP/1.1 200 OK") == 3


# Parts of files


def reference_part(size: int, first: int | None, last: int | None) -> range:
    """RFC 9110, 14.1.2, byte by byte."""
    if first is None:
        return range(size)[-last:] if last else range(0)
    return range(size)[first : size if last is None else last + 1]


@given(size=st.integers(0, 50), first=st.none() | st.integers(0, 60), last=st.none() | st.integers(0, 60))
def test_a_part_is_what_the_standard_says(size, first, last):
    header = f"bytes={'' if first is None else first}-{'' if last is None else last}"
    if (first is None and last is None) or (first is not None and last is not None and last < first):
        assert part_of(size, header) is None
    else:
        part = part_of(size, header)
        assert part is not None
        assert list(part) == list(reference_part(size, first, last))


@pytest.mark.parametrize(
    "header",
    [
        *("", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=0-1,3-4", "items=0-1", "bytes=1-0", "bytes=0x1-2"),
        *("bytes=+1-2", "bytes=٣-٤", "bytes=0-1\n", "bytes=--1", "bytes=" + "0-," * 2000),
        *(f"bytes=0-{'9' * 5000}", f"bytes={'9' * 5000}-"),
    ],
)
def test_a_range_that_is_not_understood_gives_all(header):
    assert part_of(10, header) is None


@pytest.mark.parametrize(
    ("wanted", "start", "stop"),
    [
        ("0-", 0, 300_001),
        ("0-1", 0, 2),
        ("150000-299999", 150_000, 300_000),
        ("-5", 299_996, 300_001),
        ("300000-999999999999", 300_000, 300_001),
        ("-999999999", 0, 300_001),
    ],
)
def test_a_video_is_given_in_parts(serving, wanted, start, stop):
    answer, body = asked(serving, path_of(serving, "files/1/cat_LR.mp4"), Range=f"bytes={wanted}")
    assert (answer.status, body) == (206, VIDEO[start:stop])
    assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/300001"
    assert answer.headers["Content-Length"] == str(stop - start)


@pytest.mark.parametrize("wanted", ["300001-", "300001-300002", "-0"])
def test_a_part_that_is_not_there_is_told(serving, wanted):
    answer, _ = asked(serving, path_of(serving, "files/1/cat_LR.mp4"), Range=f"bytes={wanted}")
    assert (answer.status, answer.headers["Content-Range"]) == (416, "bytes */300001")


def test_the_rest_of_a_file_is_given_only_if_it_has_not_changed(serving, files):
    path = path_of(serving, "files/1/cat_LR.mp4")
    etag = asked(serving, path)[0].headers["ETag"]
    assert asked(serving, path, Range="bytes=9-", If_Range=etag)[1] == VIDEO[9:]
    for other in ('"other"', f"W/{etag}", "Wed, 25 Nov 2026 15:00:00 GMT", ""):
        assert asked(serving, path, Range="bytes=9-", If_Range=other)[0].status == 200
    files[1].write_bytes(VIDEO[::-1])
    os.utime(files[1], (1, 1))
    assert asked(serving, path, Range="bytes=9-", If_Range=etag)[1] == VIDEO[::-1]


def test_the_end_of_a_huge_file_is_near(tmp_path, pages):
    """A part beyond 2 GB takes no time and no memory; nor does the beginning for a client that soon leaves."""
    huge = tmp_path / "huge.mp4"
    with huge.open("wb") as file:
        file.truncate(2**31 + 5)
        file.seek(2**31)
        file.write(b"whale")
    with running(open_server(make_site([huge]))) as served:
        before_kb, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
        path = path_of(served, "files/0/huge.mp4")
        assert asked(served, path, Range=f"bytes={2**31}-")[1] == b"whale"
        with socket.create_connection((LOOPBACK, served.server_address[1]), timeout=10) as client:
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: {LOOPBACK}:{served.server_address[1]}\r\n\r\n".encode())
            assert b"Content-Length: 2147483653" in client.recv(1000)
        assert time.monotonic() - start < 5
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 50_000


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
    assert status_of(answer) == 404
    assert answer.partition(b"\r\n\r\n")[2] == b"404 Not Found\n"
    assert b"secret" not in answer
    assert b"/" not in answer.replace(b"HTTP/1.1", b"").replace(b"text/plain", b"")


OTHER_NAMES = """
evil.example evil.example:PORT 127.0.0.1 127.0.0.1:1 localhost [::1]:PORT 127.0.0.1:PORT.evil.example 127.0.0.2:PORT
evil@127.0.0.1:PORT 2130706433:PORT 127.1:PORT 0x7f.1:PORT localhost.:PORT localhost.evil:PORT 0:PORT
null 127.0.0.1:PORT,a
"""


@pytest.mark.parametrize("host", OTHER_NAMES.split())
def test_other_names_of_this_machine_are_turned_away(serving, host):
    """A page whose name an attacker points at 127.0.0.1 may not read what is served here."""
    name = host.replace("PORT", str(serving.server_address[1]))
    assert status_of(raw(serving, b"GET /TOKEN/ HTTP/1.1\r\nHost: HOST\r\n\r\n", host=name)) == 421


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /TOKEN/ HTTP/1.1\r\n\r\n", 421),
        (b"GET /TOKEN/ HTTP/1.1\r\nHost: HOST\r\nHost: HOST\r\n\r\n", 421),
        (b"GET /TOKEN/ HTTP/1.1\r\nHost: evil\r\nHost: HOST\r\n\r\n", 421),
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
    assert status_of(raw(serving, b"GET /TOKEN/\r\n\r\n")) == 421
    assert raw(serving, b"GET /TOKEN/ HTTP/0.9\r\nHost: HOST\r\n\r\n") == b"505 HTTP Version Not Supported\n"


def test_an_old_client_gets_one_answer(serving):
    answer = raw(serving, b"GET /TOKEN/ HTTP/1.0\r\nHost: HOST\r\n\r\n" * 2)
    assert answer.count(b"200 OK") == 1


def test_noise_breaks_nothing(serving, caplog):
    """Mutated requests: no answer gives what was not asked for rightly, and nothing is taken for a bug of ours."""
    rng = np.random.default_rng(3)
    good = f"GET /TOKEN/files/0/cat.glb HTTP/1.1\r\nHost: HOST\r\nRange: bytes=0-3\r\nX: {'y' * 20}\r\n\r\n".encode()
    good = good.replace(b"HOST", f"{LOOPBACK}:{serving.server_address[1]}".encode())
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
    with pytest.raises(OSError, match="refused"), socket.create_connection(("127.0.0.2", serving.server_address[1]), 1):
        pass


def test_each_run_has_a_new_secret(files):
    tokens = set()
    for _ in range(5):
        with open_server(make_site(files)) as served:
            tokens.add(served.token)
    assert len(tokens) == 5
    assert all(len(token) == 22 for token in tokens)  # 128 bits


# Clients that are slow, broken, or many


def test_a_slow_client_stops_nobody_and_is_given_up(serving, monkeypatch):
    """Not even one that sends a byte now and then."""
    monkeypatch.setattr(handler, "HEAD_S", 0.4)
    with socket.create_connection((LOOPBACK, serving.server_address[1]), timeout=10) as slow:
        start = time.monotonic()
        slow.sendall(b"GET /")
        assert asked(serving, path_of(serving))[0].status == 200
        gone = False
        while not gone and time.monotonic() - start < 8:
            time.sleep(0.05)
            try:
                slow.sendall(b"a")
                slow.settimeout(0.01)
                gone = slow.recv(1) == b""
            except TimeoutError:
                pass
            except OSError:
                gone = True
        assert gone


def test_a_client_that_takes_nothing_is_given_up(files, monkeypatch):
    monkeypatch.setattr(handler, "STALL_S", 0.3)
    with files[1].open("wb") as file:
        file.truncate(50_000_000)
    with running(open_server(make_site(files))) as served:
        with socket.create_connection((LOOPBACK, served.server_address[1]), timeout=10) as lazy:
            request = (
                f"GET {path_of(served, 'files/1/cat_LR.mp4')} HTTP/1.1\r\nHost: {LOOPBACK}:{served.server_address[1]}"
            )
            lazy.sendall(f"{request}\r\n\r\n".encode())
            until = time.monotonic() + 8
            while not served._connections and time.monotonic() < until:
                time.sleep(0.01)
            while served._connections and time.monotonic() < until:
                time.sleep(0.02)
        assert not served._connections


@pytest.fixture
def idle():
    """Opens connections that send nothing, from any address of this machine."""
    opened = []

    def connect(served: Server, count: int, source: str = LOOPBACK) -> list[socket.socket]:
        port = served.server_address[1]
        new = [socket.create_connection((LOOPBACK, port), timeout=10, source_address=(source, 0)) for _ in range(count)]
        opened.extend(new)
        return new

    yield connect
    for client in opened:
        client.close()


def is_open(client: socket.socket) -> bool:
    """Tell whether the server has not hung up on a client that it sends nothing."""
    client.settimeout(0.05)
    try:
        return client.recv(1) != b""
    except TimeoutError:
        return True
    except ConnectionError:
        return False


@pytest.mark.parametrize("source", [LOOPBACK, "127.0.0.2"])
def test_idle_connections_do_not_keep_out_who_knows_the_url(serving, idle, source):
    """Not one that waits for its next request, either."""
    if source != LOOPBACK and sys.platform != "linux":
        pytest.skip("only Linux has this address")
    kept = HTTPConnection(LOOPBACK, serving.server_address[1], timeout=10)
    kept.request("GET", path_of(serving))
    kept.getresponse().read()
    for _ in range(5):
        idle(serving, server.MAX_PER_CLIENT + 5, source)
        assert asked(serving, path_of(serving))[0].status == 200
    same = kept.sock
    kept.request("GET", path_of(serving))
    assert kept.getresponse().read()
    assert kept.sock is same
    kept.close()


def test_idle_connections_make_room_and_the_oldest_does_first(serving, idle, monkeypatch):
    monkeypatch.setattr(server, "MAX_PER_CLIENT", 4)
    clients = idle(serving, 9)
    assert [is_open(client) for client in clients] == [False] * 5 + [True] * 4
    assert len(serving._connections) == 4


@pytest.mark.skipif(sys.platform != "linux", reason="only there are all addresses from 127.0.0.1 on this machine")
def test_many_machines_have_no_more_connections_than_one_could_serve(serving, idle, monkeypatch):
    monkeypatch.setattr(server, "MAX_CONNECTIONS", 6)
    clients = [idle(serving, 1, f"127.0.0.{number}")[0] for number in range(2, 12)]
    assert asked(serving, path_of(serving))[0].status == 200
    assert sum(map(is_open, clients)) <= 6


def test_a_file_under_way_is_given_to_its_end_and_only_the_next_client_is_hung_up_on(files, idle, monkeypatch):
    """Where all clients know the URL and take what they asked for, there is no room."""
    monkeypatch.setattr(server, "MAX_PER_CLIENT", 3)
    with files[1].open("wb") as file:
        file.truncate(20_000_000)
    with running(open_server(make_site(files))) as served:
        takers = [HTTPConnection(LOOPBACK, served.server_address[1], timeout=10) for _ in range(3)]
        answers = []
        for taker in takers:
            taker.request("GET", path_of(served, "files/1/cat_LR.mp4"))
            answers.append(taker.getresponse())
        (late,) = idle(served, 1)
        assert not is_open(late)
        assert [len(answer.read()) for answer in answers] == [20_000_000] * 3
        for taker in takers:
            taker.close()


def test_many_clients_get_what_they_asked_for(serving):
    def fetch(number: int) -> bool:
        start = number * 1001
        path = path_of(serving, "files/1/cat_LR.mp4")
        return asked(serving, path, Range=f"bytes={start}-{start + 99_999}")[1] == VIDEO[start : start + 100_000]

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(fetch, range(150)))


# Files that change


def test_a_file_that_was_exported_again_is_given_anew(serving, files, tmp_path):
    (tmp_path / "new").write_bytes(b"new scene")
    (tmp_path / "new").replace(files[0])
    assert asked(serving, path_of(serving, "files/0/cat.glb"))[1] == b"new scene"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no FIFO, and links need rights there")
@pytest.mark.parametrize("put", [None, Path.mkdir, os.mkfifo, lambda path: path.symlink_to(path.parent / "secret.txt")])
def test_a_file_that_has_gone_is_not_found(serving, files, put, caplog):
    """Nor is what has taken its place: a folder, a pipe that would keep us waiting, a link to elsewhere."""
    files[0].unlink()
    if put:
        put(files[0])
    answer, body = asked(serving, path_of(serving, "files/0/cat.glb"))
    assert (answer.status, body) == (404, b"404 Not Found\n")
    assert "can no longer be read" in caplog.text
    assert asked(serving, path_of(serving, "files/1/cat_LR.mp4"))[1] == VIDEO


def test_a_file_that_becomes_shorter_while_it_is_given_ends_the_connection(serving, files, monkeypatch):
    """The client sees that something is missing; nothing else is sent in its place."""
    begin = handler.Handler._begin

    def begin_then_shorten(self, *arguments, **headers):
        begin(self, *arguments, **headers)
        os.truncate(files[1], 1000)

    monkeypatch.setattr(handler.Handler, "_begin", begin_then_shorten)
    answer = raw(serving, b"GET /TOKEN/files/1/cat_LR.mp4 HTTP/1.1\r\nHost: HOST\r\n\r\n" * 2)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"Content-Length: 300001" in head
    assert body == VIDEO[:1000]


def test_a_link_is_followed_once_when_serving_begins(tmp_path, files):
    """It may then point elsewhere. Its own name tells what kind of file it is."""
    link = tmp_path / "link.glb"
    (tmp_path / "data").write_bytes(b"scene")
    link.symlink_to(tmp_path / "data")
    with running(open_server(make_site([link]))) as served:
        link.unlink()
        link.symlink_to(tmp_path / "secret.txt")
        assert asked(served, path_of(served, "files/0/link.glb"))[1] == b"scene"


# HTTPS


@pytest.fixture
def secure(files):
    certificate = make_certificate(LOOPBACK)
    with running(open_server(make_site(files), LOOPBACK, 0, certificate)) as served:
        yield served, certificate


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


def test_the_certificate_is_for_this_address_short_lived_and_known_by_its_fingerprint(secure):
    from cryptography import x509

    served, certificate = secure
    shown = certificate_shown_by(served.server_address[1])
    assert hashlib.sha256(shown).hexdigest().upper() == certificate.fingerprint.replace(":", "")
    read = x509.load_der_x509_certificate(shown)
    names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name) for name in names] == [f"<IPAddress(value={LOOPBACK})>"]
    assert read.not_valid_after_utc - read.not_valid_before_utc <= timedelta(days=3)
    assert make_certificate(LOOPBACK).fingerprint != certificate.fingerprint


def test_who_trusts_the_certificate_gets_the_files(secure, files):
    served, _ = secure
    pem = ssl.DER_cert_to_PEM_cert(certificate_shown_by(served.server_address[1]))
    connection = HTTPSConnection(
        LOOPBACK, served.server_address[1], context=ssl.create_default_context(cadata=pem), timeout=10
    )
    for _ in range(2):
        connection.request("GET", path_of(served, "files/1/cat_LR.mp4"), headers={"Range": "bytes=1-"})
        assert connection.getresponse().read() == VIDEO[1:]
    connection.close()
    assert served.url.startswith(f"https://{LOOPBACK}:")


def test_old_tls_and_no_tls_are_refused(secure):
    served, certificate = secure
    assert certificate.context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert b"HTTP/" not in raw(served, b"GET /TOKEN/ HTTP/1.1\r\nHost: HOST\r\n\r\n")
    old = trustful()
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection((LOOPBACK, served.server_address[1]), timeout=10) as plain, pytest.raises(OSError):  # noqa: PT011
        old.wrap_socket(plain)


def test_a_client_that_never_shakes_hands_stops_nobody(secure, monkeypatch):
    served, _ = secure
    monkeypatch.setattr(server, "STALL_S", 0.5)
    with socket.create_connection((LOOPBACK, served.server_address[1]), timeout=10) as silent:
        certificate_shown_by(served.server_address[1])
        assert silent.recv(1) == b""


def test_clients_that_never_shake_hands_do_not_keep_out_who_does(secure, idle):
    served, _ = secure
    first, *_ = idle(served, 2 * server.MAX_PER_CLIENT)
    assert certificate_shown_by(served.server_address[1])
    assert not is_open(first)


def test_the_key_is_on_disk_for_a_moment_only_and_encrypted(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    seen = []

    def load(self, name, password):
        seen.append((Path(name).stat().st_mode & 0o777, Path(name).read_text("ascii")))
        raise ssl.SSLError

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", load)
    with pytest.raises(ssl.SSLError):
        make_certificate(LOOPBACK)
    [(mode, text)] = seen
    assert mode == 0o600
    assert "BEGIN ENCRYPTED PRIVATE KEY" in text
    assert text.count("PRIVATE KEY") == 2
    assert list(tmp_path.iterdir()) == []


# Addresses


NO_ADDRESSES = """
0.0.0.0 224.0.0.1 ::1 localhost 192.168.1 1.2.3.4:80 01.2.3.4
"""


@pytest.mark.parametrize("wanted", ["", *NO_ADDRESSES.split()])
def test_an_address_has_to_be_one_of_a_machine(wanted):
    with pytest.raises(InputError, match="address must be"):
        lan_address(wanted)


class FakeSocket(socket.socket):
    """Finds whatever way the test wants."""

    source: str | None = None

    def connect(self, _: object) -> None:
        """Find no way without a source."""
        if self.source is None:
            raise OSError(101, "Network is unreachable")

    def getsockname(self) -> tuple[str, int]:
        """Return what the way out begins with."""
        return (f"{self.source}", 1)


def test_the_address_is_that_of_the_way_out_unless_the_internet_is_there(monkeypatch):
    monkeypatch.setattr(socket, "socket", FakeSocket)
    with pytest.raises(InputError, match="no network connection"):
        lan_address()
    monkeypatch.setattr(FakeSocket, "source", "192.168.1.20")
    assert lan_address() == "192.168.1.20"
    monkeypatch.setattr(FakeSocket, "source", "8.8.8.8")
    with pytest.raises(InputError, match=r"the internet can reach 8\.8\.8\.8"):
        lan_address()
    assert lan_address("8.8.8.8") == "8.8.8.8"


# The command

PROGRAM = """
import sys
from pathlib import Path
from kbvr.serving import site
site.PAGES = Path(sys.argv.pop(1))
from kbvr.cli.main import main
sys.exit(main())
"""
"""kbvr, with the pages of a folder of the test."""


@contextmanager
def started(pages: Path, *arguments: str | Path, **more: Any) -> Iterator[subprocess.Popen[str]]:
    """Run `kbvr view`; it is killed if the test fails."""
    command = [sys.executable, "-c", PROGRAM, str(pages), "view", *map(str, arguments)]
    more = {"stderr": subprocess.PIPE, "env": os.environ | {"PYTHONPATH": str(ROOT)}} | more
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **more) as process:
        try:
            yield process
        finally:
            process.kill()


def ended(process: subprocess.Popen[str], number: int = signal.SIGINT) -> tuple[int, str, str]:
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    return process.returncode, out, err or ""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_ends_it_well(files, pages, name):
    """Whatever is going on, with nothing said, and the port is free at once."""
    with started(pages, *files, "--no-open") as process:
        assert process.stdout is not None
        index, scene, stereo = (process.stdout.readline().rstrip("\n") for _ in range(3))
        match = re.fullmatch(r"http://127\.0\.0\.1:([0-9]+)(/[\w-]{22}/)", index)
        assert match is not None
        assert scene == f"{index}scene.html?src=files/0/cat.glb"
        assert stereo == f"{index}stereo.html?src=files/1/cat_LR.mp4"
        port = int(match[1])
        connection = HTTPConnection(LOOPBACK, port, timeout=10)
        connection.request("GET", f"{match[2]}files/1/cat_LR.mp4")
        with connection.getresponse() as answer, socket.create_connection((LOOPBACK, port)):
            assert answer.read(10) == VIDEO[:10]
            assert ended(process, getattr(signal, name)) == (0, "", "")
        connection.close()
    with open_server(make_site(files), LOOPBACK, port):
        pass


def test_the_headset_is_told_what_to_open_and_what_to_compare(files, pages):
    """The QR code is drawn in a terminal only: programs read the URL."""
    terminal, its_end = pty.openpty()
    with started(pages, files[0], "--lan", "--address", LOOPBACK, stderr=its_end) as process:
        os.close(its_end)
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        shown, rows = b"", []
        while not rows or len(rows) < len(rows[0]) / 2:
            shown += os.read(terminal, 65536)
            rows = code_rows(shown.decode(errors="ignore").split("\r\n")[:-1])
        port = int(url.split("/")[2].partition(":")[2])
        fingerprint = hashlib.sha256(certificate_shown_by(port)).digest().hex(":").upper()
        assert ended(process)[0] == 0
    os.close(terminal)
    warning = shown.decode(errors="ignore").splitlines()[0]
    assert "will warn" in warning
    assert warning.endswith(f"SHA-256 fingerprint is {fingerprint}")
    assert read_qr(rows) == url


def code_rows(lines: Sequence[str]) -> list[str]:
    """Return the half blocks of the lines that are black on white."""
    rows = [line.removeprefix(view.BLACK_ON_WHITE).removesuffix(view.PLAIN) for line in lines]
    marks = len(view.BLACK_ON_WHITE + view.PLAIN)
    return [row for row, line in zip(rows, lines, strict=True) if len(line) - len(row) == marks]


def read_qr(rows: list[str]) -> str:
    """Return what a camera reads off half blocks."""
    upper_lower = {shown: halves for halves, shown in view.HALF_BLOCKS.items()}
    dark = (
        np.array([[upper_lower[shown] for shown in row] for row in rows]).transpose(0, 2, 1).reshape(-1, len(rows[0]))
    )
    texts = []
    for side_px in (8, 5, 12, 7):  # OpenCV's reader misses some codes at some sizes
        picture = np.kron(np.where(dark, 0, 255), np.ones((side_px, side_px))).astype(np.uint8)
        texts.append(cv2.QRCodeDetector().detectAndDecode(picture)[0])
    return max(texts, key=len)


@pytest.mark.parametrize("address", ["10.0.0.7", "192.168.178.200"])
def test_every_url_fits_into_a_code_that_a_terminal_holds(address):
    url = f"https://{address}:54321/{'aB3_-' * 4}xy/stereo.html?src=files/10/{'n' * site.NAME_LENGTH}"
    rows = code_rows(list(view.qr_lines(url)))
    assert read_qr(rows) == url
    assert len(rows[0]) <= 80


def test_a_browser_is_opened_at_the_file(files, pages, tmp_path):
    """A real one, as far as the system can tell."""
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/aside && mv {tmp_path}/aside {tmp_path}/opened\n', "utf-8")
    browser.chmod(0o700)
    with started(pages, files[0], env=os.environ | {"PYTHONPATH": str(ROOT), "BROWSER": f"{browser} %s"}) as process:
        assert process.stdout is not None
        url = process.stdout.readline()
        until = time.monotonic() + 15
        while not (tmp_path / "opened").exists() and time.monotonic() < until:
            time.sleep(0.02)
        assert (tmp_path / "opened").read_text("utf-8") == url
        assert ended(process) == (0, "", "")


def test_without_a_browser_the_address_is_enough(monkeypatch, capsys):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    view._open_browser("http://127.0.0.1:1/")
    assert capsys.readouterr().err == "kbvr: no browser found; open the URL above in one\n"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["none.glb"], "none.glb: no such file"),
        (["folder.glb"], "expected a file, got the folder folder.glb"),
        (["."], "expected a file, got the folder ."),
        (["secret.txt"], f"expected a file that ends in {', '.join(site.KINDS)}, got secret.txt"),
        (["pipe.glb"], "cannot read pipe.glb: not a regular file"),
        (["circle.glb"], "cannot read circle.glb: Symlink loop from"),
        (["cat.glb", "none.mp4"], "none.mp4: no such file"),
        (["cat.glb", "--address", "127.0.0.1"], "--address requires --lan"),
        (["cat.glb", "--lan", "--address", "here"], "--address must be an IPv4 address like 192.168.1.20, got here"),
        (["cat.glb", "--lan", "--address", "192.0.2.77"], "cannot serve at 192.0.2.77: 192.0.2.77 is not an address"),
        (["cat.glb", "--port", "PORT"], "cannot serve at 127.0.0.1: port PORT is in use"),
        (["cat.glb", "--port", "65536"], "--port must be a whole number from 0 to 65535, got '65536'"),
        ([], "no file is given (see --help)"),
    ],
)  # fmt: skip
def test_a_bad_call_is_one_line(serving, tmp_path, monkeypatch, capsys, arguments, complaint):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.glb").mkdir()
    os.mkfifo(tmp_path / "pipe.glb")
    (tmp_path / "circle.glb").symlink_to("circle.glb")
    port = str(serving.server_address[1])
    assert main(["view", *(argument.replace("PORT", port) for argument in arguments), "--no-open"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"kbvr: {complaint.replace('PORT', port)}")


def test_a_missing_page_or_library_is_one_line(files, pages, monkeypatch, capsys):
    monkeypatch.setattr(view, "find_spec", lambda name: None)
    assert main(["view", str(files[0]), "--lan"]) == 2
    assert capsys.readouterr().err == ("kbvr: --lan requires cryptography and segno: pip install 'kbvr[lan]'\n")
    (pages / "stereo.html").unlink()
    assert main(["view", str(files[1])]) == 2
    assert capsys.readouterr().err == (
        "kbvr: this copy of kbvr was built without the page stereo.html; reinstall kbvr\n"
    )


def test_libraries_are_loaded_when_they_are_needed():
    code = "import sys, kbvr.serving, kbvr.cli.view; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert not {"cryptography", "segno", "webbrowser", "numpy"} & set(done.stdout.split())


# A browser

TRIES = """<!doctype html><title>tries</title><style>html { color: rgb(1, 2, 3) }</style><p id="told"></p><script>
const tried = async (name, attempt) => {
  try { return [name, String(await attempt())] } catch { return [name, "refused"] }
};
const worker = () => new Promise((done, fail) => {
  const made = new Worker(URL.createObjectURL(new Blob(["postMessage(String(WebAssembly.validate(wasm)))"
    .replace("wasm", "new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])")])));
  made.onmessage = event => done(event.data);
  made.onerror = fail;
});
const wasm = async () => (await WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))).constructor.name;
Promise.all([
  tried("style", () => getComputedStyle(document.documentElement).color),
  tried("file", async () => (await (await fetch(location.search.slice("?src=".length))).arrayBuffer()).byteLength),
  tried("part", async () => (await fetch("files/0/cat.glb", {headers: {Range: "bytes=1-2"}})).status),
  tried("data", async () => (await fetch("data:,abc")).text()),
  tried("blob", async () => (await fetch(URL.createObjectURL(new Blob(["abc"])))).text()),
  tried("worker", worker),
  tried("wasm", wasm),
  tried("eval", () => eval("1")),
  tried("other host", () => fetch("http://localhost:OTHER/", {mode: "no-cors"})),
]).then(all => { document.getElementById("told").textContent = JSON.stringify(Object.fromEntries(all)) });
</script>"""


def test_a_page_can_do_what_viewers_do_and_no_more(files, pages, tmp_path):
    """Chromium obeys the policy: no other host is reached."""
    program = shutil.which("chromium")
    assert program, "this test needs chromium (Debian: apt-get install chromium)"
    with running(open_server(make_site(files))) as other, running(open_server(make_site(files))) as served:
        (pages / "scene.html").write_text(TRIES.replace("OTHER", str(other.server_address[1])), "utf-8")
        url = served.url + served.site.links[0]
        command = [
            program,
            *FLAGS,
            f"--user-data-dir={tmp_path}/profile",
            "--virtual-time-budget=5000",
            "--dump-dom",
            url,
        ]
        page = subprocess.run(command, capture_output=True, text=True, timeout=60).stdout
        reached = len(other._connections)
    told = re.search(r'<p id="told">(.*?)</p>', page)
    assert told is not None, page
    assert json.loads(told[1]) == {
        "style": "rgb(1, 2, 3)",
        "file": "260",
        "part": "206",
        "data": "abc",
        "blob": "abc",
        "worker": "true",
        "wasm": "Module",
        "eval": "refused",
        "other host": "refused",
    }
    assert reached == 0
