"""`python -m kbvr` is `kbvr`."""

from __future__ import annotations

import sys

from kbvr.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
