"""The plan of one virtual machine's reimage as a value, and as the JSON document that is stored and approved.

Holds no secret. The digest binds everything that it says, also what is only shown.
"""

import dataclasses
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Self

from reimage.domain.canonical import canonical_digest
from reimage.domain.consequences import ABOUT_DELETE_OPTION, Consequence, ConsequenceCode, Severity
from reimage.domain.errors import DomainError
from reimage.domain.passwords import PasswordMode
from reimage.domain.resource_ids import VirtualMachineId
from reimage.domain.virtual_machine import DeleteOption, ImageReference, OsType

SCHEMA = 1


class PlanDocumentError(DomainError):
    """The stored document is no plan of this schema."""


class Step(StrEnum):
    SET_DELETE_OPTION = "set_delete_option"
    REIMAGE = "reimage"
    VERIFY = "verify"


@dataclasses.dataclass(frozen=True, slots=True)
class ReimagePlan:
    """`body` is the fingerprinted request body, None where nothing is sent."""

    resource_id: VirtualMachineId
    vm_id: str
    location: str
    os_type: OsType
    image: ImageReference
    os_disk_id: str
    os_disk_name: str
    ephemeral: bool
    size_gb: int | None
    storage_type: str | None
    delete_option_before: DeleteOption
    delete_option_at_reimage: DeleteOption
    power_state: str | None
    provisioning_state: str
    data_disk_count: int
    body: Mapping[str, object] | None = dataclasses.field(hash=False)
    steps: tuple[Step, ...]
    consequences: tuple[Consequence, ...]

    @property
    def delete_option_warnings(self) -> tuple[Consequence, ...]:
        """What the audit log keeps as shown: the fate of the old OS disk."""
        return tuple(consequence for consequence in self.consequences if consequence.code in ABOUT_DELETE_OPTION)

    @property
    def promised_password(self) -> PasswordMode | None:
        """How a password that did not exist at the approval comes into being; None where none was promised."""
        password = self._admin_password
        return PasswordMode(password["mode"]) if password and "mode" in password else None

    @property
    def password_mode(self) -> PasswordMode | None:
        """In which way its password comes; None where it sets none."""
        return self.promised_password or (PasswordMode.SEALED if self._admin_password else None)

    @property
    def _admin_password(self) -> Mapping[str, Any] | None:
        profile = (self.body or {}).get("osProfile")
        return profile.get("adminPassword") if isinstance(profile, Mapping) else None

    @property
    def changes_delete_option(self) -> bool:
        return Step.SET_DELETE_OPTION in self.steps

    @property
    def digest(self) -> str:
        return canonical_digest(self.as_document())

    def as_document(self) -> dict[str, Any]:
        """JSON-safe: only dict, list, str, int, bool and None."""
        plain = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return plain | {
            "schema": SCHEMA,
            "resource_id": str(self.resource_id),
            "os_type": self.os_type.value,
            "image": dataclasses.asdict(self.image),
            "delete_option_before": self.delete_option_before.value,
            "delete_option_at_reimage": self.delete_option_at_reimage.value,
            "body": _copied(self.body),
            "steps": [step.value for step in self.steps],
            "consequences": [_consequence_document(consequence) for consequence in self.consequences],
        }

    @classmethod
    def from_document(cls, document: object) -> Self:
        """Raises PlanDocumentError for anything that `as_document` did not write."""
        if not isinstance(document, Mapping) or document.get("schema") != SCHEMA:
            raise PlanDocumentError(f"the document is no plan of schema {SCHEMA}")
        fields = {name: value for name, value in document.items() if name != "schema"}
        try:
            plan = cls(**fields | _rebuilt(fields))
            _ = plan.promised_password  # a body that says none of the modes is none
        except (KeyError, TypeError, ValueError, AttributeError, DomainError) as err:
            raise PlanDocumentError(f"the document is no plan: {type(err).__name__}") from err
        return plan


def _rebuilt(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "resource_id": VirtualMachineId.parse(fields["resource_id"]),
        "os_type": OsType(fields["os_type"]),
        "image": ImageReference(**fields["image"]),
        "delete_option_before": DeleteOption(fields["delete_option_before"]),
        "delete_option_at_reimage": DeleteOption(fields["delete_option_at_reimage"]),
        "body": _copied(fields["body"]),
        "steps": tuple(Step(step) for step in fields["steps"]),
        "consequences": tuple(_consequence(item) for item in fields["consequences"]),
    }


def _consequence_document(consequence: Consequence) -> dict[str, Any]:
    return {
        "code": consequence.code.value,
        "severity": consequence.severity.value,
        "params": dict(consequence.params),
    }


def _consequence(document: Mapping[str, Any]) -> Consequence:
    return Consequence(ConsequenceCode(document["code"]), Severity(document["severity"]), dict(document["params"]))


def _copied(body: Any) -> Any:
    return {key: _copied(value) for key, value in body.items()} if isinstance(body, Mapping) else body
