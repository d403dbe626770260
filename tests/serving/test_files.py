"""What is served: files, whole and in parts, as they are now."""

from __future__ import annotations

import os
import re
import resource
import socket
import time
from contextlib import suppress
from itertools import product
from pathlib import Path

import pytest
from web_client import asked, path_of, raw, viewing

from kbvr.serving import LOOPBACK

# What is served


def test_files_pages_and_an_index_are_given(serving, files, pages):
    assert asked(serving, path_of(serving, "files/0/cat.glb"))[1] == files[0].read_bytes()
    assert (
        asked(serving, path_of(serving, "scene.html?src=files/0/cat.glb"))[1]
        .decode()
        .startswith("<!doctype html><title>cat.glb – kbvr</title>")
    )
    index = asked(serving, path_of(serving))[1].decode()
    links = re.findall(r'<a href="([^"]+)">.*?<span class="name">([^<]+)<', index.replace("<wbr>", ""))
    assert [name for _, name in links] == ["cat.glb", "cat_LR.mp4"]
    assert [link for link, _ in links] == ["scene.html?src=files/0/cat.glb", "stereo.html?src=files/1/cat_LR.mp4"]
    assert [link for link, _ in links] == list(serving.served.site.links)


@pytest.mark.parametrize(
    ("name", "mime", "link"),
    [
        ("a.GLB", "model/gltf-binary", "scene.html?src=files/0/a.GLB"),
        ("a.html", "text/html; charset=utf-8", "files/0/a.html"),
        ("a_LR.jpg", "image/jpeg", "stereo.html?src=files/0/a_LR.jpg"),
        ("a.mpo", "image/jpeg", "stereo.html?src=files/0/a.mpo"),
        ("a.avif", "image/avif", "photo.html?src=files/0/a.avif"),
        ("a.webp", "image/webp", "photo.html?src=files/0/a.webp"),
        ("a.mp4", "video/mp4", "stereo.html?src=files/0/a.mp4"),
        ("a.webm", "video/webm", "stereo.html?src=files/0/a.webm"),
        ("a.mkv", "video/x-matroska", "stereo.html?src=files/0/a.mkv"),
        ('猫 <b>"&.png', "image/png", "photo.html?src=files/0/___b___.png"),
        (f"{'long' * 50}_kbvr_180_LR.mp4", "video/mp4", f"stereo.html?src=files/0/{'long' * 6}_kbvr_180_LR.mp4"),
    ],
)
def test_each_kind_of_file_has_its_page_and_type(tmp_path, pages, name, mime, link):
    """Names in URLs are plain, and keep the end, which tells the layout."""
    (tmp_path / name).write_bytes(b"content")
    with viewing(tmp_path / name) as served:
        assert list(served.served.site.links) == [link]
        answer, body = asked(served, path_of(served, link.rpartition("src=")[2]))
        assert (answer.status, answer.headers["Content-Type"], body) == (200, mime, b"content")
        assert "<b>" not in asked(served, path_of(served))[1].decode()


def test_a_name_that_is_no_text_is_served(tmp_path, pages):
    path = tmp_path / os.fsdecode(b"\xff.glb")
    path.touch()
    with viewing(path) as served:
        assert served.served.site.links == ("scene.html?src=files/0/_.glb",)
        assert "?.glb" in asked(served, path_of(served))[1].decode()
        assert b"<title>?.glb" in asked(served, path_of(served, served.served.site.links[0]))[1]


def test_every_answer_is_guarded(serving):
    """Right ones and refusals tell browsers to guess nothing and let no other site in, and tell nothing of versions."""
    paths = ("", "scene.html", "files/0/cat.glb", "files/9/cat.glb", "thumbnails/0.jpg")
    for path in (*(path_of(serving, path) for path in paths), "/"):
        headers = asked(serving, path)[0].headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Server"] == "kbvr"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "xr-spatial-tracking=(self)" in headers["Permissions-Policy"]
        assert "connect-src 'self' blob: data:;" in headers["Content-Security-Policy"]
        assert not re.search("python|uvicorn|starlette", str(headers), re.IGNORECASE)


def test_head_is_get_without_a_body(serving, video):
    answer, body = asked(serving, path_of(serving, "files/1/cat_LR.mp4"), "HEAD", Range="bytes=0-9")
    assert (answer.status, answer.headers["Content-Length"], body) == (200, str(len(video)), b"")
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


def test_a_part_is_what_the_standard_says(tmp_path, pages):
    (tmp_path / "five.mp4").write_bytes(b"abcde")
    ends = (None, *range(7))
    with viewing(tmp_path / "five.mp4") as served:
        for first, last in product(ends, ends):
            header = f"bytes={'' if first is None else first}-{'' if last is None else last}"
            answer, body = asked(served, path_of(served, "files/0/five.mp4"), Range=header)
            if (first is None and last is None) or (first is not None and last is not None and last < first):
                assert answer.status in (400, 416)
                continue
            part = reference_part(5, first, last)
            assert answer.status == (206 if part else 416)
            assert not part or body == b"abcde"[part.start : part.stop]


@pytest.mark.parametrize(
    "header",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "items=0-1",
        "bytes=1-0",
        "bytes=٣-٤".encode().decode("latin-1"),
        "bytes=--1",
        f"bytes=0-{'9' * 5000}",
        f"bytes={'9' * 5000}-",
    ],
)
def test_a_range_that_is_not_understood_is_refused(serving, header):
    """Starlette answers 400, where RFC 9110 (14.2) also allows the whole file; browsers send no such ranges."""
    answer, body = asked(serving, path_of(serving, "files/1/cat_LR.mp4"), Range=header)
    assert answer.status in (400, 416)
    assert len(body) < 60


