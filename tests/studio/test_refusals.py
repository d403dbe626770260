"""Who may not write: other websites, other names of this machine, and bodies without a known length."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from studio_client import Client, opened_studio
from studio_states import made_project
from web_client import raw, status_of

from kbvr.serving import LOOPBACK
from kbvr.studio.workspace import MAX_UPLOAD_BYTES

OPTIONS = b'{"revision": 0, "options": {"strength": "bold"}}'


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp("projects")
    made_project(folder)
    with opened_studio(folder) as opened:
        yield opened


def put(client: Client, headers: str, body: bytes = OPTIONS, method: str = "PUT", path: str = "") -> bytes:
    """Send a request with the given headers, in which PORT stands for the server's port; return the answer."""
    (project,) = client.json("GET", "api/projects")
    path = path or f"api/projects/{project['id']}/options"
    head = f"{method} /TOKEN/{path} HTTP/1.1\r\nHost: HOST\r\n{headers}\r\n".replace("PORT", str(client.server.port))
    return raw(client.server, head.encode() + body)


RIGHT = f"Origin: http://{LOOPBACK}:PORT\r\nContent-Length: {len(OPTIONS)}\r\n"


def test_the_page_itself_may_write(client):
    assert status_of(put(client, f"{RIGHT}Sec-Fetch-Site: same-origin\r\n")) == 200


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "Origin: null\r\n",
        "Origin: http://evil.example\r\n",
        f"Origin: https://{LOOPBACK}:PORT\r\n",
        f"Origin: http://{LOOPBACK}\r\n",
        f"Origin: http://{LOOPBACK}:1\r\n",
        f"Origin: http://{LOOPBACK}:PORT/\r\n",
        f"Origin: http://{LOOPBACK}:PORT.evil.example\r\n",
        f"Origin: http://{LOOPBACK}:PORT\r\nOrigin: http://evil.example\r\n",
        f"Origin: http://{LOOPBACK}:PORT\r\nSec-Fetch-Site: cross-site\r\n",
        f"Origin: http://{LOOPBACK}:PORT\r\nSec-Fetch-Site: same-site\r\n",
        f"Origin: http://{LOOPBACK}:PORT\r\nSec-Fetch-Site: none\r\n",
    ],
)
@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_what_another_website_makes_a_browser_send_is_refused(client, origin, method):
    """Even if it knew the secret part of the URL."""
    answer = put(client, f"{origin}Content-Length: {len(OPTIONS)}\r\n", method=method)
    assert status_of(answer) == 403
    assert answer.endswith(b"\r\n\r\n403 Forbidden\n")


@pytest.mark.parametrize(
    ("length", "status"),
    [
        ("", 411),
        ("Transfer-Encoding: chunked\r\n", 411),
        ("Content-Length: -1\r\n", 400),
        ("Content-Length: x\r\n", 400),
        (f"Content-Length: {MAX_UPLOAD_BYTES + 1}\r\n", 413),
        ("Content-Length: 99999999999999999999\r\n", 413),
    ],
)
def test_a_body_must_say_how_long_it_is(client, length, status):
    answer = put(client, f"Origin: http://{LOOPBACK}:PORT\r\n{length}", b"", "POST", "api/projects")
    assert status_of(answer) == status


def test_json_is_shorter_than_a_photo(client):
    answer = put(client, f"Origin: http://{LOOPBACK}:PORT\r\nContent-Length: {2**20 + 1}\r\n", b"")
    assert status_of(answer) == 413


@pytest.mark.parametrize("method", ["PATCH", "OPTIONS", "TRACE", "PROPFIND"])
def test_other_methods_are_refused(client, method):
    assert status_of(put(client, RIGHT, method=method)) == 405


def test_reading_has_no_body(client):
    assert status_of(put(client, "Content-Length: 3\r\n", b"abc", "GET")) == 400


def test_another_name_of_this_machine_may_not_write(client):
    head = b"DELETE /TOKEN/api/projects/x HTTP/1.1\r\nHost: HOST\r\nOrigin: http://evil.example\r\n\r\n"
    assert status_of(raw(client.server, head, host="evil.example")) == 421


def test_without_the_secret_part_nothing_is_written(client):
    head = f"DELETE /TOKENx/api/projects/x HTTP/1.1\r\nHost: HOST\r\nOrigin: http://{LOOPBACK}:{client.server.port}"
    assert status_of(raw(client.server, f"{head}\r\n\r\n".encode())) == 404


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"null", b"\xff\xfe", b'{"options": {"a": 1}}', b'{"options": []}', b"[" * 100_000]
)
def test_what_is_no_json_of_options_is_refused_in_words(client, body):
    answer = put(client, f"Origin: http://{LOOPBACK}:PORT\r\nContent-Length: {len(body)}\r\n", body)
    assert status_of(answer) == 400
    assert b'{"error":"' in answer


@pytest.mark.parametrize(
    "path",
    [
        "api/projects/x",
        "api/projects/../../etc/passwd",
        "api/projects/%2e%2e/project.json",
        "api/projects/ID/project.json",
        "api/projects/ID/photo/cat.jpg",
        "api/projects/ID/cache/thumbnail.jpg",
        "api/projects/ID/../../cat.kbvr/project.json",
        "api/projects/ID/layer--1.png",
        "api/projects/ID/layer-9.png",
        "api/projects/ID/scene.glb",
        "api/examples/x.jpg",
        "api/examples/../credits.jpg",
        "api/examples/%2e%2e/x.jpg",
        "api/projects/ID/thumbnail.jpg/",
        "API/PROJECTS",
    ],
)
def test_no_path_leads_to_a_file(client, path):
    """Files are served under their own names only."""
    (project,) = client.json("GET", "api/projects")
    head = f"GET /TOKEN/{path.replace('ID', project['id'])} HTTP/1.1\r\nHost: HOST\r\n\r\n"
    answer = raw(client.server, head.encode())
    assert status_of(answer) == 404
    assert b"kbvr-project" not in answer
