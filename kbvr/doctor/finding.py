"""One line of the diagnosis."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["good", "absent", "bad", "broken"]
"""good: it works. absent: it is not here, and kbvr works without. bad: it should work, and does not. broken: without it
kbvr makes no video."""

REINSTALL = "pip install --force-reinstall kbvr"


@dataclass(frozen=True)
class Finding:
    """One line of the diagnosis."""

    section: str
    what: str
    state: State
    found: str
    remedy: str = ""
    """The command that mends it, or what else does; empty only if it is good."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    """The same for a program: numbers and words that JSON can hold."""


def can_work(findings: Iterable[Finding]) -> bool:
    """Tell whether kbvr can make a video with what was found."""
    return all(finding.state != "broken" for finding in findings)


def gigabytes(size_bytes: int) -> str:
    """Return a size in words."""
    return f"{size_bytes / 1e9:.1f} GB"
