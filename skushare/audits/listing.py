"""Lists of audits and how their shares go over time."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

import pandas as pd
from sqlalchemy import exists, func, select, tuple_
from sqlalchemy.orm import aliased

from skushare.audits.names import find_ids, texts
from skushare.database.engine import reading
from skushare.database.tables import AuditRow, NameRow, ShareRow

DAY = 86_400
STEPS = {"day": DAY, "week": 7 * DAY, "four weeks": 28 * DAY}  # of a trend, in seconds
PLACE = ("store", "shelf", "category")  # the words by which a shelf is told from another
_MONDAY = 4 * DAY  # the first Monday after the beginning of 1970, from which steps are counted


@dataclass(frozen=True)
class Filter:
    """Which audits are meant; what is empty or ``None`` does not restrict.

    Attributes:
        stores, shelves, categories: names, of which an audit has one.
        brands: names, of which an audit has at least one on its shelf.
        since, until: datetimes; from the first on and before the second. Without a zone, by the clock
            at the shelf.
        places: (store, shelf, category), of which an audit has all three of one.
    """

    stores: tuple[str, ...] = ()
    shelves: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    places: tuple[tuple[str, str, str], ...] = ()


ALL = Filter()


def list_audits(wanted=ALL, limit=None, offset=0):
    """The finished audits that ``wanted`` lets through, newest first.

    Returns:
        A DataFrame of ``audit`` (number), ``time`` (with time zone UTC), ``utc_offset`` (seconds that the
        clock at the shelf was ahead of it), ``store``, ``shelf``, ``category``, ``photos``, ``facings``,
        ``corrections``, ``source`` and ``note``.
    """
    store, shelf, category = (aliased(NameRow) for _ in range(3))
    query = (
        select(
            AuditRow.id.label("audit"),
            AuditRow.time,
            AuditRow.utc_offset,
            store.text.label("store"),
            shelf.text.label("shelf"),
            category.text.label("category"),
            AuditRow.photos,
            AuditRow.facings,
            AuditRow.corrections,
            AuditRow.source,
            AuditRow.note,
        )
        .join(store, store.id == AuditRow.store_id)
        .join(shelf, shelf.id == AuditRow.shelf_id)
        .join(category, category.id == AuditRow.category_id)
        .order_by(AuditRow.time.desc(), AuditRow.id.desc())
        .limit(limit)
        .offset(offset)
    )
    with reading() as db:
        frame = _frame(db, query.where(*_conditions(db, wanted)))
    frame["time"] = pd.to_datetime(frame["time"], unit="s", utc=True)
    return frame


def count_audits(wanted=ALL):
    """How many audits :func:`list_audits` has for ``wanted``."""
    with reading() as db:
        return db.scalar(select(func.count(AuditRow.id)).where(*_conditions(db, wanted)))


def count_facings(wanted=ALL):
    """How many facings the audits have together that :func:`list_audits` has for ``wanted``."""
    with reading() as db:
        return db.scalar(select(func.sum(AuditRow.facings)).where(*_conditions(db, wanted))) or 0


def known_names(what):
    """Names that audits have for ``what``: ``store``, ``shelf`` or ``category``; sorted, no empty one."""
    column = getattr(AuditRow, f"{what}_id")
    with reading() as db:
        query = select(NameRow.text).where(NameRow.id.in_(select(column).distinct()))
        return sorted((name for name in db.scalars(query) if name), key=str.casefold)


def audited(wanted=ALL, words=PLACE):
    """What :func:`trend` tells apart by ``words``: a sorted list of tuples; an audit may lack a word."""
    columns = [getattr(AuditRow, f"{word}_id") for word in words]
    with reading() as db:
        query = select(*columns).where(*_conditions(db, replace(wanted, brands=()))).distinct()
        rows = db.execute(query).all()
        names = texts(db, {number for row in rows for number in row})
    return sorted((tuple(names[i] for i in row) for row in rows), key=lambda row: [*map(str.casefold, row)])


def brand_totals(wanted=ALL, apart=()):
    """Facings of each brand over all audits that ``wanted`` lets through, its ``brands`` not looked at.

    Args:
        apart: the words among ``PLACE`` by which audits are told apart, each with totals of its own.

    Returns:
        A DataFrame of those of ``apart``, ``brand`` and ``facings``, most first.
    """
    words = [getattr(AuditRow, f"{word}_id").label(word) for word in apart]
    with reading() as db:
        total = func.sum(ShareRow.facings)
        query = select(ShareRow.brand_id, total.label("facings"), *words).group_by(ShareRow.brand_id, *words)
        query = _of_audits(query, replace(wanted, brands=()), db, bool(words)).subquery()
        columns = [query.c[word] for word in apart]
        named = select(*columns, NameRow.text.label("brand"), query.c.facings).join(
            query, query.c.brand_id == NameRow.id
        )
        frame = _frame(db, named.order_by(query.c.facings.desc(), NameRow.text))
        known = texts(db, pd.unique(frame[[*apart]].to_numpy().ravel()).tolist())
    for word in apart:
        frame[word] = frame[word].map(known)
    return frame.astype({"facings": int})


def trend(wanted, brands, step="week", apart=()):
    """How the shares of ``brands`` go over time.

    A share is the brand's facings of all audits in a step together, over all facings of these audits; where
    these have none at all, there is no share, and the step is left out.

    Args:
        wanted: :class:`Filter`; its ``brands`` are not looked at.
        brands: names.
        step: one of ``STEPS``; audits of the same one are put together.
        apart: the words among ``PLACE`` by which audits are told apart, each with shares of its own.

    Returns:
        A DataFrame of ``time`` (the step's begin, local time at the shelf), those of ``apart``,
        ``brand``, ``facings``, ``share``, its ``margin`` and ``audits``. The margin comes from those of the
        audits as if their photos were of one: what they are wrong about together adds up as it is, all else
        is independent. An audit that lacks the brand adds none. It is not a number where that of an audit is
        not known; where only the common part of one is not, that is all of it.
    """
    seconds = STEPS[step]
    place = ((AuditRow.time + AuditRow.utc_offset - _MONDAY) // seconds).label("place")
    keys = [place, *(getattr(AuditRow, f"{word}_id") for word in apart)]
    names = [key.name for key in keys]  # grouping by the name avoids repeating the formula
    with reading() as db:
        conditions = _conditions(db, replace(wanted, brands=()))
        totals = _frame(
            db,
            select(*keys, func.sum(AuditRow.facings).label("all"), func.count().label("audits"))
            .where(*conditions)
            .group_by(*names)
            .having(func.sum(AuditRow.facings) > 0),
        )
        ids = {number: brand for brand, number in find_ids(db, brands).items()}
        doubt = AuditRow.facings * ShareRow.margin  # in facings
        together = AuditRow.facings * func.coalesce(ShareRow.together_margin, ShareRow.margin)
        facings = _frame(
            db,
            select(
                *keys,
                ShareRow.brand_id,
                func.sum(ShareRow.facings).label("facings"),
                func.sum(doubt * doubt - together * together).label("square"),
                func.sum(together).label("together"),
                (func.count() - func.count(ShareRow.margin)).label("unknown"),
            )
            .join(ShareRow, ShareRow.audit_id == AuditRow.id)
            .where(ShareRow.brand_id.in_(ids), *conditions)
            .group_by(*names, ShareRow.brand_id),
        )
        known = texts(db, pd.unique(totals[names[1:]].to_numpy().ravel()).tolist())
    brand_column = pd.DataFrame({"brand_id": list(ids), "brand": list(ids.values())})
    table = totals.astype(int).merge(brand_column.astype({"brand_id": int}), how="cross")
    kinds = dict.fromkeys(facings, int) | {"square": float, "together": float}
    table = table.merge(facings.astype(kinds), how="left", on=[*names, "brand_id"])
    lacking = table["facings"].isna()
    table["facings"] = table["facings"].fillna(0).astype(int)
    table["share"] = table["facings"] / table["all"]
    square = table["square"].clip(lower=0) + table["together"] ** 2
    margin = square**0.5 / table["all"]
    table["margin"] = margin.where(table["unknown"] == 0).mask(lacking, 0.0)
    table["time"] = pd.to_datetime(table["place"] * seconds + _MONDAY, unit="s")
    for word in apart:
        table[word] = table[f"{word}_id"].map(known)
    order = ["time", *apart, "brand"]
    return table.sort_values(order, ignore_index=True)[[*order, "facings", "share", "margin", "audits"]]


def fitting_step(first, last):
    """The step of a trend that suits the time between two datetimes."""
    days = (last - first) / timedelta(days=1)
    return "day" if days <= 60 else "week" if days <= 2 * 365 else "four weeks"


def time_span(wanted=ALL):
    """(first, last) time of the audits that ``wanted`` lets through, in UTC; ``None`` where there is none."""
    with reading() as db:
        query = select(func.min(AuditRow.time), func.max(AuditRow.time)).where(*_conditions(db, wanted))
        first, last = db.execute(query).one()
    return None if first is None else (*(datetime.fromtimestamp(t, timezone.utc) for t in (first, last)),)


def revision():
    """A value that is another after every change of a finished audit."""
    with reading() as db:
        changes = func.sum(AuditRow.corrections), func.sum(AuditRow.edits)
        # The sum tells an audit that was deleted from one that was finished meanwhile.
        query = select(func.count(), func.max(AuditRow.id), func.sum(AuditRow.id), *changes)
        return tuple(db.execute(query.where(AuditRow.finished)).one())


def _conditions(db, wanted):
    conditions = [AuditRow.finished]
    words = {
        AuditRow.store_id: wanted.stores,
        AuditRow.shelf_id: wanted.shelves,
        AuditRow.category_id: wanted.categories,
    }
    for column, names in words.items():
        if names:
            conditions.append(column.in_(find_ids(db, names).values()))
    if wanted.places:
        ids = find_ids(db, {name for place in wanted.places for name in place})
        known = [tuple(ids[name] for name in place) for place in wanted.places if ids.keys() >= {*place}]
        conditions.append(tuple_(*words).in_(known))
    if wanted.brands:
        ids = list(find_ids(db, wanted.brands).values())
        conditions.append(exists().where(ShareRow.audit_id == AuditRow.id, ShareRow.brand_id.in_(ids)))
    if wanted.since:
        time, since = _clock(wanted.since)
        conditions.append(time >= since)
    if wanted.until:
        time, until = _clock(wanted.until)
        conditions.append(time < until)
    return conditions


def _clock(moment):
    """(the column of times to compare ``moment`` with, ``moment`` in seconds)."""
    if moment.tzinfo is None:
        return AuditRow.time + AuditRow.utc_offset, int(moment.replace(tzinfo=timezone.utc).timestamp())
    return AuditRow.time, int(moment.timestamp())


def _of_audits(query, wanted, db, joined=False):
    """``query`` over shares, of audits that ``wanted`` lets through; ``joined``: join them in any case."""
    if wanted == ALL and not joined:  # unfinished audits have no shares
        return query
    return query.join(AuditRow, AuditRow.id == ShareRow.audit_id).where(*_conditions(db, wanted))


def _frame(db, query):
    result = db.execute(query)
    return pd.DataFrame(result.all(), columns=list(result.keys()))
