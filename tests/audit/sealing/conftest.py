"""A story that attacks are tried on."""

import pytest

from portal.audit.models import AuditEvent
from portal.audit.personal import Personal
from tests.audit.events import WEB_01
from tests.audit.sealing.logs import SealedLog


@pytest.fixture
def story(log: SealedLog) -> list[AuditEvent]:
    """Twelve sealed and anchored events in three checkpoints; the second to the fifth belong to one request."""
    events = log.record(1, target=WEB_01)
    events += log.record(
        4, subject="reimage_request:1", flags=["delete_warning"], detail={"comment": Personal("Please.")}
    )
    events += log.grow(1)
    events += log.grow(3, target=WEB_01, related=[WEB_01])
    events += log.grow(3)
    assert log.verify().exit_code == 0
    return events
