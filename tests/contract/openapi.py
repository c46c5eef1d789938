"""Microsoft's OpenAPI documents as a judge of what is on the wire. Knows Swagger 2.0, nothing of ours.

`Documents(root).check_request(...)` and `.check_response(...)` raise ContractError, which says what and where.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urljoin, urlsplit

from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

Json = Any
_FOLDERS = (
    "compute/resource-manager/Microsoft.Compute/ComputeRP/stable/2024-07-01",
    "compute/resource-manager/Microsoft.Compute/DiskRP/stable/2024-03-02",
    "authorization/resource-manager/Microsoft.Authorization/stable/2022-04-01",
    "resources/resource-manager/Microsoft.Resources/stable/2022-12-01",
    "resourcegraph/resource-manager/Microsoft.ResourceGraph/stable/2021-03-01",
    "resourcegraph/resource-manager/Microsoft.ResourceGraph/stable/2024-04-01",
)
_NARROWS_AN_OBJECT = {"properties", "additionalProperties", "allOf", "$ref"}
# Documents without a default answer, e.g. of disks, say nothing of refusals: those still have Azure's common shape.
_WORDS = {"type": "object", "properties": {"code": {"type": "string"}, "message": {"type": "string"}}}
_COMMON_REFUSAL = {"schema": {"type": "object", "properties": {"error": _WORDS}, "required": ["error"]}}
_LONGEST_MESSAGE = 300
_FORMATS = FormatChecker(formats=())


class ContractError(AssertionError):
    """The wire differs from Microsoft's documents."""


def _is_date_time(value: object) -> bool:
    return not isinstance(value, str) or bool(datetime.fromisoformat(value))


_FORMATS.checks("date-time", raises=ValueError)(_is_date_time)


@dataclass(frozen=True)
class Operation:
    id: str
    method: str
    pattern: re.Pattern[str]
    version: str
    uri: str
    spec: Json

    def matches(self, method: str, path: str, version: str) -> bool:
        return self.method == method.upper() and self.version == version and bool(self.pattern.fullmatch(path))


class Documents:
    def __init__(self, root: Path) -> None:
        self._files = [file for folder in _FOLDERS for file in sorted((root / folder).glob("*.json"))]
        if not self._files:
            raise FileNotFoundError(f"{root} holds no OpenAPI documents; set AZURE_REST_API_SPECS to their folder")
        self._registry: Registry[Json] = Registry(retrieve=_retrieve)

    def check_request(self, method: str, url: str, body: Json = None) -> str:
        """Validate a request; answers the operation's id. The url may be whole or begin with the path."""
        operation = self.operation(method, url)
        parameters = [self._resolved(parameter, operation.uri)[0] for parameter in operation.spec["parameters"]]
        query = parse_qs(urlsplit(url).query)
        for parameter in parameters:
            if parameter["in"] == "query" and parameter.get("required") and parameter["name"] not in query:
                raise ContractError(f"{operation.id}: the query lacks {parameter['name']}")
        expected = next((parameter for parameter in parameters if parameter["in"] == "body"), None)
        if body is not None and expected is None:
            raise ContractError(f"{operation.id}: takes no body")
        if expected is not None and (body is not None or expected.get("required")):
            self._check(expected["schema"], operation, body, "request")
        return operation.id

    def check_response(self, method: str, url: str, status: int, body: Json = None) -> str:
        """Validate an answer (body None for an empty one); answers the operation's id."""
        operation = self.operation(method, url)
        responses = operation.spec["responses"]
        response = responses.get(str(status)) or (responses.get("default", _COMMON_REFUSAL) if status >= 400 else None)
        if response is None:
            raise ContractError(f"{operation.id}: {status} is no documented answer")
        if "schema" in response:
            self._check(response["schema"], operation, body, f"answer {status}")
        elif body is not None:
            raise ContractError(f"{operation.id}: the answer {status} has no body")
        return operation.id

    def operation(self, method: str, url: str) -> Operation:
        parts = urlsplit(url)
        version = parse_qs(parts.query).get("api-version", [""])[0]
        for operation in self.operations:
            if operation.matches(method, parts.path, version):
                return operation
        raise ContractError(f"no document of api-version {version!r} knows {method} {parts.path}")

    @cached_property
    def operations(self) -> list[Operation]:
        return [operation for file in self._files for operation in _operations_in(file)]

    def _check(self, schema: Json, operation: Operation, body: Json, where: str) -> None:
        placed = _with_whole_references(schema, operation.uri)
        validator = Draft202012Validator(placed, registry=self._registry, format_checker=_FORMATS)
        errors = [error for error in validator.iter_errors(body) if where == "request" or not _is_open_enum(error)]
        problems = [f"{error.json_path}: {error.message[:_LONGEST_MESSAGE]}" for error in errors]
        problems += [f"{path}: not in the document" for path in self._unknown(placed, operation.uri, body, "$")]
        if problems:
            raise ContractError(f"{operation.id}, {where}: " + "; ".join(problems))

    def _unknown(self, schema: Json, uri: str, value: Json, path: str) -> Iterator[str]:
        """Members that no schema names: OpenAPI lets them pass, but they are how misspellings look."""
        schema, uri = self._resolved(schema, uri)
        if isinstance(value, list):
            for index, item in enumerate(value):
                yield from self._unknown(schema.get("items", {}), uri, item, f"{path}[{index}]")
        elif isinstance(value, dict) and (known := dict(self._members(schema, uri))):
            extra = schema.get("additionalProperties")
            for name, item in value.items():
                if name in known:
                    yield from self._unknown(*known[name], item, f"{path}.{name}")
                elif not extra:
                    yield f"{path}.{name}"

    def _members(self, schema: Json, uri: str) -> Iterator[tuple[str, tuple[Json, str]]]:
        schema, uri = self._resolved(schema, uri)
        for name, member in schema.get("properties", {}).items():
            yield name, (member, uri)
        for parent in schema.get("allOf", []):
            yield from self._members(parent, uri)

    def _resolved(self, schema: Json, uri: str) -> tuple[Json, str]:
        """Follow references to the end; answers the schema and the document it stands in."""
        while "$ref" in schema:
            schema, uri = _pointed_at(urljoin(uri, schema["$ref"]))
        return schema, uri


