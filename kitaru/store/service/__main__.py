"""``python -m kitaru.store.service --home DIR``: the process of a home's service."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kitaru.store.service.record import ServiceRecord


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve a home; return the exit status.

    With ``--detach`` the service outlives whoever started it: one line of JSON on the standard output says that it
    listens, or why it does not, and from then on everything goes to ``service.log``.
    """
    asked = _parser().parse_args(arguments)
    token = _read_token(asked.token_file)
    if asked.detach:
        _leave_parent()
    return _run(asked, token)


def _run(asked: argparse.Namespace, token: str | None) -> int:
    umask = os.umask(0o077)  # What flows record is their owner's alone; what they do themselves is not our business.
    from kitaru.errors import KitaruError, KitaruStoreBusyError
    from kitaru.store.home import ensure_home
    from kitaru.store.service.log import open_log
    from kitaru.store.service.server import Options, serve
    from kitaru.store.service.wire import error_body

    home = ensure_home(asked.home.expanduser().absolute())
    try:
        options = Options(home, asked.host, asked.port, token, asked.idle_timeout, tuple(asked.allow_host), umask)
        if not asked.detach and not asked.log:
            serve(options, _say_where)
            return 0
        log = open_log(home)
        serve(options, _release(log.capture_output, says_so=asked.detach), log)
    except KitaruError as error:
        if asked.detach:
            sys.stdout.buffer.write(error_body(error))
            sys.stdout.flush()
            # Somebody else owns the home: whoever wanted a service will find theirs.
            return 0 if isinstance(error, KitaruStoreBusyError) else 1
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m kitaru.store.service", description="Serve a Kitaru home.")
    parser.add_argument("--home", type=Path, required=True, help="folder of the database")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on; others than loopback need a token")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 (default) for a free one")
    parser.add_argument("--token-file", help="file with the token that clients must send; - for standard input")
    parser.add_argument("--idle-timeout", type=float, help="seconds without any need after which to end; 0 for never")
    parser.add_argument("--allow-host", action="append", default=[], help="a further name by which clients reach it")
    parser.add_argument("--log", action="store_true", help="write to service.log")
    parser.add_argument("--detach", action="store_true", help="go to the background and write to service.log")
    return parser


def _read_token(source: str | None) -> str | None:
    if source is None:
        return None
    text = sys.stdin.read() if source == "-" else Path(source).expanduser().read_text(encoding="utf-8")
    return text.strip() or None


def _leave_parent() -> None:
    # The parent may live for days, and would have to collect a child that dies: so it is nobody's child.
    if hasattr(os, "fork"):
        if os.fork():
            os._exit(0)
        os.setsid()


def _say_where(record: ServiceRecord) -> None:
    print(f"Serving at {record.url}. Stop with Ctrl-C.", flush=True)


def _release(capture_output: Callable[[], None], *, says_so: bool) -> Callable[[ServiceRecord], None]:
    def release(_record: ServiceRecord) -> None:
        if says_so:
            print("{}", flush=True)
        capture_output()

    return release


if __name__ == "__main__":
    sys.exit(main())
