"""Photos and outputs at URLs: on S3, SFTP and the web, by servers on this machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from batching import remote_servers as servers
from batching.small_photos import OPTIONS, photo
from file_server import Script, serving
from hypothesis import given
from hypothesis import strategies as st

from kbvr.batching.finding.sources import find_sources
from kbvr.batching.make import make
from kbvr.batching.places import LocalPlace, RemotePlace, local_photo, place_of
from kbvr.batching.receipts import all_receipts
from kbvr.batching.remote import access as remote_access
from kbvr.batching.remote import transfer as remote
from kbvr.batching.remote.url import names_of, public_address
from kbvr.batching.source import Source
from kbvr.batching.task import Task
from kbvr.errors import DownloadError, InputError, MissingExtraError, OutputError


@pytest.fixture(scope="module", autouse=True)
def no_cloud_of_this_machine() -> Iterator[None]:
    """Nothing of the person at this machine is used."""
    with pytest.MonkeyPatch.context() as patched:
        for name in [name for name in os.environ if name.startswith(("AWS_", "FSSPEC_")) or name.endswith("_proxy")]:
            patched.delenv(name)
        yield


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeat failed attempts at once."""
    monkeypatch.setattr(remote_access, "PAUSES_S", (0.0, 0.0, 0.0))


@pytest.fixture(scope="module")
def s3_server() -> Iterator[dict[str, str]]:
    """Run an S3 server for the tests of this file, which kbvr finds by the environment."""
    import s3fs

    with servers.s3() as environment, pytest.MonkeyPatch.context() as patched:
        for name, value in environment.items():
            patched.setenv(name, value)
        yield environment
        s3fs.S3FileSystem.clear_instance_cache()


@pytest.fixture
def s3(s3_server: dict[str, str]) -> Any:
    """Return the file system of an S3 server with one empty bucket."""
    import s3fs

    system = s3fs.S3FileSystem(use_listings_cache=False)
    if system.exists(servers.BUCKET):
        system.rm(servers.BUCKET, recursive=True)
    system.mkdir(servers.BUCKET)
    return system


@contextmanager
def patched(system: type, method: str, replaced: Any) -> Iterator[None]:
    """Replace a method of a file system; instances keep the methods that they are made with."""
    with pytest.MonkeyPatch.context() as patches:
        patches.setattr(system, method, replaced)
        system.clear_instance_cache()
        yield
    system.clear_instance_cache()


@pytest.fixture(scope="module")
def sftp_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path, Path, Callable[[], None]]]:
    """Run an SFTP server: its URL, its folder, the home of its only user, and what cuts its connections."""
    import sshfs

    folder, home = tmp_path_factory.mktemp("served"), tmp_path_factory.mktemp("home")
    with servers.sftp(folder, home) as (url, cut):
        yield url, folder, home, cut
        sshfs.SSHFileSystem.clear_instance_cache()


@pytest.fixture
def sftp(sftp_server: tuple[str, Path, Path, Callable[[], None]], monkeypatch: pytest.MonkeyPatch) -> tuple[str, Path]:
    """Return the URL of an SFTP server and its folder."""
    url, folder, home, _ = sftp_server
    monkeypatch.setenv("HOME", str(home))
    return url, folder


def found(*texts: str, **settings: Any) -> list[tuple[str, str]]:
    """Return the name and output folder of each source."""
    return [(source.name, source.folder) for source in find_sources(texts, **settings)]


def task_of(address: str, out: str, **fields: Any) -> Task:
    """Return the task of a photo at a URL."""
    (source,) = find_sources([address])
    return Task(source, out, source.stem, OPTIONS, "1", **fields)


