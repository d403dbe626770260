"""What an export may use, and whether it may replace files."""

from __future__ import annotations

from typing import Literal

from kbvr.options.declare import OptionGroup, option
from kbvr.options.values import Bytes
from kbvr.system.resources import MAX_THREADS

Profile = Literal["layers", "paper"]
Device = Literal["auto", "cpu", "cuda", "tensorrt", "directml", "coreml", "openvino"]


class RunOptions(OptionGroup, title="Method and machine"):
    """What an export may use, and whether it may replace files."""

    overwrite: bool = option(False, "Replace files that already exist.", is_common=True)
    keep_gps: bool = option(
        False,
        "Keep the photo's GPS position in the outputs. It is removed by default, because it may reveal a home address.",
    )
    profile: Profile = option(
        "layers",
        "The method. layers: kbvr's own; paper: the 2019 3D Ken Burns method, with its authors' networks if you have "
        "them (`python -m export kenburns`).",
    )
    threads: int | None = option(
        None,
        "Number of threads for networks and rendering.",
        between=(1, MAX_THREADS),
        metavar="N",
        default_text="one per core",
    )
    max_memory: Bytes | None = option(
        None,
        "Approximate memory limit, like 2GB. Photos that need more are scaled down; --explain says so.",
        accepts="a size like 2GB or 800MB",
        metavar="SIZE",
        default_text="no limit",
        python_type="int | str",
    )
    device: Device = option(
        "auto",
        "The device that networks run on. auto: the fastest that works (see `kbvr doctor`); tensorrt: may take "
        "minutes the first time. With kbvr[gpu], auto, cuda and tensorrt also render on an NVIDIA GPU.",
    )
