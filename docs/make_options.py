"""Generate docs/options.md and the typed keywords of kbvr.export from the declared options.

python docs/make_options.py
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from kbvr.cli.batch_options import BatchOptions, WatchOptions
from kbvr.cli.call_options import CallOptions
from kbvr.options.declare import Declared
from kbvr.options.export_options import GROUPS, declared

ROOT = Path(__file__).parents[1]
PAGE, KEYWORDS = "docs/options.md", "kbvr/options/keywords.py"

INTRODUCTION = """\
# All options

Every option of `kbvr export`, with its flag and its name in Python (`kbvr.export`). Python also accepts values written
as on the command line: `1920x1080`, `2GB`, or a comma-separated string instead of a list. `kbvr export --help-all`
prints the same. `kbvr batch` and `kbvr watch` have nearly all of them too, and their own, which are at the end.

## Configuration files and presets

Two files set options: `kbvr.toml` in the working folder, and the one in kbvr's configuration folder (`~/.config/kbvr`
on Linux, `~/Library/Application Support/kbvr` on macOS, `%LOCALAPPDATA%\\kbvr` on Windows, or `$KBVR_HOME` if it is
set). The working folder takes precedence over the configuration folder, and the command line over both. The keys are
flags or Python names. Options that do not fit a call are ignored in it. Every switch can be turned off, as in
`--no-wiggle`. `overwrite` can only be given on the command line.

```toml
layout = "tb"
max-memory = "4GB"

[preset.mine]
wiggle = true
max-kb = 500
```

`--preset mine` then means `--wiggle --max-kb 500`. The built-in presets are `quest`, `youtube-vr180`, `tv-3d`, `blog`,
`instagram` (4:5), `story` (9:16) and `looking-glass`.
"""


def page() -> str:
    """Return docs/options.md."""
    parts = [INTRODUCTION]
    for group in (GROUPS[0], CallOptions, *GROUPS[1:]):
        rows = [_row(option, has_keyword=group is not CallOptions) for option in group.declared()]
        parts.append(f"## {group.heading()}\n\n| flag | in Python | effect |\n|---|---|---|\n" + "\n".join(rows) + "\n")
    return "\n".join([*parts, *_other_commands()])


def _other_commands() -> Iterator[str]:
    """Yield the tables of what `kbvr batch` and `kbvr watch` have besides the options of exports."""
    described = {option.name for option in CallOptions.declared()} - {"out"}
    for command, group in (("batch", BatchOptions), ("watch", WatchOptions)):
        options = [option for option in group.declared() if option.name not in described]
        described |= {option.name for option in options}
        rows = [f"| {_flags(option)} | {_effect(option)} |" for option in options]
        yield f"## `kbvr {command}`\n\n| flag | effect |\n|---|---|\n" + "\n".join(rows) + "\n"


def _row(option: Declared, *, has_keyword: bool) -> str:
    return f"| {_flags(option)} | {f'`{option.name}`' if has_keyword else ''} | {_effect(option)} |"


def _flags(option: Declared) -> str:
    flags = " ".join(f"`{flag}`" for flag in (option.short, option.flag, option.off_flag) if flag)
    return f"{flags} {option.metavar}".rstrip().replace("|", "\\|")


def _effect(option: Declared) -> str:
    return f"{option.help} {option.default_note}".strip().replace("|", "\\|")


def keywords() -> str:
    """Return kbvr/options/keywords.py, before formatting."""
    fields = "\n".join(f"    {option.name}: {option.python_type}" for option in declared())
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
