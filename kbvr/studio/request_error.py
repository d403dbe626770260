"""What a request cannot get, in words for people."""

from __future__ import annotations

from http import HTTPStatus


class RequestError(Exception):
    """A request that cannot be answered; the message is a sentence for people."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


def not_found(what: str) -> RequestError:
    """Return the failure for something that does not exist (any more)."""
    return RequestError(HTTPStatus.NOT_FOUND, f"{what} was not found. It may have been removed.")
