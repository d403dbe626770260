"""What the trials of one machine mean: versions, devices, encoders, the renderer."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

import kbvr
from kbvr.doctor.finding import REINSTALL, Finding, State, gigabytes
from kbvr.formats.video.encoders import SOFTWARE
from kbvr.nets.device_trial import TOLERANCE
from kbvr.system.trial_process import Answer

RENDER_TOLERANCE = 4.0
"""Mean difference of a frame from its photo, in 8-bit steps, from which rendering is taken for broken."""

GPU_TOLERANCE = 1.0
"""Mean difference of a frame drawn on the GPU from the CPU's, in 8-bit steps, from which it is taken for wrong."""

RUNTIMES = ("onnxruntime-gpu", "onnxruntime-directml", "onnxruntime-openvino", "onnxruntime-rocm", "onnxruntime")
"""Packages that hold the module onnxruntime, the ones with more in them first."""

REINSTALL_AV = "pip install --force-reinstall av"
ON_THE_CPU = "until it is mended: --device cpu"


def version_findings(runtime: Answer) -> tuple[Finding, ...]:
    """Return the versions of Python, kbvr and onnxruntime, and whether onnxruntime is installed twice."""
    system = f"{platform.system()} {platform.machine()}"
    python = Finding("Versions", "Python", "good", f"{platform.python_version()}, {system}")
    ours = Finding("Versions", "kbvr", "good", kbvr.__version__)
    installed = {name: found for name in RUNTIMES if (found := _version_of(name))}
    named = " and ".join(f"{name} {found}" for name, found in installed.items()) or "no known package"
    facts = {"packages": installed, **runtime.values}
    wanted = next(iter(installed), "onnxruntime")
    mend = f"pip install --force-reinstall --no-deps {wanted}"
    state: State = "good"
    if runtime.failure:
        state, said = "broken", f"it cannot be loaded: {runtime.failure}"
    elif len(installed) > 1:
        state, said = (
            "bad",
            f"{named} are installed together, and they are one module: what it can do is left to chance",
        )
        mend = f"pip uninstall -y {' '.join(installed)} && {mend}"
    else:
        said, mend = f"{runtime.values['version']} ({named})", ""
    return ours, python, Finding("Versions", "onnxruntime", state, said, mend, facts)


def device_finding(device: str, title: str, answer: Answer) -> Finding:
    """Return how a device of `kbvr.nets.DEVICES` did; without the CPU there is no fallback."""
    section = "Networks run on"
    wrong: State = "broken" if device == "cpu" else "bad"
    mend = REINSTALL if device == "cpu" else ON_THE_CPU
    values = answer.values
    if answer.failure:
        return Finding(section, title, wrong, answer.failure, mend, {"device": device})
    facts = {"device": device, **values}
    if "problem" in values:
        state: State = wrong if values["surprising"] else "absent"
        return Finding(section, title, state, values["problem"], values["remedy"] or mend, facts)
    if not values["difference"] <= TOLERANCE:
        said = f"its answers are wrong: they differ from the CPU's by {values['difference']:.2g} of white"
        return Finding(section, title, wrong, said, mend, {**facts, "difference": str(values["difference"])})
    where = "" if device == "cpu" else f"{values['ran_on']}, "
    return Finding(section, title, "good", f"{where}a small network in {values['seconds'] * 1000:.0f} ms", "", facts)


def auto_finding(answer: Answer) -> Finding:
    """Return what networks run on if nobody says; a driver that takes the process down takes every call down."""
    section, facts = "Networks run on", {"device": "auto", **answer.values}
    said = answer.failure or answer.values.get("problem", "")
    if said:
        return Finding(section, "--device auto", "bad", said, ON_THE_CPU, facts)
    return Finding(section, "--device auto", "good", f"takes {answer.values['ran_on']}", "", facts)


def gpu_findings(answer: Answer) -> tuple[Finding, ...]:
    """Return NVIDIA's devices with their memory; nothing where there is no driver, which the row of CUDA tells."""
    if answer.failure:
        said = f"the NVIDIA driver did not answer well: {answer.failure}"
        return (Finding("GPU", "driver", "bad", said, "reinstall the NVIDIA driver"),)
    rows = []
    for index, device in enumerate(answer.values["devices"]):
        free = "" if device["free_bytes"] is None else f", {gigabytes(device['free_bytes'])} of it free"
        runs = ".".join(map(str, answer.values["cuda_version"]))
        said = f"{device['name']}, {gigabytes(device['memory_bytes'])}{free}; its driver runs CUDA {runs}"
        rows.append(Finding("GPU", f"GPU {index}", "good", said, "", device))
    return tuple(rows)


def encoder_finding(kind: str, software: Answer, hardware: Answer) -> Finding:
    """Return which encoders of a kind of video work; kbvr itself writes H.264 with libx264."""
    tried = {**software.values, **hardware.values}
    working = [name for name, complaint in tried.items() if not complaint]
    facts = {"encoders": tried, "failures": [answer.failure for answer in (software, hardware) if answer.failure]}
    needed = kind == "H.264"
    if needed and SOFTWARE[kind][0] not in working:
        why = software.failure or tried.get(SOFTWARE[kind][0]) or "PyAV was built without it"
        return Finding("Video", kind, "broken", f"{SOFTWARE[kind][0]} does not work: {why}", REINSTALL_AV, facts)
    if not working:
        return Finding("Video", kind, "absent", software.failure or "no encoder works", REINSTALL_AV, facts)
    return Finding("Video", kind, "good", ", ".join(working), "", facts)


def renderer_finding(answer: Answer) -> Finding:
    """Return whether the compiled renderer works, and with which instructions."""
    said = answer.failure
    if not said and not answer.values["difference"] <= RENDER_TOLERANCE:
        said = f"a frame differs from its photo by {answer.values['difference']:.3g} of 255"
    if said:
        return Finding("Rendering", "renderer", "broken", said, REINSTALL, {**answer.values})
    return Finding("Rendering", "renderer", "good", f"uses {answer.values['instructions']}", "", {**answer.values})


def drawing_finding(answer: Answer) -> Finding:
    """Return which renderer draws the pictures of an export, and why not the GPU's."""
    section, what, values = "Rendering", "on a GPU", answer.values
    if "problem" in values:
        said = f"the CPU draws the pictures: {values['problem']}"
        return Finding(section, what, "absent", said, values["remedy"] or ON_THE_CPU, {**values})
    said = answer.failure
    if not said and not values["difference"] <= GPU_TOLERANCE:
        said = f"{values['drawn_on']} draws a frame that differs from the CPU's by {values['difference']:.3g} of 255"
    if said:
        return Finding(section, what, "bad", said, ON_THE_CPU, {**values})
    return Finding(section, what, "good", f"{values['drawn_on']} draws the pictures", "", {**values})


def _version_of(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
