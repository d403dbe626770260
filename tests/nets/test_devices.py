"""Devices of networks: probes, fallbacks and messages, with fake drivers and libraries."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from native_fakes import compiled, driver
from onnx import TensorProto, helper
from PIL import Image

from kbvr.cli.main import main
from kbvr.errors import InputError
from kbvr.inpaint.choose import filler_named
from kbvr.nets import DEVICES, devices_of, open_file, providers, record_sessions, session
from kbvr.nets import onnxruntime_loader as runtime
from kbvr.nets.fallback_session import AcceleratedSession, run_bound
from kbvr.nets.providers import PROVIDERS, candidates, problem_with
from kbvr.options.export_options import ExportOptions
from kbvr.photo.photo import photo_from_array
from kbvr.pipeline import export_photo
from kbvr.profiles.choose import profile_of
from kbvr.system import cuda_driver as cuda
from kbvr.system.stderr import stderr_without

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
REALLY_AVAILABLE = onnxruntime.get_available_providers()

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="the fake libraries are built as Linux names them")


@pytest.fixture(autouse=True)
def fresh(monkeypatch, tmp_path):
    """Reset probes and messages; onnxruntime has CUDA 13, and there is no driver."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["TensorrtExecutionProvider", CUDA, CPU])
    monkeypatch.setattr(onnxruntime, "preload_dlls", lambda: None)
    monkeypatch.setattr(onnxruntime, "cuda_version", "13.0", raising=False)
    monkeypatch.setattr(onnxruntime, "package_name", "onnxruntime-gpu", raising=False)
    monkeypatch.setattr(cuda, "DRIVER_LIBRARY", str(tmp_path / "none.so"))
    monkeypatch.setattr(session, "reported", set())
    problem_with.cache_clear()
    yield
    problem_with.cache_clear()


@pytest.fixture
def with_driver(monkeypatch, tmp_path):
    """Return a function that replaces NVIDIA's driver with a fake."""
    if sys.platform != "linux":
        pytest.skip("the fake driver is built as Linux names it")
    return lambda **how: monkeypatch.setattr(cuda, "DRIVER_LIBRARY", str(driver(tmp_path, **how)))


@pytest.fixture
def with_libraries(monkeypatch):
    """Return a function that makes only some libraries loadable."""
    return lambda *names: monkeypatch.setattr(cuda, "loadable", lambda name: not names or name in names)


def saved(path: Path, nodes: list, inputs: dict, outputs: dict) -> Path:
    """Write a network of these nodes; inputs and outputs are names with the shapes of float tensors."""
    values = [
        [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in side.items()]
        for side in (inputs, outputs)
    ]
    graph = helper.make_graph(nodes, "test", *values)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), path)
    return path


@pytest.fixture
def doubler(tmp_path) -> Path:
    """Return a network that doubles its input."""
    shapes = (TensorProto.FLOAT, ["n"])
    return saved(tmp_path / "doubler.onnx", [helper.make_node("Add", ["x", "x"], ["y"])], {"x": shapes}, {"y": shapes})


def estimate_on(device: str) -> None:
    """Estimate the depth of a grey photo, as the pipeline does."""
    photo = photo_from_array(np.full((32, 32, 3), 99, np.uint8))
    profile_of(ExportOptions(device=device, depth_quality="fast")).depth(photo)


def doubles(opened) -> bool:
    """Tell whether a session doubles."""
    x = np.arange(5, dtype=np.float32)
    return bool((opened.run(None, {"x": x})[0] == 2 * x).all())


def warnings_of(caplog) -> list[str]:
    """Return what was logged as a warning or worse."""
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def test_without_a_driver_auto_means_the_cpu_and_nobody_is_warned(doubler, capfd, caplog):
    """A machine without CUDA gets no message on any stream."""
    with caplog.at_level(logging.INFO, logger="kbvr"), record_sessions() as noted:
        assert doubles(open_file(doubler))
        assert doubles(open_file(doubler, threads=1))
    assert capfd.readouterr() == ("", "")
    assert not warnings_of(caplog)
    assert caplog.records[0].getMessage().startswith("networks run on the CPU")
    assert devices_of(one.session for one in noted) == ("the CPU",)
    assert {one.network.split("@")[0] for one in noted} == {doubler.stem}


