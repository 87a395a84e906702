"""What the video service refuses, or does not answer; ``bot/errors/`` draws the tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.errors import ReelayError

if TYPE_CHECKING:
    from bot.models.video import RateLimitStatus


class VideoServiceError(ReelayError):
    """The video service refused or did not answer.

    Attributes:
        http_status: the answer's status, or None when there was none.
        code: the service's own error code as text, or None.
        request_id: the service's id for the exchange, or None.
        retry_after_seconds: how long the answer asks to wait, or None when it does not say.
        rate_limit: what the answer says of the account's limit, or None.
    """

    def __init__(
        self,
        message: str,
        *,
        http_status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        retry_after_seconds: float | None = None,
        rate_limit: RateLimitStatus | None = None,
    ) -> None:
        super().__init__(message)
        self.http_status = http_status
        self.code = code
        self.request_id = request_id
        self.retry_after_seconds = retry_after_seconds
        self.rate_limit = rate_limit


class RequestRejectedError(VideoServiceError):
    """The request itself is wrong; asking again changes nothing."""


class ContentPolicyError(VideoServiceError):
    """The prompt was refused by the service's moderation."""


class WrongEndpointError(VideoServiceError):
    """``invalid apitype``: the operator must check base address and model."""


class UnauthorizedError(VideoServiceError):
    """The key is missing or bad."""


class InsufficientFundsError(VideoServiceError):
    """The key or the account is out of money."""


class ModelAccessError(VideoServiceError):
    """The key may not use the model, or the service does not offer it to this account."""


class GenerationNotFoundError(VideoServiceError):
    """The service itself says that it knows no such generation."""


class RateLimitedError(VideoServiceError):
    """Too many requests, in the service's own words; this one was not taken."""


class NotTakenError(VideoServiceError):
    """503 ``rate_limit_unavailable``: the service could not take the submit just now, and has not."""


class ServiceFaultError(VideoServiceError):
    """The service says that something broke, or its answer cannot be read; a submit may have been accepted."""


class NoAnswerError(VideoServiceError):
    """Nothing of the service's came back, so a submit may have been accepted.

    Attributes:
        is_foreign: an answer came, but of somebody else's: a proxy's page, text or JSON; its ``http_status`` says
            nothing about a job.
    """

    def __init__(self, message: str, *, is_foreign: bool = False, **fields: Any) -> None:  # noqa: ANN401 (as its base's)
        super().__init__(message, **fields)
        self.is_foreign = is_foreign


class NotConnectedError(NoAnswerError):
    """No connection was made, so nothing was sent."""
