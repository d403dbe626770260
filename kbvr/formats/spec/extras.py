"""Optional libraries, which the extras of kbvr install."""

from __future__ import annotations

from importlib import import_module

from kbvr.errors import MissingExtraError


def check_extra(extra: str, module: str, requirement: str) -> None:
    """Check that a module of an extra is installed; `requirement` is like "USDZ requires usd-core".

    Raises:
        MissingExtraError: if it cannot be imported.
    """
    try:
        import_module(module)
    except ImportError as error:
        raise MissingExtraError(f"{requirement}, which is not installed: pip install 'kbvr[{extra}]'") from error
