"""HTTP requests for files: proxies, redirects and one-line errors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from kbvr.errors import DownloadError, InputError

if TYPE_CHECKING:
    import requests

TIMEOUT_S, FAIL_FAST_TIMEOUT_S = (10.0, 30.0), (3.0, 10.0)
"""Timeouts of the connection, and of the next bytes."""

MAX_REDIRECTS = 10

_USER = re.compile(r"://[^/\s]*@")
_QUERY = re.compile(r"(://[^\s?]*)\?\S+")


class TemporaryError(DownloadError):
    """A failure that may not happen again at the next attempt."""


def check_proxy(proxy: str) -> None:
    """Raise InputError, without repeating a password, if a text is not a proxy's URL."""
    with suppress(ValueError):
        parts = urlsplit(proxy)
        _ = parts.port
        if parts.scheme in ("http", "https") and parts.hostname:
            return
    raise InputError("the proxy must be like http://host:port or http://name:password@host:port")


@contextmanager
def open_url(
    session: requests.Session, url: str, headers: Mapping[str, str], proxy: str | None, *, fail_fast: bool = False
) -> Iterator[requests.Response]:
    """Yield the response after all redirects, before its body is read; `fail_fast` shortens the timeouts."""
    proxies = {"http": proxy, "https": proxy} if proxy else None
    timeout_s = FAIL_FAST_TIMEOUT_S if fail_fast else TIMEOUT_S
    for _ in range(MAX_REDIRECTS + 1):
        response = session.get(
            url, headers=dict(headers), stream=True, allow_redirects=False, timeout=timeout_s, proxies=proxies
        )
        with response:
            if not response.is_redirect:
                yield response
                return
            url = redirected(url, response.headers["Location"])
    raise DownloadError(f"{host_of(url)} redirects in a circle")


def redirected(url: str, location: str) -> str:
    """Return the target of a redirect; raise DownloadError if it is not on the web, or leaves https."""
    target = urljoin(url, location)
    allowed = ("https",) if url.lower().startswith("https:") else ("http", "https")
    if urlsplit(target).scheme not in allowed:
        problem = f"{without_credentials(target)}, which is not an {' or '.join(allowed)} address"
        raise DownloadError(f"{host_of(url)} redirects to {problem}")
    return target


@contextmanager
def network_errors(url: str, proxy: str | None) -> Iterator[None]:
    """Turn the exceptions of requests into a one-line TemporaryError or DownloadError."""
    from requests import exceptions as failed

    host = host_of(url)
    try:
        yield
    except failed.ProxyError as error:
        name = f"proxy {host_of(proxy)}" if proxy else "environment's proxy (HTTPS_PROXY)"
        raise DownloadError(f"the {name} cannot be reached or refuses to connect to {host}") from error
    except failed.SSLError as error:
        remedy = "behind a corporate proxy, set REQUESTS_CA_BUNDLE to its certificates"
        raise DownloadError(f"the certificate of {host} is not trusted; {remedy}") from error
    except failed.Timeout as error:
        raise TemporaryError(f"{host} did not answer in time") from error
    except failed.ConnectionError as error:
        if _never_connected(error):
            reason = "there is no network connection, or a proxy is required (HTTPS_PROXY)"
            raise DownloadError(f"{host} cannot be reached: {reason}") from error
        raise TemporaryError(f"the connection to {host} was lost") from error
    except failed.ChunkedEncodingError as error:
        raise TemporaryError(f"the connection to {host} was cut") from error
    except failed.RequestException as error:
        reason = without_credentials(" ".join(str(error).split()))
        raise DownloadError(f"the request to {host} failed: {reason}") from error


def _never_connected(error: BaseException) -> bool:
    """Return whether no connection was made: the name does not resolve, or the server refuses."""
    from urllib3.exceptions import MaxRetryError, NewConnectionError

    reason: Any = error.args[0] if error.args else None
    return isinstance(reason.reason if isinstance(reason, MaxRetryError) else reason, NewConnectionError)


def host_of(url: str) -> str:
    """Return the host and port of a URL, without credentials."""
    try:
        parts = urlsplit(url)
        return f"{parts.hostname}:{parts.port}" if parts.port else f"{parts.hostname}"
    except ValueError:
        return "the server"


def without_credentials(text: str) -> str:
    """Return a text without the user names, passwords and queries of its URLs, which may grant access."""
    return _QUERY.sub(r"\1?...", _USER.sub("://", text))
