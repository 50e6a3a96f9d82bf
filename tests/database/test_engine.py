"""The database as its users meet it: made on first use, safe among processes, clear when it fails."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import exc, func, select, text

from skushare.database import engine
from skushare.database.tables import (
    AuditRow,
    Base,
    FacingsRow,
    GalleryRow,
    NameRow,
    PhotoRow,
    ShareRow,
    TargetRow,
)
from skushare.errors import DatabaseError


def add_name(word):
    with engine.session() as session:
        session.add(NameRow(digest=word, text=word))


def names():
    with engine.reading() as session:
        return sorted(session.scalars(select(NameRow.text)))


def test_the_migrations_make_what_the_tables_say(database):
    with engine.engine().connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_an_older_database_is_brought_up_to_date_and_keeps_what_it_has(database, monkeypatch):
    from alembic import command

    upgrade = command.upgrade
    monkeypatch.setattr(command, "upgrade", lambda config, revision: upgrade(config, "0001"))
    with engine.engine().begin() as connection:
        connection.execute(text("INSERT INTO names (id, digest, text) VALUES (1, 'd', 'North')"))
        numbers = "utc_offset, planned, photos, facings, corrections, time, store_id, shelf_id, category_id"
        texts = "note, source, brands, model, model_digest, gallery, gallery_digest, thresholds, software"
        for number, corrections in ((1, 0), (2, 3)):
            connection.execute(
                text(
                    f"INSERT INTO audits (id, {numbers}, finished, {texts}) VALUES ({number}, 0, 1, 1, 0, "
                    f"{corrections}, 0, 1, 1, 1, true, '', 'photos', '[]', '', '', '', '', '{{}}', '')"
                )
            )
            columns = "audit_id, brand_id, facings, share, linear_share"
            connection.execute(text(f"INSERT INTO shares ({columns}) VALUES ({number}, 1, 1, 1, 0.5)"))
        columns = "id, audit_id, position, name, picture, width, height"
        connection.execute(text(f"INSERT INTO photos ({columns}) VALUES (1, 1, 0, 'a.jpg', 'p', 4, 3)"))
        columns = "photo_id, count, columns, data"
        connection.execute(text(f"INSERT INTO facings ({columns}) VALUES (1, 0, '', '')"))
        columns = "id, name, version, digest, created, content"
        connection.execute(text(f"INSERT INTO galleries ({columns}) VALUES (1, 'g', 1, 'd', 0, '{{}}')"))
    engine.close()
    monkeypatch.setattr(command, "upgrade", upgrade)
    with engine.reading() as session:
        assert session.scalars(select(PhotoRow)).one().role == ""
        assert session.scalars(select(FacingsRow)).one().doubtful is None
        assert session.scalar(select(func.count()).select_from(TargetRow)) == 0
        assert session.scalars(select(GalleryRow)).one().hidden is False
        linear = select(ShareRow.linear_share).order_by(ShareRow.audit_id)
        assert session.scalars(linear).all() == [0.5, None]  # rows after corrections were wrong then
        assert session.scalars(select(ShareRow.margin)).all() == [None, None]
        assert session.scalars(select(AuditRow.edits)).all() == [0, 0]


@pytest.mark.parametrize(
    "version, share, margin, now",
    [
        ("0008", 0.5, 0.01, None),  # they widened since
        ("0010", 0.5, 0.01, 0.01),
        ("0010", 0.5, 0.0, 0.0),  # a person was sure
        ("0010", 0.5, 1.2, None),
        ("0010", 1.0, 0.0, None),  # as the only brand of a shelf had none
        ("0010", 1.0, 0.2, 0.2),
    ],
)
def test_margins_that_were_wrong_are_not_known_any_more(database, monkeypatch, version, share, margin, now):
    from alembic import command

    upgrade = command.upgrade
    monkeypatch.setattr(command, "upgrade", lambda config, revision: upgrade(config, version))
    with engine.session() as session:
        session.add(NameRow(digest="d", text="North"))
        session.flush()
        columns = AuditRow.__table__.columns
        words = {c.name: {} if c.name == "thresholds" else [] if c.name == "brands" else "" for c in columns}
        numbers = {c.name: 1 for c in columns if c.type.python_type in (int, bool)}
        session.add(AuditRow(**words | numbers | {"request": None}))
        session.flush()
        columns = "audit_id, brand_id, facings, share, margin"
        session.execute(text(f"INSERT INTO shares ({columns}) VALUES (1, 1, 1, {share}, {margin})"))
    engine.close()
    monkeypatch.setattr(command, "upgrade", upgrade)
    with engine.reading() as session:
        assert session.scalars(select(ShareRow.margin)).all() == [now]


def test_a_block_is_saved_whole_or_not_at_all(database):
    add_name("kept")
    with pytest.raises(KeyError), engine.session() as session:
        session.add(NameRow(digest="lost", text="lost"))
        session.flush()
        raise KeyError
    engine.close()
    assert names() == ["kept"]


def test_processes_that_start_at_once_make_the_tables_once(database):
    code = (
        "import sys\n"
        "from skushare.database.engine import session\n"
        "from skushare.database.tables import NameRow\n"
        "with session() as s:\n"
        "    s.add(NameRow(digest=sys.argv[1], text=sys.argv[1]))\n"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code, word], stderr=subprocess.PIPE, text=True)
        for word in "abc"
    ]
    assert [process.communicate()[1] for process in started] == [""] * 3
    assert names() == ["a", "b", "c"]


def test_writers_take_turns_and_lose_nothing(database):
    add_name("0")

    def count_up(_):
        with engine.session() as session:
            row = session.scalars(select(NameRow).with_for_update()).one()
            row.text = str(int(row.text) + 1)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count_up, range(40)))
    assert names() == ["40"]


def test_a_reader_sees_one_moment_while_others_write(database):
    add_name("a")
    with engine.reading() as session:
        count = select(func.count()).select_from(NameRow)
        before = session.scalar(count)
        add_name("b")
        assert session.scalar(count) == before
    assert names() == ["a", "b"]


def test_sqlite_waits_for_the_disk(sqlite):
    with engine.engine().connect() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    assert found == ["wal", 2, 1, 1000 * engine.PATIENCE]


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "mysql://user:secret@host/name",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///folder/skushare.db",
        "postgresql://secret:99x/",
    ],
)
def test_an_address_that_cannot_work_is_explained_without_repeating_it(monkeypatch, url):
    monkeypatch.setenv("SKUSHARE_DATABASE", url)
    with pytest.raises(DatabaseError, match="SKUSHARE_DATABASE: .*postgresql://") as caught:
        engine.database_url()
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_any_usual_name_of_postgresql_will_do(monkeypatch, scheme):
    monkeypatch.setenv("SKUSHARE_DATABASE", f"{scheme}://user:secret@host/name")
    assert engine.database_url().drivername == "postgresql+psycopg"


def test_a_server_that_is_not_there_is_named_without_its_password(monkeypatch):
    monkeypatch.setenv("SKUSHARE_DATABASE", "postgresql://user:secret@127.0.0.1:9/name")
    with pytest.raises(DatabaseError, match=r"@127.0.0.1:9/name: cannot be used") as caught:
        engine.engine()
    assert "secret" not in str(caught.value)


def test_who_met_another_writer_is_told_to_try_again(sqlite):
    message = (
        "deadlock detected\nDETAIL:  Process 1 waits for ShareLock on transaction 2; blocked by process 3."
    )
    with pytest.raises(DatabaseError, match="same at the same time; try again$"), engine.session():
        raise exc.OperationalError("INSERT", {}, Exception(message))


def test_a_file_that_is_no_database_is_said(sqlite):
    sqlite.parent.mkdir()
    sqlite.write_bytes(b"shopping list\n" * 100)
    with pytest.raises(DatabaseError, match=r"skushare.db: is not a database"):
        engine.engine()
    assert sqlite.read_bytes().startswith(b"shopping list")


def test_a_newer_database_is_left_alone(database):
    with engine.engine().begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.close()
    with pytest.raises(DatabaseError, match="newer skushare; update"):
        engine.engine()


def test_a_database_that_may_not_be_written_still_reads(database):
    add_name("a")
    with engine.engine().connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA query_only=ON")
        else:
            connection.exec_driver_sql("SET default_transaction_read_only = on")
            connection.commit()
    assert names() == ["a"]
    with pytest.raises(DatabaseError, match="is read-only; check who may write"):
        add_name("b")


def test_a_file_that_cannot_be_opened_is_said(sqlite):
    sqlite.mkdir(parents=True)  # a folder in its place stops root as well
    with pytest.raises(DatabaseError, match="skushare.db: cannot be opened"):
        engine.engine()


@pytest.mark.parametrize(
    "error",
    [
        PermissionError(13, "Permission denied"),  # where the folder is to be made
        exc.OperationalError("", {}, Exception("unable to open database file")),
        exc.OperationalError("", {}, Exception("attempt to write a readonly database")),
    ],
)
def test_who_may_not_write_there_is_told_what_names_another_place(sqlite, monkeypatch, error):
    monkeypatch.delenv("SKUSHARE_DATABASE", raising=False)
    for setting in ("SKUSHARE_WORKSPACE", "SKUSHARE_DATABASE"):
        with pytest.raises(DatabaseError, match=f"or have {setting} name another"), engine.session():
            raise error
        monkeypatch.setenv("SKUSHARE_DATABASE", f"sqlite:///{sqlite}")


def test_a_full_disk_is_said_and_what_was_saved_stays(sqlite):
    add_name("a")
    with engine.engine().connect() as connection:  # the pool's only one: the next session gets it, too
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(DatabaseError, match="the disk is full; free some space"):
        add_name("b" * 100_000)
    assert names() == ["a"]
