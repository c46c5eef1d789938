"""Virtual Machine Images - List: the versions of one image. The answer is a bare array, as Azure's is."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.arm.access import COMPUTE, allow
from sandbox.arm.errors import ArmError, invalid_parameter
from sandbox.generation import LOCATIONS
from sandbox.images import find_image


async def list_versions(request: Request) -> Response:
    allow(request, "Microsoft.Compute/locations/publishers/artifacttypes/offers/skus/versions/read", COMPUTE)
    params = request.path_params
    image = find_image(params["publisher"], params["offer"], params["sku"])
    if image is None or params["location"] not in LOCATIONS:
        raise ArmError(404, "NotFound", "Artifact: VMImage was not found.")
    location = params["location"]
    path = (
        f"/Subscriptions/{params['subscription']}/Providers/Microsoft.Compute/Locations/{location}"
        f"/Publishers/{image.publisher}/ArtifactTypes/VMImage/Offers/{image.offer}/Skus/{image.sku}/Versions"
    )
    versions = [
        {"location": location, "name": name, "id": f"{path}/{name}"} for name in _chosen(request, image.versions)
    ]
    return JSONResponse(versions)


def _chosen(request: Request, versions: tuple[str, ...]) -> list[str]:
    """`$orderby=name desc` and `$top`, as documented; oldest first without them."""
    descending = request.query_params.get("$orderby", "").lower() == "name desc"
    top = request.query_params.get("$top", str(len(versions)))
    if not top.isdigit():
        raise invalid_parameter("The value of parameter '$top' is invalid: it must be a whole number.", "$top")
    return sorted(versions, reverse=descending)[: int(top)]
