"""Pictures that deleted audits and galleries had, and their removal once nothing else uses them."""

from sqlalchemy import delete, select

from skushare.database import pictures
from skushare.database.engine import add_missing, portions, reading, session
from skushare.database.tables import GalleryExampleRow, LeftoverRow, PhotoRow

SPARED = 86_400  # seconds that a picture without a row is left alone: its row may be on its way


def leave(db, names):
    """Note in the session ``db`` that something deleted had the pictures ``names``."""
    add_missing(db, LeftoverRow, ({"picture": name} for name in names), "picture")


def remove_leftovers(spared=SPARED):
    """Remove the noted pictures that nothing uses; returns how many.

    Args:
        spared: seconds that a picture must be old; a younger one waits for a later call.
    """
    with reading() as db:
        names = list(db.scalars(select(LeftoverRow.picture)))
    old = [name for name in names if pictures.age(name) > spared]
    removed = sum(pictures.remove(name, spared) for name in set(old) - _used(old))
    if old:
        with session() as db:
            for some in portions(old):
                db.execute(delete(LeftoverRow).where(LeftoverRow.picture.in_(some)))
    return removed


def _used(names):
    """Those of the pictures ``names`` that a photo or an example names."""
    used = set()
    with reading() as db:
        for some in portions(names):
            for column in (PhotoRow.picture, GalleryExampleRow.picture):
                used.update(db.scalars(select(column).where(column.in_(some))))
    return used
