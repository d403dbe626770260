"""Test everything that kbvr uses on this machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from kbvr.doctor.files import folder_finding, network_findings
from kbvr.doctor.finding import Finding
from kbvr.doctor.trials import (
    ON_THE_CPU,
    auto_finding,
    device_finding,
    drawing_finding,
    encoder_finding,
    gpu_findings,
    renderer_finding,
    version_findings,
)
from kbvr.formats.video.encoder_trial import HARDWARE, SOFTWARE
from kbvr.nets.model_card import models_folder
from kbvr.nets.providers import on_this_system
from kbvr.system.trial_process import TrialResult, run_trial

LIMIT_S = 60.0
"""Time limit of most trials: CUDA's libraries may have to be read from a slow disk."""

ENCODER_LIMIT_S = 20.0
TENSORRT_LIMIT_S = 300.0
"""TensorRT builds an engine first."""

PARALLEL_TRIALS = 4

Trial = Callable[[], TrialResult]


def diagnose(*, deep: bool = False) -> tuple[Finding, ...]:
    """Test everything that kbvr uses; this takes a few seconds, or minutes if a driver hangs.

    `deep` also verifies the checksums of downloaded networks, which reads each file completely.
    """
    titles = {"cpu": "CPU", **{provider.device: provider.title for provider in on_this_system()}}
    answers = _answers(
        {
            "gpus": lambda: run_trial("kbvr.system.cuda_driver:described_devices", limit_s=LIMIT_S),
            **{device: _device_trial(device) for device in ("auto", *titles) if device != "tensorrt"},
            "runtime": lambda: run_trial("kbvr.nets.device_trial:described_runtime", limit_s=LIMIT_S),
            "renderer": lambda: run_trial("kbvr.rendering.trial:try_renderer", limit_s=LIMIT_S),
            "drawing gpu": lambda: run_trial("kbvr.rendering.trial:try_gpu", limit_s=LIMIT_S),
            **{f"soft {kind}": _encoder_trial(names) for kind, names in SOFTWARE.items()},
            **{f"hard {kind}": _encoder_trial(names) for kind, names in HARDWARE.items()},
        }
    )
    if "tensorrt" in titles:
        answers["tensorrt"] = _tensorrt_answer(answers["cuda"])
    return (
        *version_findings(answers["runtime"]),
        *(device_finding(device, title, answers[device]) for device, title in titles.items()),
        auto_finding(answers["auto"]),
        *gpu_findings(answers["gpus"]),
        *(encoder_finding(kind, answers[f"soft {kind}"], answers[f"hard {kind}"]) for kind in SOFTWARE),
        renderer_finding(answers["renderer"]),
        drawing_finding(answers["drawing gpu"]),
        *network_findings(deep=deep),
        folder_finding(models_folder()),
    )


def _answers(trials: Mapping[str, Trial]) -> dict[str, TrialResult]:
    pool = ThreadPoolExecutor(PARALLEL_TRIALS, thread_name_prefix="kbvr-doctor")
    try:
        running = {name: pool.submit(trial) for name, trial in trials.items()}
        return {name: future.result() for name, future in running.items()}
    finally:
        pool.shutdown(cancel_futures=True)  # after Ctrl-C no other trial starts


def _tensorrt_answer(cuda: TrialResult) -> TrialResult:
    """Try TensorRT, which has the longest time limit, only if CUDA works, which it requires."""
    if "ran_on" in cuda.values:
        return _device_trial("tensorrt", TENSORRT_LIMIT_S)()
    remedy = cuda.values.get("remedy") or ON_THE_CPU
    return TrialResult({"problem": "requires CUDA, which does not work here", "remedy": remedy, "surprising": False})


def _device_trial(device: str, limit_s: float = LIMIT_S) -> Trial:
    return lambda: run_trial("kbvr.nets.device_trial:try_device", device, limit_s=limit_s)


def _encoder_trial(names: tuple[str, ...]) -> Trial:
    return lambda: run_trial("kbvr.formats.video.encoder_trial:try_encoders", ",".join(names), limit_s=ENCODER_LIMIT_S)
