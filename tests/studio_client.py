"""A client of the studio that asks as its page does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lent_workers import LentWorker

from kbvr.serving import LOOPBACK, Server, open_server
from kbvr.serving.worker import Worker
from kbvr.studio.studio import Studio


class Client:
    """Asks a studio."""

    def __init__(self, server: Server, studio: Studio) -> None:
        self.server, self.studio = server, studio

    def raw(self, method: str, path: str, body: bytes | None = None) -> tuple[int, dict[str, str], bytes]:
        """Return the status, the headers and the body of an answer."""
        connection = HTTPConnection(LOOPBACK, self.server.port, timeout=60)
        headers = {} if method == "GET" else {"Origin": f"http://{LOOPBACK}:{self.server.port}"}
        try:
            connection.request(method, f"/{self.server.token}/{path}", body, headers)
            answer = connection.getresponse()
            found: dict[str, str] = {}
            for name, value in answer.getheaders():
                found[name.lower()] = ", ".join(filter(None, (found.get(name.lower()), value)))
            return answer.status, found, answer.read()
        finally:
            connection.close()

    def json(self, method: str, path: str, content: Any = None, status: int | None = None) -> Any:
        """Return the JSON of an answer, which must have this status; by default one of success."""
        body = None if method == "GET" else json.dumps({} if content is None else content).encode()
        got, _, answer = self.raw(method, path, body)
        assert (got == status) if status else (200 <= got < 300), (got, answer)
        return json.loads(answer)

    def upload(self, photo: Path, name: str | None = None) -> str:
        """Make a project of a photo; return its id."""
        _, _, answer = self.raw("POST", f"api/projects?name={quote(name or photo.name)}", photo.read_bytes())
        return str(json.loads(answer)["id"])


@contextmanager
def opened_studio(folder: Path, *photos: Path, new_worker: Callable[[str], Worker] = LentWorker) -> Iterator[Client]:
    """Yield a client of a studio whose projects are in a folder; its processes are those of earlier ones."""
    studio = Studio(folder, photos, new_worker=new_worker)
    with open_server(studio) as server:
        yield Client(server, studio)
