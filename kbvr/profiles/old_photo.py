"""What is done to an old photo before it becomes 3D: repair, contrast and colours, in this order."""

from __future__ import annotations

from kbvr.colorize import colorized, colour_network
from kbvr.options.export_options import ExportOptions
from kbvr.photo.photo import Photo
from kbvr.profiles.depth_source import network_limits
from kbvr.repair import for_depth, repaired, with_contrast


class OldPhotoSteps:
    """The steps that the options ask for."""

    def __init__(self, options: ExportOptions) -> None:
        """Open the network for colours, if there are to be any, so that a missing one is reported first."""
        self.options = options
        self._colours = (
            None if options.colorize is None else colour_network(options.colorize, **network_limits(options))
        )

    @property
    def repairs(self) -> bool:
        """Whether the print itself is changed, and perhaps its size."""
        return self.options.repair or self.options.restore_contrast

    @property
    def colours(self) -> bool:
        """Whether it gets colours."""
        return self._colours is not None

    def repaired(self, photo: Photo) -> Photo:
        """Return a photo without damage, with full tones."""
        if self.options.repair:
            photo = repaired(photo, device=self.options.device, threads=self.options.threads)
        return with_contrast(photo) if self.options.restore_contrast else photo

    def coloured(self, photo: Photo) -> Photo:
        """Return a photo with colours."""
        if self._colours is None:
            return photo
        return colorized(photo, self._colours, strength=self.options.colorize_strength)


def for_depth_network(photo: Photo, options: ExportOptions) -> Photo:
    """Return what the depth is estimated from."""
    return for_depth(photo) if options.repair else photo