def _is_open_enum(error: ValidationError) -> bool:
    """An enumeration that the document calls open, e.g. of VM sizes: Azure itself goes beyond it."""
    return error.validator == "enum" and bool(error.schema.get("x-ms-enum", {}).get("modelAsString"))


def _operations_in(file: Path) -> Iterator[Operation]:
    document, uri = _loaded(file), file.as_uri()
    for template, methods in document.get("paths", {}).items():
        for method, spec in methods.items():
            if method != "parameters":
                version = document["info"]["version"]
                yield Operation(spec["operationId"], method.upper(), _pattern(template), version, uri, spec)


def _pattern(template: str) -> re.Pattern[str]:
    """Static parts ignore case, as ARM does; {scope} and {parentResourcePath} may span segments or be empty."""
    spanning = re.sub(r"/\\\{(?:scope|parentResourcePath)\\\}", r"(?:/.+)?", re.escape(template))
    return re.compile(re.sub(r"\\\{[^}]+\\\}", r"[^/]+", spanning), re.IGNORECASE)


@cache
def _pointed_at(address: str) -> tuple[Json, str]:
    uri, _, pointer = address.partition("#")
    schema: Json = _retrieve(uri).contents
    for step in pointer.strip("/").split("/"):
        schema = schema[step]
    return schema, uri


@cache
def _retrieve(uri: str) -> Resource[Json]:
    return DRAFT202012.create_resource(_loaded(Path(urlsplit(uri).path)))


def _loaded(file: Path) -> Json:
    return _with_free_objects(json.loads(file.read_text(encoding="utf-8-sig")))


def _with_free_objects(node: Json) -> Json:
    """`{"type": "object"}` and no more means "anything" in these documents, e.g. Resource Graph's rows, an array."""
    if isinstance(node, list):
        return [_with_free_objects(item) for item in node]
    if not isinstance(node, dict):
        return node
    is_free = node.get("type") == "object" and not _NARROWS_AN_OBJECT & set(node)
    return {key: _with_free_objects(value) for key, value in node.items() if not (is_free and key == "type")}


def _with_whole_references(node: Json, uri: str) -> Json:
    """References as whole addresses, so that a part of a document can be validated on its own."""
    if isinstance(node, list):
        return [_with_whole_references(item, uri) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: urljoin(uri, quote(value, safe="#/.")) if key == "$ref" else _with_whole_references(value, uri)
        for key, value in node.items()
    }
