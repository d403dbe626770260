"""A session that remembers what it was shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kbvr.nets import Session


class Watched:
    """Runs another session and keeps what goes in."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.shown: list[dict[str, np.ndarray]] = []

    def run(self, output_names: Sequence[str] | None, feeds: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Run, and remember."""
        self.shown.append(dict(feeds))
        return self.session.run(output_names, feeds)

    def get_inputs(self) -> Sequence[Any]:
        """Describe the inputs."""
        return self.session.get_inputs()

    def get_outputs(self) -> Sequence[Any]:
        """Describe the outputs."""
        return self.session.get_outputs()

    def get_providers(self) -> list[str]:
        """Run where the other runs."""
        return self.session.get_providers()
