"""What a batch makes, leaves and refuses, from one run to the next."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from many_photos import CHEAP, InThisProcess, source_of, tiny_photo

from kbvr.batching import make as making
from kbvr.batching.batch import Batch, Tally, decisions, run_batch
from kbvr.batching.ledger import Ledger
from kbvr.batching.opening import ledger_to_look_at, open_ledger
from kbvr.batching.source import Source
from kbvr.batching.task import PhotoResult
from kbvr.errors import InputError, OutputError
from kbvr.options.export_options import ExportOptions
from kbvr.photo.picture_size import header_size_px


class Runs:
    """Runs of a batch over the photos of a folder, each with a fresh ledger connection."""

    def __init__(self, folder: Path) -> None:
        self.photos, self.out = folder / "photos", folder / "out"
        self.tally = Tally()

    def __call__(self, *names: str, options: ExportOptions = CHEAP, **settings: object) -> dict[str, PhotoResult]:
        """Run; return name -> result. `self.made` has the names of the photos that were made."""
        executor, self.tally = InThisProcess(), Tally()
        batch = Batch(str(self.out), options, **settings)
        sources = [self.source(name) for name in names or sorted(path.name for path in self.photos.iterdir())]
        with closing(open_ledger(batch.out)) as ledger:
            results = {r.address: r for r in run_batch(batch, sources, ledger, executor, self.tally)}
        self.made = executor.made
        return {Path(address).relative_to(self.photos).as_posix(): result for address, result in results.items()}

    def source(self, name: str) -> Source:
        """Return the source of a photo, with its folder."""
        return source_of(self.photos / name, Path(name).parent.as_posix().removeprefix("."))

    def outputs(self) -> list[str]:
        """Return the outputs that exist."""
        return sorted(path.relative_to(self.out).as_posix() for path in self.out.rglob("*.png"))


@pytest.fixture
def run(tmp_path: Path) -> Runs:
    """Three photos, and an output folder that does not exist."""
    for seed, name in enumerate(("a.jpg", "b.jpg", "c.jpg")):
        tiny_photo(tmp_path / "photos" / name, seed)
    return Runs(tmp_path)


def test_a_run_makes_every_photo_and_the_next_leaves_them(run: Runs) -> None:
    first = run()
    assert run.made == ["a.jpg", "b.jpg", "c.jpg"]
    assert run.outputs() == ["a_kbvr_depth.png", "b_kbvr_depth.png", "c_kbvr_depth.png"]
    assert all(result.is_done and not result.is_left for result in first.values())
    again = run()
    assert run.made == []
    assert all(result.is_done and result.is_left for result in again.values())
    assert {name: r.outputs for name, r in again.items()} == {name: r.outputs for name, r in first.items()}
    assert run.tally.left == {"done": 3}


def test_the_ledger_has_every_fact_of_a_photo(run: Runs) -> None:
    """Source, size, hash, options, versions, status, outputs, seconds, memory: read without kbvr."""
    run("a.jpg")
    database = sqlite3.connect(run.out / "kbvr.sqlite")
    database.row_factory = sqlite3.Row
    row = dict(database.execute("SELECT * FROM photos").fetchone())
    photo = (run.photos / "a.jpg").read_bytes()
    assert (row["address"], row["size_bytes"]) == (str(run.photos / "a.jpg"), len(photo))
    assert row["sha256"] == hashlib.sha256(photo).hexdigest()
    assert json.loads(row["options"]) == {"depth_map": "png", "depth_quality": "fast", "stereo": "no"}
    assert row["networks"].startswith("kbvr-depth@")
    assert row["status"] == "done" and row["tries"] == 1 and row["seconds"] > 0
    assert row["peak_bytes"] is None or row["peak_bytes"] > 10**7
    output = dict(database.execute("SELECT * FROM outputs").fetchone())
    written = (run.out / output["path"]).read_bytes()
    assert (output["size_bytes"], output["sha256"]) == (len(written), hashlib.sha256(written).hexdigest())
    assert database.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    database.close()


@pytest.mark.parametrize(
    ("change", "made"),
    [
        (lambda run: tiny_photo(run.photos / "b.jpg", seed=9), ["b.jpg"]),
        (lambda run: os.utime(run.photos / "b.jpg", (1, 1)), []),
        (lambda run: (run.out / "b_kbvr_depth.png").unlink(), ["b.jpg"]),
        (lambda run: (run.out / "b_kbvr_depth.png").write_bytes(b""), ["b.jpg"]),
        (lambda run: tiny_photo(run.photos / "d.jpg", seed=9), ["d.jpg"]),
    ],
    ids=["photo changed", "only its time", "output removed", "output cut off", "photo added"],
)
def test_what_has_changed_is_made_again_and_nothing_else(
    run: Runs, change: Callable[[Runs], object], made: list[str]
) -> None:
    run()
    change(run)
    results = run()
    assert run.made == made
    assert all(result.is_done for result in results.values())
    assert all((run.out / f"{name[0]}_kbvr_depth.png").stat().st_size > 100 for name in results)
    run()
    assert run.made == []


def test_other_options_make_every_photo_again_and_replace_its_outputs(run: Runs) -> None:
    run()
    before = (run.out / "a_kbvr_depth.png").read_bytes()
    run(options=ExportOptions(depth_map="png", depth_quality="best"))
    assert len(run.made) == 3
    assert (run.out / "a_kbvr_depth.png").read_bytes() != before
    run(options=ExportOptions(depth_map="png", depth_quality="best", threads=1, max_memory="4GB"))
    assert run.made == [], "options that do not change what outputs show do not count"


def test_a_file_named_by_an_option_counts_by_its_content(run: Runs, tmp_path: Path) -> None:
    moves = tmp_path / "moves.json"
    frames = [{"time_s": 0}, {"time_s": 0.2, "x_m": 0.01}]
    moves.write_text(json.dumps({"keyframes": frames}), "utf-8")
    options = ExportOptions(kenburns=True, keyframes=moves, fps=10, depth_quality="fast")
    first = run("a.jpg", options=options)["a.jpg"]
    if not first.is_done:
        pytest.fail(first.error)
    frames[1]["x_m"] = 0.02
    moves.write_text(json.dumps({"keyframes": frames}), "utf-8")
    run("a.jpg", options=options)
    assert run.made == ["a.jpg"]


def test_a_broken_photo_fails_in_one_line_and_the_others_are_made(run: Runs) -> None:
    (run.photos / "b.jpg").write_bytes(b"no photo")
    results = run()
    assert [name for name, result in results.items() if not result.is_done] == ["b.jpg"]
    assert results["b.jpg"].error.startswith("expected a photo") and "\n" not in results["b.jpg"].error
    assert run.outputs() == ["a_kbvr_depth.png", "c_kbvr_depth.png"]
    assert run.tally.done == 2 and run.tally.failed == 1


def test_failed_photos_are_tried_again_only_if_asked_or_changed(run: Runs) -> None:
    intact = (run.photos / "b.jpg").read_bytes()
    (run.photos / "b.jpg").write_bytes(b"no photo")
    run()
    left = run()["b.jpg"]
    assert run.made == [] and left.is_left and left.error.startswith("expected a photo")
    run(retries_failed=True)
    assert run.made == ["b.jpg"]
    (run.photos / "b.jpg").write_bytes(intact)
    assert run()["b.jpg"].is_done
    assert run.made == ["b.jpg"]


def test_a_failed_output_makes_the_photo_failed_although_others_exist(
    run: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pxr.UsdValidation", None)
    result = run("a.jpg", options=ExportOptions(usdz=True, depth_map="png", depth_quality="fast"))["a.jpg"]
    assert result.status == "failed" and result.error.startswith("usdz: ") and "kbvr[usd]" in result.error
    assert [output.path for output in result.outputs] == ["a_kbvr_depth.png"]


def test_photos_of_one_name_get_names_that_never_change(run: Runs) -> None:
    """The first keeps the name; the other's suffix depends on its address only."""
    tiny_photo(run.photos / "a.png", seed=7)
    tiny_photo(run.photos / "A.webp", seed=8)
    results = run("a.jpg", "a.png", "A.webp")
    stems = {name: result.stem for name, result in results.items()}
    assert stems["a.jpg"] == "a"
    for name in ("a.png", "A.webp"):
        assert stems[name] == f"{name[0]}_{run.source(name).key[:8]}"
    assert len(run.outputs()) == 3
    shutil.rmtree(run.out)
    run("a.png")
    assert {name: result.stem for name, result in run("A.webp", "a.jpg", "a.png").items()} == {
        "a.png": "a",
        "A.webp": stems["A.webp"],
        "a.jpg": f"a_{run.source('a.jpg').key[:8]}",
    }