@pytest.mark.parametrize(
    ("device", "reason"),
    [("cuda", "no NVIDIA driver"), ("tensorrt", "requires CUDA: no NVIDIA driver"), ("coreml", "without CoreML")],
)
def test_a_missing_device_is_refused_with_the_reason(doubler, device, reason, capfd):
    """In one line, without onnxruntime's own output."""
    with pytest.raises(InputError, match=f"cannot run on {device}: .*{reason}") as caught:
        open_file(doubler, device=device)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_a_build_without_a_device_is_reported_with_the_command_that_replaces_it(doubler):
    """The old build must be removed first, because both install the same module."""
    with pytest.raises(InputError, match="pip uninstall -y onnxruntime-gpu && pip install onnxruntime-openvino"):
        open_file(doubler, device="openvino")


@pytest.mark.parametrize("how", [{"devices": 0}, {"init_error": 100}])
def test_a_driver_without_a_device_is_no_surprise(doubler, with_driver, how, caplog):
    """Images of cloud machines have drivers for devices that are not plugged in."""
    with_driver(**how)
    assert doubles(open_file(doubler))
    assert not warnings_of(caplog)
    with pytest.raises(InputError, match="driver found no device"):
        open_file(doubler, device="cuda")


def test_the_variable_that_hides_a_device_is_named(doubler, with_driver, monkeypatch):
    """CUDA_VISIBLE_DEVICES is easily forgotten."""
    with_driver(devices=0)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    with pytest.raises(InputError, match="unset CUDA_VISIBLE_DEVICES"):
        open_file(doubler, device="cuda")


def check_fallback(doubler, capfd, caplog, *parts: str) -> None:
    """Check that auto uses the CPU with one warning, the named device is refused, and both messages match."""
    for threads in (None, 1, 2):
        opened = open_file(doubler, threads=threads)
        assert opened.get_providers() == [CPU] and doubles(opened)
    (warning,) = warnings_of(caplog)
    assert warning.startswith("networks run on the CPU, not on CUDA")
    with pytest.raises(InputError) as caught:
        open_file(doubler, device="cuda")
    assert all(part in warning and part in str(caught.value) for part in parts)
    assert capfd.readouterr() == ("", "")


def test_a_driver_too_old_for_onnxruntime_is_named(doubler, with_driver, with_libraries, capfd, caplog):
    """Its libraries would load, but every call would fail."""
    with_driver(cuda=(12, 4))
    with_libraries()
    check_fallback(doubler, capfd, caplog, "requires CUDA 13", "at most CUDA 12.4", "update the NVIDIA driver")


def test_missing_cuda_libraries_are_named_with_the_command_that_brings_them(
    doubler, with_driver, with_libraries, capfd, caplog
):
    """The commonest case: a driver, and nothing else."""
    with_driver()
    with_libraries("libcurand.so.10")
    check_fallback(doubler, capfd, caplog, "libcublas.so.13", "libcudnn.so.9", 'pip install "kbvr[cuda]"')
    assert "libcurand" not in caplog.text


def test_libraries_of_another_cuda_version_are_named(doubler, with_driver, with_libraries, capfd, caplog):
    """Users with CUDA 12 believe that everything is installed."""
    with_driver()
    with_libraries("libcudart.so.12", "libcublas.so.12", "libcublasLt.so.12", "libcurand.so.10", "libcudnn.so.9")
    check_fallback(doubler, capfd, caplog, "CUDA 12 is installed, onnxruntime requires 13", "libcudart.so.13")


def test_onnxruntime_without_cuda_on_a_machine_with_a_gpu_is_reported(doubler, with_driver, monkeypatch, capfd, caplog):
    """The plain package on a machine with a GPU."""
    with_driver()
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [CPU])
    monkeypatch.setattr(onnxruntime, "package_name", "onnxruntime")
    remedy = "pip uninstall -y onnxruntime && pip install onnxruntime-gpu"
    check_fallback(doubler, capfd, caplog, "(onnxruntime) was built without CUDA", remedy)


def sessions_that(monkeypatch, **methods) -> None:
    """Make onnxruntime's sessions run on the CPU, whatever is asked for, with some methods replaced."""
    real = onnxruntime.InferenceSession

    class Session(real):
        def __init__(self, network, options, providers, **_):
            super().__init__(network, options, providers=[CPU])
            for name, method in methods.items() if providers != [CPU] else ():
                setattr(self, name, method.__get__(self))

    monkeypatch.setattr(onnxruntime, "InferenceSession", Session)


def test_a_session_that_drops_cuda_silently_is_detected(
    doubler, with_driver, with_libraries, monkeypatch, capfd, caplog
):
    """The probe found no problem, and onnxruntime reports none."""
    with_driver()
    with_libraries()
    sessions_that(monkeypatch)
    check_fallback(doubler, capfd, caplog, "runs no part of this network on CUDA")


