"""Clients that are slow, broken, or many."""

from __future__ import annotations

import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import pytest
from web_client import asked, is_open, path_of, viewing

from kbvr.serving import LOOPBACK, connections

# Clients that are slow, broken, or many


def test_a_slow_client_stops_nobody_and_is_given_up(serving, monkeypatch):
    """Not even one that sends a byte now and then."""
    monkeypatch.setattr(connections, "HEAD_S", 0.4)
    with socket.create_connection((LOOPBACK, serving.port), timeout=10) as slow:
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
    monkeypatch.setattr(connections, "STALL_S", 0.3)
    with files[1].open("wb") as file:
        file.truncate(50_000_000)
    with viewing(*files) as served, socket.create_connection((LOOPBACK, served.port), timeout=10) as lazy:
        request = f"GET {path_of(served, 'files/1/cat_LR.mp4')} HTTP/1.1\r\nHost: {LOOPBACK}:{served.port}"
        lazy.sendall(f"{request}\r\n\r\n".encode())
        until = time.monotonic() + 8
        while not served.connections and time.monotonic() < until:
            time.sleep(0.01)
        while served.connections and time.monotonic() < until:
            time.sleep(0.02)
        assert not served.connections


@pytest.mark.parametrize("source", [LOOPBACK, "127.0.0.2"])
def test_idle_connections_do_not_keep_out_who_knows_the_url(serving, idle, source):
    """Not one that waits for its next request, either."""
    if source != LOOPBACK and sys.platform != "linux":
        pytest.skip("only Linux has this address")
    kept = HTTPConnection(LOOPBACK, serving.port, timeout=10)
    kept.request("GET", path_of(serving))
    kept.getresponse().read()
    for _ in range(5):
        idle(serving, connections.MAX_PER_CLIENT + 5, source)
        assert asked(serving, path_of(serving))[0].status == 200
    same = kept.sock
    kept.request("GET", path_of(serving))
    assert kept.getresponse().read()
    assert kept.sock is same
    kept.close()


def test_idle_connections_make_room_and_the_oldest_does_first(serving, idle, monkeypatch):
    monkeypatch.setattr(connections, "MAX_PER_CLIENT", 4)
    clients = idle(serving, 9)
    assert [is_open(client) for client in clients] == [False] * 5 + [True] * 4
    assert len(serving.connections) == 4


@pytest.mark.skipif(sys.platform != "linux", reason="only there are all addresses from 127.0.0.1 on this machine")
def test_many_machines_have_no_more_connections_than_one_could_serve(serving, idle, monkeypatch):
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 6)
    clients = [idle(serving, 1, f"127.0.0.{number}")[0] for number in range(2, 12)]
    assert asked(serving, path_of(serving))[0].status == 200
    assert sum(map(is_open, clients)) <= 6


def test_a_file_under_way_is_given_to_its_end_and_only_the_next_client_is_hung_up_on(files, idle, monkeypatch):
    """Where all clients know the URL and take what they asked for, there is no room."""
    monkeypatch.setattr(connections, "MAX_PER_CLIENT", 3)
    with files[1].open("wb") as file:
        file.truncate(20_000_000)
    with viewing(*files) as served:
        takers = [HTTPConnection(LOOPBACK, served.port, timeout=10) for _ in range(3)]
        answers = []
        for taker in takers:
            taker.request("GET", path_of(served, "files/1/cat_LR.mp4"))
            answers.append(taker.getresponse())
        (late,) = idle(served, 1)
        assert not is_open(late)
        assert [len(answer.read()) for answer in answers] == [20_000_000] * 3
        for taker in takers:
            taker.close()


def test_a_client_that_goes_on_talking_gets_its_answer(serving, files, caplog):
    """And none to what it says after it has asked for the connection to end."""
    with files[1].open("wb") as file:
        file.truncate(20_000_000)
    with socket.create_connection((LOOPBACK, serving.port), timeout=10) as client:
        head = f"Host: {LOOPBACK}:{serving.port}\r\nConnection: close"
        client.sendall(f"GET {path_of(serving, 'files/1/cat_LR.mp4')} HTTP/1.1\r\n{head}\r\n\r\n".encode())
        answer = client.recv(1000)
        for _ in range(5):
            client.sendall(b"GET / HTTP/1.1\r\n\r\n\xff")
            answer += client.recv(100_000)
        while got := client.recv(2**20):
            answer += got
    assert len(answer.partition(b"\r\n\r\n")[2]) == 20_000_000
    assert answer.count(b"HTTP/1.1") == 1
    assert not caplog.records


def test_short_answers_are_not_held_back(serving):
    """The operating system would wait for the client's confirmation of the head before it sends the rest (Nagle)."""
    kept = HTTPConnection(LOOPBACK, serving.port, timeout=10)
    kept.request("GET", path_of(serving))
    kept.getresponse().read()
    [connection] = serving.connections._by_peer.values()
    assert connection._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    kept.close()


def test_many_clients_get_what_they_asked_for(serving, video):
    def fetch(number: int) -> bool:
        start = number * 1001
        path = path_of(serving, "files/1/cat_LR.mp4")
        return asked(serving, path, Range=f"bytes={start}-{start + 99_999}")[1] == video[start : start + 100_000]

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(fetch, range(150)))
