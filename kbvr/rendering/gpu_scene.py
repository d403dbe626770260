"""A scene in a GPU's memory, and the wgpu calls that render it; `gpu.wgsl` holds the shaders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from kbvr.geometry.camera import Camera
from kbvr.ldi.scene import Scene
from kbvr.native.library import Texture, drawing_constants
from kbvr.rendering.cpu_renderer import fill_empty_rows, kernel_view

SHADER = Path(__file__).with_name("gpu.wgsl")
DEPTH_FORMAT, SAMPLE_FORMAT = "depth32float", "rgba32uint"
VIEW_BYTES = 80
WORKGROUP_PX = 4 * 64
MAX_WORKGROUPS = 65535
"""Workgroups along one dimension that every WebGPU device accepts."""


@dataclass(frozen=True, eq=False)
class Targets:
    """The render targets of one picture size."""

    size_px: tuple[int, int]
    opaque: Any
    soft: Any
    """Textures of samples."""

    depth: Any
    rgb: Any
    report: Any
    """Buffers to read back."""

    resolving: Any
    packing: Any
    """Bind groups."""

    spare: list[Any]
    """Read-back buffers that no frame in flight uses."""


@dataclass(frozen=True, eq=False)
class GpuFrame:
    """One picture in flight."""

    targets: Targets
    buffer: Any
    mapped: Any
    """wgpu's promise that resolves when the buffer can be read."""

    def read_back(self) -> tuple[UInt8[np.ndarray, "H W 3"], int]:
        """Wait for the picture; return it and the number of its pixels that no layer covers."""
        self.mapped.sync_wait()
        content = np.frombuffer(self.buffer.read_mapped(copy=False), np.uint8)
        width, height = self.targets.size_px
        rgb = content[: 3 * width * height].reshape(height, width, 3).copy()
        report = content[self.targets.rgb.size :].view(np.uint32).copy()
        del content
        self.buffer.unmap()
        self.targets.spare.append(self.buffer)
        fill_empty_rows(rgb, report[1:].astype(np.uint8))
        return rgb, int(report[0])


def shader_source() -> str:
    """Return the shader, including the constants that it shares with the kernel."""
    constants = "".join(f"const {name}: f32 = {value};\n" for name, value in drawing_constants().items())
    return SHADER.read_text("utf-8") + constants