def test_several_parts_are_given_together(serving, video):
    """Overlapping ones only once, so that nobody can ask for more than the file; of too many, the whole file."""
    path = path_of(serving, "files/1/cat_LR.mp4")
    answer, body = asked(serving, path, Range="bytes=0-1,5-6")
    assert answer.status == 206
    assert answer.headers["Content-Type"].startswith("multipart/byteranges; boundary=")
    assert video[:2] in body and video[5:7] in body
    answer, body = asked(serving, path, Range="bytes=" + ",".join(["0-"] * 90))
    assert (answer.status, body) == (206, video)
    answer, body = asked(serving, path, Range="bytes=" + "0-," * 2000)
    assert (answer.status, body) == (200, video)


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
def test_a_video_is_given_in_parts(serving, wanted, start, stop, video):
    answer, body = asked(serving, path_of(serving, "files/1/cat_LR.mp4"), Range=f"bytes={wanted}")
    assert (answer.status, body) == (206, video[start:stop])
    assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/300001"
    assert answer.headers["Content-Length"] == str(stop - start)


@pytest.mark.parametrize("wanted", ["300001-", "300001-300002", "-0"])
def test_a_part_that_is_not_there_is_told(serving, wanted):
    answer, _ = asked(serving, path_of(serving, "files/1/cat_LR.mp4"), Range=f"bytes={wanted}")
    assert (answer.status, answer.headers["Content-Range"]) == (416, "bytes */300001")


def test_the_rest_of_a_file_is_given_only_if_it_has_not_changed(serving, files, video):
    path = path_of(serving, "files/1/cat_LR.mp4")
    etag = asked(serving, path)[0].headers["ETag"]
    assert asked(serving, path, Range="bytes=9-", If_Range=etag)[1] == video[9:]
    for other in ('"other"', f"W/{etag}", "Wed, 25 Nov 2026 15:00:00 GMT", ""):
        assert asked(serving, path, Range="bytes=9-", If_Range=other)[0].status == 200
    files[1].write_bytes(video[::-1])
    os.utime(files[1], (1, 1))
    assert asked(serving, path, Range="bytes=9-", If_Range=etag)[1] == video[::-1]


def test_the_end_of_a_huge_file_is_near(tmp_path, pages):
    """A part beyond 2 GB takes no time and no memory; nor does the beginning for a client that soon leaves."""
    huge = tmp_path / "huge.mp4"
    with huge.open("wb") as file:
        file.truncate(2**31 + 5)
        file.seek(2**31)
        file.write(b"whale")
    with viewing(huge) as served:
        before_kb, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
        path = path_of(served, "files/0/huge.mp4")
        assert asked(served, path, Range=f"bytes={2**31}-")[1] == b"whale"
        with socket.create_connection((LOOPBACK, served.port), timeout=10) as client:
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: {LOOPBACK}:{served.port}\r\n\r\n".encode())
            assert b"content-length: 2147483653" in client.recv(1000)
        assert time.monotonic() - start < 5
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 50_000


# Files that change


def test_a_file_that_was_exported_again_is_given_anew(serving, files, tmp_path):
    (tmp_path / "new").write_bytes(b"new scene")
    (tmp_path / "new").replace(files[0])
    assert asked(serving, path_of(serving, "files/0/cat.glb"))[1] == b"new scene"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no FIFO, and links need rights there")
@pytest.mark.parametrize("put", [None, Path.mkdir, os.mkfifo, lambda path: path.symlink_to(path.parent / "secret.txt")])
def test_a_file_that_has_gone_is_not_found(serving, files, put, caplog, video):
    """Nor is what has taken its place: a folder, a pipe that would keep us waiting, a link to elsewhere."""
    files[0].unlink()
    if put:
        put(files[0])
    answer, body = asked(serving, path_of(serving, "files/0/cat.glb"))
    assert (answer.status, body) == (404, b"404 Not Found\n")
    assert "can no longer be read" in caplog.text
    assert asked(serving, path_of(serving, "files/1/cat_LR.mp4"))[1] == video


def test_a_file_that_becomes_shorter_while_it_is_given_ends_the_connection(serving, files, caplog):
    """The client sees that something is missing; nothing else is sent in its place."""
    with files[1].open("wb") as file:
        file.truncate(50_000_000)
    with socket.create_connection((LOOPBACK, serving.port), timeout=10) as client:
        host = f"Host: {LOOPBACK}:{serving.port}"
        one = f"GET {path_of(serving, 'files/1/cat_LR.mp4')} HTTP/1.1\r\n{host}\r\n\r\n".encode()
        client.sendall(one * 2)
        answer = client.recv(1000)
        os.truncate(files[1], 1000)
        with suppress(ConnectionError):
            while got := client.recv(2**20):
                answer += got
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-length: 50000000" in head
    assert len(body) < 50_000_000
    assert body == bytes(len(body))
    assert not caplog.records


def test_a_link_is_followed_once_when_serving_begins(tmp_path, files):
    """It may then point elsewhere. Its own name tells what kind of file it is."""
    link = tmp_path / "link.glb"
    (tmp_path / "data").write_bytes(b"scene")
    link.symlink_to(tmp_path / "data")
    with viewing(link) as served:
        link.unlink()
        link.symlink_to(tmp_path / "secret.txt")
        assert asked(served, path_of(served, "files/0/link.glb"))[1] == b"scene"
