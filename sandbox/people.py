"""The tenant: its people, groups and app registrations, always the same. Knows no protocol."""

from dataclasses import dataclass, field

TENANT_ID = "11111111-1111-4111-8111-111111111111"
FOREIGN_TENANT_ID = "99999999-9999-4999-8999-999999999999"
TEAM_WEB = "90000000-0000-4000-8000-000000000001"
VM_APPROVERS = "90000000-0000-4000-8000-000000000002"
GROUP_NAMES = {TEAM_WEB: "team-web", VM_APPROVERS: "vm-approvers"}
# More than 200 groups do not fit into a token: https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference
OVERAGE_GROUPS = tuple(f"90000000-0000-4000-8000-{n:012d}" for n in range(1001, 1221))


@dataclass
class Person:
    oid: str
    given_name: str
    surname: str
    part: str
    roles: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    manager: str | None = None
    has_groups_overage: bool = False
    is_enabled: bool = True
    is_deleted: bool = False
    sessions_valid_from: str | None = None  # ISO 8601, real time

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.surname}"

    @property
    def username(self) -> str:
        return f"{self.given_name.lower()}@example.com"

    @property
    def may_sign_in(self) -> bool:
        return self.is_enabled and not self.is_deleted

    @property
    def all_groups(self) -> list[str]:
        return [*self.groups, *OVERAGE_GROUPS] if self.has_groups_overage else list(self.groups)


@dataclass(frozen=True)
class AppRegistration:
    client_id: str
    object_id: str
    name: str
    secret: str
    actions: tuple[str, ...] = ()
    graph_permissions: tuple[str, ...] = ()


_READS = (
    "Microsoft.Authorization/permissions/read",
    "Microsoft.Compute/disks/read",
    "Microsoft.Compute/locations/publishers/artifacttypes/offers/skus/versions/read",
    "Microsoft.Compute/virtualMachines/read",
    "Microsoft.Compute/virtualMachines/instanceView/read",
    "Microsoft.Insights/eventtypes/values/read",
    "Microsoft.ResourceGraph/resources/read",
    "Microsoft.Resources/subscriptions/read",
)
_WRITES = (
    "Microsoft.Compute/locations/operations/read",
    "Microsoft.Compute/virtualMachines/reimage/action",
    "Microsoft.Compute/virtualMachines/write",
)


def _app(n: int, name: str, secret: str, **permissions: tuple[str, ...]) -> AppRegistration:
    return AppRegistration(
        f"c0000000-0000-4000-8000-{n:012d}", f"c1000000-0000-4000-8000-{n:012d}", name, secret, **permissions
    )


PORTAL = _app(1, "reimage-portal", "sandbox-portal-secret")
READER = _app(2, "azure-reader", "sandbox-reader-secret", actions=_READS)
OPERATOR = _app(3, "azure-operator", "sandbox-operator-secret", actions=_READS + _WRITES)
ACCOUNTS = _app(4, "account-reader", "sandbox-accounts-secret", graph_permissions=("User.Read.All",))
APPS = {app.client_id: app for app in (PORTAL, READER, OPERATOR, ACCOUNTS)}


def cast() -> dict[str, Person]:
    """The people at the start, keyed by object id, in the order of the account picker."""
    bob = "bb000000-0000-4000-8000-00000000000b"
    people = (
        Person("aa000000-0000-4000-8000-00000000000a", "Alice", "Aoki", "requests", groups=[TEAM_WEB], manager=bob),
        Person(bob, "Bob", "Baba", "approves", groups=[VM_APPROVERS]),
        Person("cc000000-0000-4000-8000-00000000000c", "Carol", "Chiba", "audits", roles=["Reimage.Auditor"]),
        Person("dd000000-0000-4000-8000-00000000000d", "Dan", "Date", "administers", roles=["Reimage.Administrator"]),
        Person("ee000000-0000-4000-8000-00000000000e", "Eve", "Endo", "stranger"),
    )
    return {person.oid: person for person in people}
