"""Set-up for all tests: array shapes are checked, examples are the same on every run."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings
from jaxtyping import install_import_hook

install_import_hook("kbvr", "typechecking.checked")

settings.register_profile("kbvr", derandomize=True, deadline=None, max_examples=40, database=None)
settings.load_profile("kbvr")


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of reference material that lies beside a checkout, where there is one."""
    folder = Path(__file__).parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip(f"needs the reference material in {folder}")
    return folder
