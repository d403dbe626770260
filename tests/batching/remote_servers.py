"""Servers on this machine for photos and outputs at URLs: S3, SFTP and folders on the web."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import asyncssh

BUCKET = "photos"
NO_CONFIG = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_DEFAULT_REGION": "us-east-1",
}
"""Nothing of the person at this machine is used, and no other machine is asked."""


@contextmanager
def s3() -> Iterator[dict[str, str]]:
    """Yield the environment in which libraries find an S3 server; BUCKET is a bucket in it."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        keys = {"AWS_ACCESS_KEY_ID": "name", "AWS_SECRET_ACCESS_KEY": "secret"}
        yield keys | NO_CONFIG | {"AWS_ENDPOINT_URL": f"http://{host}:{port}"}
    finally:
        server.stop()


@contextmanager
def web_folder(folder: Path) -> Iterator[str]:
    """Yield the URL of a folder on the web; its pages list what is in it."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def sftp(folder: Path, home: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """Yield the URL of a folder on an SFTP server, and what cuts its connections.

    `home` knows the key of the server, which knows the key of `home`.
    """
    server_key, client_key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    (home / ".ssh").mkdir(parents=True)
    client_key.write_private_key(home / ".ssh" / "id_ed25519")
    (home / ".ssh" / "id_ed25519").chmod(0o600)
    connections: list[asyncssh.SSHServerConnection] = []

    class Recorded(asyncssh.SSHServer):
        def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
            connections.append(conn)

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def started() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=Recorded,
            server_host_keys=[server_key],
            authorized_client_keys=asyncssh.import_authorized_keys(client_key.export_public_key().decode()),
            sftp_factory=lambda chan: asyncssh.SFTPServer(chan, chroot=str(folder)),
        )

    server = asyncio.run_coroutine_threadsafe(started(), loop).result(10)
    known = f"[127.0.0.1]:{server.get_port()} {server_key.export_public_key().decode()}"
    (home / ".ssh" / "known_hosts").write_text(known)

    async def stopped() -> None:
        server.close()
        await server.wait_closed()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    async def cut() -> None:
        for connection in connections:
            connection.abort()
        connections.clear()

    try:
        yield f"sftp://me@127.0.0.1:{server.get_port()}", lambda: asyncio.run_coroutine_threadsafe(cut(), loop).result()
    finally:
        asyncio.run_coroutine_threadsafe(stopped(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
