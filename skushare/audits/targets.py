"""Target shares: how much of a shelf a brand should have."""

from sqlalchemy import delete, select

from skushare.audits.names import find_ids, name_ids, texts
from skushare.database.engine import reading, session
from skushare.database.tables import TargetRow
from skushare.errors import AuditError
from skushare.shelf.share import is_look
from skushare.text import tidy_name


def targets(category=""):
    """{brand: share from 0 to 1} of the brands that have a target on shelves of ``category``.

    Without a category, those of any shelf. "own brands" stands for all of them together.
    """
    with reading() as db:
        ids = find_ids(db, [category])
        if not ids:
            return {}
        query = select(TargetRow.brand_id, TargetRow.share).where(TargetRow.category_id == ids[category])
        shares = dict(map(tuple, db.execute(query)))
        names = texts(db, shares)
    return {names[number]: share for number, share in shares.items()}


def told_against(share, target):
    """How far ``share`` is from ``target``, both from 0 to 1: "1.7 points above the target of 20 %"."""
    points = round(100 * (share - target), 1)
    side = f"{abs(points):.1f} points {'above' if points > 0 else 'below'}" if points else "at"
    return f"{side} the target of {round(100 * target, 1):g} %"


def save_target(brand, share, category=""):
    """Keep that ``brand`` should have ``share``, from 0 to 1; ``None`` forgets it.

    Raises:
        AuditError: ``share`` is no share, or ``brand`` is a look, which is another one on each shelf.
        DatabaseError: it could not be saved.
    """
    if share is not None and not 0 <= share <= 1:
        raise AuditError(f"a target share lies from 0 to 100 %, not at {100 * share:g} %")
    brand, category = tidy_name(brand), tidy_name(category)
    if share is not None and is_look(brand):
        raise AuditError(f"{brand} is another look on each shelf; name it, then its brand can have a target")
    with session() as db:
        ids = name_ids(db, [brand, category])
        key = {"brand_id": ids[brand], "category_id": ids[category]}
        if share is None:
            db.execute(delete(TargetRow).filter_by(**key))
        else:
            db.merge(TargetRow(**key, share=float(share)))
