"""How a deployment is invoked over HTTP: the address, the token, and inputs to begin with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kitaru.errors import KitaruStateError

if TYPE_CHECKING:
    from kitaru.client.client import KitaruClient

_EXAMPLES: Final = {"string": "...", "integer": 1, "number": 1.0, "boolean": True, "array": [], "null": None}


def example_inputs(schema: dict[str, Any]) -> dict[str, Any]:
    """Return inputs to begin with: the defaults, and something of the right type for what has none.

    Examples
    --------
    >>> example_inputs({"properties": {"topic": {"type": "string"}, "depth": {"type": "integer", "default": 2}}})
    {'topic': '...', 'depth': 2}
    """
    return {
        name: about.get("default", _EXAMPLES.get(str(about.get("type")), {}))
        for name, about in schema.get("properties", {}).items()
    }


def invoked_by(by: str | None, via: str | None) -> str | None:
    """Say who or what invoked an execution; None if nobody did.

    Examples
    --------
    >>> invoked_by("ada", "cli"), invoked_by("nightly", "schedule"), invoked_by(None, "http")
    ('ada, on the command line', 'schedule nightly', 'HTTP')
    """
    if via == "schedule":
        return f"schedule {by}"
    place = {"python": "in Python", "cli": "on the command line", "http": "HTTP", "lab": "in JupyterLab"}.get(via or "")
    return ", ".join(part for part in (by, place) if part) or None


def service_address(client: KitaruClient) -> str:
    """Return where the service of a client's store is reached.

    Raises
    ------
    KitaruStateError
        If none runs, as this process has the database open.
    """
    from kitaru.store.connect import current_target
    from kitaru.store.service.process import service_status

    if client.is_remote:
        return client.server[0] if client.server else current_target().url
    found = service_status(Path(client.store.location))
    if found is None:
        raise KitaruStateError(
            "No service runs here, as this process has the database open (KITARU_STORE=embedded). Start one: "
            "kitaru service start"
        )
    return str(found["url"])


def shell_token(client: KitaruClient) -> str:
    """Return what a shell puts in the place of the token, so that no command holds it.

    Examples
    --------
    >>> from kitaru.client import KitaruClient
    >>> shell_token(KitaruClient())
    '$(kitaru service token)'
    """
    return "$KITARU_AUTH_TOKEN" if client.is_remote else "$(kitaru service token)"
