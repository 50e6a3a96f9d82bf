"""Names in the database: each text once, known by number."""

import hashlib

from sqlalchemy import select

from skushare.database.engine import add_missing, portions
from skushare.database.tables import NameRow
from skushare.text import tidy, tidy_name


def name_ids(db, names):
    """{name: its number} of ``names``; new ones are added."""
    digests = {_digest(name): name for name in names}
    known = _known(db, digests)
    if new := digests.keys() - known.keys():
        add_missing(db, NameRow, ({"digest": digest, "text": digests[digest]} for digest in new), "digest")
        known = _known(db, digests)
    return {name: known[digest] for digest, name in digests.items()}


def find_ids(db, names):
    """{name: its number} of those of ``names`` that the database knows.

    Names are saved by :func:`~skushare.text.tidy_name`; some of former versions have other spaces.
    """
    names = list(names)
    digests = [{_digest(form(name)): name for name in names} for form in (tidy_name, tidy)]
    known = _known(db, digests[0].keys() | digests[1].keys())
    return {name: known[digest] for each in digests for digest, name in each.items() if digest in known}


def texts(db, ids):
    """{number: name} of the numbers ``ids``."""
    found = {}
    for some in portions(set(ids)):
        found.update(map(tuple, db.execute(select(NameRow.id, NameRow.text).where(NameRow.id.in_(some)))))
    return found


def _known(db, digests):
    found = {}
    for some in portions(digests):
        rows = db.execute(select(NameRow.digest, NameRow.id).where(NameRow.digest.in_(some)))
        found.update(map(tuple, rows))
    return found


def _digest(name):
    return hashlib.sha256(name.encode()).hexdigest()
