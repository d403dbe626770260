"""The network files: those that ship with kbvr, those that were fetched, and the folder of these."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from tempfile import TemporaryFile

from kbvr.doctor.finding import REINSTALL, Finding, State, gigabytes
from kbvr.nets import BUILT_IN, Card, card_of, known_cards
from kbvr.nets.model_card import models_folder

LEAST_FREE_BYTES = 500_000_000
"""The larger networks that can be fetched need half of this."""

SECTION = "Network files"


def network_findings(*, deep: bool) -> tuple[Finding, ...]:
    """Return which networks are here; those that ship with kbvr are always compared with their sums."""
    rows = [_network_finding(card_of(name), checked=True, ships=True) for name in BUILT_IN]
    fetched = [card for name, card in known_cards().items() if name not in BUILT_IN]
    rows += [_network_finding(card, checked=deep, ships=False) for card in fetched if card.is_here]
    lacking = [card.name for card in fetched if not card.is_here]
    if lacking:
        said = f"better or other networks, not here: {', '.join(lacking)}"
        remedy = f"kbvr models pull {lacking[0] if len(lacking) == 1 else 'NAME'}"
        rows.append(Finding(SECTION, "to fetch", "absent", said, remedy, {"names": lacking}))
    known = {card.path for card in fetched}
    others = sorted(path.name for path in _networks_in(models_folder()) if path not in known)
    if others:
        rows.append(Finding(SECTION, "others", "good", ", ".join(others), "", {"files": others}))
    return tuple(rows)


def folder_finding(folder: Path) -> Finding:
    """Return whether networks can be fetched into a folder; it need not be there yet."""
    remedy = "set KBVR_HOME to a folder that you may write to"
    try:
        there = next(place for place in (folder, *folder.parents) if place.exists())
        free_bytes = shutil.disk_usage(there).free
    except OSError as error:
        nothing = {"folder": str(folder), "free_bytes": None, "writable": False}
        return Finding(SECTION, "folder", "bad", f"{folder} cannot be entered: {error.strerror}", remedy, nothing)
    facts = {"folder": str(folder), "free_bytes": free_bytes, "writable": there.is_dir() and _is_writable(there)}
    said = f"{folder}, {gigabytes(free_bytes)} free"
    if not facts["writable"]:
        return Finding(SECTION, "folder", "bad", f"{folder} cannot be written to", remedy, facts)
    if free_bytes < LEAST_FREE_BYTES:
        remedy = "free some space, or set KBVR_HOME to a folder on another disk"
        return Finding(SECTION, "folder", "bad", said, remedy, facts)
    return Finding(SECTION, "folder", "good", said, "", facts)


def _network_finding(card: Card, *, checked: bool, ships: bool) -> Finding:
    facts = {"name": card.name, "file": str(card.path), "checked": checked}
    state: State = "broken" if ships else "bad"
    mend = REINSTALL if ships else f"kbvr models rm {card.name} && kbvr models pull {card.name}"
    try:
        content = card.path.read_bytes() if checked else b""
        size_bytes = card.path.stat().st_size
    except OSError as error:
        return Finding(SECTION, card.name, state, f"{card.path}: {error.strerror}", mend, facts)
    facts["bytes"] = size_bytes
    if checked and hashlib.sha256(content).hexdigest() != card.sha256:
        return Finding(SECTION, card.name, state, "the file is not the one on its card", mend, facts)
    how = "as on its card" if checked else "its content was not checked (--deep)"
    return Finding(SECTION, card.name, "good", f"{size_bytes / 1e6:.1f} MB, {how}", "", facts)


def _networks_in(folder: Path) -> list[Path]:
    """Return the network files in a folder, none if it may not be entered."""
    try:
        return [path for path in folder.iterdir() if path.suffix == ".onnx"]
    except OSError:
        return []


def _is_writable(folder: Path) -> bool:
    """Tell whether a file can be made there: asking for permissions does not see read-only disks."""
    try:
        with TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
