"""The devices that onnxruntime supports, and why some cannot be used on this machine.

Devices are probed before onnxruntime tries them, because it prints C++ errors on stderr for what it cannot load.
"""

from __future__ import annotations

import io
import logging
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cache, partial
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
    """Why a device cannot be used."""

    reason: str
    remedy: str = ""
    """A command or another action that fixes it."""

    surprising: bool = False
    """Whether the user would expect the device to work, because the hardware is present."""

    def __str__(self) -> str:
        return f"{self.reason} ({self.remedy})" if self.remedy else self.reason


@dataclass(frozen=True)
class Provider:
    """A device, with its options in onnxruntime."""

    device: str
    """Its name as a value of the option `device`."""

    title: str
    execution_provider: str
    probe: Callable[[], Problem | None]
    """Detects problems without using onnxruntime's C++."""

    choices: Callable[[int], tuple[Options, ...]] = lambda _: ({},)
    """Sets of options for a number of threads, tried in order until one runs some of the network."""

    auto_choices: int = 0
    """How many of the choices `auto` tries."""

    implies_hardware: bool = False
    """Whether a probe without a problem means that the hardware is present."""

    bound_to: str | None = None
    """onnxruntime's name of the memory to bind inputs and outputs to, None for no binding."""

    one_at_a_time: bool = False
    """Whether only one thread may run a session at a time."""


def cuda_options(threads: int) -> tuple[Options, ...]:
    """Return the options of CUDA.

    Pictures differ in size, and cuDNN's exhaustive search would start again for each size, so its heuristic is used.
    Memory grows by the requested amount instead of doubling. TF32 lets convolutions run on tensor cores: it has the
    10-bit mantissa of fp16 and the range of fp32, so nothing overflows and no second file is required. The CUDA
    provider cannot run an fp32 graph in fp16: that requires another graph (`kbvr.nets.fp16_session`).
    """
    del threads
    return ({"cudnn_conv_algo_search": "HEURISTIC", "arena_extend_strategy": "kSameAsRequested", "use_tf32": "1"},)


def tensorrt_options(threads: int) -> tuple[Options, ...]:
    """Return the options of TensorRT: fp16 where it is faster, and a cache of engines if its folder can be created."""
    del threads
    try:
        folder = engines_folder()
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError) as error:  # RuntimeError: a user without a home folder
        logger.warning("TensorRT engines cannot be cached, so each run builds them: %s", error)
        return ({"trt_fp16_enable": "1"},)
    engines = {"trt_engine_cache_enable": "1", "trt_engine_cache_path": str(folder)}
    timings = {"trt_timing_cache_enable": "1", "trt_timing_cache_path": str(folder)}
    return ({"trt_fp16_enable": "1", **engines, **timings},)


def openvino_options(threads: int) -> tuple[Options, ...]:
    """Return the options of OpenVINO: Intel's GPU, then the CPU with this many threads.

    Its device AUTO is not used: onnxruntime-openvino 1.24 accepts it but assigns it no node of the network.
    """
    return {"device_type": "GPU"}, {"device_type": "CPU", "num_of_threads": str(threads)}


def engines_folder() -> Path:
    """Return the folder of TensorRT's engines: $KBVR_HOME/engines, or engines in the user's cache folder."""
    home = os.environ.get("KBVR_HOME")
    return Path(home) / "engines" if home else platformdirs.user_cache_path("kbvr", appauthor=False) / "engines"


@cache
def problem_with(device: str) -> Problem | None:
    """Return the problem of a device of PROVIDERS on this machine, None if there is none."""
    return PROVIDERS[device].probe()


def candidates(device: str) -> tuple[Provider, ...]:
    """Return the providers to try for a device name, best first; none for `cpu`, which always works.

    `auto` means CUDA, DirectML, and OpenVINO on Intel's GPU. The others must be named: TensorRT first builds an engine,
    and another one for sizes outside the engine's range, which can take minutes; CoreML is part of every onnxruntime
    for macOS, and may be slow when sizes change (onnxruntime's documentation), as they do here; OpenVINO on the CPU is
    no faster than onnxruntime itself (kbvr-fill at 320x320: 0.22 s each on two cores of an EPYC).

    Raises:
        InputError: if there is no such device.
    """
    if device == "auto":
        return tuple(provider for provider in PROVIDERS.values() if provider.auto_choices)
    if device == "cpu":
        return ()
    if device not in PROVIDERS:
        raise InputError(f"the device must be {', '.join(DEVICES[:-1])} or {DEVICES[-1]}, got {device!r}")
    return (PROVIDERS[device],)


def on_this_system() -> tuple[Provider, ...]:
    """Return the providers for this operating system, usable or not."""
    elsewhere = {"directml": sys.platform != "win32", "coreml": sys.platform != "darwin"}
    elsewhere |= dict.fromkeys(("cuda", "tensorrt", "openvino"), sys.platform == "darwin")
    return tuple(provider for provider in PROVIDERS.values() if not elsewhere[provider.device])


