"""What onnxruntime can run networks on, and why something of it cannot be used here.

Everything is probed before onnxruntime is asked: asked for what it cannot load, it writes C++ errors to stderr.
"""

from __future__ import annotations

import io
import logging
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

import platformdirs

from kbvr.errors import InputError
from kbvr.nets.onnxruntime_loader import onnxruntime
from kbvr.system import cuda_driver as cuda

Options = Mapping[str, str]

CPU = "CPUExecutionProvider"
CUDA_WHEELS = 'pip install "kbvr[cuda]"'

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Problem:
    """Why something cannot be used."""

    reason: str
    remedy: str = ""
    """The command that mends it, or what else does."""

    surprising: bool = False
    """Whether a person would expect it to work here, since the hardware for it is there."""

    def __str__(self) -> str:
        return f"{self.reason} ({self.remedy})" if self.remedy else self.reason


@dataclass(frozen=True)
class Provider:
    """One way to run networks, in the words of kbvr and of onnxruntime."""

    device: str
    """What --device calls it."""

    title: str
    execution_provider: str
    probe: Callable[[], Problem | None]
    """Tells what speaks against it without a word to onnxruntime's C++."""

    choices: Callable[[int], tuple[Options, ...]]
    """Sets of options for a number of threads, tried in order until one of them runs something."""

    in_auto: int
    """How many of the choices `auto` tries."""

    promises: bool = True
    """Whether a probe without a complaint means that there is hardware for it."""

    bound_to: str | None = None
    """onnxruntime's name of the memory that inputs and outputs are bound to, None for no binding."""

    one_at_a_time: bool = False
    """Whether a session must not be run by two threads at once."""


def cuda_options(threads: int) -> tuple[Options, ...]:
    """Return how networks run on CUDA.

    Pictures differ in size, and cuDNN's exhaustive search would start again for each size: its heuristic is used.
    Memory grows by what is asked for and not by doubling. TF32 lets convolutions run on tensor cores: its mantissa has
    the 10 bits of fp16 and its range is fp32's, so nothing overflows and no second file is needed. The CUDA provider
    has no switch that runs an fp32 graph in fp16: that takes another graph (`kbvr.nets.fp16_session`).
    """
    del threads
    return ({"cudnn_conv_algo_search": "HEURISTIC", "arena_extend_strategy": "kSameAsRequested", "use_tf32": "1"},)


def tensorrt_options(threads: int) -> tuple[Options, ...]:
    """Return how networks run on TensorRT: in fp16 where it finds that faster, engines kept where that can be."""
    del threads
    try:
        folder = engines_folder()
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError) as error:  # RuntimeError: a user without a home
        logger.warning("engines of TensorRT cannot be kept, so each run builds them anew: %s", error)
        return ({"trt_fp16_enable": "1"},)
    kept = {f"trt_{what}_cache_{part}": value for what in ("engine", "timing") for part, value in _kept(folder)}
    return ({"trt_fp16_enable": "1", **kept},)


def openvino_options(threads: int) -> tuple[Options, ...]:
    """Return how networks run on OpenVINO: on Intel's GPU, else on the CPU with so many threads.

    Its device AUTO is not used: onnxruntime-openvino 1.24 accepts it and then gives it no node of the network.
    """
    return {"device_type": "GPU"}, {"device_type": "CPU", "num_of_threads": str(threads)}


def coreml_options(threads: int) -> tuple[Options, ...]:
    """Return how networks run on CoreML: as an ML program, the newer of its two formats."""
    del threads
    return ({"ModelFormat": "MLProgram"},)


def plain_options(threads: int) -> tuple[Options, ...]:
    """Return no options."""
    del threads
    return ({},)


def engines_folder() -> Path:
    """Return where TensorRT's engines are kept: $KBVR_HOME/engines or the system's own place for caches."""
    home = os.environ.get("KBVR_HOME")
    return Path(home) / "engines" if home else platformdirs.user_cache_path("kbvr", appauthor=False) / "engines"


def _kept(folder: Path) -> tuple[tuple[str, str], ...]:
    return ("enable", "1"), ("path", str(folder))


@cache
def problem_with(device: str) -> Problem | None:
    """Return what speaks against a device of PROVIDERS on this machine, None if nothing does; asked once a process."""
    return PROVIDERS[device].probe()


def candidates(device: str) -> tuple[Provider, ...]:
    """Return what may be tried for a --device, best first; nothing for `cpu`, which always works.

    `auto` means CUDA, DirectML, and OpenVINO with Intel's GPU. The rest has to be asked for by name: TensorRT builds
    an engine first, and again for sizes outside of what it was built for, which can take minutes; CoreML comes with
    every onnxruntime for macOS, so having it is nobody's choice, and onnxruntime's documentation warns that it may be
    slow where sizes change, as they do here; OpenVINO on the CPU is no faster than onnxruntime's own (kbvr-fill at
    320x320: 0.22 s each on two cores of an EPYC).

    Raises:
        InputError: if there is no such device.
    """
    if device == "auto":
        return tuple(provider for provider in PROVIDERS.values() if provider.in_auto)
    if device == "cpu":
        return ()
    if device not in PROVIDERS:
        raise InputError(f"the device must be {', '.join(DEVICES[:-1])} or {DEVICES[-1]}, got {device!r}")
    return (PROVIDERS[device],)


