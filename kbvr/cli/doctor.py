"""`kbvr doctor`: the diagnosis as a table or as JSON."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

from kbvr.cli.printing import print_message, warnings_to
from kbvr.errors import escaped

if TYPE_CHECKING:
    from kbvr.doctor import Finding

WORKS, DOES_NOT = 0, 2
"""Exit codes."""

MAX_WIDTH, PIPED_WIDTH = 100, 80
MARKS = {"good": ("ok", "green"), "absent": ("--", "bright_black"), "bad": ("!!", "yellow"), "broken": ("XX", "red")}

LEGEND = "ok works   -- optional, missing   !! needs fixing   XX no videos without it"


def doctor(
    deep: Annotated[
        bool, typer.Option("--deep", help="Also compare the checksums of downloaded networks, which reads them whole.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, and nothing else.")] = False,
) -> int:
    """Test what works on this machine, and show how to fix the rest.

    This runs a network on each device, tries each video encoder and renders a scene. The exit code is 0 if kbvr can
    make videos here, else 2.

    Example: kbvr doctor
    """
    from kbvr.doctor import can_work, diagnose

    if sys.stderr.isatty() and not as_json:
        print_message("testing; this takes a few seconds ...")
    with warnings_to(print_message):
        findings = diagnose(deep=deep)
    works = can_work(findings)
    if as_json:
        entries = [asdict(finding) for finding in findings]
        typer.echo(json.dumps({"works": works, "findings": entries}, indent=2, allow_nan=False))
    else:
        width = min(shutil.get_terminal_size().columns, MAX_WIDTH) if sys.stdout.isatty() else PIPED_WIDTH
        for line in table(findings, width):
            typer.echo(line)
    return WORKS if works else DOES_NOT


def table(findings: Sequence[Finding], width: int) -> Iterator[str]:
    """Yield the lines of the diagnosis, at most `width` columns wide, except remedies, which can be copied whole."""
    yield _verdict(findings)
    name_width = max(len(finding.what) for finding in findings)
    indent = " " * (name_width + 7)
    for section, rows in groupby(findings, key=lambda finding: finding.section):
        yield ""
        yield typer.style(section, bold=True)
        for finding in rows:
            mark, colour = MARKS[finding.state]
            first, *more = textwrap.wrap(escaped(finding.found), max(20, width - len(indent))) or [""]
            yield f"  {typer.style(mark, fg=colour, bold=True)} {finding.what:{name_width}}  {first}"
            yield from (indent + line for line in more)
            if finding.remedy:
                yield f"{indent}-> {escaped(finding.remedy)}"
    yield ""
    yield LEGEND


def _verdict(findings: Sequence[Finding]) -> str:
    broken = [finding.what for finding in findings if finding.state == "broken"]
    bad = [finding.what for finding in findings if finding.state == "bad"]
    if broken:
        return typer.style(f"kbvr cannot make videos here: see {', '.join(broken)}.", fg="red", bold=True)
    if bad:
        return typer.style(f"kbvr works here, with problems: see {', '.join(bad)}.", fg="yellow", bold=True)
    return typer.style("kbvr works here.", fg="green", bold=True)
