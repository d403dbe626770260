"""Libraries that some files need and that an installation has only if it was asked for: the extras of kbvr."""

from __future__ import annotations

from importlib import import_module

from kbvr.errors import MissingExtraError


def check_extra(extra: str, module: str, what: str) -> None:
    """Check that a module of an extra is installed; errors call what needs it `what`.

    Raises:
        MissingExtraError: if it cannot be imported.
    """
    try:
        import_module(module)
    except ImportError as error:
        raise MissingExtraError(f"{what}, which is not installed here: pip install 'kbvr[{extra}]'") from error
