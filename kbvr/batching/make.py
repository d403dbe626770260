"""Export one photo of a batch: the unit of work, which any process on any machine may do, and do again."""

from __future__ import annotations

import hashlib
import os
import socket
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from time import monotonic
from typing import Any

from kbvr import pipeline
from kbvr.batching.gallery import GALLERY, gallery_files
from kbvr.batching.memory_need import USUAL_PX, export_bytes_for, export_bytes_of
from kbvr.batching.options_hash import given_options
from kbvr.batching.peak_memory import peak_bytes, reset_peak
from kbvr.batching.photo_hash import photo_sha256
from kbvr.batching.places import Place, local_photo, place_of
from kbvr.batching.receipts import has_outputs, read_receipt, receipt_path, write_receipt
from kbvr.batching.source import is_remote
from kbvr.batching.task import OutputFile, PhotoResult, Task
from kbvr.errors import KbvrError, OptionsError, OutOfMemoryError, OutputError, escaped, shortened
from kbvr.options.export_options import flag_of
from kbvr.system.atomic_file import DEVICE_ERRORS
from kbvr.system.logged_warnings import logged_warnings
from kbvr.system.resources import is_out_of_memory


class BatchStoppedError(OutputError):
    """The outputs of no photo can be written any more: the disk is full, broken or gone."""


def make(task: Task) -> PhotoResult:
    """Export a photo and write its receipt, unless a valid receipt says that this has been done.

    Raises:
        BatchStoppedError: if nothing can be written to the output folder any more.
    """
    start_s = monotonic()
    reset_peak()
    place = place_of(task.out)
    begun = PhotoResult(
        address=task.source.address,
        status="started",
        folder=task.source.folder,
        stem=task.stem,
        planned=task.planned,
        size_bytes=task.source.size_bytes,
        stamp=task.source.stamp,
        options=given_options(task.options),
        options_hash=task.options_hash,
        kbvr_version=version("kbvr"),
        worker=f"{socket.gethostname()}:{os.getpid()}",
    )
    with logged_warnings(_naming(task), about=task.source.address) as warnings:
        found = _made(task, place, begun)
    times: dict[str, Any] = {
        "seconds": round(monotonic() - start_s, 3),
        "ended_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    end: dict[str, Any] = {"status": "done", "peak_bytes": peak_bytes(), "warnings": tuple(warnings), **times}
    result = replace(begun, **end | found)
    if not result.is_reused:
        with _disk_errors_stop(task):
            _note_end(place, task, result)
    return result


def _note_end(place: Place, task: Task, result: PhotoResult) -> None:
    """Write the receipt of a photo that is done; one that has failed and left nothing has none."""
    if result.is_done:
        write_receipt(place, task.key, result)
    elif not any(place.size_bytes(path) is not None for path in task.planned):
        place.remove(receipt_path(task.key))


def needed_bytes(task: Task) -> int:
    """Return about how much memory the export of a photo takes; a photo at a URL counts as a usual one."""
    if is_remote(task.source.address):
        return export_bytes_for(USUAL_PX, task.options)
    return export_bytes_of(Path(task.source.address), task.options)


def _made(task: Task, place: Place, begun: PhotoResult) -> dict[str, Any]:
    """Return the fields of the result that depend on whether it succeeded."""
    digest = ""
    try:
        with local_photo(task.source) as path:
            digest = photo_sha256(path)
            receipt = None if task.is_forced else read_receipt(place, task.key)
            if receipt is not None and _is_valid(receipt, task, digest) and has_outputs(place, receipt.outputs):
                return _fields_of(receipt) | {"is_reused": True}
            with _disk_errors_stop(task):
                write_receipt(place, task.key, begun)
                with place.written() as root:
                    return _exported(path, root, task, digest)
    except BatchStoppedError:
        raise
    except Exception as error:  # noqa: BLE001  a bug in one photo does not stop the others
        return {"status": "failed", "sha256": digest} | _failure(error, task)


def _exported(path: Path, root: Path, task: Task, digest: str) -> dict[str, Any]:
    options = task.options.model_copy(update={"overwrite": True, "max_memory": task.max_bytes})
    report = pipeline.export_photo(path, root / task.source.folder, options, stem=task.stem)
    outputs = [
        _output_file(file, root, written.output, written.item.format, written.item.packing)
        for written in report.written
        for file in (written.file.path, *written.file.beside)
    ]
    facts: dict[str, Any] = {}
    if task.has_gallery:
        shown, facts = gallery_files(path, root, task, report)
        outputs += [_output_file(file, root, GALLERY, GALLERY, "mono") for file in shown]
    fields = {"sha256": digest, "outputs": tuple(outputs), "networks": report.networks, "facts": facts}
    if report.failed:
        texts = [f"{failure.output}: {_text(failure.error, task)}" for failure in report.failed]
        fields |= {"status": "failed", "error": shortened(escaped("; ".join(texts)))}
    return fields


def _output_file(path: Path, root: Path, output: str, form: str, packing: str) -> OutputFile:
    """Describe a file that was written, and see it onto the disk."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        size_bytes = file.tell()
        os.fsync(file.fileno())
    relative = Path(os.path.abspath(path)).relative_to(os.path.abspath(root)).as_posix()  # noqa: PTH100  keeps links
    return OutputFile(relative, output, form, packing, size_bytes, digest)


def _is_valid(receipt: PhotoResult, task: Task, digest: str) -> bool:
    expected = (task.source.address, digest, task.options_hash, task.source.folder, task.stem)
    found = (receipt.address, receipt.sha256, receipt.options_hash, receipt.folder, receipt.stem)
    return receipt.is_done and found == expected and (bool(receipt.facts) or not task.has_gallery)


def _fields_of(receipt: PhotoResult) -> dict[str, Any]:
    names = ("outputs", "sha256", "networks", "facts", "kbvr_version", "seconds", "peak_bytes", "worker", "ended_at")
    return {name: getattr(receipt, name) for name in (*names, "warnings")}


def _naming(task: Task) -> Callable[[str], str]:
    return flag_of if task.shows_flags else str


def _text(error: Exception, task: Task) -> str:
    """Return the message of an error, with its options called what the task says."""
    return error.text.naming(_naming(task)) if isinstance(error, OptionsError) else str(error)


def _failure(error: Exception, task: Task) -> dict[str, Any]:
    """Return the message of an error; a bug carries its traceback."""
    message = escaped(_text(error, task)).removeprefix(f"{escaped(task.source.address)}: ")
    if isinstance(error, KbvrError):
        return {"error": shortened(message)}
    if is_out_of_memory(error):
        return {"error": "not enough memory, threads or open files"}
    text = f"this is a bug in kbvr: {type(error).__name__}: {message}"
    return {"error": shortened(text), "is_bug": True, "traceback": "".join(traceback.format_exception(error))}


@contextmanager
def _disk_errors_stop(task: Task) -> Iterator[None]:
    """Raise BatchStoppedError for an error of a disk that no photo's outputs can be written to any more."""
    try:
        yield
    except OutOfMemoryError:
        raise
    except (OutputError, OSError) as error:
        cause = error if isinstance(error, OSError) else error.__cause__
        if isinstance(cause, OSError) and cause.errno in DEVICE_ERRORS:
            raise BatchStoppedError(f"cannot write to {task.out}: {cause.strerror}") from error
        raise
