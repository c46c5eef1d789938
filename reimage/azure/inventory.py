"""Every virtual machine of the configured subscriptions: Resource Graph, or list-all where that is not allowed."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import structlog
from azure.mgmt.resourcegraph.models import QueryRequest, QueryRequestOptions

from reimage.azure.clients import API_VERSION, compute_client, resource_graph_client
from reimage.azure.errors import AzureRefused, VirtualMachineNotFound, reading
from reimage.azure.parsing import facts_from_document
from reimage.domain.resource_ids import InvalidResourceId
from reimage.domain.virtual_machine import VirtualMachineFacts

PAGE_SIZE = 1_000
log = structlog.get_logger(__name__)
# Ordered by id: without an order, paging may repeat and skip rows (Resource Graph's own rule).
QUERY = "Resources | where type =~ 'microsoft.compute/virtualmachines' | order by id asc"


def list_virtual_machines(subscription_ids: Sequence[str]) -> Iterator[VirtualMachineFacts]:
    """Raises AzureUnavailable or AzureRefused; what was yielded before that is then incomplete."""
    try:
        yield from _from_resource_graph(subscription_ids)
    except AzureRefused:
        for subscription_id in subscription_ids:
            yield from _from_list_all(subscription_id)


def _from_resource_graph(subscription_ids: Sequence[str]) -> Iterator[VirtualMachineFacts]:
    skip_token = None
    while True:
        options = QueryRequestOptions(top=PAGE_SIZE, skip_token=skip_token, result_format="objectArray")
        query = QueryRequest(subscriptions=list(subscription_ids), query=QUERY, options=options)
        page = _read(partial(resource_graph_client().resources, query))
        for row in page.data:
            yield from _facts(_with_instance_view(row))
        skip_token = page.skip_token
        if not skip_token:
            return


def _with_instance_view(row: dict[str, Any]) -> dict[str, Any]:
    """Resource Graph keeps the power state under properties.extended."""
    properties = row.get("properties") or {}
    power = ((properties.get("extended") or {}).get("instanceView") or {}).get("powerState") or {}
    statuses = [power] if power.get("code") else []
    return {**row, "properties": {**properties, "instanceView": {"statuses": statuses}}}


def _from_list_all(subscription_id: str) -> Iterator[VirtualMachineFacts]:
    machines = compute_client(subscription_id).virtual_machines.list_all(expand="instanceView", api_version=API_VERSION)
    pages = _read(lambda: iter(machines))
    while (machine := _read(lambda: next(pages, None))) is not None:
        yield from _facts(machine.as_dict())


def _facts(document: dict[str, Any]) -> Iterator[VirtualMachineFacts]:
    """A row that is no machine of the documented shape is left out rather than stopping the rest."""
    try:
        yield facts_from_document(document, read_at=datetime.now(UTC))
    except (InvalidResourceId, AttributeError, LookupError, TypeError, ValueError) as err:
        log.warning("inventory.unreadable_machine", resource_id=str(document.get("id")), error=type(err).__name__)


def _read(call: Callable[[], Any]) -> Any:
    try:
        with reading():
            return call()
    except VirtualMachineNotFound as missing:  # of a subscription, say: no machine was asked for
        raise AzureRefused(missing.message, code=missing.code, status=missing.status) from None
