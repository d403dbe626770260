"""Turn the answers of trials into findings: versions, devices, encoders and renderers."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

import kbvr
from kbvr.doctor.finding import REINSTALL, Finding, State, gigabytes
from kbvr.formats.video.encoder_trial import SOFTWARE
from kbvr.nets.device_trial import TOLERANCE
from kbvr.system.trial_process import TrialResult

RENDER_TOLERANCE = 4.0
"""Maximum mean difference of a rendered frame from its photo, in 8-bit steps."""

GPU_TOLERANCE = 1.0
"""Maximum mean difference of a frame rendered on the GPU from the CPU's, in 8-bit steps."""

RUNTIMES = ("onnxruntime-gpu", "onnxruntime-directml", "onnxruntime-openvino", "onnxruntime-rocm", "onnxruntime")
"""Packages that contain the module onnxruntime, most capable first."""

REINSTALL_AV = "pip install --force-reinstall av"
ON_THE_CPU = "until this is fixed, use --device cpu"


def version_findings(runtime: TrialResult) -> tuple[Finding, ...]:
    """Return the versions of Python, kbvr and onnxruntime, and whether onnxruntime is installed twice."""
    system = f"{platform.system()} {platform.machine()}"
    python = Finding("Versions", "Python", "good", f"{platform.python_version()}, {system}")
    ours = Finding("Versions", "kbvr", "good", kbvr.__version__)
    installed = {name: found for name in RUNTIMES if (found := _version_of(name))}
    packages = " and ".join(f"{name} {found}" for name, found in installed.items()) or "no known package"
    facts = {"packages": installed, **runtime.values}
    remedy = f"pip install --force-reinstall --no-deps {next(iter(installed), 'onnxruntime')}"
    state: State = "good"
    if runtime.failure:
        state, found = "broken", f"cannot be loaded: {runtime.failure}"
    elif len(installed) > 1:
        state, found = "bad", f"{packages} contain the same module and overwrite each other's files"
        remedy = f"pip uninstall -y {' '.join(installed)} && {remedy}"
    else:
        found, remedy = f"{runtime.values['version']} ({packages})", ""
    return ours, python, Finding("Versions", "onnxruntime", state, found, remedy, facts)


def device_finding(device: str, title: str, answer: TrialResult) -> Finding:
    """Return whether networks run on a device of `kbvr.nets.DEVICES`; the CPU must work, because it is the fallback."""
    section = "Networks run on"
    failed: State = "broken" if device == "cpu" else "bad"
    remedy = REINSTALL if device == "cpu" else ON_THE_CPU
    values = answer.values
    if answer.failure:
        return Finding(section, title, failed, answer.failure, remedy, {"device": device})
    facts = {"device": device, **values}
    if "problem" in values:
        state: State = failed if values["surprising"] else "absent"
        return Finding(section, title, state, values["problem"], values["remedy"] or remedy, facts)
    if not values["difference"] <= TOLERANCE:
        found = f"wrong results: they differ from the CPU's by {values['difference']:.2g} of white"
        return Finding(section, title, failed, found, remedy, {**facts, "difference": str(values["difference"])})
    name = "" if device == "cpu" else f"{values['ran_on']}, "
    found = f"{name}ran a small network in {values['seconds'] * 1000:.0f} ms"
    return Finding(section, title, "good", found, "", facts)


def auto_finding(answer: TrialResult) -> Finding:
    """Return the default device of networks; if a driver crashes here, it crashes every export."""
    section, facts = "Networks run on", {"device": "auto", **answer.values}
    problem = answer.failure or answer.values.get("problem", "")
    if problem:
        return Finding(section, "--device auto", "bad", problem, ON_THE_CPU, facts)
    return Finding(section, "--device auto", "good", f"uses {answer.values['ran_on']}", "", facts)


def gpu_findings(answer: TrialResult) -> tuple[Finding, ...]:
    """Return NVIDIA's devices with their memory; nothing without a driver, which the CUDA row reports."""
    if answer.failure:
        problem = f"the NVIDIA driver failed: {answer.failure}"
        return (Finding("GPU", "driver", "bad", problem, "reinstall the NVIDIA driver"),)
    cuda = ".".join(map(str, answer.values.get("cuda_version", ())))
    rows = []
    for index, device in enumerate(answer.values["devices"]):
        free = "" if device["free_bytes"] is None else f" ({gigabytes(device['free_bytes'])} free)"
        found = f"{device['name']}, {gigabytes(device['memory_bytes'])}{free}; the driver supports CUDA {cuda}"
        rows.append(Finding("GPU", f"GPU {index}", "good", found, "", device))
    return tuple(rows)


def encoder_finding(kind: str, software: TrialResult, hardware: TrialResult) -> Finding:
    """Return which encoders of a codec work; kbvr requires libx264 for H.264."""
    tried = {**software.values, **hardware.values}
    working = [name for name, problem in tried.items() if not problem]
    facts = {"encoders": tried, "failures": [answer.failure for answer in (software, hardware) if answer.failure]}
    if kind == "H.264" and SOFTWARE[kind][0] not in working:
        problem = software.failure or tried.get(SOFTWARE[kind][0]) or "PyAV was built without it"
        return Finding("Video", kind, "broken", f"{SOFTWARE[kind][0]} does not work: {problem}", REINSTALL_AV, facts)
    if not working:
        return Finding("Video", kind, "absent", software.failure or "no encoder works", REINSTALL_AV, facts)
    return Finding("Video", kind, "good", ", ".join(working), "", facts)


def renderer_finding(answer: TrialResult) -> Finding:
    """Return whether the compiled renderer works, and which instructions it uses."""
    problem = answer.failure
    if not problem and not answer.values["difference"] <= RENDER_TOLERANCE:
        problem = f"a rendered frame differs from its photo by {answer.values['difference']:.3g} of 255"
    if problem:
        return Finding("Rendering", "renderer", "broken", problem, REINSTALL, {**answer.values})
    return Finding("Rendering", "renderer", "good", f"uses {answer.values['instructions']}", "", {**answer.values})


def drawing_finding(answer: TrialResult) -> Finding:
    """Return the GPU that renders exports, or why there is none."""
    section, what, values = "Rendering", "GPU rendering", answer.values
    if "problem" in values:
        found = f"not used: {values['problem']}"
        return Finding(section, what, "absent", found, values["remedy"] or ON_THE_CPU, {**values})
    problem = answer.failure
    if not problem and not values["difference"] <= GPU_TOLERANCE:
        problem = f"a frame of {values['drawn_on']} differs from the CPU's by {values['difference']:.3g} of 255"
    if problem:
        return Finding(section, what, "bad", problem, ON_THE_CPU, {**values})
    return Finding(section, what, "good", f"on {values['drawn_on']}", "", {**values})


def _version_of(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
