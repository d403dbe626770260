"""Ask for a file over HTTP: proxies, redirects, and every failure in one line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from kbvr.errors import DownloadError, InputError

if TYPE_CHECKING:
    import requests

TIMEOUT_S = (10.0, 30.0)
"""How long to wait for a connection, and for the next bytes."""

HURRIED_TIMEOUT_S = (3.0, 10.0)
"""The same for somebody who can do without the file."""

MOST_REDIRECTS = 10

_USER = re.compile(r"://[^/\s]*@")
_QUERY = re.compile(r"(://[^\s?]*)\?\S+")


class PassingError(DownloadError):
    """A failure that another try may not meet."""


def check_proxy(proxy: str) -> None:
    """Check that a text can be a proxy's URL.

    Raises:
        InputError: if it is not like http://host:port; a password in it is not repeated.
    """
    with suppress(ValueError):
        parts = urlsplit(proxy)
        _ = parts.port
        if parts.scheme in ("http", "https") and parts.hostname:
            return
    raise InputError("the proxy must be like http://host:port, or with name:password@ before the host")


@contextmanager
def opened(
    session: requests.Session, url: str, headers: Mapping[str, str], proxy: str | None, *, hurried: bool = False
) -> Iterator[requests.Response]:
    """Yield the answer to a request after all redirects, its body not yet read; `hurried` waits for less long.

    Raises:
        DownloadError: if there are too many redirects, or one leads away from https.
    """
    proxies = {"http": proxy, "https": proxy} if proxy else None
    timeout_s = HURRIED_TIMEOUT_S if hurried else TIMEOUT_S
    for _ in range(MOST_REDIRECTS + 1):
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
    """Return where a redirect leads.

    Raises:
        DownloadError: if it leads from https to anything else, or to what is not the web.
    """
    target = urljoin(url, location)
    allowed = ("https",) if url.lower().startswith("https:") else ("http", "https")
    if urlsplit(target).scheme not in allowed:
        where = f"{without_credentials(target)}, which is no {' or '.join(allowed)} address"
        raise DownloadError(f"{host_of(url)} redirects to {where}")
    return target


@contextmanager
def network_errors(url: str, proxy: str | None) -> Iterator[None]:
    """Turn what requests raises into one line, told apart by whether it may pass by."""
    from requests import exceptions as failed

    host = host_of(url)
    try:
        yield
    except failed.ProxyError as error:
        which = host_of(proxy) if proxy else "that the environment names (HTTPS_PROXY)"
        raise DownloadError(f"the proxy {which} cannot be reached, or does not let anyone reach {host}") from error
    except failed.SSLError as error:
        mend = "behind a company's proxy, REQUESTS_CA_BUNDLE has to name its certificates"
        raise DownloadError(f"the certificate of {host} is not trusted; {mend}") from error
    except failed.Timeout as error:
        raise PassingError(f"{host} did not answer in time") from error
    except failed.ConnectionError as error:
        if _never_connected(error):
            said = f"{host} cannot be reached: no network here, or a proxy is needed (HTTPS_PROXY)"
            raise DownloadError(said) from error
        raise PassingError(f"the connection to {host} was lost") from error
    except failed.ChunkedEncodingError as error:
        raise PassingError(f"the connection to {host} was cut") from error
    except failed.RequestException as error:
        raise DownloadError(f"{host} cannot be asked: {without_credentials(' '.join(str(error).split()))}") from error


def _never_connected(error: BaseException) -> bool:
    """Tell whether there was no connection at all: a name that nobody knows, or nobody there."""
    from urllib3.exceptions import MaxRetryError, NewConnectionError

    reason: Any = error.args[0] if error.args else None
    return isinstance(reason.reason if isinstance(reason, MaxRetryError) else reason, NewConnectionError)


def host_of(url: str) -> str:
    """Return the host of a URL, without a password that may be in it."""
    try:
        parts = urlsplit(url)
        return f"{parts.hostname}:{parts.port}" if parts.port else f"{parts.hostname}"
    except ValueError:
        return "the server"


def without_credentials(text: str) -> str:
    """Return a text with no name, password or query in the URLs that are in it: each may let people in."""
    return _QUERY.sub(r"\1?...", _USER.sub("://", text))
