"""The export of several projects at once: a batch with its ledger, in a folder of its own."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

from filelock import FileLock, Timeout

from kbvr.batching.api import prepared, results_of
from kbvr.batching.batch import Batch, OwnOptions
from kbvr.batching.local_workers import LocalWorkers
from kbvr.batching.opening import open_ledger
from kbvr.batching.options_hash import hash_of
from kbvr.batching.run_options import PHOTO_LIMIT_S
from kbvr.batching.shares import shares_of
from kbvr.batching.source import Source
from kbvr.batching.task import PhotoResult
from kbvr.errors import InputError, KbvrError, counted
from kbvr.studio.exporting.export import Export, MadeFile, PhotoProgress, PhotoToExport
from kbvr.studio.exporting.export_process import CancelledError, ExportProcess
from kbvr.studio.exporting.interrupted import STUDIO_LOCK
from kbvr.studio.option_texts import parsed
from kbvr.system.input_file import sha256_of_input

_log = logging.getLogger(__name__)

LOOK_S = 0.2
DEPTH = ("depth", "depth_kind")


@dataclass(frozen=True)
class BatchExport:
    """The same outputs of several photos."""

    photos: tuple[PhotoToExport, ...]
    folder: Path
    """Where everything goes, an absolute path; it may exist if the batch goes on."""

    options: tuple[Mapping[str, str], ...] = ()
    """The options of each photo as texts, which make the same outputs; those of the export if there are none."""

    lock: FileLock = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        lock = FileLock(self.folder / STUDIO_LOCK, thread_local=False)  # the queue's thread releases it
        object.__setattr__(self, "lock", lock)

    @property
    def history(self) -> Path:
        """The folder whose list of exports it belongs to."""
        return self.folder

    def hold(self) -> None:
        """Let other studios know that the batch is waiting, until it is let go.

        Raises:
            InputError: if another studio makes it, or will.
        """
        path = Path(self.lock.lock_file)
        try:
            path.parent.mkdir(exist_ok=True)
            self.lock.acquire(timeout=0)
        except Timeout:
            raise InputError("These photos are being exported by another kbvr studio.") from None
        except OSError as error:
            _log.debug("%s: not locked: %s", path, error)  # making the batch says why

    def let_go(self) -> None:
        """Let other studios make it."""
        self.lock.release()

    def discard(self) -> None:
        """Remove what was kept for the export."""
        for photo in self.photos:
            photo.discard()

    def run(self, export: Export, process: ExportProcess, changed: Callable[[], None]) -> None:
        """Make what is not done yet, and note how far the photos are.

        A photo that fails does not stop the others.

        Raises:
            KbvrError: if an option cannot be used, or nothing can be written to the folder.
            CancelledError: if the export was cancelled.
        """
        del process  # the workers of batches are processes of their own
        own = self._own_options(export)
        batch = prepared(Batch(str(self.folder), parsed(export.options), retries_failed=True, own_options=own))
        by_address = {str(photo.file): photo for photo in self.photos}
        workers = LocalWorkers(shares_of(batch.options, None), limit_s=PHOTO_LIMIT_S)
        progress = BatchProgress(export, by_address, changed)
        ended = Event()
        watcher = Thread(target=_watch, args=(export.cancelled, ended, workers, progress), daemon=True)
        with closing(open_ledger(batch.out)) as ledger:
            watcher.start()
            try:
                for result in results_of(batch, map(_source, by_address), ledger, workers):
                    progress.add(result)
            finally:
                ended.set()
                watcher.join()
        if export.cancelled.is_set():
            raise CancelledError
        progress.end()

    def _own_options(self, export: Export) -> dict[str, OwnOptions]:
        options = self.options or (export.options,) * len(self.photos)
        return {str(photo.file): _own(photo, texts) for photo, texts in zip(self.photos, options, strict=True)}


class BatchProgress:
    """What is known about the photos of a running batch; two threads write it, and each entry only once."""

    def __init__(self, export: Export, photos: Mapping[str, PhotoToExport], changed: Callable[[], None]) -> None:
        self._export, self._changed = export, changed
        self._entries = {
            address: PhotoProgress(photo.project, os.path.basename(address))  # noqa: PTH119  a text
            for address, photo in photos.items()
        }
        self._files: dict[str, tuple[MadeFile, ...]] = {}
        export.photos = tuple(self._entries.values())
        self._tell()

    def add(self, result: PhotoResult) -> None:
        """Note the result of a photo."""
        entry = self._entries[result.address]
        entry.state, entry.problem = ("done" if result.is_done else "failed"), result.error
        self._files[result.address] = tuple(
            MadeFile(output.path, output.format, output.size_bytes) for output in result.outputs
        )
        self._export.files = tuple(file for address in self._entries for file in self._files.get(address, ()))
        self._tell()

    def look(self, current: tuple[str, ...]) -> None:
        """Note which photos are being made."""
        begun = [self._entries[address] for address in current if self._entries[address].state == "waiting"]
        for entry in begun:
            entry.state = "running"
        if begun:
            self._tell()

    def end(self) -> None:
        """Say what failed.

        Raises:
            AllFailedError: if no photo could be made.
        """
        failed = [entry for entry in self._entries.values() if entry.state == "failed"]
        if not failed:
            return
        if len(failed) == len(self._entries):
            raise AllFailedError(f"{failed[0].name}: {failed[0].problem}")
        self._export.problem = f"{counted(len(failed), 'photo')} could not be exported."

    def _tell(self) -> None:
        done = sum(entry.state in ("done", "failed") for entry in self._entries.values())
        self._export.stage = f"{done} of {counted(len(self._entries), 'photo')}"
        self._export.share = done / len(self._entries)
        self._changed()


class AllFailedError(KbvrError):
    """No photo of a batch could be made."""


def _own(photo: PhotoToExport, texts: Mapping[str, str]) -> OwnOptions:
    """Return a photo's options; the hash is that of its depth's content, since each export has its own copy."""
    given = photo.with_depth(texts)
    digest = hash_of(parsed({name: text for name, text in given.items() if name not in DEPTH}), has_gallery=False)
    if photo.depth is not None:
        digest += f" {photo.depth_kind} {sha256_of_input(photo.depth, 'a depth file')}"
    return OwnOptions(parsed(given), digest)


def _watch(cancelled: Event, ended: Event, workers: LocalWorkers, progress: BatchProgress) -> None:
    """Note which photos are being made, and stop the workers when the export is cancelled."""
    while not ended.wait(LOOK_S):
        if cancelled.is_set():
            workers.stop()
            return
        progress.look(workers.current)


def _source(address: str) -> Source:
    """Return a photo as a source; one that is gone fails when it is read."""
    try:
        facts = os.stat(address)  # noqa: PTH116  a text
    except OSError:
        return Source(address)
    return Source(address, "", facts.st_size, str(facts.st_mtime_ns))
