"""Access to file systems of other machines, by the libraries that fsspec knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from socket import gaierror
from time import monotonic, sleep
from typing import Any, TypeVar

from kbvr.batching.remote.url import WEB, protocol_of, public_address
from kbvr.errors import DownloadError, InputError, KbvrError, MissingExtraError, OutputError, escaped
from kbvr.nets import without_credentials

CONNECT_S, READ_S = 10, 30
"""Timeouts of a connection, and of the next bytes."""

CALL_S, TRANSFER_S = 120, 3600
"""Limits of a question, and of a file's transfer, whatever the server does in between."""

PAUSES_S = (0.5, 2.0, 5.0)
"""Pauses before a failed attempt is repeated."""

RETRY_S = 180
"""No attempt begins later than this after the first one."""

PASSING_STATUSES = (408, 425, 429)
"""Answers of web servers in 400 to 499 that a later request may not get."""

T = TypeVar("T")
Action = Callable[[Any, str], T]
"""Called with a file system of fsspec and a path in it."""


@dataclass(frozen=True)
class _Protocol:
    library: str
    """What must be installed, besides fsspec."""

    options: Callable[[], dict[str, Any]]
    has_atomic_put: bool
    """Whether files appear complete, under their own names; elsewhere they are renamed."""


def _timeout() -> Any:
    from aiohttp import ClientTimeout

    return ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=READ_S)


def _s3_options() -> dict[str, Any]:
    # s3fs itself tries five times, so botocore does not
    retries = {"total_max_attempts": 1}
    return {"config_kwargs": {"connect_timeout": CONNECT_S, "read_timeout": READ_S, "retries": retries}} | UNCACHED


def _gs_options() -> dict[str, Any]:
    return {"requests_timeout": _timeout()} | UNCACHED


def _az_options() -> dict[str, Any]:
    return {"connection_timeout": CONNECT_S, "read_timeout": READ_S} | UNCACHED


