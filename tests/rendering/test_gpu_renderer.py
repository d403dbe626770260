"""Drawing on a GPU: the CPU's pictures, on a Vulkan driver in software, and the CPU wherever the GPU is of no use."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from scenes import card_before_wall, checkerboard, depth_of, photo_of, smooth_pattern

from bench.render import layered_scene
from kbvr.depth.depth_map import DepthMap
from kbvr.depth.estimate import estimate_depth
from kbvr.geometry.camera import Camera
from kbvr.inpaint.push_pull import spread
from kbvr.ldi.layered_depth_image import Layer
from kbvr.ldi.scene import Scene, build_scene
from kbvr.native.library import drawing_constants
from kbvr.photo.photo import load_photo, photo_from_array
from kbvr.pipeline import export
from kbvr.rendering import gpu_renderer as gpu
from kbvr.rendering.cpu_renderer import Renderer
from kbvr.rendering.gpu_renderer import GpuRenderer, NoGpuError, best_renderer
from kbvr.rendering.gpu_scene import SHADER, GpuFrame, shader_source
from kbvr.rendering.trial import try_gpu
from kbvr.system import cuda_driver as cuda

REACH_M = 0.12
LEVELS = 2
"""Difference of two pictures that is none, of 255."""

EDGE_PX = 2
"""Pixels so near to an occlusion boundary are edge pixels."""

JUMP = 6
"""Neighbours that differ by so many 255ths of the nearest inverse depth lie on two surfaces."""


@pytest.fixture(scope="module")
def vulkan() -> Any:
    """Return a driver that runs on the CPU; skip the test where there is none."""
    try:
        return gpu._adapter(software=True)
    except NoGpuError as error:
        pytest.skip(f"needs Vulkan in software: {error}")


def shown_depth(scene: Scene) -> Scene:
    """Return the scene painted with its own inverse depth, 255 being the nearest."""
    nearest = max(float(layer.inverse_depth.max()) for layer in scene.ldi.layers)

    def painted(layer: Layer) -> Layer:
        grey = np.round(layer.inverse_depth / nearest * 255).astype(np.uint8)
        return replace(layer, rgba=np.dstack([grey, grey, grey, layer.rgba[..., 3]]))

    return replace(scene, ldi=scene.ldi.with_layers(painted))


def edge_pixels(depth: np.ndarray) -> np.ndarray:
    """Return which pixels of a picture of inverse depth lie within EDGE_PX of a jump."""
    grey = depth[..., 0].astype(int)
    jumps = np.zeros(grey.shape, np.uint8)
    across, down = np.abs(np.diff(grey, axis=1)) >= JUMP, np.abs(np.diff(grey, axis=0)) >= JUMP
    for there, both in ((across, (jumps[:, 1:], jumps[:, :-1])), (down, (jumps[1:], jumps[:-1]))):
        for side in both:
            side[there] = 1
    square = np.ones((2 * EDGE_PX - 1,) * 2)  # the pixels beside the boundary are marked: these are 1 px from it
    return cv2.dilate(jumps, square) != 0


def floor_scene() -> Scene:
    """Return a floor that rises from far to near, under a picture without edges."""
    slant = np.linspace(0.15, 1.0, 90)[:, None] * np.ones((1, 120))
    return build_scene(photo_of(smooth_pattern(120, 90)), depth_of(slant), reach_m=REACH_M)


def card_scene() -> Scene:
    """Return a card before a wall, both with a pattern."""
    photo, depth = card_before_wall()
    return build_scene(photo_of(photo.rgb // 2 + checkerboard(120, 100) // 4), depth, reach_m=REACH_M)


def cards_scene() -> Scene:
    """Return a wall, a floor and twelve cards, all with grain."""
    rgb, inverse_depth = layered_scene((480, 360))
    return build_scene(photo_from_array(rgb, f_px=480.0), DepthMap(inverse_depth, 480.0), reach_m=0.05)


def photo_scene() -> Scene:
    """Return a small example photo with estimated depth."""
    photo = load_photo(Path(__file__).parents[2] / "examples" / "cat.jpg")
    scale = 480 / max(photo.size_px)
    small = cv2.resize(photo.rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    photo = photo_from_array(small, f_px=photo.f_px * scale)
    return build_scene(photo, estimate_depth(photo, model="kbvr-depth", device="cpu"), filler=spread)


def cameras(scene: Scene) -> dict[str, Camera]:
    """Return where a film's cameras stand: at rest, at a swing's ends, closer, turned, zoomed, in a stereo pair."""
    photo, reach_m = scene.camera, scene.reach_m
    return {
        "rest": photo,
        "left": photo.moved(x_m=-reach_m),
        "right": photo.moved(x_m=reach_m, y_m=reach_m / 2),
        "zoomed": replace(photo, f_px=1.6 * photo.f_px),
        "closer": photo.moved(z_m=reach_m),
        "turned": photo.moved(x_m=reach_m).turned(2, 1),
        "shifted": replace(photo.moved(x_m=reach_m / 2), cx_px=photo.cx_px + 3.3),
    }


def test_the_shader_has_its_constants_from_the_kernel():
    """It uses every one that the kernel lists, and defines none of them itself."""
    own, whole = SHADER.read_text("utf-8"), shader_source()
    assert {"GROWTH_PX", "NO_SAMPLE", "HIDDEN_DEPTH_BIAS"} < set(drawing_constants())
    for name, value in drawing_constants().items():
        assert re.search(rf"\b{name}\b", own)
        assert f"const {name}" not in own
        assert f"const {name}: f32 = {value};" in whole


@pytest.mark.parametrize("make", [floor_scene, card_scene, cards_scene, photo_scene])
def test_pictures_are_the_cpus_but_for_edges(vulkan, make):
    """Within 2/255 on all but edge pixels and few others, on a checkerboard's seams; the same pixels are holes."""
    scene = make()
    with GpuRenderer(scene, software=True) as drawing, Renderer(scene) as exact, Renderer(shown_depth(scene)) as depth:
        for name, camera in cameras(scene).items():
            (picture, holes), (wanted, wanted_holes) = drawing.frame_and_holes(camera), exact.frame_and_holes(camera)
            differs = np.abs(picture.astype(int) - wanted).max(-1) > LEVELS
            edge = edge_pixels(depth.frame(camera))
            assert edge.mean() < 0.5, name
            assert differs[~edge].mean() <= (0.002 if make is card_scene else 0.0002), name
            assert differs.mean() <= 0.002, name
            assert abs(holes - wanted_holes) <= 0.0005 * differs.size, name


