"""Write the TypeScript types of the documents that the Jupyter server answers, or check that they are up to date."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pydantic.json_schema import models_json_schema

from kitaru.jupyter.description import answers
from kitaru.views import model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

TARGET = Path(__file__).resolve().parents[1] / "labextension" / "src" / "documents.ts"
PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}
HEAD = """// What the server answers; kitaru/views/model.py and kitaru/jupyter/models.py describe the fields.
// Written by scripts/lab_types.py: `make reference` writes it again, `make check` compares."""


def documents() -> list[type[BaseModel]]:
    named = [value for name, value in vars(model).items() if isinstance(value, type) and not name.startswith("_")]
    shown = [value for value in named if issubclass(value, model.View) and value is not model.View]
    return list(dict.fromkeys([*shown, *answers()]))


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


def interface(name: str, schema: dict[str, Any]) -> str:
    # Whatever the server answers has all of its fields, those with a default too.
    fields = [f"  {field}: {type_of(part)};" for field, part in schema["properties"].items()]
    return "\n".join([f"export interface {name} {{", *fields, "}"])


def sections() -> Iterator[str]:
    yield HEAD
    yield f"export const MIME_TYPE = {json.dumps(model.MIME_TYPE)};"
    _, schema = models_json_schema([(document, "serialization") for document in documents()])
    for name, part in sorted(cast("dict[str, Any]", schema["$defs"]).items()):
        yield interface(name, part)
    yield "export type Row = CallView | GroupView | ChildView | WaitView;"


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