def package_name() -> str:
    """Return the name of the package that contains onnxruntime."""
    return str(getattr(onnxruntime(), "package_name", None) or "onnxruntime")


def _not_built_in(execution_provider: str, name: str, package: str) -> Problem | None:
    """Return the problem if this build of onnxruntime lacks a provider; the remedy installs another build."""
    if execution_provider in onnxruntime().get_available_providers():
        return None
    remedy = f"pip uninstall -y {package_name()} && pip install {package}"
    return Problem(f"this onnxruntime ({package_name()}) was built without {name}", remedy)


def _cuda_problem() -> Problem | None:
    driver = cuda.driver()
    if driver is None:
        return Problem("no NVIDIA driver was found", "with an NVIDIA card: install its driver")
    if not driver.devices:
        is_hidden = "CUDA_VISIBLE_DEVICES" in os.environ
        error = f" (cuInit returned {driver.error})" if driver.error else ""
        remedy = "unset CUDA_VISIBLE_DEVICES" if is_hidden else "nvidia-smi lists the driver's devices"
        return Problem(f"the NVIDIA driver found no device{error}", remedy)
    missing = _not_built_in(CUDA, "CUDA", "onnxruntime-gpu")
    if missing is not None:
        return Problem(missing.reason, missing.remedy, surprising=True)
    major = cuda_major()
    if driver.cuda_version[0] < major:
        newest = ".".join(map(str, driver.cuda_version))
        reason = f"onnxruntime requires CUDA {major}, but the NVIDIA driver supports at most CUDA {newest}"
        return Problem(reason, "update the NVIDIA driver", surprising=True)
    return _library_problem(major)


def _library_problem(major: int) -> Problem | None:
    """Load the CUDA libraries of the wheels, and return the problem if any library is missing."""
    with redirect_stdout(io.StringIO()) as output:
        onnxruntime().preload_dlls()
    logger.debug("onnxruntime printed: %s", output.getvalue())
    missing = cuda.missing_libraries(major)
    if not missing:
        return None
    others = " and ".join(map(str, cuda.other_cuda_majors(major)))
    installed = f"; CUDA {others} is installed, onnxruntime requires {major}" if others else ""
    return Problem(f"CUDA libraries could not be loaded: {', '.join(missing)}{installed}", CUDA_WHEELS, surprising=True)


def cuda_major() -> int:
    """Return the major version of CUDA that this onnxruntime was built for, 12 if it is unknown, as before 1.20."""
    version = str(getattr(onnxruntime(), "cuda_version", None) or "12")
    return int(version.split(".", maxsplit=1)[0])


def _tensorrt_problem() -> Problem | None:
    cuda_problem = problem_with("cuda")
    if cuda_problem is not None:
        return Problem(f"it requires CUDA: {cuda_problem.reason}", cuda_problem.remedy)
    problem = _not_built_in(TENSORRT, "TensorRT", "onnxruntime-gpu")
    if problem is not None:
        return problem
    missing = cuda.missing_tensorrt()
    if not missing:
        return None
    remedy = f'pip install "tensorrt-cu{cuda_major()}=={cuda.TENSORRT_MAJOR}.*"'
    return Problem(f"TensorRT's libraries could not be loaded: {', '.join(missing)}", remedy)


def _directml_problem() -> Problem | None:
    problem = _not_built_in(DIRECTML, "DirectML (for any GPU)", "onnxruntime-directml")
    if problem is not None or cuda.loadable("d3d12.dll"):
        return problem
    return Problem("DirectX 12 was not found", "update Windows and the graphics driver")


CUDA, TENSORRT, DIRECTML = "CUDAExecutionProvider", "TensorrtExecutionProvider", "DmlExecutionProvider"
COREML, OPENVINO = "CoreMLExecutionProvider", "OpenVINOExecutionProvider"
COREML_OPTIONS: Options = {"ModelFormat": "MLProgram"}
"""The newer of CoreML's two formats."""

_no_coreml = partial(_not_built_in, COREML, "CoreML", "onnxruntime")
_no_openvino = partial(_not_built_in, OPENVINO, "OpenVINO (for Intel's GPUs)", "onnxruntime-openvino")
_ORDERED = (
    Provider("tensorrt", "TensorRT", TENSORRT, _tensorrt_problem, tensorrt_options, 0, implies_hardware=True),
    Provider("cuda", "CUDA", CUDA, _cuda_problem, cuda_options, 1, implies_hardware=True, bound_to="cuda"),
    Provider("directml", "DirectML", DIRECTML, _directml_problem, auto_choices=1, one_at_a_time=True),
    Provider("coreml", "CoreML", COREML, _no_coreml, lambda _: (COREML_OPTIONS,)),
    Provider("openvino", "OpenVINO", OPENVINO, _no_openvino, openvino_options, 1),
)
PROVIDERS: Mapping[str, Provider] = MappingProxyType({provider.device: provider for provider in _ORDERED})
"""Device name -> its provider, best first."""

DEVICES = ("auto", "cpu", *PROVIDERS)
