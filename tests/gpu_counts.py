"""What a page asks of the GPU, counted at WebGL itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

COUNTING = """
  window.gpu = { calls: 0, triangles: 0, bytes: 0 };
  (() => {
    const gl = WebGL2RenderingContext.prototype;
    const sizes = new WeakMap();
    const wrap = (name, note) => {
      const draw = gl[name];
      gl[name] = function (...given) { note.call(this, ...given); return draw.apply(this, given); };
    };
    const drawn = (mode, count) => {
      window.gpu.calls++;
      if (mode === WebGL2RenderingContext.TRIANGLES) window.gpu.triangles += count / 3;
    };
    wrap("drawElements", drawn);
    wrap("drawArrays", (mode, first, count) => drawn(mode, count));
    wrap("drawElementsInstanced", (mode, count, type, offset, times) => drawn(mode, count * times));
    wrap("drawArraysInstanced", (mode, first, count, times) => drawn(mode, count * times));
    wrap("texStorage2D", function (target, levels, format, width, height) {
      if (target !== this.TEXTURE_2D) return;
      let bytes = 0;
      for (let level = 0; level < levels; level++) {
        bytes += 4 * Math.max(1, width >> level) * Math.max(1, height >> level);
      }
      sizes.set(this.getParameter(this.TEXTURE_BINDING_2D), bytes);
      window.gpu.bytes += bytes;
    });
    wrap("deleteTexture", (texture) => {
      window.gpu.bytes -= sizes.get(texture) ?? 0;
      sizes.delete(texture);
    });
  })();
"""
"""To run before the page's scripts. Textures are taken for RGBA with 8 bits, as they are without compression."""

FRAME = """async () => {
  const frame = () => new Promise(requestAnimationFrame);
  await frame();
  Object.assign(window.gpu, { calls: 0, triangles: 0 });
  await frame();
  return window.gpu;
}"""


@dataclass(frozen=True)
class GpuCounts:
    """Draw calls and triangles of one frame, and bytes of all textures with their mipmaps."""

    calls: int
    triangles: int
    bytes: int


def of_one_frame(page: Page) -> GpuCounts:
    """Return the counts of the next frame."""
    return GpuCounts(**page.evaluate(FRAME))
