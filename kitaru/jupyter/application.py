"""The extension itself: its routes for as long as the server runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jupyter_server.extension.application import ExtensionApp

from kitaru.jupyter.api import KitaruAPI, NoSuchRoute
from kitaru.jupyter.homes import Homes
from kitaru.jupyter.routes import ROUTES

PREFIX = "/kitaru/api"


class KitaruExtension(ExtensionApp):
    """Answers under ``/kitaru/api``; it has nothing to configure."""

    name = "kitaru"
    app_name = "Kitaru"

    def initialize_handlers(self) -> None:
        """Add the routes."""
        self._homes = Homes(_root(self.serverapp))
        by_pattern: dict[str, dict[str, Any]] = {}
        for endpoint in ROUTES:
            by_pattern.setdefault(endpoint.pattern, {})[endpoint.method] = endpoint
        shared = {"homes": self._homes}
        for pattern, endpoints in by_pattern.items():
            answering = type("KitaruAPI", (KitaruAPI,), {"endpoints": endpoints})
            self.handlers.append((f"{PREFIX}/{pattern}", answering, shared))
        self.handlers.append((f"{PREFIX}(?:/.*)?", NoSuchRoute, shared))

    async def stop_extension(self) -> None:
        """End the streams and let go of the homes."""
        self._homes.close()


def _root(server: Any) -> Path | None:
    root = getattr(server.contents_manager, "root_dir", None) or server.root_dir
    path = Path(root).expanduser() if root else None
    return path.absolute() if path is not None and path.is_dir() else None
