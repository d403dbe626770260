"""Things that happen to processes of a test when they open files: the names of photos say what.

A folder with this `sitecustomize.py` on PYTHONPATH is imported by every Python that starts. It hears of each file that
is opened (PEP 578), so that kbvr needs no switch for tests.
"""

from __future__ import annotations

from pathlib import Path

HOOK = """
import os, re, signal, sys, time

LOG, SLOW = os.environ.get("KBVR_TEST_LOG"), os.environ.get("KBVR_TEST_SLOW_FOLDER")

def note(*words):
    if LOG:
        file = os.open(LOG, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
        os.write(file, (" ".join(map(str, words)) + "\\n").encode())
        os.close(file)

def hook(event, arguments):
    if event == "os.rename" and arguments[1].endswith(".json"):
        note("receipt", os.path.basename(arguments[1]))
    if event != "open" or not isinstance(arguments[0], str):
        return
    path, name = arguments[0], os.path.basename(arguments[0])
    if SLOW and path.startswith(SLOW):
        time.sleep(0.05)
    if "/unshared/" in path:
        raise FileNotFoundError(2, "No such file or directory")
    ends = re.fullmatch(r"(SIG[A-Z]+|exit\\d+)(-once)?[.]png", name)
    if ends and not (ends[2] and os.path.exists(path + ".seen")):
        os.close(os.open(path + ".seen", os.O_CREAT | os.O_WRONLY))
        if ends[1].startswith("exit"):
            sys.stderr.write("reason of the exit\\n")
            sys.stderr.flush()
            os._exit(int(ends[1][4:]))
        os.kill(os.getpid(), getattr(signal, ends[1]))
        time.sleep(60)
    if name == "poison.png":
        note("poison")
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(60)
    if name.startswith("hang"):
        note("hang")
        time.sleep(60)
    if name.startswith("seen"):
        note(name, os.getpid(), os.environ.get("CUDA_VISIBLE_DEVICES"), os.environ.get("OMP_NUM_THREADS"))

sys.addaudithook(hook)
access = os.access
os.access = lambda path, *rest: "/unshared/" not in str(path) and access(path, *rest)
"""


def on_open(folder: Path, code: str = HOOK) -> dict[str, str]:
    """Return the environment of processes in which things happen when they open files."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sitecustomize.py").write_text(code, "utf-8")
    return {"PYTHONPATH": str(folder)}
