"""What an export may use, and whether it may replace files."""

from __future__ import annotations

from typing import ClassVar, Literal

from kbvr.options.declare import OptionGroup, option
from kbvr.options.values import Bytes
from kbvr.system.resources import MAX_THREADS

Profile = Literal["layers", "paper"]
Device = Literal["auto", "cpu", "cuda", "tensorrt", "directml", "coreml", "openvino"]


class RunOptions(OptionGroup):
    """What an export may use, and whether it may replace files."""

    title: ClassVar[str] = "Run"

    overwrite: bool = option(False, "Replace files that already exist.", is_common=True)
    profile: Profile = option(
        "layers",
        "layers: kbvr's own method; paper: the 3D Ken Burns method of 2019, with its authors' networks if you "
        "have them (`python -m export kenburns`).",
    )
    threads: int | None = option(
        None,
        "Number of threads for networks and rendering.",
        least=1,
        most=MAX_THREADS,
        metavar="N",
        unset="one per core",
    )
    max_memory: Bytes | None = option(
        None,
        "About how much memory an export may use, like 2GB; larger photos are made smaller, as --explain says.",
        takes="a size like 2GB or 800MB",
        metavar="SIZE",
        unset="no limit",
        python="int | str",
    )
    device: Device = option(
        "auto",
        "What networks run on. auto: the fastest device that works (see `kbvr doctor`), else the CPU; tensorrt "
        "may take minutes the first time. With kbvr[gpu], auto and cuda also render on an NVIDIA GPU.",
    )
