"""The plan of each machine as a file whose SHA-256 stands in the sealed event: what was approved, exactly."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from portal.audit.zip_stream import PackedFile
from reimage.domain.canonical import canonical_digest, canonical_json
from reimage.evidence_pack.story import Story
from reimage.models import ReimageOperation, ReimageRequest

_MEMBERS = {"resource_id", "plan_digest", "warnings_shown", "body"}


@dataclass(frozen=True)
class Planned:
    """A machine of the request as the submission's event has it; `operation` only where its plan is the sealed one."""

    number: int
    recorded: Mapping[str, Any]
    operation: ReimageOperation | None

    @property
    def name(self) -> str:
        """The machine's, as its resource id ends."""
        return str(self.recorded["resource_id"]).rpartition("/")[2]

    @property
    def file_name(self) -> str:
        """By its place in the request: a machine's name is not ours to trust."""
        return f"plan-{self.number:02}.json"


def planned_machines(reimage_request: ReimageRequest, story: Story) -> list[Planned]:
    """Every machine, in the order of the request; none where its event is damaged. A plan of another is left out."""
    operations = {operation.plan_digest: operation for operation in reimage_request.operations.all()}
    return [
        Planned(number, recorded, _as_sealed(operations.get(recorded["plan_digest"]), recorded))
        for number, recorded in enumerate(_recorded_machines(story.asked.detail.get("virtual_machines")), start=1)
    ]


def _recorded_machines(value: object) -> list[Mapping[str, Any]]:
    """Only what has the form of one: whoever could change an event could write anything there."""
    machines = value if isinstance(value, list) else []
    return [machine for machine in machines if isinstance(machine, Mapping) and machine.keys() >= _MEMBERS]


def plan_files(machines: list[Planned]) -> Iterator[PackedFile]:
    """The canonical bytes that were hashed, without a line break at the end."""
    for machine in machines:
        if machine.operation:
            yield PackedFile(machine.file_name, [canonical_json(machine.operation.plan).decode()])


def _as_sealed(operation: ReimageOperation | None, recorded: Mapping[str, Any]) -> ReimageOperation | None:
    """With the warnings of the event: those of the row are not sealed."""
    if operation is None or canonical_digest(operation.plan) != recorded["plan_digest"]:
        return None
    operation.warnings_shown = recorded["warnings_shown"]
    return operation
