"""What the API refuses, as a status, one sentence, and the field it is about."""

from __future__ import annotations

from http import HTTPStatus

from contract.errors import CrowdLensError


class ApiError(CrowdLensError):
    """Raised when a request is refused; the text is what the caller reads, `field` what it is about."""

    def __init__(self, status: HTTPStatus, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.field = field

    def body(self) -> dict[str, object]:
        """Return the body of the answer."""
        return {"error": {"message": str(self), "field": self.field}}


def wrong(field: str, expected: str) -> ApiError:
    """Return the error for a field of a body that does not hold what is expected."""
    return ApiError(HTTPStatus.UNPROCESSABLE_ENTITY, f"{field}: expected {expected}", field)


def no_such_place() -> ApiError:
    """Return the error for a place that is not there or not the caller's to see: both read alike."""
    return ApiError(HTTPStatus.NOT_FOUND, "there is no such place")
