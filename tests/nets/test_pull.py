"""Downloads from a server on this machine: complete, resumed, and failing in every way."""

from __future__ import annotations

import errno
import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

import pytest
from file_server import CONTENT, Script, card_for, known, serving

from kbvr.cli.main import main
from kbvr.errors import DownloadError, InputError, OutputError
from kbvr.nets import BUILT_IN, card_of, download, is_verified, pull
from kbvr.nets import http as web
from kbvr.nets.download import note_of
from kbvr.nets.http import redirected

ROOT = Path(__file__).parents[2]
PULL = [sys.executable, "-m", "kbvr", "models", "pull", "thing"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Use an empty models folder, no proxy, and short timeouts."""
    monkeypatch.setenv("KBVR_HOME", str(tmp_path))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setattr(download, "WAITS_S", (0.01, 0.01, 0.01))
    return tmp_path


@pytest.fixture
def script(home: Path) -> Iterator[Script]:
    """Serve a file that kbvr knows as `thing`."""
    script = Script()
    with serving(script) as url:
        known(card_for(f"{url}/thing.onnx"), home)
        yield script


def part(home: Path) -> Path:
    return home / "models" / "thing.onnx.part"


def left(home: Path) -> list[str]:
    """Return the files in the folder except the card and the lock."""
    return sorted(p.name for p in (home / "models").iterdir() if p.name not in ("thing.json", ".thing.lock"))


def ranges_asked(script: Script) -> list[str | None]:
    return [headers.get("range") for _, headers in script.asked]


def test_a_file_is_downloaded_with_progress(home: Path, script: Script) -> None:
    """Byte for byte, once, without leftovers; the progress rises to the size."""
    told: list[tuple[int, int | None]] = []
    path = pull("thing", progress=lambda done, total: told.append((done, total)))
    assert path == home / "models" / "thing.onnx"
    assert path.read_bytes() == CONTENT
    assert left(home) == ["thing.onnx"]
    assert told[0] == (0, len(CONTENT)) and told[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert pull("thing") == path
    assert len(script.asked) == 1


def test_a_damaged_file_is_downloaded_again(home: Path, script: Script) -> None:
    (home / "models" / "thing.onnx").write_bytes(b"half of it")
    assert pull("thing").read_bytes() == CONTENT


def test_a_cut_connection_is_resumed(home: Path, script: Script) -> None:
    """Automatically and repeatedly; no byte is sent twice."""
    script.cuts = [200_000, 300_000]
    assert pull("thing").read_bytes() == CONTENT
    first, second, third = ranges_asked(script)
    assert first is None
    starts = [int(str(asked).removeprefix("bytes=").removesuffix("-")) for asked in (second, third)]
    assert 100_000 < starts[0] <= 200_000 < 400_000 < starts[1] <= 500_000


def test_an_interrupted_download_is_resumed_by_the_next_pull(
    home: Path, script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    """After more cuts than one pull retries."""
    script.cuts = [100_000] * 4
    with pytest.raises(DownloadError, match=r"cut.*models add"):
        pull("thing")
    assert main(["models", "list"]) == 0
    assert "warning" not in caplog.text.lower()  # nothing of a part is taken for a card
    have = part(home).stat().st_size
    assert 200_000 < have <= 400_000
    assert not (home / "models" / "thing.onnx").exists()
    pull("thing")
    assert ranges_asked(script)[-1] == f"bytes={have}-"
    assert is_verified(card_of("thing"))
    assert left(home) == ["thing.onnx"]


def test_a_server_without_ranges_sends_the_whole_file_again(home: Path, script: Script) -> None:
    """The new data replaces the part."""
    script.ranges = False
    script.cuts = [200_000]
    assert pull("thing").read_bytes() == CONTENT
    assert len(script.asked) == 2


@pytest.mark.parametrize("etag", ['W/"one"', None])
def test_without_a_strong_validator_nothing_is_resumed(etag: str | None, home: Path, script: Script) -> None:
    script.etag = etag
    script.cuts = [200_000]
    assert pull("thing").read_bytes() == CONTENT
    assert ranges_asked(script) == [None, None]


def test_a_changed_file_is_downloaded_from_the_start(home: Path, script: Script) -> None:
    """The part belongs to an old version; the card has the checksum of the new one."""
    card = card_for(card_of("thing").url)
    part(home).write_bytes(b"\0" * 300_000)
    note_of(part(home)).write_text(f'{{"url": "{card.url}", "sha256": "{card.sha256}", "validator": "\\"old\\""}}')
    assert pull("thing").read_bytes() == CONTENT
    assert script.asked[0][1]["if-range"] == '"old"'


def test_a_server_that_continues_with_another_file_is_detected(home: Path, script: Script) -> None:
    """It ignores the condition, and the checksum differs: the download starts again and succeeds."""
    card = card_of("thing")
    part(home).write_bytes(b"\0" * 300_000)
    note_of(part(home)).write_text(f'{{"url": "{card.url}", "sha256": "{card.sha256}", "validator": "\\"one\\""}}')
    assert pull("thing").read_bytes() == CONTENT
    assert ranges_asked(script) == ["bytes=300000-", None]


@pytest.mark.parametrize("other", ["url", "sha256"])
def test_a_part_of_another_version_of_the_card_is_not_used(other: str, home: Path, script: Script) -> None:
    """With another URL or another checksum."""
    card = card_of("thing")
    note = {"url": card.url, "sha256": card.sha256, "validator": '"one"'} | {other: "another"}
    part(home).write_bytes(b"\0" * 300_000)
    note_of(part(home)).write_text(json.dumps(note))
    assert pull("thing").read_bytes() == CONTENT
    assert ranges_asked(script) == [None]


@pytest.mark.parametrize("lie", [{"shift": 7}, {"etag_of_parts": '"two"'}])
def test_a_partial_answer_that_does_not_fit_is_not_used(lie: dict, home: Path, script: Script) -> None:
    """It starts elsewhere or belongs to another version: the download starts again."""
    script.cuts = [200_000]
    for name, value in lie.items():
        setattr(script, name, value)
    told: list[int] = []
    assert pull("thing", progress=lambda done, _: told.append(done)).read_bytes() == CONTENT
    assert [asked is None for asked in ranges_asked(script)] == [True, False, True]
    assert max(told) == len(CONTENT) and told.count(0) == 2


@pytest.mark.parametrize("note", ["", "[]", "{", "\xff"])
def test_a_part_with_a_broken_note_is_not_used(note: str, home: Path, script: Script) -> None:
    part(home).write_bytes(b"\0" * 300_000)
    note_of(part(home)).write_text(note, "latin-1")
    assert pull("thing").read_bytes() == CONTENT
    assert ranges_asked(script) == [None]


@pytest.mark.parametrize("extra", [0, 5])
def test_a_part_that_is_already_complete_or_too_long(extra: int, home: Path, script: Script) -> None:
    """Complete: nothing is sent again. Too long: it is discarded."""
    card = card_of("thing")
    part(home).write_bytes(CONTENT + b"\0" * extra)
    note_of(part(home)).write_text(f'{{"url": "{card.url}", "sha256": "{card.sha256}", "validator": "\\"one\\""}}')
    assert pull("thing").read_bytes() == CONTENT
    assert len(script.asked) == (1 if extra == 0 else 2)


def test_a_part_of_the_right_size_but_wrong_content_is_detected(home: Path, script: Script) -> None:
    """The server has no more bytes and the checksum differs: the download starts again."""
    card = card_of("thing")
    part(home).write_bytes(b"\0" * len(CONTENT))
    note_of(part(home)).write_text(f'{{"url": "{card.url}", "sha256": "{card.sha256}", "validator": "\\"one\\""}}')
    assert pull("thing").read_bytes() == CONTENT
    assert len(script.asked) == 2


@pytest.mark.parametrize("says_length", [True, False])
def test_a_file_with_another_checksum_is_removed(says_length: bool, home: Path, script: Script) -> None:
    """Also a truncated one of unknown length; there is no second request."""
    script.says_length = says_length
    if says_length:
        script.content = b"a page that asks to log in"
    else:
        script.cuts = [100_000]
    with pytest.raises(DownloadError, match="does not have the sha256") as caught:
        pull("thing")
    assert "\n" not in str(caught.value)
    assert left(home) == []
    assert len(script.asked) == 1


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_refusal_is_reported_at_once(status: int, home: Path, script: Script) -> None:
    """With the URL, so that the file can be downloaded by hand; retrying would not help."""
    script.statuses = [status]
    with pytest.raises(DownloadError, match=rf"answers {status}.*http://127.*models add"):
        pull("thing")
    assert len(script.asked) == 1
    assert left(home) == []


@pytest.mark.parametrize("status", [500, 503, 429])
def test_temporary_server_errors_are_retried(status: int, home: Path, script: Script) -> None:
    script.statuses = [status, status]
    assert pull("thing").read_bytes() == CONTENT
    assert len(script.asked) == 3


def test_lasting_server_errors_end_the_pull(home: Path, script: Script) -> None:
    script.statuses = [502] * 9
    with pytest.raises(DownloadError, match="answers 502"):
        pull("thing")
    assert len(script.asked) == 1 + len(download.WAITS_S)


def test_redirects_are_followed(home: Path, script: Script) -> None:
    """Including relative ones, as model hubs use; downloads are resumed across them."""
    script.redirects = {"/thing.onnx": "/elsewhere/1", "/elsewhere/1": "2"}
    script.cuts = [200_000]
    assert pull("thing").read_bytes() == CONTENT
    assert [path for path, _ in script.asked] == ["/thing.onnx", "/elsewhere/1", "/elsewhere/2"] * 2


def test_endless_redirects_are_refused(home: Path, script: Script) -> None:
    script.redirects = {"/thing.onnx": "/a", "/a": "/thing.onnx"}
    with pytest.raises(DownloadError, match="circle"):
        pull("thing")
    assert len(script.asked) == web.MAX_REDIRECTS + 1


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("https://a.example/x", "http://a.example/x"),
        ("https://a.example/x", "ftp://b/y"),
        ("http://a/x", "file:///etc"),
    ],
)
def test_a_redirect_never_leaves_https_or_the_web(url: str, location: str) -> None:
    with pytest.raises(DownloadError, match="redirects to"):
        redirected(url, location)


def test_harmless_redirects_are_followed() -> None:
    assert redirected("https://a.example/x/y", "../z") == "https://a.example/z"
    assert redirected("http://a.example/x", "https://b.example/y") == "https://b.example/y"
    assert redirected("https://a.example/x", "//b.example/y") == "https://b.example/y"


def test_without_a_network_one_line_says_what_to_do(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """At once, with exit code 2: the URL, and how to add the file by hand."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    url = f"http://127.0.0.1:{port}/thing.onnx"
    known(card_for(url), home)
    started = time.monotonic()
    assert main(["models", "pull", "thing"]) == 2
    assert time.monotonic() - started < 5
    licence, complaint = capsys.readouterr().err.splitlines()
    assert "MIT" in licence
    assert "cannot be reached" in complaint and url in complaint and "models add FILE" in complaint


def test_an_unknown_host_is_reported_as_unreachable(home: Path) -> None:
    known(card_for("http://nowhere.invalid/thing.onnx"), home)
    with pytest.raises(DownloadError, match=r"nowhere\.invalid cannot be reached"):
        pull("thing")


def test_a_server_that_stops_sending_times_out(home: Path, script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    """The partial download stays."""
    monkeypatch.setattr(web, "TIMEOUT_S", (0.2, 0.2))
    monkeypatch.setattr(download, "WAITS_S", ())
    script.hold = threading.Event()
    try:
        with pytest.raises(DownloadError, match=r"lost|in time"):
            pull("thing")
    finally:
        script.hold.set()
    assert 200_000 < part(home).stat().st_size <= len(CONTENT) // 2


def test_a_full_disk_keeps_the_partial_download(home: Path, script: Script) -> None:
    """A limit on file sizes simulates the disk; with more space, the next pull resumes."""
    code = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))\n"
        "from kbvr.cli.main import main\n"
        "sys.exit(main(['models', 'pull', 'thing']))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("kbvr: no space left in ")
    assert part(home).stat().st_size == 300_000
    assert pull("thing").read_bytes() == CONTENT
    assert ranges_asked(script)[-1] == "bytes=300000-"