def test_libraries_that_cannot_be_loaded_after_all_print_nothing(
    doubler, with_driver, with_libraries, monkeypatch, capfd, caplog
):
    """Without precautions, onnxruntime prints such failures on stderr."""
    if CUDA not in REALLY_AVAILABLE:
        pytest.skip("this onnxruntime was built without CUDA")
    with_driver()
    with_libraries()
    opened = open_file(doubler)
    assert doubles(opened)
    assert capfd.readouterr() == ("", "")
    assert session.title_of(opened).startswith("CUDA") or len(warnings_of(caplog)) == 1


class OldSession:
    """A session of an onnxruntime that does not report the node assignment."""

    def __init__(self, *listed):
        self.get_providers = lambda: list(listed)


def test_without_the_node_assignment_the_list_of_providers_counts():
    """Older versions report nothing else."""
    assert session._runs_on(OldSession(CUDA, CPU), CUDA)
    assert not session._runs_on(OldSession(CPU), CUDA)


def test_a_session_that_lists_cuda_without_using_it_is_detected(
    doubler, with_driver, with_libraries, monkeypatch, capfd, caplog
):
    """As onnxruntime-openvino does with its device AUTO."""
    with_driver()
    with_libraries()
    sessions_that(monkeypatch, get_providers=lambda self: [CUDA, CPU])
    check_fallback(doubler, capfd, caplog, "runs no part of this network on CUDA")


def test_a_failed_session_is_reported_with_onnxruntimes_reason(
    doubler, with_driver, with_libraries, monkeypatch, capfd, caplog
):
    """Only the first line of the reason is shown."""
    with_driver()
    with_libraries()
    real = onnxruntime.InferenceSession

    def make(network, options, providers, **how):
        if providers != [CPU]:
            raise RuntimeError("CUDA failure 35: driver too old\n at file.cc:12")
        return real(network, options, providers=providers)

    monkeypatch.setattr(onnxruntime, "InferenceSession", make)
    check_fallback(doubler, capfd, caplog, "made no session on CUDA: CUDA failure 35: driver too old")
    assert "file.cc" not in caplog.text


class OutOfMemory:
    """A session on a device whose memory is full."""

    def __init__(self, on_cpu):
        self.on_cpu, self.calls = on_cpu, 0

    def run(self, *_):
        """Fail as onnxruntime does."""
        self.calls += 1
        raise RuntimeError("[ONNXRuntimeError] : 6 : Failed to allocate memory for requested buffer of size 9\nmore")

    def get_inputs(self):
        """Return what the network takes."""
        return self.on_cpu.get_inputs()

    def get_providers(self):
        """Return the intended providers."""
        return [CUDA, CPU]


def test_a_run_that_fails_on_the_device_is_repeated_on_the_cpu_with_one_warning(doubler, caplog):
    """All later runs use the CPU too, and the device's memory is released."""
    on_cpu = open_file(doubler, device="cpu")
    full = OutOfMemory(on_cpu)
    opened = AcceleratedSession(full, lambda: on_cpu, title="CUDA (Fake)")
    assert opened.title == "CUDA (Fake)" and opened.get_providers()[0] == CUDA
    assert doubles(opened) and doubles(opened)
    (warning,) = warnings_of(caplog)
    assert "Failed to allocate memory" in warning and "\n" not in warning
    assert full.calls == 1
    assert opened.get_providers() == [CPU] and opened.title == "the CPU, since CUDA (Fake) failed"


def test_wrong_inputs_do_not_cause_the_fallback(doubler, caplog):
    """The CPU refuses them too: its error is raised, and nothing is logged or changed."""
    on_cpu = open_file(doubler, device="cpu")
    opened = AcceleratedSession(OutOfMemory(on_cpu), lambda: on_cpu, title="CUDA")
    with pytest.raises(ValueError, match="Required inputs"):
        opened.run(None, {"wrong": np.zeros(3, np.float32)})
    assert not warnings_of(caplog)
    assert opened.title == "CUDA"


