"""The headers of every answer, and the answers of one line to what is refused."""

from __future__ import annotations

from http import HTTPStatus

CONTENT_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval' blob:",
        "style-src 'unsafe-inline'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob: data:",
        "font-src data:",
        "connect-src 'self' blob: data:",
        "worker-src blob:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

SANDBOX = "; ".join(
    (
        "sandbox allow-scripts allow-pointer-lock allow-downloads",
        "connect-src blob: data:",
        "img-src blob: data:",
        "media-src blob: data:",
    )
)
"""A further policy for pages of the caller, which anyone may have written: each has an origin of its own (HTML, section
7.1.5), so it can read nothing else of this server. kbvr's exported pages hold all that they show."""

PERMISSIONS = ", ".join(
    (
        *(f"{name}=(self)" for name in ("xr-spatial-tracking", "accelerometer", "gyroscope", "fullscreen")),
        *(f"{name}=()" for name in ("camera", "microphone", "geolocation")),
    )
)

SERVER = ("Server", "kbvr")
"""Without versions."""

SECURITY = (
    ("Content-Security-Policy", CONTENT_POLICY),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", PERMISSIONS),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)
"""Headers of every answer."""

KEEP_NOTHING = "no-store"
"""The browser writes no copy to its disk."""

ASK_AGAIN = "private, no-cache"
"""The browser keeps a copy, and asks each time whether it is still current (ETag)."""

RawHeaders = list[tuple[bytes, bytes]]
"""Names in lower case, as ASGI has them."""


def raw(*headers: tuple[str, str]) -> RawHeaders:
    """Return headers as ASGI and h11 take them."""
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]


def refusal(status: HTTPStatus) -> tuple[RawHeaders, bytes]:
    """Return the headers and the body of an answer that says only that a request is refused, and ends its connection.

    The headers in SECURITY are not among them.
    """
    body = f"{status.value} {status.phrase}\n".encode()
    headers = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", KEEP_NOTHING),
        ("Connection", "close"),
    ]
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        headers.append(("Allow", "GET, HEAD"))
    return raw(*headers), body
