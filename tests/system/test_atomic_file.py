"""Files are written under a temporary name, and appear complete or not at all."""

from __future__ import annotations

import errno
import os
import re
import shutil
import time
from pathlib import Path

import pytest

from kbvr.errors import OutputError
from kbvr.formats.registry import FORMATS, load_format
from kbvr.formats.spec.format import Format
from kbvr.system.atomic_file import (
    UNFINISHED,
    atomic_write,
    atomic_write_together,
    check_writable,
    remove_unfinished,
    temporary_folder,
)


def everything_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*"))


def write_half(target: Path, raised: type[BaseException], *, beside: str = "", overwrite: bool = False) -> None:
    """Start to write, create another file in the folder if one is named, then raise."""
    with atomic_write(target, overwrite=overwrite) as aside:
        aside.write_bytes(b"half")
        if beside:
            (target.parent / beside).write_bytes(b"theirs")
        raise raised


def test_the_file_appears_complete_and_only_at_the_end(tmp_path: Path) -> None:
    target = tmp_path / "a.mp4"
    with atomic_write(target, overwrite=False) as aside:
        assert aside.parent == tmp_path
        assert aside.suffix == ".mp4"
        aside.write_bytes(b"whole")
        assert not target.exists()
    assert target.read_bytes() == b"whole"
    assert everything_in(tmp_path) == ["a.mp4"]


@pytest.mark.parametrize("raised", [ValueError, KeyboardInterrupt, SystemExit, MemoryError])
def test_whatever_is_raised_leaves_nothing_behind(tmp_path: Path, raised: type[BaseException]) -> None:
    with pytest.raises(raised):
        write_half(tmp_path / "new" / "a.mp4", raised)
    assert everything_in(tmp_path) == []


def test_a_full_disk_gives_one_line_and_other_errors_pass(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match=r"cannot write to .*a\.ply: No space left on device$"),
        atomic_write(tmp_path / "a.ply", overwrite=False),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(FileNotFoundError), atomic_write(tmp_path / "a.ply", overwrite=False):
        raise FileNotFoundError(errno.ENOENT, "no such program")
    assert everything_in(tmp_path) == []