def test_outputs_keep_the_folder_structure(run: Runs) -> None:
    tiny_photo(run.photos / "2019/summer/a.jpg")
    run("a.jpg", "2019/summer/a.jpg")
    assert run.outputs() == ["2019/summer/a_kbvr_depth.png", "a_kbvr_depth.png"]


def test_files_of_others_are_not_replaced_unless_asked(run: Runs) -> None:
    run.out.mkdir()
    (run.out / "b_kbvr_depth.png").write_bytes(b"mine")
    result = run()["b.jpg"]
    assert "b_kbvr_depth.png already exists" in result.error and not result.is_done
    assert (run.out / "b_kbvr_depth.png").read_bytes() == b"mine"
    assert run.made == ["a.jpg", "c.jpg"]
    run(retries_failed=True)
    assert (run.out / "b_kbvr_depth.png").read_bytes() == b"mine"
    options = CHEAP.model_copy(update={"overwrite": True})
    assert run(options=options)["b.jpg"].is_done
    assert run.made == ["a.jpg", "b.jpg", "c.jpg"], "overwrite makes all again"


def test_a_photo_that_was_being_made_is_made_again(run: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kill between two outputs leaves one of them, without a receipt; the next run may replace it."""

    def killed(*_: object, **__: object) -> None:
        (run.out / "a_kbvr_depth.png").parent.mkdir(exist_ok=True)
        (run.out / "a_kbvr_depth.png").write_bytes(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(making.pipeline, "export_photo", killed)
        with pytest.raises(KeyboardInterrupt):
            run("a.jpg")
    assert run("a.jpg")["a.jpg"].is_done
    assert run.made == ["a.jpg"] and (run.out / "a_kbvr_depth.png").stat().st_size > 100


def test_a_photo_whose_receipt_exists_is_not_exported_again(run: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker had finished, but the run was killed before its ledger heard of it."""
    run("a.jpg")
    database = sqlite3.connect(run.out / "kbvr.sqlite", isolation_level=None)
    database.execute("UPDATE photos SET status = 'started'")
    database.close()
    monkeypatch.setattr(making.pipeline, "export_photo", None)
    result = run("a.jpg")["a.jpg"]
    assert result.is_done and result.is_reused and run.made == ["a.jpg"]


def test_a_lost_ledger_is_made_again_from_the_receipts(run: Runs, caplog: pytest.LogCaptureFixture) -> None:
    results = run()
    for path in run.out.glob("kbvr.sqlite*"):
        path.unlink()
    (run.out / "c_kbvr_depth.png").unlink()
    again = run()
    assert run.made == ["c.jpg"]
    assert {name: r.outputs for name, r in again.items()} == {name: r.outputs for name, r in results.items()}
    assert "made again from receipts, with 3 photos done" in caplog.text


def test_a_damaged_ledger_is_refused_until_it_is_rebuilt(run: Runs) -> None:
    run()
    (run.out / "kbvr.sqlite").write_bytes(b"rubbish" * 1000)
    with pytest.raises(InputError, match="rebuild-ledger"):
        run()
    open_ledger(str(run.out), is_rebuilt=True).close()
    run()
    assert run.made == []


def test_only_one_batch_writes_to_a_folder(run: Runs) -> None:
    run.out.mkdir()
    with closing(open_ledger(str(run.out))), pytest.raises(OutputError, match="another batch"):
        run()
    assert len(run()) == 3


def test_a_moved_collection_is_not_made_again(run: Runs) -> None:
    """The same photos below another folder: rows and receipts follow them."""
    run()
    moved = run.photos.rename(run.photos.with_name("elsewhere"))
    run.photos = moved
    results = run()
    assert run.made == [] and {result.stem for result in results.values()} == {"a", "b", "c"}
    for path in run.out.glob("kbvr.sqlite*"):
        path.unlink()
    run()
    assert run.made == []


def test_another_photo_of_the_same_name_does_not_take_the_place_of_one_that_is_gone(run: Runs) -> None:
    run("a.jpg")
    (run.photos / "a.jpg").unlink()
    tiny_photo(run.photos / "x/a.jpg", seed=5)
    source = replace(run.source("x/a.jpg"), folder="")
    batch = Batch(str(run.out), CHEAP)
    with closing(open_ledger(batch.out)) as ledger:
        (result,) = run_batch(batch, [source], ledger, InThisProcess())
    assert result.stem == f"a_{source.key[:8]}" and len(run.outputs()) == 2


def test_limits_end_a_run_and_say_so(run: Runs) -> None:
    run(limit=2)
    assert run.made == ["a.jpg", "b.jpg"] and run.tally.end == "stopped after 2 photos (--limit)"
    run(limit=2)
    assert run.made == ["c.jpg"] and not run.tally.end
    for name in ("d.jpg", "e.jpg", "f.jpg"):
        (run.photos / name).write_bytes(b"no photo")
    run(max_failures=2)
    assert run.tally.failed == 2 and run.tally.end == "stopped after 2 failed photos"
    run()
    assert run.made == ["f.jpg"]


def test_a_dry_run_says_what_and_why_and_changes_nothing(run: Runs) -> None:
    run("a.jpg", "b.jpg")
    tiny_photo(run.photos / "b.jpg", seed=9)
    batch = Batch(str(run.out), CHEAP)
    before = {path: path.stat().st_mtime_ns for path in run.out.rglob("*")}
    with ledger_to_look_at(batch.out) as ledger:
        found = decisions(batch, [run.source(name) for name in ("a.jpg", "b.jpg", "c.jpg")], ledger)
        said = {source.name: (decision.verdict, decision.reason) for source, decision in found}
        assert sum(ledger.counts().values()) == 2
    assert {path: path.stat().st_mtime_ns for path in run.out.rglob("*")} == before
    assert said == {"a.jpg": ("leave", "done"), "b.jpg": ("make", "photo changed"), "c.jpg": ("make", "new")}


def test_a_full_disk_ends_the_run_and_no_photo_counts_as_failed(run: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OutputError("cannot write") from OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(making.pipeline, "export_photo", full)
        with pytest.raises(OutputError, match="No space left"):
            run()
    assert all(result.is_done for result in run().values()) and len(run.made) == 3


def test_names_that_are_no_text_work(run: Runs) -> None:
    """File names may contain any bytes on Linux."""
    name = os.fsdecode(b"caf\xe9.jpg")
    try:
        tiny_photo(run.photos / name)
    except OSError:
        pytest.skip("this file system takes only text for names")
    assert run(name)[name].is_done
    assert run(name)[name].is_left and run.made == []


def test_a_single_photos_depth_is_refused(run: Runs, tmp_path: Path) -> None:
    options = ExportOptions(depth=tmp_path / "d.png", depth_kind="depth-m", wiggle=True)
    with pytest.raises(InputError, match="single photo"):
        run(options=options)


def test_a_bug_in_one_photo_does_not_stop_the_others(run: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    real = making.pipeline.export_photo

    def buggy(photo: Path, *rest: object, **more: object) -> object:
        if photo.name == "b.jpg":
            raise ZeroDivisionError("oh")
        return real(photo, *rest, **more)

    monkeypatch.setattr(making.pipeline, "export_photo", buggy)
    results = run()
    assert results["b.jpg"].is_bug and "ZeroDivisionError: oh" in results["b.jpg"].error
    assert "buggy" in results["b.jpg"].traceback
    assert results["a.jpg"].is_done and results["c.jpg"].is_done


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_refused_at_once(run: Runs) -> None:
    """Nobody writes to it, so opening it would wait for ever."""
    os.mkfifo(run.photos / "pipe.jpg")
    assert "got a pipe" in run("pipe.jpg")["pipe.jpg"].error
    assert header_size_px(run.photos / "pipe.jpg") is None


# --- whose files are they? ---

OTHER = ExportOptions(still="sbs", depth_quality="fast", max_size=64)


def kill_ledger(run: Runs) -> None:
    """Remove the ledger, as a broken disk does."""
    for path in run.out.glob("kbvr.sqlite*"):
        path.unlink()


def test_options_may_change_to_and_fro(run: Runs) -> None:
    """Outputs of earlier options are the batch's own, and may be replaced when those options come back."""
    for options in (CHEAP, OTHER, CHEAP, OTHER):
        assert all(result.is_done for result in run(options=options).values())
        assert len(run.made) == 3


@pytest.mark.parametrize("has_ledger", [True, False])
def test_what_a_killed_run_left_may_be_replaced_with_other_options(
    run: Runs, monkeypatch: pytest.MonkeyPatch, has_ledger: bool
) -> None:
    def killed(*_: object, **__: object) -> None:
        (run.out / "a_kbvr_depth.png").write_bytes(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(making.pipeline, "export_photo", killed)
        with pytest.raises(KeyboardInterrupt):
            run("a.jpg")
    if not has_ledger:
        kill_ledger(run)
    options = CHEAP.model_copy(update={"fov_deg": 60.0})
    assert run("a.jpg", options=options)["a.jpg"].is_done


def test_a_crash_does_not_make_a_photos_outputs_those_of_others(run: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash after some outputs: the next try, with any options, may replace them."""
    real = making.pipeline.export_photo

    def crash(*arguments: object, **more: object) -> None:
        real(*arguments, **more)
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(making.pipeline, "export_photo", crash)
        assert not run("a.jpg")["a.jpg"].is_done
    kill_ledger(run)
    assert run("a.jpg", options=CHEAP.model_copy(update={"fov_deg": 60.0}))["a.jpg"].is_done


def test_a_lost_ledger_and_a_lost_output_are_mended_together(run: Runs) -> None:
    both = ExportOptions(still="sbs", depth_map="png", depth_quality="fast", max_size=64)
    run("a.jpg", options=both)
    kill_ledger(run)
    (run.out / "a_kbvr_depth.png").unlink()
    assert run("a.jpg", options=both)["a.jpg"].is_done
    assert run.made == ["a.jpg"]


def test_an_unfinished_rebuild_is_done_again(run: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    run()
    kill_ledger(run)
    real, seen = Ledger._adopt, []

    def killed(ledger: Ledger, receipt: PhotoResult) -> None:
        seen.append(receipt)
        if len(seen) == 2:
            raise KeyboardInterrupt
        real(ledger, receipt)

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "_adopt", killed)
        with pytest.raises(KeyboardInterrupt):
            run()
    run()
    assert run.made == []


def test_an_empty_file_is_no_good_ledger(run: Runs) -> None:
    run()
    kill_ledger(run)
    (run.out / "kbvr.sqlite").touch()
    with pytest.raises(InputError, match="expected the ledger"), ledger_to_look_at(str(run.out)):
        pass
    run()
    assert run.made == []


def test_a_ledger_is_not_made_again_from_nothing(run: Runs) -> None:
    run()
    shutil.rmtree(run.out / ".kbvr")
    with pytest.raises(InputError, match="no receipts"):
        open_ledger(str(run.out), is_rebuilt=True)
    run()
    assert run.made == []


def test_a_file_that_is_replaced_by_a_ledger_is_kept(run: Runs) -> None:
    run()
    (run.out / "mine.txt").write_text("precious", "utf-8")
    open_ledger(str(run.out), run.out / "mine.txt", is_rebuilt=True).close()
    assert (run.out / "mine.txt.old1").read_text("utf-8") == "precious"


def test_a_file_of_another_is_kept_wherever_the_photo_was_given_from(run: Runs) -> None:
    """Outputs go where they went first."""
    tiny_photo(run.photos / "sub/d.jpg", 4)
    first = replace(run.source("sub/d.jpg"), folder="")
    with closing(open_ledger(str(run.out))) as ledger:
        list(run_batch(Batch(str(run.out), OTHER), [first], ledger, InThisProcess()))
    (run.out / "d_kbvr_depth.png").write_bytes(b"mine")
    result = run("sub/d.jpg")["sub/d.jpg"]
    assert "d_kbvr_depth.png already exists" in result.error
    assert (run.out / "d_kbvr_depth.png").read_bytes() == b"mine"
    with ledger_to_look_at(str(run.out)) as ledger:
        assert ledger.counts() == {"done": 1}, "it is still done with the options of before"


def test_a_suffix_that_is_taken_gets_longer(run: Runs) -> None:
    tiny_photo(run.photos / "a.png", 5)
    key = run.source("a.png").key
    tiny_photo(run.photos / f"a_{key[:8]}.jpg", 6)
    results = run("a.jpg", f"a_{key[:8]}.jpg", "a.png")
    assert results["a.png"].stem == f"a_{key[:9]}" and len(run.outputs()) == 3


def test_damaged_receipts_are_left_out(run: Runs) -> None:
    """Whatever they say: wrong types, paths that lead out, another photo's name."""
    run()
    (good, *_) = sorted(path.relative_to(run.out) for path in run.out.rglob("*.json"))
    content = json.loads((run.out / good).read_text("utf-8"))
    damages = [
        {"facts": 3},
        {"warnings": [1, 2]},
        {"address": 5},
        {"address": "/\ud800.jpg"},
        {"address": "/other.jpg"},
        {"size_bytes": 10**30},
        {"size_bytes": [1]},
        {"size_bytes": -1},
        {"status": "weird"},
        {"outputs": {}},
        {"outputs": [{**content["outputs"][0], "path": "../../../etc/passwd"}]},
        {"planned": ["/etc/passwd"]},
        {"unknown": 1},
    ]
    for damage in damages:
        (run.out / good).write_text(json.dumps({**content, **damage}), "utf-8")
        kill_ledger(run)
        with closing(open_ledger(str(run.out))) as ledger:
            assert ledger.counts() == {"done": 2}, damage
    (run.out / good).write_text("[" * 10**5, "utf-8")
    kill_ledger(run)
    open_ledger(str(run.out)).close()


def test_a_ledger_elsewhere_belongs_to_one_output_folder(run: Runs, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.sqlite"
    with closing(open_ledger(str(run.out), elsewhere)), pytest.raises(OutputError, match="another batch"):
        open_ledger(str(tmp_path / "out2"), elsewhere)
    with pytest.raises(InputError, match="which is the ledger of"):
        open_ledger(str(tmp_path / "out2"), elsewhere)


def test_a_ledger_can_be_read_in_a_folder_that_cannot_be_written(run: Runs) -> None:
    run()
    before = sorted(run.out.iterdir())
    run.out.chmod(0o500)
    try:
        with ledger_to_look_at(str(run.out)) as ledger:
            assert ledger.counts() == {"done": 3}
    finally:
        run.out.chmod(0o700)
    assert sorted(run.out.iterdir()) == before


def test_photos_of_one_name_are_recognised_when_they_move(run: Runs) -> None:
    tiny_photo(run.photos / "a.png", 5)
    stems = {name: result.stem for name, result in run().items()}
    run.photos = run.photos.rename(run.photos.with_name("elsewhere"))
    assert {name: result.stem for name, result in run().items()} == stems
    assert run.made == []


def test_a_broken_photo_that_is_mended_and_moved_keeps_its_name(run: Runs) -> None:
    (run.photos / "b.jpg").write_bytes(b"no photo")
    run()
    run.photos = run.photos.rename(run.photos.with_name("elsewhere"))
    tiny_photo(run.photos / "b.jpg", 9)
    assert run()["b.jpg"].stem == "b" and run.made == ["b.jpg"]


def test_what_a_ledger_has_lost_is_known_from_receipts(run: Runs) -> None:
    """A power failure may take the ledger's last entries, but not the receipts."""
    run("a.jpg")
    database = sqlite3.connect(run.out / "kbvr.sqlite", isolation_level=None)
    database.execute("DELETE FROM photos")
    database.execute("DELETE FROM outputs")
    database.close()
    result = run("a.jpg")["a.jpg"]
    assert result.is_done and result.is_reused
