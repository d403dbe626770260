"""What a batch takes as sources, and refuses before it makes anything."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from many_photos import CHEAP, InThisProcess, tiny_photo

import kbvr
from kbvr.batching.batch import Batch, run_batch
from kbvr.batching.finding.sources import find_sources
from kbvr.batching.opening import address_of_folder, open_ledger, output_test
from kbvr.cli.main import main
from kbvr.errors import InputError


def found(batch: Batch) -> list[str]:
    """Return the names of a batch's sources, which are in its output folder."""
    with closing(open_ledger(batch.out)) as ledger:
        sources = find_sources([batch.out], out=batch.out, is_output=output_test(batch, ledger), recursive=True)
        return [source.name for source in sources]


def test_outputs_beside_the_photos_never_become_sources(tmp_path: Path) -> None:
    """Those that were made, and those of a run that was killed before it noted them; other files do."""
    for name in ("a.jpg", "s/b.jpg", "a_edited.png", "c_kbvr_depth.png"):
        tiny_photo(tmp_path / name)
    batch = Batch(str(tmp_path), CHEAP)
    with closing(open_ledger(batch.out)) as ledger:
        (one,) = find_sources([str(tmp_path / "a.jpg")])
        assert [result.status for result in run_batch(batch, [one], ledger, InThisProcess())] == ["done"]
        ledger.add(next(find_sources([str(tmp_path / "s")])))
    tiny_photo(tmp_path / "b_kbvr_depth.png")
    assert (tmp_path / "a_kbvr_depth.png").exists()
    assert found(batch) == ["a.jpg", "a_edited.png", "c_kbvr_depth.png", "b.jpg"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("batch", "none.jpg"),
        ("batch", "a.jpg", "none*.jpg"),
        ("batch", "--from-file", "none.txt"),
        ("batch", "a.jpg", "foo://bucket"),
        ("watch", "none"),
    ],
)
def test_what_does_not_exist_is_an_error_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    """The output folder is not even created."""
    monkeypatch.chdir(tmp_path)
    tiny_photo(tmp_path / "a.jpg")
    assert main([*arguments, "-o", "out", "--depth-map", "png"]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    with pytest.raises(InputError):
        next(kbvr.batch("none.jpg", "out", depth_map="png"))
    assert not Path("out").exists()


def test_an_output_folder_has_no_password(tmp_path: Path) -> None:
    """Tasks and messages contain its address; user names may stay."""
    with pytest.raises(InputError, match=r"without a password in its URL \(use a key\), got sftp://me@host/out$"):
        address_of_folder("sftp://me:SECRET@host/out")
    assert address_of_folder("sftp://me@host/out/") == "sftp://me@host/out"
    assert address_of_folder(tmp_path.as_uri()) == str(tmp_path)
