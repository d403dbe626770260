"""Ask everything that kbvr uses whether it works here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType

from kbvr.apart import Answer, run_apart
from kbvr.doctor.files import folder_finding, network_findings
from kbvr.doctor.finding import Finding
from kbvr.doctor.trials import (
    auto_finding,
    device_finding,
    encoder_finding,
    gpu_findings,
    renderer_finding,
    version_findings,
)
from kbvr.formats.encoders import HARDWARE, SOFTWARE
from kbvr.nets.card import models_folder
from kbvr.nets.providers import on_this_system

LIMIT_S = 60.0
LIMITS_S: Mapping[str, float] = MappingProxyType({"tensorrt": 300.0})
"""Device -> how long its trial may take, where that is not LIMIT_S: TensorRT builds an engine first."""

AT_ONCE = 3
"""Trials that run at the same time."""


def diagnose(*, deep: bool = False) -> tuple[Finding, ...]:
    """Try everything that kbvr uses; it takes some seconds.

    `deep` compares every fetched network with the sum on its card: that reads all of each file.
    """
    providers = ("cpu", *(provider.device for provider in on_this_system()))
    asked: dict[str, Callable[[], Answer]] = {
        "runtime": lambda: run_apart("kbvr.nets.trial:described_runtime", limit_s=LIMIT_S),
        "gpus": lambda: run_apart("kbvr.nets.cuda:described_devices", limit_s=LIMIT_S),
        "renderer": lambda: run_apart("kbvr.render.trial:try_renderer", limit_s=LIMIT_S),
        **{device: _asking_device(device) for device in (*providers, "auto")},
        **{f"soft {kind}": _asking_encoders(names) for kind, names in SOFTWARE.items()},
        **{f"hard {kind}": _asking_encoders(names) for kind, names in HARDWARE.items()},
    }
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="kbvr-doctor")
    try:
        waiting = {name: pool.submit(ask) for name, ask in asked.items()}
        answers = {name: future.result() for name, future in waiting.items()}
    finally:
        pool.shutdown(cancel_futures=True)  # after Ctrl-C no further trial is begun
    titles = {"cpu": "CPU", **{provider.device: provider.title for provider in on_this_system()}}
    return (
        *version_findings(answers["runtime"]),
        *(device_finding(device, titles[device], answers[device]) for device in providers),
        auto_finding(answers["auto"]),
        *gpu_findings(answers["gpus"]),
        *(encoder_finding(kind, answers[f"soft {kind}"], answers[f"hard {kind}"]) for kind in SOFTWARE),
        renderer_finding(answers["renderer"]),
        *network_findings(deep=deep),
        folder_finding(models_folder()),
    )


def _asking_device(device: str) -> Callable[[], Answer]:
    return lambda: run_apart("kbvr.nets.trial:try_device", device, limit_s=LIMITS_S.get(device, LIMIT_S))


def _asking_encoders(names: tuple[str, ...]) -> Callable[[], Answer]:
    return lambda: run_apart("kbvr.formats.encoders:try_encoders", ",".join(names), limit_s=LIMIT_S)