def on_this_system() -> tuple[Provider, ...]:
    """Return the providers that there are for this operating system, whether or not they can be used."""
    elsewhere = {"directml": sys.platform != "win32", "coreml": sys.platform != "darwin"}
    elsewhere |= dict.fromkeys(("cuda", "tensorrt", "openvino"), sys.platform == "darwin")
    return tuple(provider for provider in PROVIDERS.values() if not elsewhere[provider.device])


def package_name() -> str:
    """Return the name of the package that onnxruntime came in."""
    return str(getattr(onnxruntime(), "package_name", None) or "onnxruntime")


def _swap(wanted: str) -> str:
    """Return the command that puts another build of onnxruntime in the place of this one: both are one module."""
    return f"pip uninstall -y {package_name()} && pip install {wanted}"


def _not_built_in(execution_provider: str, what: str, package: str) -> Problem | None:
    """Return the problem of an onnxruntime that was built without something."""
    if execution_provider in onnxruntime().get_available_providers():
        return None
    return Problem(f"this onnxruntime ({package_name()}) was built without {what}", _swap(package))


def _cuda_problem() -> Problem | None:
    driver = cuda.driver()
    if driver is None:
        return Problem("no NVIDIA driver was found", "with an NVIDIA card: install its driver")
    if not driver.devices:
        hidden = "CUDA_VISIBLE_DEVICES" in os.environ
        why = f" (cuInit answered {driver.error})" if driver.error else ""
        remedy = "unset CUDA_VISIBLE_DEVICES" if hidden else "nvidia-smi tells what the driver sees"
        return Problem(f"no NVIDIA driver with a device was found: the driver sees none{why}", remedy)
    missing = _not_built_in(CUDA, "CUDA", "onnxruntime-gpu")
    if missing is not None:
        return Problem(missing.reason, missing.remedy, surprising=True)
    major = cuda_major()
    if driver.cuda_version[0] < major:
        runs = ".".join(map(str, driver.cuda_version))
        reason = f"onnxruntime wants CUDA {major}, the NVIDIA driver runs CUDA {runs} at most"
        return Problem(reason, "update the NVIDIA driver", surprising=True)
    return _library_problem(major)


def _library_problem(major: int) -> Problem | None:
    """Return what is wrong with the CUDA libraries; those of the wheels are loaded on the way."""
    with redirect_stdout(io.StringIO()) as said:
        onnxruntime().preload_dlls()
    logger.debug("onnxruntime said: %s", said.getvalue())
    lacking = cuda.missing_libraries(major)
    if not lacking:
        return None
    others = " and ".join(map(str, cuda.other_cuda_majors(major)))
    here = f"; CUDA {others} is here, onnxruntime wants {major}" if others else ""
    return Problem(f"CUDA libraries could not be loaded: {', '.join(lacking)}{here}", CUDA_WHEELS, surprising=True)


def cuda_major() -> int:
    """Return the major version of CUDA that this onnxruntime was built for; 12 if it does not say, as before 1.20."""
    version = str(getattr(onnxruntime(), "cuda_version", None) or "12")
    return int(version.split(".", maxsplit=1)[0])


def _tensorrt_problem() -> Problem | None:
    beneath = problem_with("cuda")
    if beneath is not None:
        return Problem(f"it needs CUDA: {beneath.reason}", beneath.remedy)
    missing = _not_built_in("TensorrtExecutionProvider", "TensorRT", "onnxruntime-gpu")
    if missing is not None:
        return missing
    lacking = cuda.missing_tensorrt()
    if not lacking:
        return None
    remedy = f'pip install "tensorrt-cu{cuda_major()}=={cuda.TENSORRT_MAJOR}.*"'
    return Problem(f"TensorRT's libraries could not be loaded: {', '.join(lacking)}", remedy)


def _directml_problem() -> Problem | None:
    missing = _not_built_in("DmlExecutionProvider", "DirectML (for any GPU)", "onnxruntime-directml")
    if missing is not None or cuda.loadable("d3d12.dll"):
        return missing
    return Problem("DirectX 12 was not found", "update Windows and the graphics driver")


def _coreml_problem() -> Problem | None:
    return _not_built_in("CoreMLExecutionProvider", "CoreML", "onnxruntime")


def _openvino_problem() -> Problem | None:
    return _not_built_in("OpenVINOExecutionProvider", "OpenVINO (for Intel's GPUs)", "onnxruntime-openvino")


CUDA = "CUDAExecutionProvider"

PROVIDERS: Mapping[str, Provider] = MappingProxyType(
    {
        provider.device: provider
        for provider in (
            Provider("tensorrt", "TensorRT", "TensorrtExecutionProvider", _tensorrt_problem, tensorrt_options, 0),
            Provider("cuda", "CUDA", CUDA, _cuda_problem, cuda_options, 1, bound_to="cuda"),
            Provider(
                "directml",
                "DirectML",
                "DmlExecutionProvider",
                _directml_problem,
                plain_options,
                1,
                promises=False,
                one_at_a_time=True,
            ),
            Provider("coreml", "CoreML", "CoreMLExecutionProvider", _coreml_problem, coreml_options, 0, promises=False),
            Provider(
                "openvino",
                "OpenVINO",
                "OpenVINOExecutionProvider",
                _openvino_problem,
                openvino_options,
                1,
                promises=False,
            ),
        )
    }
)
"""Name of a --device -> what stands behind it, best first."""

DEVICES = ("auto", "cpu", *PROVIDERS)
