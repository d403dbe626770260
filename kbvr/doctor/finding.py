"""One line of the diagnosis."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["good", "absent", "bad", "broken"]
"""good: it works. absent: optional and not installed. bad: it should work, but does not. broken: it does not work, and
kbvr cannot make videos without it."""

REINSTALL = "pip install --force-reinstall kbvr"


@dataclass(frozen=True)
class Finding:
    """One line of the diagnosis."""

    section: str
    what: str
    state: State
    found: str
    remedy: str = ""
    """A command or advice that fixes it; empty only if the state is good."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    """The finding as JSON values."""


def can_work(findings: Iterable[Finding]) -> bool:
    """Return whether kbvr can make videos on this machine."""
    return all(finding.state != "broken" for finding in findings)


def gigabytes(size_bytes: int) -> str:
    """Return a size in words."""
    return f"{size_bytes / 1e9:.1f} GB"
