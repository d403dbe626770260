"""Photos that people drop: streamed to disk, named safely, refused if they are none."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from many_photos import tiny_photo
from studio_client import Client, opened_studio
from web_client import status_of

from kbvr.serving import LOOPBACK, connections
from kbvr.studio import uploads
from kbvr.studio.folder_names import folder_name
from kbvr.studio.uploads import shown_name


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with opened_studio(tmp_path / "projects") as opened:
        yield opened


@pytest.fixture
def photo(tmp_path: Path) -> bytes:
    return tiny_photo(tmp_path / "a.jpg").read_bytes()


def sent_slowly(client: Client, body: bytes, parts: int, pause_s: float, *, missing: int = 0) -> bytes:
    """Upload a body in parts, of which the last `missing` do not come; return the answer."""
    head = (
        f"POST /{client.server.token}/api/projects?name=a.jpg HTTP/1.1\r\nHost: {LOOPBACK}:{client.server.port}\r\n"
        f"Origin: http://{LOOPBACK}:{client.server.port}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    step = -(-len(body) // parts)
    answer = b""
    with socket.create_connection((LOOPBACK, client.server.port), timeout=10) as connection:
        connection.sendall(head.encode())
        for begin in range(0, len(body) - missing * step, step):
            connection.sendall(body[begin : begin + step])
            time.sleep(pause_s)
        while got := connection.recv(65536):
            answer += got
    return answer


def test_an_upload_becomes_a_project(client, photo):
    status, _, answer = client.raw("POST", "api/projects?name=cat.jpg", photo)
    assert status == 201
    assert b'"name":"cat.jpg"' in answer
    folder = client.studio.projects.folder / "cat.kbvr"
    assert (folder / "photo" / "cat.jpg").read_bytes() == photo
    assert (folder / "project.json").exists()


def test_a_slow_upload_succeeds_while_it_makes_progress(client, photo, monkeypatch):
    """A phone on slow Wi-Fi may take longer than the limit in all."""
    monkeypatch.setattr(connections, "STALL_S", 0.5)
    monkeypatch.setattr(connections, "HEAD_S", 0.5)
    assert status_of(sent_slowly(client, photo, parts=8, pause_s=0.15)) == 201


def test_an_upload_that_stops_is_given_up_and_leaves_nothing(client, photo, monkeypatch):
    monkeypatch.setattr(connections, "STALL_S", 0.2)
    assert status_of(sent_slowly(client, photo, parts=4, pause_s=0, missing=1)) == 408
    assert not list(client.studio.projects.folder.iterdir())


def test_an_upload_whose_sender_hangs_up_leaves_nothing(client, photo):
    head = (
        f"POST /{client.server.token}/api/projects?name=a.jpg HTTP/1.1\r\nHost: {LOOPBACK}:{client.server.port}\r\n"
        f"Origin: http://{LOOPBACK}:{client.server.port}\r\nContent-Length: {len(photo)}\r\n\r\n"
    )
    with socket.create_connection((LOOPBACK, client.server.port), timeout=10) as connection:
        connection.sendall(head.encode() + photo[:-1])
        time.sleep(0.2)
    end_s = time.monotonic() + 10
    while list(client.studio.projects.folder.iterdir()) and time.monotonic() < end_s:
        time.sleep(0.02)
    assert not list(client.studio.projects.folder.iterdir())
    assert client.json("GET", "api/projects") == []


@pytest.mark.parametrize("body", [b"GIF89a" + bytes(200), b"<html>", b"", b"%PDF-1.7", b"PK\x03\x04", bytes(100)])
def test_what_is_no_photo_is_refused_by_its_first_bytes(client, body):
    """Whatever its name says."""
    status, _, answer = client.raw("POST", "api/projects?name=cat.jpg", body)
    assert status == 415
    assert b"JPEG, PNG, WebP, TIFF, HEIC and AVIF" in answer
    assert not list(client.studio.projects.folder.iterdir())


@pytest.mark.parametrize("name", ["raw.dng", "DSC_1.NEF", "a.CR2"])
def test_a_raw_file_is_refused_with_what_to_do(client, name):
    """It begins as a TIFF does."""
    status, _, answer = client.raw("POST", f"api/projects?name={name}", b"II*\0" + bytes(200))
    assert status == 415
    assert b"Export it as a JPEG or TIFF" in answer
    assert not client.studio.projects.folder.exists()


def test_an_upload_is_never_whole_in_memory(client, photo, monkeypatch):
    """Parts go to disk as they come."""
    longest = 0

    class Watched(bytearray):
        def clear(self) -> None:
            nonlocal longest
            longest = max(longest, len(self))
            super().clear()

    monkeypatch.setattr(uploads, "bytearray", Watched, raising=False)
    body = photo + bytes(6 * 2**20)
    assert client.raw("POST", "api/projects?name=a.jpg", body)[0] == 201
    assert 0 < longest < 2 * uploads.BUFFER_BYTES


def test_two_photos_of_one_name_are_two_projects(client, photo):
    for _ in range(2):
        client.raw("POST", "api/projects?name=cat.jpg", photo)
    names = {path.name for path in client.studio.projects.folder.iterdir()}
    assert names == {"cat.kbvr", "cat 2.kbvr"}


@pytest.mark.parametrize(
    ("given", "folder"),
    [
        ("../../../etc/passwd", "passwd"),
        ("..\\..\\windows\\system.ini", "system"),
        ("/etc/passwd", "passwd"),
        ("", "photo"),
        ("..", "photo"),
        (".jpg", "jpg"),
        ("a/b/c d.jpg", "c d"),
        ("con.jpg", "con photo"),
        ("trash.jpg", "trash photo"),
        ("<img src=x onerror=alert(1)>.png", "img src_x onerror_alert(1)"),
        ("nul\0\n\u202egnp.exe.jpg", "nulgnp_exe"),
        ("Käse 🧀.jpg", "Käse"),
        ("x" * 500 + ".jpg", "x" * 80),
    ],
)
def test_a_name_never_leads_out_of_the_folder(client, photo, given, folder):
    """And holds nothing that a file system refuses."""
    status, _, _ = client.raw("POST", f"api/projects?name={quote(given, safe='')}", photo)
    assert status == 201
    (project,) = client.studio.projects.folder.iterdir()
    assert project.name == f"{folder}.kbvr"
    assert project.resolve().parent == client.studio.projects.folder.resolve()


def test_names_are_one_line_of_what_can_be_seen():
    assert shown_name("a\u202eb\nc\0.jpg", ".jpg") == "abc.jpg"
    assert shown_name("  ", ".png") == "photo.png"
    assert len(shown_name("x" * 1000, ".jpg")) <= uploads.MAX_NAME
    assert folder_name("e\u0301") == "é"
