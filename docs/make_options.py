"""Write what follows from the declared options: docs/options.md, and the typed keywords of kbvr.export.

python docs/make_options.py
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from kbvr.cli.call_options import CallOptions
from kbvr.options.declare import Declared
from kbvr.options.export_options import GROUPS, declared

ROOT = Path(__file__).parents[1]
PAGE, KEYWORDS = "docs/options.md", "kbvr/options/keywords.py"

INTRODUCTION = """\
# All options

Every option of `kbvr export`, by its flag, and by its name in Python (`kbvr.export`). Where a list is taken, a text
with commas works too, and texts such as `1920x1080` or `2GB` work in Python too. `kbvr export --help-all` prints
the same.

## Files of options and presets

`kbvr.toml` in the working folder, then the one in kbvr's configuration folder (`~/.config/kbvr` on Linux,
`~/Library/Application Support/kbvr` on macOS, `%LOCALAPPDATA%\\kbvr` on Windows; or `$KBVR_HOME`), set options by the
names of their flags or by their names in Python. The command line wins over both, and options of a file that do not go
with a call are left out of it. Every switch can be turned off, as in `--no-wiggle`. `overwrite` cannot stand in a file.

```toml
layout = "tb"
max-memory = "4GB"

[preset.mine]
wiggle = true
max-kb = 500
```

`--preset mine` then means `--wiggle --max-kb 500`. Built in are `quest`, `youtube-vr180`, `tv-3d`, `blog`, `instagram`
(4:5), `story` (9:16) and `looking-glass`.
"""


def page() -> str:
    """Return docs/options.md."""
    parts = [INTRODUCTION]
    for group in (GROUPS[0], CallOptions, *GROUPS[1:]):
        rows = [_row(one, has_keyword=group is not CallOptions) for one in group.declared()]
        parts.append(
            f"## {group.heading()}\n\n| flag | in Python | what it does |\n|---|---|---|\n" + "\n".join(rows) + "\n"
        )
    return "\n".join(parts)


def _row(one: Declared, *, has_keyword: bool) -> str:
    flags = " ".join(f"`{flag}`" for flag in (one.short, one.flag, one.off_flag) if flag)
    value = f" {one.metavar}".replace("|", "\\|") if one.metavar else ""
    says = f"{one.help} {one.default_note}".strip().replace("|", "\\|")
    return f"| {flags}{value} | {f'`{one.name}`' if has_keyword else ''} | {says} |"


def keywords() -> str:
    """Return kbvr/options/keywords.py, before it is laid out."""
    fields = "\n".join(f"    {one.name}: {one.python_type}" for one in declared())
    return f'''"""The keywords of `kbvr.export`, for editors and type checkers; made by docs/make_options.py."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import Literal, TypedDict

from kbvr.motion.crop import Crop
from kbvr.motion.path_names import Steps


class ExportKeywords(TypedDict, total=False):
    """Every option of an export; docs/options.md says what each does. Texts are read as on the command line."""

{fields}
'''


if __name__ == "__main__":
    (ROOT / PAGE).write_text(page(), "utf-8")
    (ROOT / KEYWORDS).write_text(keywords(), "utf-8")
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", str(ROOT / KEYWORDS)], check=True)
