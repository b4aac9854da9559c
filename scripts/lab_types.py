"""Write the TypeScript types of what the Jupyter server takes and answers, or check that they are up to date."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pydantic.json_schema import models_json_schema

from kitaru.jupyter.description import answers, bodies
from kitaru.jupyter.routes import ROUTES
from kitaru.views import model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

TARGET = Path(__file__).resolve().parents[1] / "labextension" / "src" / "documents.ts"
PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}
SHORT = {"Failure"}
"""Of these the server leaves out what has its default."""

HEAD = """// What the server takes and answers; kitaru/views/model.py and kitaru/jupyter/models.py describe the fields.
// Written by scripts/lab_types.py: `make reference` writes it again, `make check` compares."""


def documents() -> list[type[BaseModel]]:
    named = [value for name, value in vars(model).items() if isinstance(value, type) and not name.startswith("_")]
    shown = [value for value in named if issubclass(value, model.View) and value is not model.View]
    return list(dict.fromkeys([*shown, *answers()]))


def questions() -> list[type[BaseModel]]:
    return list(dict.fromkeys([*(endpoint.query for endpoint in ROUTES), *bodies()]))


def type_of(schema: dict[str, Any]) -> str:
    """Return the TypeScript type of what a JSON schema describes."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(map(json.dumps, schema["enum"]))
    if members := schema.get("anyOf") or schema.get("oneOf"):
        return " | ".join(dict.fromkeys(map(type_of, members)))
    if schema.get("type") == "array":
        return f"Array<{type_of(schema['items'])}>"
    if schema.get("type") == "object":
        values = schema.get("additionalProperties")
        return f"{{ [name: string]: {type_of(values) if isinstance(values, dict) else 'unknown'} }}"
    return PLAIN.get(str(schema.get("type")), "unknown")


def interface(name: str, schema: dict[str, Any], *, may_miss: bool) -> str:
    required = schema.get("required", [])
    marks = {field: "?" if may_miss and field not in required else "" for field in schema.get("properties", {})}
    fields = [f"  {field}{mark}: {type_of(schema['properties'][field])};" for field, mark in marks.items()]
    return "\n".join([f"export interface {name} {{", *fields, "}"])


def sections() -> Iterator[str]:
    yield HEAD
    yield f"export const MIME_TYPE = {json.dumps(model.MIME_TYPE)};"
    told = [(document, "serialization") for document in documents()]
    sent_short = dict(definitions([(document, "validation") for document in documents() if document.__name__ in SHORT]))
    for name, part in definitions(told):
        # Whatever the server answers has all of its fields, those with a default too.
        yield interface(name, sent_short[name] if name in SHORT else part, may_miss=name in SHORT)
    for name, part in definitions([(question, "validation") for question in questions()]):
        yield interface(name, part, may_miss=True)
    yield "export type Row = CallView | GroupView | ChildView | WaitView;"


def definitions(found: list[tuple[type[BaseModel], Any]]) -> list[tuple[str, dict[str, Any]]]:
    _, schema = models_json_schema(found)
    return sorted(cast("dict[str, Any]", schema["$defs"]).items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when the file is not up to date; write nothing")
    wanted = "\n\n".join(sections()) + "\n"
    if not parser.parse_args().check:
        TARGET.write_text(wanted, encoding="utf-8")
    elif not TARGET.is_file() or TARGET.read_text(encoding="utf-8") != wanted:
        sys.exit("labextension/src/documents.ts is not what the models say; run `make reference` and commit it.")


if __name__ == "__main__":
    main()
