"""What browsers may keep, and what is compressed."""

from __future__ import annotations

import gzip
import os
from http.client import HTTPSConnection

import pytest
from web_client import asked, certificate_shown_by, path_of, trustful, viewing

from kbvr.serving import LOOPBACK, Server, answers, make_certificate

EACH = ("", "scene.html?src=files/0/cat.glb", "files/0/cat.glb", "files/1/cat_LR.mp4")


@pytest.mark.parametrize("path", EACH)
@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_what_a_browser_has_is_not_sent_again(serving, path, encoding):
    address = path_of(serving, path)
    etag = asked(serving, address, Accept_Encoding=encoding)[0].headers["ETag"]
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        answer, body = asked(serving, address, If_None_Match=known, Accept_Encoding=encoding)
        assert (answer.status, answer.headers["ETag"], body) == (304, etag, b"")
    assert asked(serving, address, If_None_Match='"other"', Accept_Encoding=encoding)[0].status == 200


def test_what_has_changed_is_sent_again(serving, files):
    address = path_of(serving, "files/0/cat.glb")
    etag = asked(serving, address)[0].headers["ETag"]
    files[0].write_bytes(b"glTF, changed")
    os.utime(files[0], (7, 7))
    answer, body = asked(serving, address, If_None_Match=etag)
    assert (answer.status, body) == (200, b"glTF, changed")
    assert answer.headers["ETag"] != etag


def asked_securely(served: Server, path: str, **headers: str) -> tuple[dict[str, str], bytes]:
    connection = HTTPSConnection(LOOPBACK, served.port, context=trustful(), timeout=10)
    connection.request("GET", path_of(served, path), headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert answer.status == 200
    return dict(answer.headers), body


def test_other_machines_keep_no_copy_of_the_files_and_this_one_asks_each_time(serving, files):
    """A headset may belong to others. The pages are the same for everybody."""
    for path in EACH:
        assert asked(serving, path_of(serving, path))[0].headers["Cache-Control"] == "private, no-cache"
    with viewing(*files, certificate=make_certificate(LOOPBACK)) as served:
        assert certificate_shown_by(served.port)
        for path in EACH:
            kept = "private, no-cache" if path.startswith("scene.html") else "no-store"
            assert asked_securely(served, path)[0]["cache-control"] == kept
    assert asked(serving, "/")[0].headers["Cache-Control"] == "no-store"


def test_pages_are_compressed_for_those_who_take_it(serving):
    plain = asked(serving, path_of(serving, "stereo.html"))
    small = asked(serving, path_of(serving, "stereo.html"), Accept_Encoding="br, gzip")
    assert small[0].headers["Content-Encoding"] == "gzip"
    assert small[0].headers["Content-Length"] == str(len(small[1]))
    assert gzip.decompress(small[1]) == plain[1]
    assert len(small[1]) < len(plain[1]) / 2
    assert plain[0].headers["Content-Encoding"] is None
    assert plain[0].headers["Vary"] == small[0].headers["Vary"] == "Accept-Encoding"
    assert plain[0].headers["ETag"] != small[0].headers["ETag"]  # parts of one do not continue the other
    for refused in ("identity", "gzip;q=0", "x-gzip-not"):
        assert asked(serving, path_of(serving, "stereo.html"), Accept_Encoding=refused)[1] == plain[1]


def test_scenes_are_compressed_for_other_machines_if_it_pays(tmp_path, pages):
    """Here it would take longer than it saves."""
    (tmp_path / "dull_kbvr.glb").write_bytes(b"glTF" + bytes(50_000))
    (tmp_path / "dense_kbvr.glb").write_bytes(b"glTF" + os.urandom(50_000))
    given = [tmp_path / "dull_kbvr.glb", tmp_path / "dense_kbvr.glb"]
    with viewing(*given, certificate=make_certificate(LOOPBACK)) as served:
        headers, body = asked_securely(served, "files/0/dull_kbvr.glb", **{"Accept-Encoding": "gzip"})
        assert gzip.decompress(body) == given[0].read_bytes()
        for _ in range(2):
            headers, body = asked_securely(served, "files/1/dense_kbvr.glb", **{"Accept-Encoding": "gzip"})
            assert "content-encoding" not in headers
            assert body == given[1].read_bytes()
    with viewing(*given) as served:
        assert (
            asked(served, path_of(served, "files/0/dull_kbvr.glb"), Accept_Encoding="gzip")[1] == given[0].read_bytes()
        )


def test_a_part_is_never_compressed(tmp_path, pages):
    (tmp_path / "page.html").write_bytes(b"<!doctype html>" + bytes(range(256)) * 100)
    with viewing(tmp_path / "page.html") as served:
        answer, body = asked(
            served, path_of(served, "files/0/page.html"), Range="bytes=300-309", Accept_Encoding="gzip"
        )
    assert (answer.status, answer.headers["Content-Encoding"]) == (206, None)
    assert body == (tmp_path / "page.html").read_bytes()[300:310]


def test_videos_and_small_things_are_sent_as_they_are(serving, files):
    answer, body = asked(serving, path_of(serving, "files/1/cat_LR.mp4"), Accept_Encoding="gzip")
    assert (answer.headers["Content-Encoding"], body) == (None, files[1].read_bytes())


def test_compressed_content_takes_limited_memory(monkeypatch):
    monkeypatch.setattr(answers, "KEPT_BYTES", 5000)
    kept = answers.Compressed()
    made = 0

    def content() -> bytes:
        nonlocal made
        made += 1
        return os.urandom(2000) + bytes(2000)

    for etag in "abca":
        assert len(kept.of(etag, content) or b"") > 2000
    assert made == 4
    kept.of("a", content)
    assert made == 4
