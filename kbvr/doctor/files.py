"""Check the built-in and downloaded network files, and their folder."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from tempfile import TemporaryFile

from kbvr.doctor.finding import REINSTALL, Finding, State, gigabytes
from kbvr.nets import BUILT_IN, Card, card_of, known_cards
from kbvr.nets.model_card import models_folder

MIN_FREE_BYTES = 500_000_000
"""Twice the size of the larger networks that can be downloaded."""

SECTION = "Network files"


def network_findings(*, deep: bool) -> tuple[Finding, ...]:
    """Return which networks are installed; the checksums of built-in ones are always verified."""
    rows = [_network_finding(card_of(name), verify=True, built_in=True) for name in BUILT_IN]
    others = [card for name, card in known_cards().items() if name not in BUILT_IN]
    rows += [_network_finding(card, verify=deep, built_in=False) for card in others if card.is_installed]
    missing = [card.name for card in others if not card.is_installed]
    if missing:
        remedy = f"kbvr models pull {missing[0] if len(missing) == 1 else 'NAME'}"
        rows.append(Finding(SECTION, "not installed", "absent", ", ".join(missing), remedy, {"names": missing}))
    known = {card.path for card in others}
    unknown = sorted(path.name for path in _networks_in(models_folder()) if path not in known)
    if unknown:
        rows.append(Finding(SECTION, "others", "good", ", ".join(unknown), "", {"files": unknown}))
    return tuple(rows)


def folder_finding(folder: Path) -> Finding:
    """Return whether networks can be downloaded into a folder, which need not exist yet."""
    remedy = "set KBVR_HOME to a folder that you may write to"
    try:
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        free_bytes = shutil.disk_usage(existing).free
    except OSError as error:
        unknown = {"folder": str(folder), "free_bytes": None, "writable": False}
        return Finding(SECTION, "folder", "bad", f"{folder} cannot be accessed: {error.strerror}", remedy, unknown)
    facts = {"folder": str(folder), "free_bytes": free_bytes, "writable": existing.is_dir() and _is_writable(existing)}
    found = f"{folder}, {gigabytes(free_bytes)} free"
    if not facts["writable"]:
        return Finding(SECTION, "folder", "bad", f"{folder} cannot be written to", remedy, facts)
    if free_bytes < MIN_FREE_BYTES:
        remedy = "free some space, or set KBVR_HOME to a folder on another disk"
        return Finding(SECTION, "folder", "bad", found, remedy, facts)
    return Finding(SECTION, "folder", "good", found, "", facts)


def _network_finding(card: Card, *, verify: bool, built_in: bool) -> Finding:
    facts = {"name": card.name, "file": str(card.path), "checked": verify}
    state: State = "broken" if built_in else "bad"
    remedy = REINSTALL if built_in else f"kbvr models rm {card.name} && kbvr models pull {card.name}"
    try:
        content = card.path.read_bytes() if verify else b""
        size_bytes = card.path.stat().st_size
    except OSError as error:
        return Finding(SECTION, card.name, state, f"{card.path}: {error.strerror}", remedy, facts)
    facts["bytes"] = size_bytes
    if verify and hashlib.sha256(content).hexdigest() != card.sha256:
        return Finding(SECTION, card.name, state, "wrong checksum", remedy, facts)
    checksum = "checksum verified" if verify else "checksum not verified (use --deep)"
    return Finding(SECTION, card.name, "good", f"{size_bytes / 1e6:.1f} MB, {checksum}", "", facts)


def _networks_in(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.suffix == ".onnx"]
    except OSError:  # missing, or may not be entered
        return []


def _is_writable(folder: Path) -> bool:
    """Return whether a file can be made in a folder; its permissions do not tell, because a disk may be read-only."""
    try:
        with TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
