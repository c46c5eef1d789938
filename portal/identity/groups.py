"""Which groups a person is in, also when they are too many for a token. In doubt: none, and the person is told."""

import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import structlog
from django.conf import settings
from django.utils.module_loading import import_string

from portal.identity.claims import Claims
from portal.identity.http import entra_session

# https://learn.microsoft.com/graph/api/directoryobject-checkmembergroups: at most 20 groups a request
GROUPS_PER_QUESTION = 20

logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Memberships:
    """Group ids at one sign-in. Not `complete`: Graph could not be asked, so none is believed."""

    group_ids: tuple[uuid.UUID, ...]
    complete: bool = True


def memberships_of(claims: Claims, *, access_token: str) -> Memberships:
    """The token's groups or, beyond 200, Graph's word on the groups that matter here.

    The token's own pointer to Graph (`_claim_sources`) is ignored: only GRAPH_URL is talked to.
    """
    if not claims.groups_overage:
        return Memberships(claims.group_ids)
    try:
        return Memberships(tuple(sorted(_ask_graph(_groups_of_interest(), access_token))))
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as err:
        logger.warning("graph_unavailable", graph=settings.GRAPH_URL, error=type(err).__name__)
        return Memberships((), complete=False)


def _groups_of_interest() -> list[uuid.UUID]:
    group_ids: Callable[[], Iterable[uuid.UUID | str]] = import_string(settings.IDENTITY_GROUPS_OF_INTEREST)
    return sorted({uuid.UUID(str(group_id)) for group_id in group_ids()})


def _ask_graph(group_ids: list[uuid.UUID], access_token: str) -> Iterator[uuid.UUID]:
    for start in range(0, len(group_ids), GROUPS_PER_QUESTION):
        asked = group_ids[start : start + GROUPS_PER_QUESTION]
        response = entra_session().post(
            f"{settings.GRAPH_URL}/v1.0/me/checkMemberGroups",
            json={"groupIds": [str(group_id) for group_id in asked]},
            headers={"Authorization": f"Bearer {access_token}"},
        )
        response.raise_for_status()
        yield from set(asked) & {uuid.UUID(group_id) for group_id in response.json()["value"]}
