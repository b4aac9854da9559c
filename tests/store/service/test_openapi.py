"""The OpenAPI document of what is deployed."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import BaseModel, Field

from kitaru.runtime.flow import flow
from kitaru.runtime.parameter_schema import parameter_schema
from kitaru.store.service.openapi import document


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int = 9


class Dog(BaseModel):
    kind: Literal["dog"]
    friend: Cat | None = None


@flow
def document_pets(first: Annotated[Cat | Dog, Field(discriminator="kind")], other: Dog | None = None) -> None:
    """Look after pets."""


@flow
def document_plain(topic: str) -> None: ...


@flow(name="prüfung")
def document_letters(n: int) -> None: ...


def row(deployed: Any, version: int = 1, **tags: bool) -> dict[str, Any]:
    return {"flow": deployed.name, "version": version, "tags": tags, "parameters": parameter_schema(deployed)}


def check(made: dict[str, Any]) -> dict[str, Any]:
    OpenAPIV31SpecValidator(made).validate()
    return made


def test_without_deployments_there_are_the_routes_that_read() -> None:
    assert "/executions/{exec_id}" in check(document([]))["paths"]


def test_each_flow_has_a_route_with_its_own_inputs() -> None:
    made = check(document([row(document_plain, default=True), row(document_pets, default=True)]))
    operation = made["paths"]["/deployments/document_plain/invoke"]["post"]
    body = operation["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/document_plain.1"}
    assert made["components"]["schemas"]["document_plain.1"]["required"] == ["topic"]
    assert made["paths"]["/deployments/document_pets/invoke"]["post"]["description"] == "Look after pets."


def test_models_of_several_versions_do_not_meet() -> None:
    made = check(document([row(document_pets, 2), row(document_pets, 1, default=True)]))
    schemas = made["components"]["schemas"]
    assert {"document_pets.1.Cat", "document_pets.1.Dog", "document_pets.2.Cat", "document_pets.2.Dog"} < schemas.keys()
    assert "#/$defs/" not in repr(made)
    body = made["paths"]["/deployments/document_pets/invoke"]["post"]["requestBody"]
    first, second = body["content"]["application/json"]["schema"]["anyOf"]
    assert (first["$ref"], second["$ref"]) == (
        "#/components/schemas/document_pets.1",
        "#/components/schemas/document_pets.2",
    )


def test_letters_of_other_languages_are_written_as_addresses_and_names_allow() -> None:
    made = check(document([row(document_letters, default=True)]))
    assert "/deployments/pr%C3%BCfung/invoke" in made["paths"]
    assert "pr_fc_fung.1" in made["components"]["schemas"]


def test_the_tags_and_versions_that_can_be_asked_for_are_named() -> None:
    made = document([row(document_plain, 2, canary=False), row(document_plain, 1, default=True, stable=True)])
    tag, version, key = made["paths"]["/deployments/document_plain/invoke"]["post"]["parameters"]
    assert tag["schema"]["enum"] == ["canary", "default", "stable"]
    assert version["schema"]["enum"] == [2, 1]
    assert key["name"] == "Idempotency-Key"
