"""What holds for every test: quiet TensorFlow, and random numbers that are the same each time."""

import gc
import os
import random
import sys
import uuid

import numpy as np
import pytest
from hypothesis import settings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # before the first import of TensorFlow

# No deadline: a busy machine is no fault of the code.
settings.register_profile("skushare", deadline=None, derandomize=True)
settings.load_profile("skushare")


def pytest_make_parametrize_id(val):
    """Call files as parameters by their length: their bytes may hold the time, another in each process."""
    return f"{len(val)} bytes" if isinstance(val, bytes) else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Where several processes share the tests, keep a file in one; begin with what takes or waits longest."""
    if not config.pluginmanager.hasplugin("xdist"):
        return
    for item in items:
        group = os.path.relpath(item.path, config.rootpath)
        if item.path.parent.name == "export":  # these share networks that are made once a process
            group = "export"
        item.add_marker(pytest.mark.xdist_group(group))
    if getattr(config.option, "numprocesses", None) or hasattr(config, "workerinput"):
        items.sort(key=lambda item: item.path.parent.name not in ("e2e", "export", "training"))


def pytest_collection_finish():
    """Leave what the tests have imported out of all that follows of garbage collection.

    Streamlit collects after each run of a page: with TensorFlow's objects among them that takes longer than
    the page.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _seeds():
    random.seed(0)
    np.random.seed(0)
    if "keras" in sys.modules:  # imported for its own seed, it would slow down the tests that do without
        sys.modules["keras"].utils.set_random_seed(0)


_statements = {}  # by which the migrations made the tables of an empty database, of each kind


@pytest.fixture(autouse=True)
def migrations(monkeypatch):
    """Tables of an empty database are made by what the migrations said the first time: they take longer."""
    from sqlalchemy import event

    from skushare.database import engine

    migrate = engine._run_alembic

    def run(connection):
        empty, kind = engine._revision(connection) is None, connection.dialect.name
        if empty and kind in _statements:
            for statement, values in _statements[kind]:
                connection.exec_driver_sql(statement, values)
            return
        said = []

        def listen(connection, cursor, statement, values, context, many):
            said.append((statement, values))

        event.listen(connection, "before_cursor_execute", listen)
        migrate(connection)
        event.remove(connection, "before_cursor_execute", listen)
        if empty:
            _statements[kind] = said

    monkeypatch.setattr(engine, "_run_alembic", run)


@pytest.fixture
def sqlite(monkeypatch, tmp_path):
    """An empty workspace with a SQLite file; gives the file's path."""
    from skushare.database import engine

    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.delenv("SKUSHARE_DATABASE", raising=False)
    yield tmp_path / "workspace" / "skushare.db"
    engine.close()


@pytest.fixture
def postgresql(sqlite, monkeypatch):
    """An empty workspace with a schema of its own in the PostgreSQL of ``$SKUSHARE_TEST_DATABASE``."""
    from sqlalchemy import create_engine, make_url, text

    from skushare.database import engine

    given = os.environ.get("SKUSHARE_TEST_DATABASE")
    if not given:
        assert "CI" not in os.environ, "CI must test on PostgreSQL: .ci/run sets SKUSHARE_TEST_DATABASE"
        pytest.skip("SKUSHARE_TEST_DATABASE names no PostgreSQL")
    url, schema = make_url(given).set(drivername="postgresql+psycopg"), f"test_{uuid.uuid4().hex}"
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    own = url.update_query_dict({"options": f"-csearch_path={schema}"})
    monkeypatch.setenv("SKUSHARE_DATABASE", own.render_as_string(hide_password=False))
    yield own
    engine.close()
    with admin.connect() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    admin.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request):
    """An empty workspace with an empty database, once of each kind."""
    return request.getfixturevalue(request.param)