def test_uncovered_pixels_are_filled_as_on_the_cpu(vulkan):
    """Along rows, and empty rows; a camera that turns away sees nothing at all."""
    scene = build_scene(*card_before_wall(), reach_m=0.03)
    with GpuRenderer(scene, software=True) as drawing, Renderer(scene) as exact:
        for camera in (scene.camera.moved(x_m=0.25), scene.camera.moved(y_m=0.8), scene.camera.turned(0, 170)):
            (picture, holes), (wanted, wanted_holes) = drawing.frame_and_holes(camera), exact.frame_and_holes(camera)
            assert holes == wanted_holes > 100
            assert (np.abs(picture.astype(int) - wanted).max(-1) > LEVELS).mean() < 0.001


def test_a_gpu_that_draws_something_else_is_not_used(vulkan, monkeypatch):
    """Its first picture is compared with the CPU's."""
    read_back = GpuFrame.read_back
    monkeypatch.setattr(GpuFrame, "read_back", lambda frame: (255 - read_back(frame)[0], 0))
    with pytest.raises(NoGpuError, match="differ from the CPU's"):
        GpuRenderer(card_scene(), software=True)


def test_an_export_is_drawn_on_the_gpu_and_says_so(vulkan, monkeypatch, tmp_path):
    """The whole pipeline, on a small photo; other devices use the CPU."""
    monkeypatch.setattr(gpu, "_adapter", lambda **options: vulkan)
    picture = Path(__file__).parents[2] / "examples" / "cat.jpg"
    small: dict[str, Any] = {"max_size": (96, 96), "seconds": 0.2, "depth_quality": "fast", "fill": "spread"}
    for device, title in (("auto", vulkan.info["device"]), ("cpu", "the CPU")):
        report = export(picture, tmp_path / device, device=device, **small)
        assert f"rendering: on {title}" in report.explanation
        assert report.file.frames == 5
        assert report.seconds["render"] > 0


def test_frames_come_in_order_and_of_any_size(vulkan):
    """Several are under way at once; sizes whose rows are no whole number of words are packed well."""
    scene = card_scene()
    small = [scene.camera.moved(x_m=0.02 * k) for k in range(-3, 4)]
    mixed = [*small, small[0].resized((61, 51)), small[3].resized((33, 40)), *small[:2]]
    with GpuRenderer(scene, software=True) as drawing, Renderer(scene) as exact:
        films = zip(drawing.frames(iter(mixed)), exact.frames(mixed), mixed, strict=True)
        for picture, wanted, camera in films:
            assert picture.shape == wanted.shape == (camera.size_px[1], camera.size_px[0], 3)
            assert (np.abs(picture.astype(int) - wanted).max(-1) > LEVELS).mean() < 0.002
        assert list(drawing.frames([])) == []
        assert drawing.busy_s > 0


def test_an_error_of_who_gives_the_cameras_is_theirs(vulkan):
    """It is no failure of the GPU."""
    scene = card_scene()

    def broken() -> Iterator[Camera]:
        yield scene.camera
        raise ZeroDivisionError

    with GpuRenderer(scene, software=True) as drawing:
        with pytest.raises(ZeroDivisionError):
            list(drawing.frames(broken()))
        assert not drawing.title.startswith("the CPU")


