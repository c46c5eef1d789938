"""The plan of each machine as a file whose SHA-256 stands in the sealed event: what was approved, exactly."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from portal.audit.models import TEXT_LENGTH
from portal.audit.zip_stream import PackedFile
from reimage.domain.canonical import canonical_digest, canonical_json
from reimage.evidence_pack.story import Story
from reimage.models import ReimageOperation, ReimageRequest

_TEXTS = ("resource_id", "plan_digest")
_MEMBERS = {*_TEXTS, "warnings_shown", "body"}


@dataclass(frozen=True)
class Planned:
    """A machine of the request as the submission's event has it; `operation` only where its plan is the sealed one.

    Nothing is recorded of one that the event has in a form that the portal does not write, or not at all. Without a
    resource id nobody knows which it is: the steps are told of each that they are about.
    """

    number: int
    resource_id: str
    recorded: Mapping[str, Any] | None = None
    operation: ReimageOperation | None = None

    @property
    def name(self) -> str:
        """The machine's, as its resource id ends."""
        return self.resource_id.rpartition("/")[2] or "–"

    @property
    def file_name(self) -> str:
        """By its place in the request: a machine's name is not ours to trust."""
        return f"plan-{self.number:02}.json"


def planned_machines(reimage_request: ReimageRequest, story: Story) -> list[Planned]:
    """Every machine, in the order of the request, then those to which something was done though it does not have them.

    A plan of another is left out.
    """
    operations = {operation.plan_digest: operation for operation in reimage_request.operations.all()}
    members = story.asked.detail.get("virtual_machines") if story.asked else None
    listed = [
        _planned(number, member, operations)
        for number, member in enumerate(members if isinstance(members, list) else [], start=1)
    ]
    known = {machine.resource_id[:TEXT_LENGTH] for machine in listed}
    further = [resource_id for resource_id in story.of_machines if resource_id not in known]
    return listed + [Planned(number, key) for number, key in enumerate(further, start=len(listed) + 1)]


def _planned(number: int, member: object, operations: Mapping[str, ReimageOperation]) -> Planned:
    """Whoever could change an event, or add one, could write anything there."""
    found = member if isinstance(member, Mapping) else {}
    if not _is_as_written(found):
        resource_id = found.get("resource_id")
        return Planned(number, resource_id if isinstance(resource_id, str) else "")
    return Planned(number, found["resource_id"], found, _as_sealed(operations.get(found["plan_digest"]), found))


def _is_as_written(member: Mapping[str, Any]) -> bool:
    has_texts = member.keys() >= _MEMBERS and all(isinstance(member[name], str) for name in _TEXTS)
    return has_texts and isinstance(member["warnings_shown"], Mapping) and _are_lists(member["warnings_shown"])


def _are_lists(warnings: Mapping[str, Any]) -> bool:
    return all(isinstance(words, list) and all(isinstance(word, str) for word in words) for words in warnings.values())


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