def test_existing_and_shared_folders_stay(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        write_half(tmp_path / "out" / "deep" / "a.mp4", RuntimeError, beside="other.txt")
    assert everything_in(tmp_path) == ["deep", "other.txt", "out"]


def test_an_existing_file_is_refused_before_any_work(tmp_path: Path) -> None:
    target = tmp_path / "a.mp4"
    target.write_bytes(b"old")
    with (
        pytest.raises(OutputError, match=r"a\.mp4 already exists \(overwrite=True replaces it\)"),
        atomic_write(target, overwrite=False),
    ):
        pytest.fail("no work may be done")
    assert target.read_bytes() == b"old"
    assert everything_in(tmp_path) == ["a.mp4"]


def test_overwriting_keeps_the_old_file_until_the_new_one_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "a.mp4"
    target.write_bytes(b"old")
    with pytest.raises(RuntimeError):
        write_half(target, RuntimeError, overwrite=True)
    assert target.read_bytes() == b"old"
    with atomic_write(target, overwrite=True) as aside:
        aside.write_bytes(b"new")
        assert target.read_bytes() == b"old"
    assert target.read_bytes() == b"new"


def test_a_file_that_appears_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    target = tmp_path / "a.mp4"
    writing = atomic_write(target, overwrite=False)
    writing.__enter__().write_bytes(b"ours")
    target.write_bytes(b"theirs")
    with pytest.raises(OutputError, match="already exists"):
        writing.__exit__(None, None, None)
    assert target.read_bytes() == b"theirs"
    assert everything_in(tmp_path) == ["a.mp4"]


def test_a_missing_folder_is_made(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "x" / "y" / "a.mp4", overwrite=False) as aside:
        aside.write_bytes(b"whole")
    assert (tmp_path / "x" / "y" / "a.mp4").read_bytes() == b"whole"


def test_a_relative_target_is_taken_from_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with atomic_write(Path("a.mp4"), overwrite=False) as aside:
        assert aside.is_absolute()
    assert everything_in(tmp_path) == ["a.mp4"]


def test_the_mode_of_the_file_is_that_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    with atomic_write(tmp_path / "a.mp4", overwrite=False):
        pass
    assert (tmp_path / "a.mp4").stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.parametrize("place", ["file/a.mp4", "file/deep/a.mp4", "folder", "long" * 100 + ".mp4"])
def test_an_unwritable_folder_gets_one_line(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("a file where a folder is wanted")
    (tmp_path / "folder").mkdir()
    with (
        pytest.raises(OutputError, match=r"cannot write|is a folder") as caught,
        atomic_write(tmp_path / place, overwrite=True),
    ):
        pytest.fail("no work may be done")
    assert "\n" not in str(caught.value)
    assert everything_in(tmp_path) == ["file", "folder"]


def test_a_folder_without_permission_gets_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is faked, because the user of the tests may have all permissions."""

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with (
        pytest.raises(OutputError, match=rf"cannot write to {tmp_path}.*: Permission denied"),
        atomic_write(tmp_path / "new" / "a.mp4", overwrite=False),
    ):
        pytest.fail("no work may be done")
    assert everything_in(tmp_path) == []


@pytest.mark.parametrize("place", ["a.mp4", "new/deep/a.mp4"])
def test_checking_in_advance_leaves_nothing_behind(tmp_path: Path, place: str) -> None:
    check_writable(tmp_path / place, overwrite=False)
    assert everything_in(tmp_path) == []


@pytest.mark.parametrize("place", ["file/a.mp4", "file/deep/a.mp4", "dangling/a.mp4", "dangling/deep/a.mp4"])
def test_a_folder_that_cannot_be_created_is_detected_in_advance(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("a file where a folder is wanted")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    with pytest.raises(OutputError, match=f"^cannot write to {(tmp_path / place).parent}: ") as caught:
        check_writable(tmp_path / place, overwrite=True)
    assert "\n" not in str(caught.value)
    assert everything_in(tmp_path) == ["dangling", "file"]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="Linux has these")
@pytest.mark.parametrize("folder", ["/proc", "/proc/new", "/sys/new/deep", "/dev/full", "/dev/full/new"])
def test_folders_that_even_root_cannot_write_are_detected_in_advance(folder: str) -> None:
    with pytest.raises(OutputError, match=f"^cannot write to {folder}: "):
        check_writable(Path(folder) / "a.mp4", overwrite=True)


def test_a_folder_without_permission_is_detected_in_advance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is faked, as above."""

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(OutputError, match=f"^cannot write to {tmp_path / 'new'}: Permission denied$"):
        check_writable(tmp_path / "new" / "a.mp4", overwrite=False)


def test_an_existing_file_is_detected_in_advance_from_a_relative_path_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    check_writable(Path("a.mp4"), overwrite=False)
    Path("a.mp4").touch()
    with pytest.raises(OutputError, match=r"a\.mp4 already exists"):
        check_writable(Path("a.mp4"), overwrite=False)
    check_writable(Path("a.mp4"), overwrite=True)
    assert everything_in(tmp_path) == ["a.mp4"]


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_of_the_table_describes_itself(name: str) -> None:
    form = load_format(name)
    assert isinstance(form, Format)
    assert callable(form.write)


def aged(path: Path, days: float) -> Path:
    """Set the age of a file or folder."""
    os.utime(path, (time.time() - days * 86_400,) * 2)
    return path


def test_temporary_files_of_killed_runs_are_removed_by_the_next_run(tmp_path: Path) -> None:
    """In the same folder, if they are older than a day and match the pattern of temporary names."""
    (tmp_path / ".kbvr-00112233.part").mkdir()
    (tmp_path / ".kbvr-00112233.part" / "trial.mp4").write_bytes(b"half")
    left = [".kbvr-0123abcd.part.mp4", ".kbvr-0123abcd.part", ".kbvr-89abcdef.part.usdz"]
    theirs = [".kbvr-0123abcd.mp4", "kbvr-0123abcd.part.mp4", ".kbvr-xyz.part.mp4", ".a.0123abcd.mp4", "a.part"]
    for name in (*left, *theirs):
        (tmp_path / name).write_bytes(b"half")
        aged(tmp_path / name, 1.1)
    aged(tmp_path / ".kbvr-00112233.part", 1.1)
    aged_little = tmp_path / ".kbvr-aaaaaaaa.part.mp4"
    aged_little.write_bytes(b"another process is at it")
    aged(aged_little, 0.9)
    (tmp_path / "elsewhere").write_text("stays")
    link = tmp_path / ".kbvr-bbbbbbbb.part.mp4"
    link.symlink_to(tmp_path / "elsewhere")
    os.utime(link, (0, 0), follow_symlinks=False)
    with atomic_write(tmp_path / "b.mp4", overwrite=False) as aside:
        aside.write_bytes(b"whole")
    assert everything_in(tmp_path) == sorted([*theirs, aged_little.name, "b.mp4", "elsewhere", link.name])


@pytest.mark.parametrize("name", ["a.mp4", "a", "a.", "a. b", "x" * 200 + ".html", "a.tar.gz"])
def test_temporary_names_are_recognized_and_keep_the_suffix(tmp_path: Path, name: str) -> None:
    """Encoders depend on the suffix."""
    with atomic_write(tmp_path / name, overwrite=False) as aside:
        assert UNFINISHED.fullmatch(aside.name)
        assert aside.suffix == (tmp_path / name).suffix or not (tmp_path / name).suffix


def test_a_temporary_folder_is_private_and_removed_with_its_files(tmp_path: Path) -> None:
    with temporary_folder(tmp_path) as folder:
        assert UNFINISHED.fullmatch(folder.name)
        assert os.name == "nt" or folder.stat().st_mode & 0o777 == 0o700
        (folder / "a").write_bytes(b"half")
    assert everything_in(tmp_path) == []


def test_a_terminated_process_removes_its_unfinished_files(tmp_path: Path) -> None:
    """It also removes the folders created for them; finished files stay."""
    with atomic_write(tmp_path / "whole.mp4", overwrite=False) as aside:
        aside.write_bytes(b"whole")
    contexts = [
        atomic_write(tmp_path / "new" / "deep" / "a.mp4", overwrite=False),
        atomic_write(tmp_path / "b.mp4", overwrite=False),
        temporary_folder(tmp_path),
    ]
    for context in contexts:
        context.__enter__()
    remove_unfinished()
    assert everything_in(tmp_path) == ["whole.mp4"]
    for context in contexts:
        context.__exit__(RuntimeError, RuntimeError(), None)


# Places that go away meanwhile


def without(folder: Path, how: str) -> None:
    """Remove or rename a folder."""
    if how == "removed":
        shutil.rmtree(folder)
    elif how == "renamed":
        folder.rename(folder.with_name("moved"))
    else:
        shutil.rmtree(folder)
        folder.write_text("a file in its place")


def write_while_it_goes(target: Path, how: str, *, is_open: bool) -> None:
    """Write a file whose folder disappears before or while it is open."""
    with atomic_write(target, overwrite=False) as aside, aside.open("wb") as file:
        if not is_open:
            file.close()
        without(target.parent, how)
        (file if is_open else aside.open("wb")).write(b"pixels")


@pytest.mark.skipif(os.name != "posix", reason="Windows keeps a folder while one of its files is open")
@pytest.mark.parametrize("how", ["removed", "renamed", "replaced"])
@pytest.mark.parametrize("is_open", [True, False], ids=["open", "closed"])
def test_a_folder_that_disappears_gives_one_line_and_leaves_nothing(tmp_path: Path, how: str, is_open: bool) -> None:
    """The renamed folder contains no temporary file either."""
    with pytest.raises(
        OutputError, match=r"cannot write to .*a\.mp4: .*\(was its folder removed, renamed or unmounted"
    ):
        write_while_it_goes(tmp_path / "out" / "a.mp4", how, is_open=is_open)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "out"]


@pytest.mark.parametrize("name", ["ENOSPC", "EIO", "EROFS", "ENODEV", "ESTALE", "ENOTCONN"])
def test_a_failing_disk_gives_one_line(tmp_path: Path, name: str) -> None:
    number = getattr(errno, name)
    with (
        pytest.raises(OutputError, match=rf"^cannot write to .*a\.ply: {re.escape(os.strerror(number))}$"),
        atomic_write(tmp_path / "a.ply", overwrite=False),
    ):
        raise OSError(number, os.strerror(number))
    assert everything_in(tmp_path) == []


def test_nothing_is_written_to_another_disk_mounted_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after unmounting. The device number is faked."""
    real = Path.stat

    def on_another_disk(path: Path, **how: bool) -> os.stat_result:
        mode, inode, disk, *rest = real(path, **how)
        return os.stat_result((mode, inode, disk + 1, *rest))

    writing = atomic_write(tmp_path / "a.ply", overwrite=False)
    writing.__enter__().write_bytes(b"pixels")
    monkeypatch.setattr(Path, "stat", on_another_disk)
    with pytest.raises(OutputError, match=r"a\.ply: its disk has disappeared"):
        writing.__exit__(None, None, None)
    monkeypatch.undo()
    assert everything_in(tmp_path) == []


def test_files_written_together_all_appear_or_none(tmp_path: Path) -> None:
    """Even if the first file, which is renamed last, cannot be renamed."""
    targets = [tmp_path / name for name in ("a.obj", "a.mtl", "a.png")]
    writing = atomic_write_together(targets, overwrite=False)
    assert sorted(aside.name for aside in writing.__enter__()) == everything_in(tmp_path)
    targets[0].write_bytes(b"theirs")
    with pytest.raises(OutputError, match=r"a\.obj already exists"):
        writing.__exit__(None, None, None)
    assert everything_in(tmp_path) == ["a.obj"]
    assert targets[0].read_bytes() == b"theirs"
    targets[0].unlink()
    with atomic_write_together(targets, overwrite=False):
        pass
    assert everything_in(tmp_path) == ["a.mtl", "a.obj", "a.png"]


def test_a_removed_working_folder_gives_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> str:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory")

    monkeypatch.setattr(os, "getcwd", gone)
    for ask in (check_writable, lambda target, overwrite: atomic_write(target, overwrite=overwrite).__enter__()):
        with pytest.raises(OutputError, match=r"^cannot write to a\.mp4: the working folder has been removed$"):
            ask(Path("a.mp4"), overwrite=False)
    check_writable(tmp_path / "a.mp4", overwrite=False)
