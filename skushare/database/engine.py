"""One database for the app and the command line: SQLite in the workspace, or PostgreSQL by its URL.

SQLite keeps a write-ahead log and waits for the disk at each commit (``synchronous=FULL``), so that what
was acknowledged survives a crash, and readers never wait for a writer.
"""

import os
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from sqlalchemy import URL, create_engine, event, exc, inspect, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from skushare.errors import DatabaseError
from skushare.workspace import workspace

VARIABLE = "SKUSHARE_DATABASE"
PATIENCE = 20  # seconds to wait for another program that writes
_MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = 0x736B7573  # a number of our own among PostgreSQL's advisory locks
_MANY = 500  # values in one statement; databases limit them

_engines = {}
_lock = Lock()


def database_url():
    """``$SKUSHARE_DATABASE`` as a SQLAlchemy URL, or that of ``skushare.db`` in the workspace.

    Raises:
        DatabaseError: it is no URL of PostgreSQL or, with the whole path, of a SQLite file.
    """
    given = os.environ.get(VARIABLE)
    if not given:
        return URL.create("sqlite", database=str(workspace() / "skushare.db"))
    try:
        url = make_url(given)
    except (exc.ArgumentError, ValueError):
        url = None  # the text may hold a password, so it is not repeated
    kind = url.get_backend_name() if url else ""
    if kind in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    # A relative file would be another one in each folder that skushare is started from.
    if kind == "sqlite" and os.path.isabs(url.database or ""):
        return url.set(drivername="sqlite")
    raise DatabaseError(
        f"{VARIABLE}: is to be like sqlite:////folder/skushare.db, with the whole path, "
        "or postgresql://user:password@host/name"
    )


def engine():
    """The SQLAlchemy engine of :func:`database_url`, its tables made or brought up to date on first use.

    Raises:
        DatabaseError: the database cannot be reached, read or written, or a newer skushare made it.
    """
    url = database_url()
    with _lock:
        if url not in _engines:
            made = _connected(url)
            try:
                with _explained(url):
                    _migrate(made)
            except BaseException:
                made.dispose()
                raise
            _engines[url] = made
        return _engines[url]


def close():
    """Let go of all connections."""
    with _lock:
        for made in _engines.values():
            made.dispose()
        _engines.clear()


@contextmanager
def session():
    """A SQLAlchemy ``Session`` that reads and writes: all of it is saved at the end, or nothing.

    What it did is on the disk when the block has ended. Writers of SQLite take turns from the beginning, so
    that what a block read still holds when it writes.

    Raises:
        DatabaseError: the database cannot be reached or written; its message says why.
    """
    made = engine()
    with (
        _explained(made.url),
        Session(made.execution_options(writes=True), expire_on_commit=False) as opened,
        opened.begin(),
    ):
        yield opened


@contextmanager
def reading():
    """A SQLAlchemy ``Session`` that only reads; all its queries see the same moment.

    Raises:
        DatabaseError: the database cannot be reached or read.
    """
    made = engine()
    options = {"isolation_level": "REPEATABLE READ"} if made.dialect.name == "postgresql" else {}
    with _explained(made.url), Session(made.execution_options(**options), expire_on_commit=False) as opened:
        yield opened


def take_turns(connection, lock):
    """Let one transaction of those that ask for ``lock``, a number, go on at a time, each to its end.

    Those that write to SQLite do so anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({lock})"))


def add_missing(db, table, rows, key):
    """Insert ``rows``, dictionaries, into ``table``, but for those whose column ``key`` is known there."""
    kind = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
    # In an order that is the same everywhere: two writers who add the same must not wait for each other.
    rows = sorted(rows, key=lambda row: row[key])
    if rows:
        db.execute(kind.insert(table).on_conflict_do_nothing(index_elements=[key]), rows)


def portions(values):
    """``values`` in lists that are short enough for one statement."""
    values = list(values)
    return [values[i : i + _MANY] for i in range(0, len(values), _MANY)]


def _connected(url):
    if url.get_backend_name() == "sqlite":
        with _explained(url):
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        made = create_engine(url, connect_args={"timeout": PATIENCE})
        event.listen(made, "connect", _prepare_sqlite)
        event.listen(made, "begin", _begin_sqlite)
        return made
    try:
        return create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": PATIENCE})
    except (ImportError, exc.NoSuchModuleError):
        raise DatabaseError(
            f'{VARIABLE}: PostgreSQL needs one more package: pip install "psycopg[binary]"'
        ) from None


def _prepare_sqlite(connection, _):
    connection.isolation_level = None  # the driver is not to begin transactions of its own
    for setting in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {setting}")


def _begin_sqlite(connection):
    # A reader that turns writer could meet a state that is no longer the one it read: take turns at once.
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _migrate(made):
    """Make the tables or bring them up to date; of several processes, one does."""
    newest = max(path.name[:4] for path in _MIGRATIONS.glob("versions/[0-9]*.py"))
    with made.connect() as connection:
        if _revision(connection) == newest:
            return
    with made.execution_options(writes=True).begin() as connection:
        take_turns(connection, _MIGRATION_LOCK)
        revision = _revision(connection)
        if revision == newest:
            return
        if revision is not None and revision > newest:
            raise DatabaseError(f"{_name(made.url)}: was made by a newer skushare; update this one")
        _run_alembic(connection)


def _revision(connection):
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _run_alembic(connection):
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _name(url):
    """What to call a database in messages: its file, or its URL without the password."""
    return url.database if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)


_ELSEWHERE = "check who may write it and its folder, or have {} name another place"  # of a SQLite file
_REASONS = (  # in the message of the database, what to tell the user
    ("disk is full", "the disk is full; free some space, then try again"),
    ("no space left", "the disk is full; free some space, then try again"),
    ("readonly", f"is read-only; {_ELSEWHERE}"),
    ("read-only", "is read-only; check who may write it"),
    ("[errno 13]", f"its folder cannot be made; {_ELSEWHERE}"),
    ("permission denied", "may not be used by this user; ask whoever runs the database"),
    ("unable to open", f"cannot be opened; {_ELSEWHERE}"),
    ("deadlock", "another program was writing the same at the same time; try again"),
    ("locked", f"another program has been writing for {PATIENCE} seconds; try again later"),
    ("not a database", "is not a database; move it away or restore a copy"),
    ("malformed", "is damaged; restore a copy"),
    ("i/o error", "the disk could not be read or written; check it and its free space"),
)


@contextmanager
def _explained(url):
    """Turn what can go wrong with a database into messages for its user."""
    try:
        yield
    except (OSError, exc.DatabaseError, exc.InterfaceError) as error:
        message = str(getattr(error, "orig", None) or error)
        for sign, reason in _REASONS:
            if sign in message.lower():
                reason = reason.format(VARIABLE if os.environ.get(VARIABLE) else "SKUSHARE_WORKSPACE")
                raise DatabaseError(f"{_name(url)}: {reason}") from error
        if isinstance(error, (OSError, exc.OperationalError, exc.InterfaceError)):
            first = message.strip().splitlines()[0] if message.strip() else type(error).__name__
            raise DatabaseError(f"{_name(url)}: cannot be used ({first})") from error
        raise  # a fault of the program
