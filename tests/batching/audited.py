"""Things that happen to processes of a test when they open files: the names of photos say what.

A folder with this `sitecustomize.py` on PYTHONPATH is imported by every Python that starts. It hears of each file that
is opened (PEP 578), so that kbvr needs no switch for tests.
"""

from __future__ import annotations

from pathlib import Path

ON_OPEN = """
import os, re, signal, sys, time

def hook(event, arguments):
    if event != "open" or not isinstance(arguments[0], str):
        return
    name = os.path.basename(arguments[0])
    ends = re.fullmatch(r"(SIG[A-Z]+|exit\\d+)(-once)?[.]png", name)
    if ends and not (ends[2] and os.path.exists(arguments[0] + ".seen")):
        os.close(os.open(arguments[0] + ".seen", os.O_CREAT | os.O_WRONLY))
        if ends[1].startswith("exit"):
            sys.stderr.write("reason of the exit\\n")
            sys.stderr.flush()
            os._exit(int(ends[1][4:]))
        os.kill(os.getpid(), getattr(signal, ends[1]))
        time.sleep(60)
    if name.startswith("hang"):
        time.sleep(60)
    if name.startswith("slow"):
        time.sleep(0.5)

sys.addaudithook(hook)
"""


def on_open(folder: Path, code: str = ON_OPEN) -> dict[str, str]:
    """Return the environment of processes in which things happen when they open files."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sitecustomize.py").write_text(code, "utf-8")
    return {"PYTHONPATH": str(folder)}
