"""The program `kbvr`, and `python -m kbvr`.

Until the command line is imported, Ctrl-C ends the process silently, without Python's traceback.
"""

from __future__ import annotations

import signal
import sys


def main() -> int:
    """Run the command line of this process and return its exit code."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # background jobs ignore it, which must stay so
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from kbvr.cli.main import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