def test_too_little_disk_space_is_reported_before_the_download(
    home: Path, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = type("Usage", (), {"free": 1_000_000})
    monkeypatch.setattr(download.shutil, "disk_usage", lambda _: free)
    with pytest.raises(OutputError, match=r"requires 1\.7 MB of free space in .*, got 1\.0 MB"):
        pull("thing")
    assert left(home) == []


def test_a_disk_error_in_the_middle_is_one_line(home: Path, script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message contains the system's reason."""

    class FullAfter:
        def __init__(self, file: object) -> None:
            self.file = file

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            self.file.close()  # type: ignore[attr-defined]

        def seek(self, _: int) -> None:
            """Stay."""

        def write(self, block: memoryview) -> int:
            if self.file.tell() > 100_000:  # type: ignore[attr-defined]
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return int(self.file.write(block[:1000]))  # type: ignore[attr-defined]

    opened = Path.open

    def open_part(path: Path, *args: object, **kwargs: object) -> object:
        file = opened(path, *args, **kwargs)  # type: ignore[call-overload]
        return FullAfter(file) if path.suffix == ".part" else file

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", open_part)
        with pytest.raises(OutputError, match=r"no space left .* resumes the download"):
            pull("thing")
    assert 100_000 < part(home).stat().st_size < 200_000
    assert pull("thing").read_bytes() == CONTENT


def test_two_processes_download_a_file_once(home: Path, script: Script) -> None:
    """The second logs that it waits, and then finds the file."""
    script.hold = threading.Event()
    first = subprocess.Popen(PULL, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    wait_until(lambda: bool(script.asked))
    second = subprocess.Popen(PULL, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert second.stderr is not None
    while "waiting" not in (line := second.stderr.readline()):
        assert line, "the second process ended without waiting"
    time.sleep(1)
    assert second.poll() is None and len(script.asked) == 1
    script.hold.set()
    for process in (first, second):
        _, complaint = process.communicate(timeout=20)
        assert process.returncode == 0, complaint
    assert len(script.asked) == 1
    assert (home / "models" / "thing.onnx").read_bytes() == CONTENT


def test_an_interrupted_pull_is_resumed(home: Path, script: Script) -> None:
    """Ctrl-C: exit code 130, the part stays, the lock does not."""
    script.hold = threading.Event()
    process = subprocess.Popen(PULL, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: part(home).is_file() and part(home).stat().st_size > 200_000)
    process.send_signal(signal.SIGINT)
    _, complaint = process.communicate(timeout=20)
    script.hold.set()
    assert process.returncode == 130
    assert complaint.splitlines()[-1] == "kbvr: interrupted"
    assert [name for name in left(home) if not name.startswith("thing.onnx.part")] == []
    pull("thing")
    assert str(ranges_asked(script)[-1]).startswith("bytes=2") or str(ranges_asked(script)[-1]).startswith("bytes=3")
    assert left(home) == ["thing.onnx"]


def wait_until(condition) -> None:
    """Wait for something that another process does."""
    limit = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < limit, "waited in vain"
        time.sleep(0.02)


@pytest.fixture
def proxy() -> Iterator[tuple[str, list[str]]]:
    """Run a proxy that sends the file for every request; yield its URL and the requests."""
    asked: list[str] = []

    class Proxy(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            asked.append(f"{self.path} {self.headers.get('Proxy-Authorization', '')}".strip())
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(CONTENT)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"127.0.0.1:{server.server_address[1]}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_given_proxy_is_used(home: Path, proxy: tuple[str, list[str]]) -> None:
    """With the full URL of a host that does not resolve here, and with credentials if they are given."""
    address, asked = proxy
    known(card_for("http://nowhere.invalid/thing.onnx"), home)
    assert main(["models", "pull", "thing", "--proxy", f"http://ann:secret@{address}"]) == 0
    assert asked == ["http://nowhere.invalid/thing.onnx Basic YW5uOnNlY3JldA=="]


def test_the_environments_proxy_is_used(
    home: Path, proxy: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://{proxy[0]}")
    known(card_for("http://nowhere.invalid/thing.onnx"), home)
    assert pull("thing").read_bytes() == CONTENT
    assert proxy[1] == ["http://nowhere.invalid/thing.onnx"]


def test_an_unreachable_proxy_is_reported_without_its_password(home: Path) -> None:
    known(card_for("http://nowhere.invalid/thing.onnx"), home)
    with pytest.raises(DownloadError, match=r"proxy 127\.0\.0\.1:9") as caught:
        pull("thing", proxy="http://ann:secret@127.0.0.1:9")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("proxy", ["", "secret", "http://", "socks9://secret@x", "http://secret@x:port"])
def test_an_invalid_proxy_is_refused_without_repeating_it(proxy: str, home: Path, script: Script) -> None:
    with pytest.raises(InputError, match="http://host:port") as caught:
        pull("thing", proxy=proxy)
    assert "secret" not in str(caught.value)
    assert not script.asked


def test_a_non_commercial_licence_must_be_accepted(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The licence is shown, and nothing is downloaded before."""
    script = Script()
    with serving(script) as url:
        known(card_for(f"{url}/thing.onnx", non_commercial=True), home)
        assert main(["models", "pull", "thing"]) == 2
        shown, complaint = capsys.readouterr().err.splitlines()
        assert "CC BY-NC 4.0" in shown
        assert "CC BY-NC 4.0" in complaint and "accept_license" in complaint
        assert not script.asked
        assert main(["models", "pull", "thing", "--accept-license"]) == 0
        assert is_verified(card_of("thing"))


def test_a_folder_that_cannot_be_created_gives_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("KBVR_HOME", str(tmp_path / "file"))
    with pytest.raises(OutputError, match="cannot write to"):
        pull("migan")


@pytest.mark.parametrize("name", BUILT_IN)
def test_pulling_a_built_in_network_does_nothing(name: str) -> None:
    assert pull(name) == card_of(name).path


@pytest.mark.parametrize("says_length", [True, False])
def test_a_pull_stops_at_the_size_on_the_card(says_length: bool, home: Path, script: Script) -> None:
    """Not a byte more is written, whatever size the server announces, and the part is removed."""
    script.content = CONTENT + b"more" * 1_000_000
    script.says_length = says_length
    told: list[int] = []
    with pytest.raises(DownloadError, match=rf"sends more than {len(CONTENT)} bytes.*models add"):
        pull("thing", progress=lambda done, _: told.append(done))
    assert max(told, default=0) <= len(CONTENT)
    assert bool(told) != says_length  # a size that is said is believed: nothing is written at all
    assert left(home) == []
    assert len(script.asked) == 1


def test_a_resumed_pull_stops_at_the_size_on_the_card(home: Path, script: Script) -> None:
    """Also when it resumes a part."""
    script.cuts = [100_000] * 4
    with pytest.raises(DownloadError, match="cut"):
        pull("thing")
    script.content = CONTENT + b"x"
    with pytest.raises(DownloadError, match="sends more than"):
        pull("thing")
    assert left(home) == []


def test_without_any_size_a_pull_stops_at_the_global_limit(
    home: Path, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the card nor the server specifies one."""
    url = script_url(home)
    known(replace(card_for(url), size_bytes=0), home)
    script.says_length = False
    monkeypatch.setattr(download, "MAX_BYTES", 500_000)
    with pytest.raises(DownloadError, match="sends more than 500000 bytes"):
        pull("thing")
    assert left(home) == []


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, gzip"])
def test_an_encoded_response_is_refused_before_it_is_decoded(encoding: str, home: Path, script: Script) -> None:
    """A kilobyte of gzip can expand to a gigabyte, and no encoding was requested."""
    script.content, script.encoding = gzip.compress(bytes(10_000_000)), encoding
    with pytest.raises(DownloadError, match=r"expected a plain file from .*, got one encoded as"):
        pull("thing")
    assert left(home) == []


def script_url(home: Path) -> str:
    """Return the URL of the file that kbvr knows as `thing`."""
    return str(json.loads((home / "models" / "thing.json").read_text("utf-8"))["url"])


def with_secrets(url: str) -> str:
    return url.replace("://", "://ann:s3cret@") + "?token=s3cret#s3cret"


@pytest.mark.parametrize("trouble", ["nothing", "refusal", "redirect", "larger", "cut", "other file", "no server"])
def test_credentials_in_a_url_are_never_printed(
    trouble: str, home: Path, script: Script, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """In no message, log or list; the server receives them."""
    caplog.set_level("DEBUG", "kbvr")
    url = script_url(home)
    if trouble == "no server":
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{unused.getsockname()[1]}/thing.onnx"
    known(card_for(with_secrets(url)), home)
    script.statuses = [403] if trouble == "refusal" else []
    script.redirects = (
        {"/thing.onnx?token=s3cret": "ftp://bob:s3cret@a.example/x?key=s3cret"} if trouble == "redirect" else {}
    )
    script.content = {"larger": CONTENT + b"x", "other file": b"a page"}.get(trouble, CONTENT)
    script.cuts = [1000] * 9 if trouble == "cut" else []
    for command in (["list"], ["show", "thing"], ["show", "thing", "--json"], ["list", "--json"]):
        assert main(["models", *command]) == 0
    export = ["export", "a.jpg", "--depth-model", "thing"]
    assert main(export) == 2
    assert main(["models", "pull", "thing"]) == (0 if trouble == "nothing" else 2)
    out, err = capfd.readouterr()
    assert "s3cret" not in out + err + caplog.text
    if trouble != "no server":
        assert script.asked[0][0] == "/thing.onnx?token=s3cret"
        assert "Basic" in script.asked[0][1]["authorization"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://a.example/x.onnx", "https://a.example/x.onnx"),
        ("https://ann:pw@a.example:8/x?y=1&z=2#f", "https://a.example:8/x?..."),
        ("https://ann:p@w@a.example/x", "https://a.example/x"),
        ("failed for http://a:b@c/d?e, and http://f:g@h/i", "failed for http://c/d?... and http://h/i"),
    ],
)
def test_urls_are_shown_without_credentials(text: str, shown: str) -> None:
    assert web.without_credentials(text) == shown


def test_the_message_for_an_invalid_url_contains_no_credentials(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The message quotes the invalid URL."""
    known(card_for("ftp://ann:s3cret@a.example/x?token=s3cret"), home)
    assert main(["models", "list"]) == 0
    assert "must start with https://" in caplog.text and "s3cret" not in caplog.text


def test_abandoned_downloads_of_other_networks_are_removed(home: Path, script: Script) -> None:
    """After a day, and nothing else: a part of this network is resumed, however old it is."""
    folder = home / "models"
    old = ["gone.onnx.part", "gone.onnx.part-note", ".kbvr-0123abcd.part.onnx"]
    kept = ["mine.part", "notes.onnx.party", "other.onnx"]
    for name in (*old, *kept, "new.onnx.part"):
        (folder / name).write_bytes(b"half")
        if name != "new.onnx.part":
            os.utime(folder / name, (time.time() - 90_000,) * 2)
    script.cuts = [100_000] * 4
    with pytest.raises(DownloadError, match="cut"):
        pull("thing")
    for name in ("thing.onnx.part", "thing.onnx.part-note"):
        os.utime(folder / name, (time.time() - 90_000,) * 2)
    have = part(home).stat().st_size
    script.cuts = []
    assert pull("thing").read_bytes() == CONTENT
    assert ranges_asked(script)[-1] == f"bytes={have}-"
    assert left(home) == sorted([*kept, "new.onnx.part", "thing.onnx"])


def test_a_killed_pull_leaves_only_a_resumable_download(home: Path, script: Script) -> None:
    """A process cannot clean up after kill -9."""
    script.hold = threading.Event()
    process = subprocess.Popen(PULL, cwd=ROOT, stderr=subprocess.DEVNULL)
    wait_until(lambda: part(home).is_file() and part(home).stat().st_size > 200_000)
    process.kill()
    process.wait()
    script.hold.set()
    assert left(home) == ["thing.onnx.part", "thing.onnx.part-note"]
    pull("thing")
    assert left(home) == ["thing.onnx"]
