"""Resource Graph: machines as rows, pages by $skipToken, columns by project."""

from typing import Any

import pytest

from tests.sandbox.client import Client
from tests.sandbox_process import PRODUCTION, SandboxProcess

DEVELOPMENT = "aaaaaaaa-0000-4000-8000-000000000002"
MACHINES = "Resources | where type =~ 'Microsoft.Compute/virtualMachines'"
ORDERED = f"{MACHINES} | order by id asc"


def ask(client: Client, query: str, *, version: str = "2021-03-01", **body: Any) -> Any:
    return client.call(
        "POST", "/providers/Microsoft.ResourceGraph/resources", {"query": query, **body}, version=version
    )


def all_rows(client: Client, query: str, top: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    options: dict[str, Any] = {"$top": top, "resultFormat": "objectArray"}
    while True:
        answer = ask(client, query, options=options).json()
        assert answer["count"] == len(answer["data"]) <= top
        rows += answer["data"]
        assert len(rows) <= answer["totalRecords"]
        if "$skipToken" not in answer:
            assert len(rows) == answer["totalRecords"]
            return rows
        options["$skipToken"] = answer["$skipToken"]


@pytest.mark.parametrize("top", [7, 60, 120, 1000])
def test_it_answers_each_machine_once_in_order_of_id(reader: Client, top: int) -> None:
    ids = [row["id"].lower() for row in all_rows(reader, ORDERED, top)]
    assert len(ids) == 120
    assert ids == sorted(set(ids))


def test_without_an_order_the_rest_is_lost(reader: Client) -> None:
    answer = ask(reader, MACHINES, options={"$top": 10}).json()
    assert answer["resultTruncated"] == "true"
    assert "$skipToken" not in answer


@pytest.mark.parametrize("version", ["2021-03-01", "2024-04-01"])
def test_it_answers_for_the_subscriptions_asked(reader: Client, version: str) -> None:
    rows = ask(reader, ORDERED, subscriptions=[DEVELOPMENT], version=version).json()["data"]
    assert {row["subscriptionId"] for row in rows} == {DEVELOPMENT}
    both = ask(reader, ORDERED, subscriptions=[DEVELOPMENT, PRODUCTION], version=version).json()
    assert both["totalRecords"] == 120


def test_a_row_has_the_usual_columns(reader: Client) -> None:
    row = next(row for row in ask(reader, ORDERED).json()["data"] if row["name"] == "web-04")
    assert row["type"] == "microsoft.compute/virtualmachines"
    assert row["resourceGroup"] == "rg-web"
    assert row["properties"]["storageProfile"]["osDisk"]["deleteOption"] == "Delete"
    assert row["properties"]["extended"]["instanceView"]["powerState"]["code"] == "PowerState/deallocated"


def test_it_projects_columns_and_dotted_paths(reader: Client) -> None:
    query = (
        f"{MACHINES} | extend os = tostring(properties.storageProfile.osDisk.osType)\n"
        "| project id, name, os, power = properties.extended.instanceView.powerState.code, env = tags.env,"
        " group = tolower(resourceGroup), properties.vmId | order by id asc"
    )
    row = next(row for row in ask(reader, query).json()["data"] if row["name"] == "batch-01")
    assert row == {
        "id": reader.vm("batch-01", "rg-batch")["id"],
        "name": "batch-01",
        "os": "Linux",
        "power": "PowerState/running",
        "env": "test",
        "group": "rg-batch",
        "properties_vmId": "b0000000-0000-4000-8000-000000000005",
    }


def test_another_type_has_no_rows(reader: Client) -> None:
    answer = ask(reader, "Resources | where type =~ 'microsoft.web/sites' | order by id asc").json()
    assert (answer["totalRecords"], answer["data"]) == (0, [])


@pytest.mark.parametrize(
    "query",
    [
        "",
        "Alerts",
        f"{MACHINES} | summarize count()",
        f"{MACHINES} | order by id",
        "Resources | where name contains 'x'",
        f"{MACHINES} | project strcat(id, name)",
    ],
)
def test_it_refuses_a_query_it_cannot_read(reader: Client, query: str) -> None:
    answer = ask(reader, query)
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["code"] == "InvalidQuery"


@pytest.mark.parametrize("options", [{"$top": 1001}, {"$top": 0}, {"$skipToken": "x"}, {"resultFormat": "table"}])
def test_it_refuses_senseless_options(reader: Client, options: dict[str, Any]) -> None:
    assert ask(reader, ORDERED, options=options).status_code == 400


def test_it_can_lag_behind(sandbox: SandboxProcess) -> None:
    with SandboxProcess(vms=6, resource_graph_lag_seconds=60) as slow, Client(slow, "reader") as reader:
        slow.drift("web-02", delete_option="Delete")
        slow.drift("web-03", delete=True)
        query = f"{MACHINES} | project name, o = properties.storageProfile.osDisk.deleteOption | order by id asc"
        before = {row["name"]: row["o"] for row in ask(reader, query).json()["data"]}
        assert before["web-02"] == "Detach"
        assert "web-03" in before
        slow.advance_clock(60)
        after = {row["name"]: row["o"] for row in ask(reader, query).json()["data"]}
        assert after["web-02"] == "Delete"
        assert "web-03" not in after
