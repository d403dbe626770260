"""URLs of photos: which part names the photo, and which part grants access to it."""

from __future__ import annotations

import hashlib
from pathlib import PurePosixPath
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

WEB = ("http", "https")

SIGNATURES = frozenset(
    (
        *("signature", "expires", "awsaccesskeyid", "googleaccessid", "policy", "key-pair-id", "token"),
        *("sig", "se", "sp", "sr", "st", "sv", "spr", "sip", "skoid", "sktid", "skt", "ske", "sks", "skv"),  # Azure
    )
)
"""Parameters of signed URLs, in lower case, which differ whenever a URL is signed; and all that begin with SIGNERS."""

QUOTED = "/%:@!$&'()*+,;=~[]"
"""What stays as it is in paths on the web; blanks and letters beyond ASCII may be written quoted or not."""

SIGNERS = ("x-amz-", "x-goog-")


def local_if_file(text: str) -> str:
    """Return the path of a file:// URL, and any other path or URL as it is."""
    if protocol_of(text) != "file" or "://" not in text:
        return text
    from urllib.request import url2pathname

    return url2pathname(urlsplit(text).path)


def protocol_of(url: str) -> str:
    """Return the protocol of a URL, in lower case."""
    return url.partition("://")[0].lower()


def public_address(url: str) -> str:
    """Return what identifies a photo and may be stored and shown: the URL without passwords, queries and signatures.

    A user name stays, except on the web. A query, which may contain anything, becomes a hash of what is no signature,
    so that different queries stay different photos, and a URL that has been signed anew stays the same photo.
    """
    protocol = protocol_of(url)
    host, slash, path = url.partition("://")[2].partition("/")
    user, at, host = host.rpartition("@")
    if protocol not in WEB:
        return f"{protocol}://{user.partition(':')[0]}{at}{host}{slash}{path}"
    path, _, query = f"{host}{slash}{path}".partition("#")[0].partition("?")
    return f"{protocol}://{quote(path, safe=QUOTED)}{_hashed(query)}"


def has_password(url: str) -> bool:
    """Return whether a URL contains a password."""
    user, _, _ = url.partition("://")[2].partition("/")[0].rpartition("@")
    return ":" in user


def name_of(url: str) -> str:
    """Return the file name of a URL or public address; on the web, names are quoted, elsewhere they are as they are."""
    if protocol_of(url) in WEB:
        return PurePosixPath(unquote(urlsplit(url).path)).name
    return url.rpartition("/")[2]


def names_of(url: str) -> list[str]:
    """Return the host or bucket of a URL, and the names in its path, unquoted on the web."""
    names = public_address(url).partition("://")[2].split("/")
    names[0] = names[0].rpartition("@")[2]
    if protocol_of(url) not in WEB:
        return names
    names[-1] = names[-1].partition("?")[0]
    return [unquote(name) for name in names]


def _hashed(query: str) -> str:
    kept = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if not _signs(name.lower())]
    return f"?{hashlib.sha256(urlencode(kept).encode()).hexdigest()[:16]}" if kept else ""


def _signs(name: str) -> bool:
    return name in SIGNATURES or name.startswith(SIGNERS)
