"""ARM resource ids of virtual machines, and the scopes that contain them.

Azure compares ids without regard to case: show `str()`, compare and store `.key`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from reimage.domain.errors import DomainError
from reimage.domain.names import resource_group_fault, subscription_fault, virtual_machine_fault

_PAIRS: tuple[tuple[str, Callable[[str], str | None] | None], ...] = (
    ("subscriptions", subscription_fault),
    ("resourceGroups", resource_group_fault),
    ("providers", None),
    ("virtualMachines", virtual_machine_fault),
)
_PROVIDER = "Microsoft.Compute"
_SHOWN_CHARACTERS = 300


class InvalidResourceId(DomainError):
    """The text is no ARM id of the wanted kind; the message says what is wrong with it."""

    def __init__(self, text: str, fault: str) -> None:
        # Escaped and cut: the text may come from anywhere and the message may go to a log.
        super().__init__(f"{text[:_SHOWN_CHARACTERS]!a} is not a usable resource id: {fault}")
        self.fault = fault


class ScopeKind(StrEnum):
    SUBSCRIPTION = "subscription"
    RESOURCE_GROUP = "resource_group"
    VIRTUAL_MACHINE = "virtual_machine"


@dataclass(frozen=True, slots=True)
class VirtualMachineId:
    """One virtual machine, spelled as it was given. Equality is by spelling; compare `.key` for identity."""

    subscription_id: str
    resource_group: str
    name: str

    def __post_init__(self) -> None:
        _values(str(self))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises InvalidResourceId unless the text is exactly a virtual machine's ARM path."""
        values = _values(text)
        if len(values) != len(_PAIRS):
            raise InvalidResourceId(text, f"expected {_shape(len(_PAIRS))}")
        return cls(values[0], values[1], values[3])

    def __str__(self) -> str:
        return (
            f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"
            f"/providers/{_PROVIDER}/virtualMachines/{self.name}"
        )

    @property
    def key(self) -> str:
        """The lower-cased path: equal for every spelling of the same virtual machine."""
        return str(self).lower()


@dataclass(frozen=True, slots=True)
class Scope:
    """A subscription, one of its resource groups, or one virtual machine in that."""

    subscription_id: str
    resource_group: str | None = None
    virtual_machine: str | None = None

    def __post_init__(self) -> None:
        if self.virtual_machine is not None and self.resource_group is None:
            raise InvalidResourceId(self.virtual_machine, "a virtual machine needs its resource group")
        _values(str(self))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises InvalidResourceId unless the text is the ARM path of one of the three kinds."""
        values = _values(text)
        if len(values) not in (1, 2, len(_PAIRS)):
            raise InvalidResourceId(text, f"expected {_shape(1)}, {_shape(2)} or {_shape(len(_PAIRS))}")
        return cls(*values[:2], *values[3:])

    def __str__(self) -> str:
        if self.resource_group is None:
            return f"/subscriptions/{self.subscription_id}"
        if self.virtual_machine is None:
            return f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"
        return str(VirtualMachineId(self.subscription_id, self.resource_group, self.virtual_machine))

    @property
    def key(self) -> str:
        return str(self).lower()

    @property
    def kind(self) -> ScopeKind:
        if self.resource_group is None:
            return ScopeKind.SUBSCRIPTION
        return ScopeKind.RESOURCE_GROUP if self.virtual_machine is None else ScopeKind.VIRTUAL_MACHINE

    def contains(self, vm_id: VirtualMachineId) -> bool:
        """Whole segments only: rg-web does not contain what is in rg-web2."""
        return f"{vm_id.key}/".startswith(f"{self.key}/")


def _values(text: str) -> list[str]:
    """The values of the path's pairs, every one checked by the rule of its key."""
    root, *segments = text.split("/")
    if root or not segments or len(segments) % 2 or len(segments) > 2 * len(_PAIRS):
        raise InvalidResourceId(text, f"expected {_shape(len(_PAIRS))}")
    values = segments[1::2]
    for (expected, fault_of), key, value in zip(_PAIRS, segments[::2], values, strict=False):
        if key.lower() != expected.lower():
            raise InvalidResourceId(text, f'expected "{expected}" before {value[:_SHOWN_CHARACTERS]!a}')
        fault = fault_of(value) if fault_of else _provider_fault(value)
        if fault:
            raise InvalidResourceId(text, fault)
    return values


def _provider_fault(value: str) -> str | None:
    return None if value.lower() == _PROVIDER.lower() else f"the provider must be {_PROVIDER}"


def _shape(pairs: int) -> str:
    return "".join(f"/{key}/{'…' if fault_of else _PROVIDER}" for key, fault_of in _PAIRS[:pairs])