def test_a_failing_run_on_a_device_prints_nothing(doubler, with_driver, with_libraries, monkeypatch, capfd, caplog):
    """Neither the device's C++ nor onnxruntime prints, when opened by open_file."""
    with_driver()
    with_libraries()
    sessions_that(
        monkeypatch,
        get_providers=lambda self: [CUDA, CPU],
        io_binding=lambda self: (_ for _ in ()).throw(RuntimeError("out of memory")),
        get_provider_graph_assignment_info=lambda self: [type("Part", (), {"ep_name": CUDA})],
    )
    opened = open_file(doubler, device="cuda")
    assert opened.title == "CUDA (Fake GPU A)" and devices_of([opened]) == ("CUDA (Fake GPU A)",)
    assert doubles(opened)
    assert len(warnings_of(caplog)) == 1
    assert "the CPU, since CUDA (Fake GPU A) failed" in devices_of([opened])[0]
    assert capfd.readouterr() == ("", "")


def test_onnxruntimes_own_message_about_a_failing_run_is_not_printed(tmp_path, capfd):
    """It is raised as an exception, and reported in one line."""
    sides = {"x": (TensorProto.FLOAT, ["n"]), "y": (TensorProto.FLOAT, ["m"])}
    adder = helper.make_node("Add", ["x", "y"], ["sum"])
    path = saved(tmp_path / "adder.onnx", [adder], sides, {"sum": (TensorProto.FLOAT, ["k"])})
    for provider in (PROVIDERS["cuda"], None):
        opened = onnxruntime.InferenceSession(path, session._session_options(1, provider), providers=[CPU])
        with pytest.raises(Exception, match="Add"):
            opened.run(None, {"x": np.zeros(2, np.float32), "y": np.zeros(3, np.float32)})
        assert capfd.readouterr().err == ""


def test_binding_gives_the_same_outputs_even_for_unknown_sizes(tmp_path):
    """In CPU memory: nonzero positions and a sum of a non-contiguous array."""
    nodes = [helper.make_node("NonZero", ["x"], ["where"]), helper.make_node("Add", ["x", "x"], ["twice"])]
    sides = (TensorProto.FLOAT, ["h", "w"])
    outputs = {"where": (TensorProto.INT64, [2, "n"]), "twice": sides}
    path = saved(tmp_path / "net.onnx", nodes, {"x": sides}, outputs)
    plain = onnxruntime.InferenceSession(path, providers=[CPU])
    for ones in (2, 5):
        x = np.zeros((4, 6), np.float32)
        x.flat[:ones] = 1
        bound = run_bound(plain, None, {"x": x.T}, "cpu")
        wanted = plain.run(None, {"x": np.ascontiguousarray(x.T)})
        assert bound[0].shape == (2, ones)
        assert all((mine == other).all() for mine, other in zip(bound, wanted, strict=True))
    (twice,) = run_bound(plain, ["twice"], {"x": x}, "cpu")
    assert (twice == 2 * x).all()


def test_a_network_in_16_bits_is_run_with_32_bit_arrays(tmp_path):
    """fp16 files are supported; integers pass unchanged, and other types are refused."""
    nodes = [helper.make_node("Add", ["x", "x"], ["y"]), helper.make_node("Identity", ["n"], ["same"])]
    half, whole = (TensorProto.FLOAT16, ["k"]), (TensorProto.INT64, ["k"])
    path = saved(tmp_path / "half.onnx", nodes, {"x": half, "n": whole}, {"y": half, "same": whole})
    opened = open_file(path, device="cpu")
    y, same = opened.run(None, {"x": np.array([0.5, 1 / 3], np.float32), "n": np.array([1 << 40, 2])})
    assert y.dtype == np.float32 and same.dtype == np.int64
    assert y.tolist() == [1.0, 2 * float(np.float16(1 / 3))] and same.tolist() == [1 << 40, 2]
    assert opened.run(["same"], {"x": np.zeros(2, np.float32), "n": np.array([1, 2])})[0].tolist() == [1, 2]
    assert opened.get_providers() == [CPU] and devices_of([opened, opened]) == ("the CPU",)
    with pytest.raises(Exception, match="double"):
        opened.run(None, {"x": np.zeros(2), "n": np.array([1, 2])})


@pytest.mark.parametrize("use", [lambda device: filler_named("kbvr-fill", device=device), estimate_on])
def test_the_stages_pass_the_device_on(use):
    """Filling and depth run on the given device, or not at all."""
    with pytest.raises(InputError, match="cannot run on cuda: no NVIDIA driver"):
        use("cuda")
    use("cpu")


def test_an_unknown_device_is_refused_before_any_work(capfd):
    """The library lists the known devices; the command line reports a bad option."""
    with pytest.raises(InputError, match=r"device must be one of auto, cpu, cuda, tensorrt, .*, got 'gpu'"):
        ExportOptions(device="gpu")
    assert main(["export", "--device", "gpu", "none.jpg"]) == 2
    assert "--device must be one of auto, cpu, cuda" in capfd.readouterr().err


