"""Render a scene from any camera: `kbvr.render(scene, cameras)` gives one frame per camera, in order.

The package itself can be called, so that `kbvr.render` is the function whether or not its modules were imported first.
"""

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from kbvr.render.renderer import Renderer, render

__all__ = ["Renderer", "render"]


class _CallablePackage(ModuleType):
    def __call__(self, *arguments: Any, **options: Any) -> Iterator[Any]:
        return render(*arguments, **options)


sys.modules[__name__].__class__ = _CallablePackage
