"""The whole simulated cloud in memory, and the one place where time passes in it. Knows no wire."""

from hashlib import blake2b

from sandbox.clock import Clock
from sandbox.disks import DiskRegister, Fate, os_disk_of
from sandbox.entra.directory import Directory
from sandbox.fault_register import Faults
from sandbox.generation import generate
from sandbox.inventory import Inventory
from sandbox.lagging import LaggingView
from sandbox.ledger import Ledger
from sandbox.machines import Machine
from sandbox.operations import Cause, Failure, Kind, Operation, Operations
from sandbox.settings import Settings
from sandbox.throttling import Throttle

# https://learn.microsoft.com/troubleshoot/azure/virtual-machines/windows/error-messages
_PREEMPTED = Failure("OperationPreempted", "Operation execution has been preempted by a more recent operation.")


class World:
    def __init__(self, settings: Settings, ledger: Ledger | None = None) -> None:
        self.settings = settings
        self.clock = Clock()
        self.ledger = ledger if ledger is not None else Ledger()
        self.begin_again(settings.seed, settings.vms)

    def begin_again(self, seed: int, vms: int) -> None:
        """The state of a fresh start; the clock and the ledger are left alone."""
        self.seed, self.vms = seed, vms
        self.inventory = Inventory(generate(seed, vms))
        self.disks = DiskRegister(self.inventory)
        self.operations = Operations()
        self.directory = Directory()
        self.faults = Faults()
        self.throttle = Throttle()
        self.resource_graph = LaggingView(self.inventory, self.settings.resource_graph_lag_seconds)
        self.is_dirty = True

    def start(self, kind: Kind, machine: Machine, cause: Cause) -> Operation:
        """Begin a long-running operation on a machine, which is `Updating` until it ends."""
        seconds = self.settings.operation_seconds / (1 if kind == "reimage" else 4)
        self.changing(machine.key)
        machine.begin_update()
        self.inventory.put(machine)
        return self.operations.start(kind, machine, cause, at=self.clock.now(), seconds=seconds)

    def changing(self, key: str) -> None:
        """Tell before a machine changes, so that slow observers still see it as it was."""
        self.resource_graph.remember(key, self.clock.now())
        self.is_dirty = True

    def tick(self) -> None:
        """Let everything that is due by now happen."""
        for operation in self.operations.take_due(self.clock.now()):
            self._complete(operation)

    def _complete(self, operation: Operation) -> None:
        machine = self.inventory.find(operation.machine_id)
        self.changing(operation.machine_id.lower())
        if machine is None or machine.vm_id != operation.vm_id:
            operation.end("Failed", _PREEMPTED)
            return
        failure = operation.planned_failure
        if failure is None and operation.kind == "reimage":
            self._replace_os_disk(machine, operation)
        machine.finish_update(succeeded=failure is None)
        self.inventory.put(machine)
        operation.end("Failed" if failure else "Succeeded", failure)

    def _replace_os_disk(self, machine: Machine, operation: Operation) -> None:
        if machine.is_ephemeral:
            return  # nothing in the model of a machine with an ephemeral OS disk tells that it was reimaged
        fate: Fate = "kept" if machine.delete_option == "Detach" else "deleted"
        self.disks.release(os_disk_of(machine), fate=fate, at=operation.due_at)
        machine.replace_os_disk(blake2b(operation.id.encode(), digest_size=16).hexdigest(), operation.due_at)