def test_if_the_gpu_fails_the_cpu_continues(vulkan, caplog, monkeypatch):
    """No picture is lost, and there is one warning."""
    scene = card_scene()
    film = [scene.camera.moved(x_m=0.01 * k) for k in range(8)]
    read_back, count = GpuFrame.read_back, []

    def failing(frame: GpuFrame) -> Any:
        count.append(frame)
        if len(count) > 3:
            raise RuntimeError("the device was lost")
        return read_back(frame)

    with GpuRenderer(scene, software=True) as drawing, Renderer(scene) as exact:
        monkeypatch.setattr(GpuFrame, "read_back", failing)
        pictures = list(drawing.frames(film))
        assert drawing.title == "the CPU, since " + vulkan.info["device"] + " failed"
        assert all((a == b).all() for a, b in zip(pictures[3:], exact.frames(film[3:]), strict=True))
    assert len(pictures) == len(film)
    assert [record.levelname for record in caplog.records if "rendered" in record.message] == ["WARNING"]


@pytest.mark.filterwarnings("ignore:invalid value encountered in matmul")
@pytest.mark.parametrize("wild", [np.nan, np.inf, 1e30, -1e30])
def test_a_camera_at_nan_or_infinity_gives_a_picture_and_no_crash(vulkan, wild):
    """As on the CPU."""
    scene = card_scene()
    with GpuRenderer(scene, software=True) as drawing:
        assert drawing.frame(scene.camera.moved(x_m=wild)).shape == (100, 120, 3)
        assert not drawing.title.startswith("the CPU")


def test_a_scene_too_large_for_the_gpus_textures_is_the_cpus(vulkan):
    """Its textures may be 16384 texels a side on most GPUs, and often less."""
    scene = build_scene(photo_of(smooth_pattern(17000, 16)), depth_of(np.full((16, 17000), 0.5)), reach_m=0.1)
    with pytest.raises(NoGpuError, match=r": layers of \d+x\d+ texels do not fit"):
        GpuRenderer(scene, software=True)


class _Adapter:
    def __init__(self, vendor_id: int, adapter_type: str, backend_type: str) -> None:
        self.info = {"vendor_id": vendor_id, "adapter_type": adapter_type, "backend_type": backend_type}


def machine(monkeypatch: pytest.MonkeyPatch, *, cards: int, adapters: list[_Adapter] | None) -> None:
    """Be a machine with so many NVIDIA cards, without wgpu or with these adapters."""
    devices = (cuda.CudaDevice("NVIDIA A", 1),) * cards
    monkeypatch.setattr(cuda, "driver", lambda: cuda.Driver((13, 0), devices) if cards else None)
    monkeypatch.setattr(gpu, "find_spec", lambda name: None if adapters is None else SimpleNamespace())
    module = SimpleNamespace(gpu=SimpleNamespace(enumerate_adapters_sync=lambda: adapters))
    monkeypatch.setattr(gpu, "import_module", lambda name: module)


def test_an_nvidia_gpu_is_taken_by_vulkan(monkeypatch):
    """And neither another maker's, nor by OpenGL, nor a driver in software."""
    wanted = _Adapter(gpu.NVIDIA_VENDOR, "DiscreteGPU", "Vulkan")
    others = [
        _Adapter(0x10005, "CPU", "Vulkan"),
        _Adapter(0x1002, "DiscreteGPU", "Vulkan"),
        _Adapter(gpu.NVIDIA_VENDOR, "DiscreteGPU", "OpenGL"),
    ]
    machine(monkeypatch, cards=1, adapters=[*others, wanted])
    assert gpu._adapter(software=False) is wanted
    machine(monkeypatch, cards=1, adapters=others)
    with pytest.raises(NoGpuError, match="no Vulkan or Direct3D 12 driver of an NVIDIA GPU"):
        gpu._adapter(software=False)


@pytest.mark.parametrize(
    ("cards", "adapters", "why", "remedy"),
    [(0, [], "no NVIDIA GPU", "install its driver"), (1, None, "wgpu is not installed", 'pip install "kbvr[gpu]"')],
)
def test_without_a_gpu_the_cpu_draws_without_a_word(monkeypatch, caplog, cards, adapters, why, remedy):
    """Only `kbvr doctor` says why, and how to fix it."""
    machine(monkeypatch, cards=cards, adapters=adapters)
    with caplog.at_level(logging.WARNING), best_renderer(card_scene()) as drawing:
        assert type(drawing) is Renderer
        assert drawing.title == "the CPU"
    assert not caplog.records
    answer = try_gpu()
    assert why in answer["problem"]
    assert remedy in answer["remedy"]


def test_the_device_cpu_draws_on_the_cpu(monkeypatch):
    """As does one with another vendor's GPU; no GPU is then searched for."""
    monkeypatch.setattr(gpu, "_adapter", lambda **options: pytest.fail("asked for a GPU"))
    for device in ("cpu", "directml", "openvino", "coreml"):
        with best_renderer(card_scene(), device=device) as drawing:
            assert type(drawing) is Renderer


def test_the_doctor_compares_the_gpu_with_the_cpu(vulkan, monkeypatch):
    """A driver that draws well is named, with how far its picture is from the CPU's."""
    monkeypatch.setattr(gpu, "_adapter", lambda **options: vulkan)
    answer = try_gpu()
    assert answer["drawn_on"] == vulkan.info["device"]
    assert answer["difference"] < 0.05
    with best_renderer(card_scene(), device="cuda") as drawing:
        assert type(drawing) is GpuRenderer