class TestFinding:
    """Photos at URLs are found as those in folders are."""

    @pytest.fixture
    def bucket(self, s3: Any) -> str:
        """Return the URL of a bucket with some photos."""
        names = ("top.jpg", "a/1.JPG", "a/n.txt", "a/.h/2.png", "a/x y/2#?.jpg", "a/x y/z/3.png", "@eaDir/4.jpg")
        for name in names:
            s3.pipe(f"{servers.BUCKET}/{name}", name.encode())
        s3.pipe(f"{servers.BUCKET}/a/", b"")  # the marker of a folder
        return f"s3://{servers.BUCKET}"

    @pytest.mark.parametrize(
        ("texts", "expected"),
        [
            (["", "a"], ["top.jpg|photos", "1.JPG|a", "2#?.jpg|a/x y", "3.png|a/x y/z"]),
            ([""], ["top.jpg|", "1.JPG|a", "2#?.jpg|a/x y", "3.png|a/x y/z"]),
            (["a/"], ["1.JPG|", "2#?.jpg|x y", "3.png|x y/z"]),
            (["a/x y/2#?.jpg", "a/n.txt"], ["2#?.jpg|", "n.txt|"]),
            (["a/*/*.jpg"], ["2#?.jpg|x y"]),
            (["**/*.png"], ["3.png|a/x y/z"]),
            (["a/1.JPG", "a"], ["1.JPG|", "2#?.jpg|x y", "3.png|x y/z"]),
        ],
    )
    def test_a_bucket_has_folders_globs_and_files(self, bucket, texts, expected):
        """By the same rules as on a disk; question marks and number signs are parts of names."""
        texts = [f"{bucket}/{text}".rstrip("/") if not text else f"{bucket}/{text}" for text in texts]
        if texts[0] == bucket and len(texts) > 1:  # several folders keep their names; the first one has all of it
            expected = ["top.jpg|photos", "1.JPG|photos/a", "2#?.jpg|photos/a/x y", "3.png|photos/a/x y/z"]
        assert [f"{name}|{folder}" for name, folder in found(*texts, recursive=True)] == expected

    def test_the_output_folder_in_a_bucket_is_not_scanned(self, bucket, s3):
        """As on a disk; the predicate is asked with addresses."""
        asked = []
        s3.pipe(f"{servers.BUCKET}/out/5.jpg", b"5")
        settings = {"recursive": True, "out": f"{bucket}/out/", "is_output": lambda url: bool(asked.append(url))}
        assert [name for name, _ in found(bucket, **settings)] == ["top.jpg", "1.JPG", "2#?.jpg", "3.png"]
        assert asked[0] == f"{bucket}/top.jpg"

    def test_stamp_and_size_are_what_the_server_says(self, bucket, s3):
        """An object that is written again has another stamp."""
        (before,) = find_sources([f"{bucket}/top.jpg"])
        (listed,) = find_sources([bucket])
        assert before == listed and before.size_bytes == 7 and before.stamp
        s3.pipe(f"{servers.BUCKET}/top.jpg", b"changed")
        (after,) = find_sources([f"{bucket}/top.jpg"])
        assert (after.size_bytes, after.key) == (7, before.key) and after.stamp != before.stamp

    @pytest.mark.parametrize(
        ("url", "message"),
        [
            ("s3://photos/none.jpg", "s3://photos/none.jpg: no such file or folder"),
            ("s3://no-such-bucket/a.jpg", "no such file or folder"),
            ("s3://photos/*.tif", "no photo matches"),
            ("foo://a/b.jpg", "expected a path or a URL that begins with s3://.*, got foo://a/b.jpg"),
        ],
    )
    @pytest.mark.usefixtures("s3")
    def test_what_does_not_exist_is_an_error_at_once(self, url, message):
        """As on a disk."""
        with pytest.raises(InputError, match=message):
            find_sources([url])

    def test_a_folder_on_the_web_is_a_page_with_links(self, tmp_path):
        """The stamp comes from the server's answer for each photo, because pages do not show it."""
        for name in ("1.jpg", "s x/2#.jpg", "s x/notes.txt"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes(b"12")
        with servers.web_folder(tmp_path) as url:
            assert found(f"{url}/", recursive=True) == [("1.jpg", ""), ("2#.jpg", "s x")]
            assert found(f"{url}/*/*.jpg") == [("2#.jpg", "s x")]
            assert [(s.size_bytes, s.stamp[-3:]) for s in find_sources([f"{url}/"])] == [(2, "GMT")]
            assert [s.address for s in find_sources([f"{url}/s x/2%23.jpg"])] == [f"{url}/s%20x/2%23.jpg"]
            with pytest.raises(InputError, match=r"none\.jpg: no such file"):
                find_sources([f"{url}/none.jpg"])

    @pytest.mark.skipif(sys.platform == "win32", reason="creating links requires a privilege")
    def test_links_on_a_web_server_that_lead_up_end(self, tmp_path, monkeypatch):
        """A page does not show that a folder is a link."""
        from kbvr.batching.remote import tree as remote_tree

        monkeypatch.setattr(remote_tree, "MAX_WEB_DEPTH", 5)
        (tmp_path / "1.jpg").write_bytes(b"1")
        (tmp_path / "up").symlink_to(".")
        with servers.web_folder(tmp_path) as url:
            assert len(found(f"{url}/", recursive=True)) == 5  # the host counts

    @pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX paths")
    def test_an_sftp_server_has_folders_and_links(self, sftp):
        """Links to photos are taken, those to folders are not followed."""
        url, folder = sftp
        for name in ("in/1#?.jpg", "in/s/2.jpg"):
            (folder / name).parent.mkdir(parents=True)
            (folder / name).write_bytes(b"123")
        (folder / "in/up").symlink_to("..")
        (folder / "in/l.jpg").symlink_to("s/2.jpg")
        expected = [("1#?.jpg", ""), ("l.jpg", ""), ("2.jpg", "s")]
        assert found(f"{url}/in", recursive=True) == expected
        (source,) = find_sources([f"{url}/in/1#?.jpg"])
        assert source.size_bytes == 3 and source.stamp
        with local_photo(source) as path:
            assert (path.name, path.read_bytes()) == ("1#?.jpg", b"123")

    def test_urls_in_a_list_are_not_looked_up(self, tmp_path):
        """A list may have millions; those that do not exist fail as photos. They keep their folders."""
        (tmp_path / "l.txt").write_text("https://host.invalid/a/b%20c/1.jpg\nsftp://me@host.invalid/d/../2.jpg\n")
        sources = list(find_sources([], from_file=str(tmp_path / "l.txt")))
        assert [(s.name, s.folder) for s in sources] == [("1.jpg", "host.invalid/a/b c"), ("2.jpg", "host.invalid/d")]

    def test_a_file_url_is_a_path(self, tmp_path):
        """Blanks are quoted in it."""
        path = photo(tmp_path / "a b.jpg")
        assert list(find_sources([path.as_uri()])) == list(find_sources([str(path)]))
        assert isinstance(place_of(tmp_path.as_uri()), LocalPlace)

    @pytest.mark.parametrize(
        ("url", "library"), [("gs://b/1.jpg", "gcsfs"), ("az://b/1.jpg", "adlfs"), ("s3://b/1.jpg", "s3fs")]
    )
    def test_a_missing_library_is_named(self, monkeypatch, url, library):
        """With what to install, at once for sources and outputs."""
        monkeypatch.setitem(sys.modules, library, None)
        message = rf"requires {library}: pip install 'kbvr\[remote\]'"
        with pytest.raises(MissingExtraError, match=message):
            find_sources([url])
        with pytest.raises(MissingExtraError, match=message):
            place_of(url)


class TestCredentials:
    """What grants access is used, but never stored or shown."""

    @pytest.mark.parametrize(
        ("url", "address"),
        [
            ("sftp://me:secret@host:22/a@b.jpg", "sftp://me@host:22/a@b.jpg"),
            ("SFTP://me@host/a.jpg", "sftp://me@host/a.jpg"),
            ("https://me:secret@host/a.jpg#top", "https://host/a.jpg"),
            ("https://host/ä b.jpg", "https://host/%C3%A4%20b.jpg"),
            ("s3://bucket/what?#.jpg", "s3://bucket/what?#.jpg"),
            (
                "abfs://container@account.dfs.core.windows.net/a.jpg",
                "abfs://container@account.dfs.core.windows.net/a.jpg",
            ),
            ("https://host/a.jpg?X-Amz-Signature=secret&X-Amz-Date=1", "https://host/a.jpg"),
            ("https://host/a.jpg?sv=1&sig=secret", "https://host/a.jpg"),
        ],
    )
    def test_an_address_has_no_credentials(self, url, address):
        """A photo that is signed anew stays the same photo."""
        assert public_address(url) == address

    def test_queries_tell_photos_apart_without_being_shown(self):
        """Nobody knows which parameters are secret."""
        one, two = (public_address(f"https://host/a.jpg?id={number}&key=secret") for number in (1, 2))
        assert one != two and "secret" not in one + two and "id=" not in one + two
        assert names_of("https://host/a/b%20c.jpg?id=1") == ["host", "a", "b c.jpg"]

    @given(st.sampled_from(["https", "sftp", "ssh", "http", "ftp"]), st.text("abc:/?#&=%.", max_size=12))
    def test_a_password_never_stays(self, protocol, rest):
        """Whatever follows the host."""
        assert "SECRET" not in public_address(f"{protocol}://name:SECRET@host/{rest}")

    def test_a_photo_is_fetched_with_credentials_that_no_result_contains(self, tmp_path):
        """The server is asked with them."""
        script = Script(content=photo(tmp_path / "photo.jpg").read_bytes())
        with serving(script) as host:
            url = host.replace("://", "://name:SECRET@") + "/photo.jpg?token=SECRET&id=7"
            task = Task(next(iter(listed(tmp_path, url))), str(tmp_path / "out"), "photo", OPTIONS, "1")
            script.statuses = [500, 500, 500, 500]
            failed, done = make(task), make(task)
        assert [path for path, _ in script.asked if "token=SECRET" in path]
        assert [headers for _, headers in script.asked if headers.get("authorization", "").startswith("Basic ")]
        assert (failed.status, failed.error) == ("failed", "the server answered 500")
        texts = failed.to_json() + done.to_json() + repr(task)
        texts += "".join(path.read_text() for path in (tmp_path / "out").rglob("*.json"))
        assert done.is_done and "SECRET" not in texts
        assert "SECRET" in task.source.access


def listed(folder: Path, *lines: str) -> Iterator[Source]:
    """Return the sources of a list."""
    (folder / "list.txt").write_text("\n".join(lines))
    return find_sources([], from_file=str(folder / "list.txt"))


@contextmanager
def releasing(event: Event) -> Iterator[None]:
    """Set an event at the end, so that a server does not wait for it any more."""
    try:
        yield
    finally:
        event.set()


def files(folder: Path, *names: str, then: Exception | None = None) -> None:
    """Write some files, and fail afterwards."""
    for name in names:
        (folder / name).write_bytes(b"1")
    if then is not None:
        raise then


class TestFetching:
    """A photo comes to this machine, or fails in one line."""

    @pytest.fixture
    def script(self) -> Script:
        """Return what the server of a test does."""
        return Script(content=b"x" * 100_000)

    def content(self, url: str) -> bytes:
        """Return the content of a photo, as an export reads it."""
        with local_photo(Source(f"{url}/a/photo.jpg")) as path:
            assert path.name == "photo.jpg"
            content = path.read_bytes()
        assert not path.exists()
        return content

    def test_it_is_a_file_of_this_machine_meanwhile(self, script):
        """With its own name, because outputs are named after it."""
        with serving(script) as url:
            assert self.content(url) == script.content

    @pytest.mark.parametrize("fault", [{"statuses": [503, 429]}, {"cuts": [1000, 99_999]}])
    def test_what_passes_is_tried_again(self, script, fault):
        """Servers that are busy, and connections that break."""
        for name, value in fault.items():
            setattr(script, name, value)
        with serving(script) as url:
            assert self.content(url) == script.content
        assert len(script.asked) >= 3

    @pytest.mark.parametrize(
        ("status", "message", "tries"),
        [(404, "no such file", 1), (403, "access is denied", 1), (500, "the server answered 500", 4)],
    )
    def test_what_does_not_pass_is_an_error_in_one_line(self, script, status, message, tries):
        """What another attempt cannot change is not attempted."""
        script.statuses = [status] * 9
        with serving(script) as url, pytest.raises((InputError, DownloadError)) as raised:
            self.content(url)
        assert str(raised.value) == f"{url}/a/photo.jpg: {message}"
        assert len(script.asked) == tries

    def test_a_server_that_has_gone_quiet_is_given_up(self, script, monkeypatch):
        """A worker does not hang."""
        monkeypatch.setattr(remote_access, "READ_S", 0.1)
        script.hold = Event()
        with serving(script) as url, releasing(script.hold), pytest.raises(DownloadError, match="not answer in time"):
            self.content(url)

    def test_a_server_that_never_ends_is_given_up(self, script, monkeypatch):
        """Bytes that trickle keep a connection alive, but not for ever."""
        monkeypatch.setattr(remote, "TRANSFER_S", 0.2)
        script.hold = Event()
        with serving(script) as url, releasing(script.hold), pytest.raises(DownloadError, match="not answer in time"):
            self.content(url)

    def test_a_photo_that_is_shorter_than_the_server_says_is_not_taken(self, s3):
        """A download that ends early without an error."""
        import s3fs

        s3.pipe("photos/1.jpg", b"12345")
        (source,) = find_sources(["s3://photos/1.jpg"])

        async def short(self: object, remote: str, path: str, **_: object) -> None:
            Path(path).write_bytes(b"123")

        error = pytest.raises(DownloadError, match="expected 5 bytes, got 3")
        with patched(s3fs.S3FileSystem, "_get_file", short), error, local_photo(source):
            pass

    def test_a_photo_that_has_changed_since_is_taken_as_it_is(self, s3):
        """Its stamp differs at the next run, which exports it again."""
        s3.pipe("photos/1.jpg", b"12345")
        (source,) = find_sources(["s3://photos/1.jpg"])
        s3.pipe("photos/1.jpg", b"1234567")
        with local_photo(source) as path:
            assert path.read_bytes() == b"1234567"

    def test_errors_name_the_address(self, s3, tmp_path):
        """And not the temporary file."""
        s3.pipe("photos/1.jpg", b"no photo")
        result = make(task_of("s3://photos/1.jpg", str(tmp_path)))
        assert result.status == "failed" and result.error.startswith("expected a photo")
        assert ".kbvr-" not in result.error

    @pytest.mark.parametrize("name", ["n" * 300 + ".jpg", "a\\..\\b.jpg", ".."])
    def test_any_key_can_be_a_file(self, s3, name):
        """Keys of object stores are longer than names of files may be, and contain anything."""
        s3.pipe(f"photos/{name}", b"1")
        with local_photo(Source(f"s3://photos/{name}")) as path:
            assert path.read_bytes() == b"1"


PLACES = ["s3", pytest.param("sftp", marks=pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX paths"))]


class TestPlaces:
    """Outputs appear at a URL complete, or not at all."""

    @pytest.fixture(params=PLACES)
    def place(self, request: pytest.FixtureRequest, tmp_path: Path) -> RemotePlace:
        """Return an output folder at a URL."""
        server = request.getfixturevalue(request.param)
        place = place_of("s3://photos/out" if request.param == "s3" else f"{server[0]}/out/{tmp_path.name}")
        assert isinstance(place, RemotePlace)
        return place

    def test_files_are_written_read_replaced_and_removed(self, place):
        """Missing ones are no error."""
        with place.written() as folder:
            (folder / "a b").mkdir()
            (folder / "a b" / "1#?.png").write_bytes(b"123")
        assert not folder.exists()
        assert (place.size_bytes("a b/1#?.png"), place.read("a b/1#?.png")) == (3, b"123")
        place.write("a b/1#?.png", b"45678")
        assert (place.size_bytes("a b/1#?.png"), place.read("a b/1#?.png")) == (5, b"45678")
        place.remove("a b/1#?.png")
        place.remove("a b/1#?.png")
        assert (place.size_bytes("a b/1#?.png"), place.read("a b/1#?.png"), place.size_bytes("none")) == (None,) * 3

    def test_receipts_are_listed(self, place):
        """None before the first one."""
        assert list(place.receipts()) == []
        for name in ("ab/ab2.json", "ab/ab1.json", "cd/cd1.json"):
            place.write(f".kbvr/receipts/{name}", b"{}")
        assert list(place.receipts()) == [f".kbvr/receipts/{n}" for n in ("ab/ab1.json", "ab/ab2.json", "cd/cd1.json")]

    def test_names_that_are_no_text_are_written(self, place):
        """The bytes become escapes, because keys of object stores are text."""
        place.write("\udcff.png", b"1")
        assert place.size_bytes("\udcff.png") == place.size_bytes("\\udcff.png") == 1

    def test_an_upload_that_fails_leaves_nothing(self, place, monkeypatch):
        """Neither the files before it nor half of one."""
        upload = RemotePlace._upload

        def failing(self: RemotePlace, file: Path, path: str) -> None:
            if path == "2.png":
                raise OutputError("full")
            upload(self, file, path)

        monkeypatch.setattr(RemotePlace, "_upload", failing)
        with pytest.raises(OutputError, match="full"), place.written() as folder:
            files(folder, "0.png", "1.png", "2.png")
        assert [place.size_bytes(f"{number}.png") for number in range(3)] == [None] * 3

    def test_an_error_inside_uploads_nothing(self, place):
        """An export that fails leaves nothing at the URL."""
        with pytest.raises(ZeroDivisionError), place.written() as folder:
            files(folder, "1.png", then=ZeroDivisionError())
        assert place.size_bytes("1.png") is None

    def test_a_server_without_atomic_uploads_gets_temporary_names(self, sftp):
        """A file that is cut off is never there under its own name."""
        import sshfs

        async def cut(self: Any, local: str, remote_path: str, **_: object) -> None:
            served = sftp[1] / remote_path.lstrip("/")
            served.parent.mkdir(parents=True, exist_ok=True)
            served.write_bytes(b"1")
            assert served.name.startswith(".kbvr-")

        message = "expected 3 bytes there, got 1"
        with patched(sshfs.SSHFileSystem, "_put_file", cut), pytest.raises(OutputError, match=message):
            place_of(f"{sftp[0]}/cut").write("1.png", b"123")
        assert list((sftp[1] / "cut").iterdir()) == []

    @pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX paths")
    def test_a_connection_that_was_cut_is_opened_again(self, sftp, sftp_server):
        """Workers keep connections for hours."""
        place = place_of(f"{sftp[0]}/cut off")
        place.write("1.png", b"123")
        sftp_server[3]()
        assert place.read("1.png") == b"123"

    @pytest.mark.usefixtures("s3")
    def test_what_cannot_be_written_is_said_in_one_line(self):
        """With the address."""
        with pytest.raises(OutputError, match=r"^cannot write to s3://no-such-bucket/1\.png: .*bucket does not exist"):
            place_of("s3://no-such-bucket").write("1.png", b"1")

    def test_the_web_is_no_output_folder(self):
        """Servers there do not take files."""
        with pytest.raises(
            InputError, match=r"expected an output folder at s3://.*, got https://host/out, which cannot"
        ):
            place_of("https://me:SECRET@host/out")

    def test_a_server_that_is_not_known_is_not_trusted(self, sftp_server, monkeypatch, tmp_path):
        """The user's known hosts decide, as with ssh."""
        import sshfs

        url, *_ = sftp_server
        sshfs.SSHFileSystem.clear_instance_cache()
        (tmp_path / ".ssh").mkdir()
        (tmp_path / ".ssh" / "known_hosts").write_text("")
        monkeypatch.setenv("HOME", str(tmp_path))
        with pytest.raises(InputError, match="Host key is not trusted"):
            find_sources([f"{url}/in/1.jpg"])
        sshfs.SSHFileSystem.clear_instance_cache()


class TestMaking:
    """The unit of work, with URLs for the photo, the outputs, or both."""

    @pytest.fixture
    def web(self, tmp_path: Path) -> Iterator[str]:
        """Return the URL of a photo."""
        photo(tmp_path / "web" / "album" / "my photo.jpg")
        with servers.web_folder(tmp_path / "web") as url:
            yield f"{url}/album/my%20photo.jpg"

    @pytest.mark.usefixtures("s3")
    def test_from_the_web_to_a_bucket(self, web):
        """The receipt is there, and a second call works no second time."""
        task = task_of(web, "s3://photos/out")
        task = replace(task, source=replace(task.source, folder="a/b"))
        result = make(task)
        assert (result.status, result.error, result.address) == ("done", "", web)
        assert [output.path for output in result.outputs] == ["a/b/my photo_kbvr_depth.png"]
        place = place_of(task.out)
        assert place.size_bytes(result.outputs[0].path) == result.outputs[0].size_bytes
        assert [receipt.sha256 for receipt in all_receipts(place)] == [result.sha256]
        again = make(task)
        assert again.is_reused and again.outputs == result.outputs

    def test_an_output_that_was_removed_is_made_again(self, web, s3):
        """A receipt alone is not believed."""
        task = task_of(web, "s3://photos/out")
        (output,) = make(task).outputs
        s3.rm(f"photos/out/{output.path}")
        assert not make(task).is_reused
        assert s3.exists(f"photos/out/{output.path}")

    @pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX paths")
    def test_to_an_sftp_server(self, web, sftp):
        """Without temporary files that stay."""
        task = task_of(web, f"{sftp[0]}/made")
        (output,) = make(task).outputs
        assert make(task).is_reused
        names = {path.name for path in (sftp[1] / "made").rglob("*") if path.is_file()}
        assert names == {output.path, f"{task.key}.json"}

    def test_uploads_that_fail_half_way_leave_nothing_without_a_receipt(self, web, s3):
        """The photo fails in one line, and the next attempt makes it."""
        import s3fs

        task = replace(
            task_of(web, "s3://photos/out"), options=OPTIONS.model_copy(update={"depth_map": ("png", "npy")})
        )
        put, uploaded = s3fs.S3FileSystem._put_file, []

        async def second_fails(self: Any, local: str, key: str, **options: object) -> None:
            if key.endswith(".npy"):
                raise PermissionError("no")
            uploaded.extend([] if key.endswith(".json") else [key])
            await put(self, local, key, **options)

        with patched(s3fs.S3FileSystem, "_put_file", second_fails):
            result = make(task)
        assert uploaded == ["photos/out/my photo_kbvr_depth.png"]
        assert (result.status, result.is_bug) == ("failed", False)
        assert result.error.startswith("cannot write to s3://photos/out/my photo_kbvr_depth_m.npy: access is denied")
        assert s3.find("photos") == []
        assert make(task).is_done and len(s3.find("photos")) == 3

    def test_a_worker_that_is_killed_leaves_no_receipt_of_a_photo_that_is_done(self, web, s3, s3_server, tmp_path):
        """The next one makes the photo."""
        code = f"""
import os, signal, sys
sys.path[:0] = {[str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]!r}
import s3fs
from batching.test_remote import task_of
from kbvr.batching.make import make
put = s3fs.S3FileSystem._put_file
async def last(self, local, key, **options):
    await put(self, local, key, **options)
    if key.endswith(".png"):
        os.kill(os.getpid(), signal.SIGKILL)
s3fs.S3FileSystem._put_file = last
make(task_of({web!r}, "s3://photos/out"))
"""
        environment = os.environ | s3_server | {"TMPDIR": str(tmp_path)}
        ended = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60
        )
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        receipt, output = s3.find("photos")
        assert json.loads(s3.cat(receipt))["status"] == "started" and output == "photos/out/my photo_kbvr_depth.png"
        result = make(task_of(web, "s3://photos/out"))
        assert result.is_done and not result.is_reused
        assert json.loads(s3.cat(f"photos/out/.kbvr/receipts/{task_of(web, '/').key[:2]}/{task_of(web, '/').key}.json"))
