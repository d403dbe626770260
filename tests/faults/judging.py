"""What is asked of an export that something befalls, and of the one after it."""

from __future__ import annotations

import shutil
from pathlib import Path

from faults.kinds import call_for
from faults.whole import finished, problem_in, unfinished
from faults.zygote import KILL, Ended, Fault, Zygote

LONGEST_LINE = 420
"""Of stderr: the message, and the photo's name before it."""

IN_PARTS = ("comfort",)
"""Kinds whose report comes after the pictures that it tells of, which stay."""


def problem_of_fault(
    call: Zygote, kind: str, given: Path, out: Path, fault: Fault, *, then: bool = True
) -> tuple[str, Ended]:
    """Let a fault befall an export and return what is not as it must be, nothing if all is well, and how it ended.

    Every file under a final name is whole. A process that was not killed ends with 0, or with 2 and one line, leaves
    no unfinished file, and all of its files or none. With `then`, the next export is tried, which has to work.
    """
    shutil.rmtree(out, ignore_errors=True)
    ended = call.call(call_for(kind, given, out, overwrite=False), fault)
    wrong = problem_in(out) or (
        problem_of_end(ended, out, in_parts=kind in IN_PARTS) if ended.code != -9 else _killed(fault)
    )
    if not wrong and then and ended.code != 0:
        after = call.call(call_for(kind, given, out))
        if after.code != 0:
            wrong = f"the next call ended with {after.code} | {after.stderr[-200:]!r}"
        wrong = wrong or problem_in(out)
    return wrong, ended


def problem_of_end(ended: Ended, out: Path, *, in_parts: bool = False) -> str:
    """Return what is wrong with the way in which a process ended that was left alive."""
    lines = ended.stderr.splitlines()
    if ended.code not in (0, 2):
        return f"it ended with {ended.code} | {lines[-1][:200] if lines else ''}"
    if ended.code == 2 and (len(lines) != 1 or not lines[0].startswith("kbvr: ") or len(lines[0]) > LONGEST_LINE):
        return f"{len(lines)} lines on stderr | {ended.stderr[:300]!r}"
    if ended.code == 0 and lines:
        return f"it said something though all went well | {ended.stderr[:300]!r}"
    if unfinished(out):
        return f"unfinished files are left | {[path.name for path in unfinished(out)]}"
    if ended.code == 2 and finished(out) and not in_parts:
        return f"only a part of the files is there | {[path.name for path in finished(out)]}"
    return ""


def _killed(fault: Fault) -> str:
    """Return a problem if a process was killed that nobody meant to."""
    return "" if fault.after_s or fault.error == KILL else "it was killed, and not by us"
