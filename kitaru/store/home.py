"""The home: the folder that holds a database, its journal, its payloads and the address of its service.

::

    kitaru.duckdb   the database                    service.json   address and token of the running service
    journal/        every event, in order           service.log    what the service had to say
    payloads/       large values                    store.lock     held by the process that owns the database
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from kitaru.errors import KitaruStateError, KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER: Final = ".kitaru"
"""Name of a project's home."""

_GITIGNORE: Final = "# What Kitaru recorded is data, not source.\n*\n"


def find_home(start: Path | None = None) -> Path:
    """Find the home that work below a folder belongs to; it need not exist yet.

    ``KITARU_HOME`` decides if it is set, then the nearest ``.kitaru`` folder in `start` or above it,
    then the user's data folder.

    Parameters
    ----------
    start
        Where to look from; the working directory if None. For a notebook, the notebook's own folder.

    Returns
    -------
    Path
        An absolute path.

    Raises
    ------
    KitaruUsageError
        If the nearest ``.kitaru`` folder belongs to another user.

    Examples
    --------
    >>> find_home().is_absolute()
    True
    """
    named = os.environ.get("KITARU_HOME", "").strip()
    if named:
        return Path(named).expanduser().absolute()
    place = (start or Path.cwd()).absolute()
    for folder in (place, *place.parents):
        if (folder / FOLDER).is_dir():
            return _trusted(folder / FOLDER)
    return user_folder()


def init_home(path: Path) -> Path:
    """Make a home of its own for a project.

    Parameters
    ----------
    path
        The project's folder; it is made if it is not there.

    Returns
    -------
    Path
        The new ``.kitaru`` folder. Only its owner can read it, and git leaves it alone.

    Raises
    ------
    KitaruStateError
        If the project has a home already.

    Examples
    --------
    >>> import tempfile
    >>> init_home(Path(tempfile.mkdtemp())).name
    '.kitaru'
    """
    home = path.expanduser().absolute() / FOLDER
    if home.exists():
        raise KitaruStateError(
            f"{home} is there already: flows that run below {home.parent} are recorded in it. Move it away to start "
            "afresh."
        )
    ensure_home(home)
    (home / ".gitignore").write_text(_GITIGNORE, encoding="utf-8")
    return home


def ensure_home(home: Path) -> Path:
    """Make the folder of a home, readable by its owner only, unless it is there.

    Parameters
    ----------
    home
        The folder.

    Returns
    -------
    Path
        The same folder.

    Examples
    --------
    >>> import tempfile
    >>> ensure_home(Path(tempfile.mkdtemp()) / "home").is_dir()
    True
    """
    if not home.is_dir():
        home.mkdir(parents=True, exist_ok=True)
        home.chmod(0o700)  # The umask of the process can only take permissions away from what mkdir is told.
    return home


def home_id(home: Path) -> str:
    """Name a home in a few characters, so that views of several homes can be told apart.

    Examples
    --------
    >>> len(home_id(Path("/data/kitaru")))
    12
    """
    return hashlib.sha256(os.fsencode(os.path.realpath(home))).hexdigest()[:12]


def user_folder() -> Path:
    """Return Kitaru's folder in the user's data directory: the home of work that belongs to no project.

    Examples
    --------
    >>> user_folder().name
    'kitaru'
    """
    import platformdirs

    return platformdirs.user_data_path("kitaru", appauthor=False)


def register_home(home: Path) -> None:
    """Remember a home, so that a surface that shows all of them finds it.

    Examples
    --------
    >>> import tempfile
    >>> home = init_home(Path(tempfile.mkdtemp()))
    >>> register_home(home)
    >>> home in known_homes()
    True
    """
    path = str(home.absolute())
    if path in _registered():
        return
    from filelock import FileLock

    folder = ensure_home(user_folder())
    with FileLock(folder / "homes.lock", timeout=10, mode=0o600):
        kept = [known for known in _registered() if known != path and Path(known).is_dir()]
        write_private(folder / "homes.json", _encoded([*kept, path]))


def known_homes() -> list[Path]:
    """Return the registered homes that still exist, in the order in which they were registered.

    Examples
    --------
    >>> isinstance(known_homes(), list)
    True
    """
    return [Path(path) for path in _registered() if Path(path).is_dir()]


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner can read; readers see the old content or the new one, never a part.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "token"
    >>> write_private(path, b"secret")
    >>> path.read_bytes()
    b'secret'
    """
    with _replacing(path) as descriptor:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[int]:
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mkstemp makes it 0600
    try:
        try:
            yield descriptor
        finally:
            os.close(descriptor)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _trusted(home: Path) -> Path:
    # A folder planted above somebody's work would be handed their data and could hand them pickles.
    owner = home.stat().st_uid
    if os.name != "nt" and os.geteuid() not in (0, owner):
        raise KitaruUsageError(
            f"{home} belongs to another user (uid {owner}), so Kitaru does not use it. Set KITARU_HOME={home} if you "
            "trust its owner, or make a home of your own with `kitaru init`."
        )
    return home


def _registered() -> list[str]:
    import orjson

    try:
        content = orjson.loads((user_folder() / "homes.json").read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return []
    entries = cast("list[object]", content) if isinstance(content, list) else []
    return [entry for entry in entries if isinstance(entry, str)]


def _encoded(paths: list[str]) -> bytes:
    import orjson

    return orjson.dumps(paths, option=orjson.OPT_INDENT_2)
