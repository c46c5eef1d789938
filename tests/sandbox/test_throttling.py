"""Azure's buckets for "Update VM": 4 a minute and 12 at once per machine."""

from tests.sandbox.client import Client
from tests.sandbox_process import SandboxProcess


def spend(client: Client, times: int) -> list[int]:
    # tempDisk is refused on a managed OS disk, but counts: throttling comes first.
    return [client.reimage("web-02", {"tempDisk": True}).status_code for _ in range(times)]


def test_the_thirteenth_update_of_a_machine_at_once_is_refused(operator: Client, sandbox: SandboxProcess) -> None:
    assert spend(operator, 12) == [400] * 12
    answer = operator.reimage("web-02")
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 15
    error = answer.json()["error"]
    assert error["code"] == "OperationNotAllowed"
    assert error["details"][0]["code"] == "TooManyRequests"
    assert sandbox.machine("web-02")["provisioning_state"] == "Succeeded"


def test_it_is_served_again_after_the_time_it_was_told(operator: Client, sandbox: SandboxProcess) -> None:
    spend(operator, 12)
    sandbox.advance_clock(int(operator.reimage("web-02").headers["Retry-After"]))
    assert operator.reimage("web-02").status_code == 202


def test_updates_of_another_machine_are_counted_apart(operator: Client) -> None:
    spend(operator, 13)
    assert operator.reimage("web-03").status_code == 202


def test_patch_and_reimage_share_a_bucket_and_tell_what_remains(operator: Client) -> None:
    first = operator.set_delete_option("web-02", "Delete").headers["x-ms-ratelimit-remaining-resource"]
    second = operator.reimage("web-02").headers["x-ms-ratelimit-remaining-resource"]
    assert first == "Microsoft.Compute/UpdateVMSubscriptionMaximum;1499,Microsoft.Compute/UpdateVMResource;11"
    assert second == "Microsoft.Compute/UpdateVMSubscriptionMaximum;1498,Microsoft.Compute/UpdateVMResource;10"


def test_what_others_used_of_a_subscription_is_missed_by_the_portal(operator: Client, sandbox: SandboxProcess) -> None:
    operator.reimage("web-01", {"osProfile": {}})
    sandbox.control("POST", "throttling", {"updates_left": 1})
    assert operator.reimage("web-02").status_code == 202
    refused = operator.reimage("web-03")
    assert refused.status_code == 429
    assert refused.json()["error"]["details"][0]["target"] == "UpdateVMSubscriptionMaximum"
    sandbox.advance_clock(int(refused.headers["Retry-After"]))
    assert operator.reimage("web-03").status_code == 202


def test_it_holds_for_a_region_that_was_not_used_yet(operator: Client, sandbox: SandboxProcess) -> None:
    sandbox.control("POST", "throttling", {"updates_left": 0})
    assert operator.reimage("web-02").status_code == 429
