"""The ways in which the portal says no. Each carries what a person is told; a middleware turns it into a page."""

from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portal.audit.actors import Person


class Problem(Exception):
    """Base of everything that ends as an explained page.

    `message` says what happened and which object it is about; `remedy` says what to do next. Both are translated
    text, safe to show, and hold no secret. `way_on` is the address of the page that shows how things stand, or of the
    one to mend them, which `way_on_label` then says. `about` is somebody else whom the message names: where it is
    recorded, it is about them too, and found when their texts are to go.
    """

    status: HTTPStatus = HTTPStatus.BAD_REQUEST

    def __init__(self, message: str, remedy: str = "", *, way_on: str = "", about: "Person | None" = None) -> None:
        super().__init__(str(message))
        self.message = message
        self.remedy = remedy
        self.way_on = way_on
        self.way_on_label = ""
        self.about = about


class NotFound(Problem):
    """No such object, or none that this person may know of: the two look the same."""

    status = HTTPStatus.NOT_FOUND


class NotAllowed(Problem):
    """A rule or a missing role forbids it; the message says which."""

    status = HTTPStatus.FORBIDDEN


class WrongState(Problem):
    """It was allowed, but no longer applies: somebody else acted, or time ran out."""

    status = HTTPStatus.CONFLICT


class TooMany(Problem):
    """The same thing came more often than a person does it; `retry_after` seconds later it is taken again."""

    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, message: str, remedy: str = "", *, retry_after: int) -> None:
        super().__init__(message, remedy)
        self.retry_after = retry_after


class TooLarge(Problem):
    """More was sent than the portal takes at once; it was not read."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class Unavailable(Problem):
    """A system that the portal depends on does not answer; the message says whether something may have been changed."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