def test_explain_says_what_networks_ran_on(tmp_path):
    """The whole pipeline, on a small photo."""
    noise = np.random.default_rng(0).integers(0, 255, (6, 8, 3), np.uint8)
    Image.fromarray(noise).resize((64, 48), Image.Resampling.BICUBIC).save(tmp_path / "photo.png")
    report = export_photo(
        tmp_path / "photo.png", tmp_path, ExportOptions(device="cpu", seconds=0.2, depth_quality="fast")
    )
    assert report.explanation[-1] == "networks: on the CPU"


def test_auto_uses_neither_tensorrt_nor_coreml():
    """Those two may take minutes, so they must be named; cpu has no candidates."""
    assert [provider.device for provider in candidates("auto")] == ["cuda", "directml", "openvino"]
    assert candidates("cpu") == ()
    assert [candidates(device)[0].device for device in DEVICES[2:]] == list(PROVIDERS)


def test_the_driver_reports_its_devices_and_their_memory(with_driver):
    """Through the calls of NVIDIA's driver API."""
    with_driver(cuda=(12, 14))
    told = cuda.described_devices()
    assert (told["driver"], told["cuda_version"]) == (True, (12, 14))
    assert [device["name"] for device in told["devices"]] == ["Fake GPU A", "Fake GPU B"]
    assert [device["memory_bytes"] for device in told["devices"]] == [6_000_000_000, 12_000_000_000]
    assert [device["free_bytes"] for device in told["devices"]] == [5_000_000_000, 5_000_000_000]


def test_a_missing_driver_is_reported_as_none():
    """Without devices and memory."""
    assert cuda.driver() is None and cuda.free_memory_bytes(0) is None
    assert cuda.described_devices() == {"driver": False, "devices": []}


@linux_only
def test_tensorrts_libraries_are_found_in_its_wheel(tmp_path, monkeypatch):
    """They are in a separate package, which the loader does not search."""
    assert cuda.missing_tensorrt() == ("libnvinfer.so.10", "libnvinfer_plugin.so.10", "libnvonnxparser.so.10")
    wheel = tmp_path / "tensorrt_libs"
    wheel.mkdir()
    (wheel / "__init__.py").touch()
    for part in ("nvinfer", "nvinfer_plugin"):
        compiled(f"int {part}(void) {{ return 1; }}", wheel / f"lib{part}.so.10")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from kbvr.system import cuda_driver"
    command = [sys.executable, "-c", f"{code}; print(cuda_driver.missing_tensorrt())"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert done.stdout.strip() == "('libnvonnxparser.so.10',)"


def test_the_loading_of_onnxruntime_is_quiet_about_virtual_graphics_cards(tmp_path, capfd):
    """Other output is still printed."""
    for name, vendor in (("card0", True), ("card0-HDMI-A-1", False), ("renderD128", False)):
        (tmp_path / name / "device").mkdir(parents=True)
        if vendor:
            (tmp_path / name / "device" / "vendor").touch()
    assert not runtime.has_card_without_vendor(tmp_path)
    assert not runtime.has_card_without_vendor(tmp_path / "none")
    (tmp_path / "card1").mkdir()
    assert runtime.has_card_without_vendor(tmp_path)
    with stderr_without("[W:onnxruntime:"):
        os.write(
            2, b"2026-01-01 00:00:00 [W:onnxruntime:Default, device_discovery.cc:164] GPU device discovery failed\n"
        )
        os.write(2, b"something else\n")
    assert capfd.readouterr().err == "something else\n"
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_engines_are_kept_in_kbvrs_own_folder(tmp_path, monkeypatch):
    """TensorRT gets the folder, which is created."""
    monkeypatch.setenv("KBVR_HOME", str(tmp_path))
    (options,) = providers.tensorrt_options(4)
    assert (tmp_path / "engines").is_dir()
    assert options["trt_engine_cache_path"] == options["trt_timing_cache_path"] == str(tmp_path / "engines")
    assert options["trt_fp16_enable"] == options["trt_engine_cache_enable"] == options["trt_timing_cache_enable"] == "1"


def test_engines_that_cannot_be_cached_are_built_again(tmp_path, monkeypatch, caplog):
    """A folder that cannot be created is only a warning."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("KBVR_HOME", str(tmp_path / "file"))
    assert providers.tensorrt_options(4) == ({"trt_fp16_enable": "1"},)
    assert "cannot be cached" in caplog.text
