"""Which file systems this machine has mounted."""

from __future__ import annotations

import os
from pathlib import Path

NETWORK = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "beegfs", "virtiofs")
NETWORK_FUSE = ("sshfs", "rclone", "s3fs", "gcsfuse", "blobfuse", "glusterfs", "davfs")
MOUNTS = Path("/proc/self/mounts")
"""On Linux only."""


def network_file_system(path: str) -> str:
    """Return the kind of the network file system that a real path is on; empty if it is on another, or unknown."""
    try:
        lines = MOUNTS.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return ""
    best, kind = "", ""
    for line in lines:
        _, mounted, name, *_ = line.split(" ")
        folder = mounted.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")
        if len(folder) >= len(best) and f"{path}{os.sep}".startswith(folder.rstrip("/") + "/"):
            best, kind = folder, name
    program = kind.removeprefix("fuse.")
    is_network = kind in NETWORK or (program != kind and program in NETWORK_FUSE)
    return kind if is_network else ""