class GpuScene:
    """One scene in a GPU's memory; wgpu raises errors if something does not fit."""

    def __init__(self, adapter: Any, scene: Scene, texels: UInt8[np.ndarray, "L H W 4"], texture: Texture) -> None:
        """Upload quads and texels."""
        height, width = texels.shape[1:3]
        max_side = adapter.limits["max-texture-dimension-2d"]
        if max(width, height) > max_side:
            raise ValueError(f"layers of {width}x{height} texels do not fit; the maximum side is {max_side}")
        self._wgpu = import_module("wgpu")
        limits = ("max-texture-dimension-2d", "max-buffer-size", "max-storage-buffer-binding-size")
        self._device = adapter.request_device_sync(required_limits={name: adapter.limits[name] for name in limits})
        self._photo_camera, self._texture = scene.camera, texture
        module = self._device.create_shader_module(code=shader_source())
        self._draw = self._device.create_render_pipeline(
            layout="auto",
            vertex={"module": module, "entry_point": "place"},
            primitive={"topology": "triangle-list"},
            depth_stencil={"format": DEPTH_FORMAT, "depth_write_enabled": True, "depth_compare": "greater"},
            fragment={"module": module, "entry_point": "cover", "targets": [{"format": SAMPLE_FORMAT}]},
        )
        self._resolve, self._pack = (
            self._device.create_compute_pipeline(layout="auto", compute={"module": module, "entry_point": name})
            for name in ("resolve", "pack")
        )
        self._view = self._buffer(VIEW_BYTES, "UNIFORM", "COPY_DST")
        soft = np.repeat(scene.blocks["soft"], scene.blocks["count"]) != 0
        self._quads = [self._upload_quads(scene.quads[chosen]) for chosen in (~soft, soft)]
        self._texels = self._upload_texels(texels)
        self._targets = self._make_targets(scene.camera.size_px)

    def submit(self, camera: Camera) -> GpuFrame:
        """Submit one picture."""
        if camera.size_px != self._targets.size_px:
            self._targets = self._make_targets(camera.size_px)
        targets = self._targets
        self._device.queue.write_buffer(self._view, 0, self._view_bytes(camera))
        encoder = self._device.create_command_encoder()
        for samples, (group, count) in zip((targets.opaque, targets.soft), self._quads, strict=True):
            self._draw_quads(encoder, samples, targets.depth, group, count)
        encoder.clear_buffer(targets.report)
        width, height = targets.size_px
        packers = -(-width * height // WORKGROUP_PX)
        _compute(encoder, self._resolve, targets.resolving, -(-width // 8), -(-height // 8))
        _compute(encoder, self._pack, targets.packing, min(packers, MAX_WORKGROUPS), -(-packers // MAX_WORKGROUPS))
        size = targets.rgb.size + targets.report.size
        buffer = targets.spare.pop() if targets.spare else self._buffer(size, "MAP_READ", "COPY_DST")
        encoder.copy_buffer_to_buffer(targets.rgb, 0, buffer, 0, targets.rgb.size)
        encoder.copy_buffer_to_buffer(targets.report, 0, buffer, targets.rgb.size, targets.report.size)
        self._device.queue.submit([encoder.finish()])
        return GpuFrame(targets, buffer, buffer.map_async("READ"))

    def _draw_quads(self, encoder: Any, samples: Any, depth: Any, group: Any, count: int) -> None:
        no_sample = (int(np.float32(drawing_constants()["NO_SAMPLE"]).view(np.uint32)), 0, 0, 0)
        render_pass = encoder.begin_render_pass(
            color_attachments=[{"view": samples, "clear_value": no_sample, "load_op": "clear", "store_op": "store"}],
            depth_stencil_attachment={
                "view": depth,
                "depth_clear_value": 0.0,
                "depth_load_op": "clear",
                "depth_store_op": "discard",
            },
        )
        render_pass.set_pipeline(self._draw)
        render_pass.set_bind_group(0, group)
        render_pass.draw(6 * count)
        render_pass.end()

    def _view_bytes(self, camera: Camera) -> bytes:
        """Return the shader's `View`."""
        view, texture = kernel_view(camera, self._photo_camera), self._texture
        rows = np.column_stack([np.reshape(view.h, (3, 3)), view.e])
        rest = [
            *(view.width, view.height, view.enlargement, texture.margin_px),
            *(texture.scale_x, texture.scale_y, texture.first_hidden, 0),  # padded to a multiple of 16 bytes
        ]
        return np.concatenate([rows.ravel(), rest]).astype(np.float32).tobytes()

    def _make_targets(self, size_px: tuple[int, int]) -> Targets:
        width, height = size_px
        opaque, soft, depth = (
            self._device.create_texture(size=(width, height, 1), format=form, usage=self._usage("Texture", *usage))
            for form, usage in (
                (SAMPLE_FORMAT, ("RENDER_ATTACHMENT", "TEXTURE_BINDING")),
                (SAMPLE_FORMAT, ("RENDER_ATTACHMENT", "TEXTURE_BINDING")),
                (DEPTH_FORMAT, ("RENDER_ATTACHMENT",)),
            )
        )
        resolved = self._buffer(8 * width * height, "STORAGE")
        rgb = self._buffer(12 * -(-width * height // 4), "STORAGE", "COPY_SRC")
        report = self._buffer(4 * (1 + height), "STORAGE", "COPY_SRC", "COPY_DST")
        opaque, soft, depth = (texture.create_view() for texture in (opaque, soft, depth))
        shared = {0: self._view, 5: resolved, 6: report}
        resolving = self._group(self._resolve, shared | {2: opaque, 3: soft, 4: self._texels})
        packing = self._group(self._pack, shared | {7: rgb})
        return Targets(size_px, opaque, soft, depth, rgb, report, resolving, packing, [])

    def _upload_quads(self, quads: np.ndarray) -> tuple[Any, int]:
        """Return the bind group of quads, and their number."""
        content = quads.tobytes() or bytes(quads.itemsize)  # a buffer cannot be empty
        buffer = self._buffer(len(content), "STORAGE", "COPY_DST")
        self._device.queue.write_buffer(buffer, 0, content)
        return self._group(self._draw, {0: self._view, 1: buffer}), len(quads)

    def _upload_texels(self, texels: UInt8[np.ndarray, "L H W 4"]) -> Any:
        """Return the layers' colours as a view of a texture."""
        layers, height, width = texels.shape[:3]
        usage = self._usage("Texture", "TEXTURE_BINDING", "COPY_DST")
        texture = self._device.create_texture(size=(width, height, layers), format="rgba8uint", usage=usage)
        for index, layer in enumerate(texels):
            self._device.queue.write_texture(
                {"texture": texture, "origin": (0, 0, index)},
                layer,
                {"bytes_per_row": 4 * width, "rows_per_image": height},
                (width, height, 1),
            )
        return texture.create_view(dimension="2d-array")

    def _buffer(self, size: int, *usage: str) -> Any:
        return self._device.create_buffer(size=size, usage=self._usage("Buffer", *usage))

    def _group(self, pipeline: Any, bound: Mapping[int, Any]) -> Any:
        entries = [{"binding": index, "resource": resource} for index, resource in bound.items()]
        return self._device.create_bind_group(layout=pipeline.get_bind_group_layout(0), entries=entries)

    def _usage(self, kind: str, *names: str) -> int:
        """Return the sum of wgpu's usage flags of these names; `kind` is Buffer or Texture."""
        flags = getattr(self._wgpu, f"{kind}Usage")
        return sum(int(getattr(flags, name)) for name in names)


def _compute(encoder: Any, pipeline: Any, group: Any, across: int, down: int) -> None:
    compute_pass = encoder.begin_compute_pass()
    compute_pass.set_pipeline(pipeline)
    compute_pass.set_bind_group(0, group)
    compute_pass.dispatch_workgroups(across, down)
    compute_pass.end()