def _sftp_options() -> dict[str, Any]:
    # an empty tuple stands for the user's known hosts; the default of sshfs accepts every host
    limits = {"connect_timeout": CONNECT_S, "login_timeout": READ_S, "keepalive_interval": READ_S // 2}
    return limits | {"known_hosts": (), "sftp_client_kwargs": {"path_errors": "surrogateescape"}}


def _http_options() -> dict[str, Any]:
    return {"client_kwargs": {"timeout": _timeout(), "trust_env": True}} | UNCACHED


UNCACHED = {"use_listings_cache": False}
"""Listings of a million files stay in memory otherwise, and files that appear later are not seen."""

S3 = _Protocol("s3fs", _s3_options, has_atomic_put=True)
GS = _Protocol("gcsfs", _gs_options, has_atomic_put=True)
AZ = _Protocol("adlfs", _az_options, has_atomic_put=True)
SFTP = _Protocol("sshfs", _sftp_options, has_atomic_put=False)
HTTP = _Protocol("aiohttp", _http_options, has_atomic_put=False)
MEMORY = _Protocol("fsspec", dict, has_atomic_put=True)
OTHER = _Protocol("fsspec", dict, has_atomic_put=False)

PROTOCOLS = {
    **dict.fromkeys(("s3", "s3a"), S3),
    **dict.fromkeys(("gs", "gcs"), GS),
    **dict.fromkeys(("az", "abfs", "abfss"), AZ),
    **dict.fromkeys(("sftp", "ssh"), SFTP),
    **dict.fromkeys(WEB, HTTP),
    "memory": MEMORY,
}
"""The protocols whose options are known; others of fsspec work with its defaults."""

USUAL = "s3://, gs://, az://, sftp:// or https://"


def has_atomic_put(url: str) -> bool:
    """Return whether a file that is uploaded to a URL appears only when it is complete."""
    return PROTOCOLS.get(protocol_of(url), OTHER).has_atomic_put


def attempt(url: str, action: Action[T], *, is_writing: bool = False) -> T:
    """Return the result of an action with the file system of a URL, repeated if it fails for a reason that may pass.

    Raises:
        FileNotFoundError: if there is no such file or folder.
        InputError: if nothing is known about the protocol, or the library for it is not installed.
        DownloadError: if it fails otherwise; OutputError if `is_writing`.
    """
    start_s = monotonic()
    for pause_s in (*PAUSES_S, None):
        try:
            system, path = _opened(url)
            return action(system, path)
        except KbvrError:
            raise
        except Exception as error:
            if isinstance(error, FileNotFoundError) and not is_writing:
                raise
            if pause_s is None or is_permanent(error) or monotonic() - start_s + pause_s > RETRY_S:
                raise _failure(url, error, is_writing=is_writing) from error
            _forget_connections(url)
            sleep(pause_s)
    raise AssertionError("the last attempt returns or raises")


def call(system: Any, method: str, *args: Any, seconds: float = CALL_S, **options: Any) -> Any:
    """Call a method of a file system of fsspec, which is given up after some seconds."""
    from fsspec.asyn import AsyncFileSystem

    limit = {"timeout": seconds} if isinstance(system, AsyncFileSystem) else {}
    return getattr(system, method)(*args, **options, **limit)


def is_permanent(error: BaseException) -> bool:
    """Return whether an attempt that failed with an error would fail again."""
    status = status_of(error)
    if status is not None:
        return 400 <= status < 500 and status not in PASSING_STATUSES
    kinds = (
        FileNotFoundError,
        PermissionError,
        FileExistsError,
        NotADirectoryError,
        IsADirectoryError,
        ValueError,
        TypeError,
    )
    return isinstance(error, (*kinds, NotImplementedError)) or _is_refusal(error)


def status_of(error: BaseException) -> int | None:
    """Return the status that a web server answered; None if the error is another one."""
    status = getattr(error, "status", getattr(error, "status_code", None))
    return status if isinstance(status, int) else None


def reason_of(error: BaseException) -> str:
    """Return in one line, without credentials, why an access failed."""
    if isinstance(error, TimeoutError):
        return "the server did not answer in time"
    if isinstance(error, ConnectionRefusedError | gaierror) or hasattr(error, "os_error"):  # the latter is aiohttp's
        return "the server cannot be reached"
    if status_of(error) in (401, 403) or (isinstance(error, PermissionError) and status_of(error) is None):
        return "access is denied"
    if status_of(error) is not None:
        return f"the server answered {status_of(error)}"
    text = without_credentials(" ".join(str(error).split()))
    return escaped(text or type(error).__name__)


def check_installed(url: str) -> None:
    """Raise InputError if a URL's protocol is unknown, or its library is not installed."""
    _options(url)


def _opened(url: str) -> tuple[Any, str]:
    """Return the file system of a URL, and the path in it; connections are kept by fsspec for the next call."""
    from fsspec.core import url_to_fs

    protocol, options, inner = protocol_of(url), _options(url), url.partition("://")[2]
    if PROTOCOLS.get(protocol) is SFTP:  # names may contain ? and #, which fsspec cuts off
        host, slash, path = inner.partition("/")
        return url_to_fs(f"{protocol}://{host}/", **options)[0], slash + path
    system, path = url_to_fs(f"{protocol}://{inner}", **options)
    return system, path


def _options(url: str) -> dict[str, Any]:
    protocol = protocol_of(url)
    known = PROTOCOLS.get(protocol, OTHER)
    try:
        registry = import_module("fsspec.registry")
        if known is OTHER and protocol not in registry.available_protocols():
            raise InputError(f"expected a path or a URL that begins with {USUAL}, got {public_address(url)}")
        import_module(known.library)
        registry.get_filesystem_class(protocol)
        return known.options()
    except ImportError as error:
        if known is OTHER and error.name != "fsspec":
            raise MissingExtraError(f"{protocol}:// requires a library: {' '.join(str(error).split())}") from error
        raise MissingExtraError(f"{protocol}:// requires {known.library}: pip install 'kbvr[remote]'") from error


def _forget_connections(url: str) -> None:
    """Let the next attempt open a new connection: the old one may be broken."""
    import fsspec

    fsspec.get_filesystem_class(protocol_of(url)).clear_instance_cache()


def _failure(url: str, error: BaseException, *, is_writing: bool) -> KbvrError:
    address, reason = public_address(url), reason_of(error)
    return OutputError(f"cannot write to {address}: {reason}") if is_writing else DownloadError(f"{address}: {reason}")


def _is_refusal(error: BaseException) -> bool:
    """Return whether an error is about credentials or keys; each library has its own classes."""
    names = {kind.__name__ for kind in type(error).__mro__}
    return bool(names & REFUSALS)


REFUSALS = frozenset(
    (
        *("NoCredentialsError", "PartialCredentialsError", "ParamValidationError", "TokenRetrievalError"),  # botocore
        *("PermissionDenied", "HostKeyNotVerifiable", "KeyImportError", "ConfigParseError"),  # asyncssh
        *("ClientAuthenticationError", "ResourceExistsError"),  # azure
        *("GoogleAuthError",),  # google.auth
    )
)
