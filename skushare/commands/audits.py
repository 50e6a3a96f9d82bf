"""`skushare audits`: what was recorded, listed, shown, imported, exported and reported."""

import argparse
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

from skushare.commands.common import add_brands, command, complain, open_brands, positive, shown
from skushare.errors import AuditError, ConfigError
from skushare.text import counted, percent, told_share

NUMBER = {"type": positive, "metavar": "NUMBER", "help": "as skushare audits list shows it"}


def add(commands):
    parser = command(
        commands,
        "audits",
        None,
        "List, show, import, export, report, recount and delete audits.\n\n"
        "They lie in the workspace, or in the database of $SKUSHARE_DATABASE; the History page shows them.",
        "examples:\n"
        "  skushare audits list --store 'North Street' --since 2026-03-01\n"
        "  skushare audits export all.parquet\n"
        "  skushare audits report 12 --out monday.pdf\n"
        "  skushare audits import audits.json               from a phone\n",
    )
    actions = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    listing = command(
        actions, "list", show_list, "List audits, newest first; unfinished ones at the end.", ""
    )
    listing.add_argument("--limit", type=positive, default=50, help="at most so many (default: 50)")
    _add_filter(listing)
    show = command(actions, "show", show_audit, "Show what an audit found.", "")
    show.add_argument("number", **NUMBER)
    imports = command(
        actions,
        "import",
        import_files,
        "Save the audits that were made on a phone, by the app of a bundle.\n\n"
        "FILE is what All as JSON saves there, on the History page or below an audit. The pictures stay on\n"
        "the phone. Either all audits of all files are saved, or none; one that was imported before is not\n"
        "saved again, and stays as it is here: import the newest file first, by itself.",
        "examples:\n  skushare audits import audits.json\n",
    )
    imports.add_argument("files", nargs="+", type=Path, metavar="FILE", help="JSON of the phone")
    export = command(
        actions,
        "export",
        export_audits,
        "Write audits to a file for other programs.\n\nShelf rows count from 1, the topmost; -1 is none.",
        "examples:\n"
        "  skushare audits export facings.csv                  every facing of all audits\n"
        "  skushare audits export shares.parquet --table shares --brand Astra\n"
        "  skushare audits export 12.json --audit 12           with the original and all corrections\n",
    )
    export.add_argument("file", type=Path, metavar="FILE", help="to write; ends in .csv, .parquet or .json")
    export.add_argument(
        "--audit", type=positive, action="append", metavar="NUMBER", help="only this one; may be repeated"
    )
    export.add_argument(
        "--table", choices=("facings", "shares"), help="a row each (facings); a .json has both"
    )
    _add_filter(export)
    report = command(actions, "report", write_report, "Write an audit as a PDF.", "")
    report.add_argument("number", **NUMBER)
    report.add_argument("--out", type=Path, metavar="FILE", help="default: audit-NUMBER.pdf")
    recount = command(
        actions,
        "recount",
        recount_audit,
        "Name the facings of an audit again, from the kept photos, and compare the shares.\n\n"
        "The gallery is the version that the audit was made with, or what --gallery says. Boxes and photos\n"
        "are those that were stored, corrections by hand are left out, and the audit stays as it is.",
        "examples:\n"
        "  skushare audits recount 12                    is it still what it was?\n"
        "  skushare audits recount 12 --gallery coffee   by what the gallery knows today\n",
    )
    recount.add_argument("number", **NUMBER)
    add_brands(recount)
    delete = command(
        actions,
        "delete",
        delete_audits,
        "Remove audits for good.\n\n"
        "One that is not there is named, the rest goes on, and the exit status is 1.",
        "example:\n  skushare audits delete 12 13\n",
    )
    delete.add_argument("numbers", nargs="+", **NUMBER)


def _add_filter(parser):
    for name in ("store", "shelf", "category", "brand"):
        parser.add_argument(f"--{name}", action="append", default=[], metavar="NAME", help="may be repeated")
    parser.add_argument("--since", type=moment, metavar="TIME", help="from this day or time on")
    parser.add_argument("--until", type=end, metavar="TIME", help="up to this time, or the end of this day")


def moment(text):
    """A time such as 2026-03-02 or 2026-03-02T14:30, with a zone only where it tells one."""
    try:
        time = datetime.fromisoformat(text)
        time.astimezone()  # fails of years that no clock reaches
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(f"as 2026-03-02 or 2026-03-02T14:30, got {text}") from None
    return time


def end(text):
    """As :func:`moment`; of a day without a time, its end. ``None`` for the last day of all."""
    time = moment(text)
    try:
        return datetime.combine(date.fromisoformat(text) + timedelta(days=1), datetime.min.time())
    except ValueError:  # it has a time
        return time
    except OverflowError:
        return None


def show_list(args):
    from skushare.audits.listing import ALL, count_audits, list_audits
    from skushare.audits.store import unfinished_audits

    wanted = _filter(args)
    rows = list_audits(wanted, args.limit)
    for row in rows.itertuples():
        place = ", ".join(_line(word) for word in (row.store, row.shelf, row.category) if word)
        time = row.time + timedelta(seconds=row.utc_offset)
        facings = "facing " if row.facings == 1 else "facings"
        print(f"{row.audit:>7}  {time:%Y-%m-%d %H:%M}  {row.facings:>6,} {facings}  {place}".rstrip())
    if (count := count_audits(wanted)) > len(rows):
        print(f"and {count - len(rows):,} older; --limit shows more")
    elif not count:
        print("no audits; skushare audit makes one" if wanted == ALL else "no such audits")
    for batch in unfinished_audits():
        print(
            f"{batch['audit']:>7}  unfinished, {batch['photos']} of {batch['planned']} photos"
            f"  {_line(batch['store'])}".rstrip()
        )
    return 0


def show_audit(args):
    from skushare.audits import store

    print_audit(store.open_audit(args.number))
    return 0


def import_files(args):
    from skushare.audits.phone import import_audits

    added, known = import_audits((path, _beginning(path)) for path in args.files)
    for number in added:
        print(f"audit {number}: imported")
    for number in known:
        print(f"audit {number}: was imported before, and stays as it is")
    return 0


def export_audits(args):
    from skushare.audits.audit import UNFINISHED
    from skushare.audits.export import export_file
    from skushare.audits.listing import ALL
    from skushare.audits.store import unfinished_audits

    wanted = _filter(args)
    if args.audit and wanted != ALL:
        raise ConfigError("--audit names the audits to export; leave out --store and what else chooses some")
    if args.table and args.file.suffix.lower() == ".json":
        raise ConfigError(f"{args.file}: a JSON file has facings and shares; leave out --table")
    numbers = args.audit and list(dict.fromkeys(args.audit))
    count = export_file(args.file, wanted, args.table or "facings", numbers, shown("audits"))
    print(f"{args.file}: {counted(count, 'audit')}")
    if args.audit:  # others are finished
        for number in sorted({batch["audit"] for batch in unfinished_audits()} & set(args.audit)):
            complain(f"audit {number}: {UNFINISHED}")
    return 0


def write_report(args):
    from skushare.audits import store
    from skushare.audits.report import report
    from skushare.files import check_target, write_file

    path = args.out or Path(f"audit-{args.number}.pdf")
    check_target(path)
    write_file(path, report(store.open_audit(args.number)))
    print(path)
    return 0


def recount_audit(args):
    from skushare.audits import store
    from skushare.audits.compare import compare
    from skushare.audits.recount import gallery_used, recount
    from skushare.brands.embedder import Embedder

    found = replace(store.open_audit(args.number), corrections=())
    gallery, embedder = open_brands(args.gallery)
    if gallery is None:
        gallery, embedder = gallery_used(found), Embedder.load()
        if gallery.embedder != embedder.digest:
            print("the embedder has changed since: its examples are embedded again, so shares may differ")
            gallery = gallery.embedded_by(embedder)
    again = recount(found, gallery, embedder)
    for name, audit in (("stored", found), ("recounted", again)):
        print(f"{name:12} {_line(f'{audit.gallery} {audit.gallery_digest[:12]}')}".rstrip())
    other = (found.table()["brand"] != again.table()["brand"]).sum() if found.facings else 0
    print(f"{other:,} of {found.facings:,} facings have another brand")
    print(f"{'stored':>9} {'recounted':>10}")
    table = compare(found, again).sort_values("share_before", ascending=False, kind="stable")
    for row in table.itertuples():
        shares = percent(row.share_before, 1), percent(row.share_after, 1)
        print(f"{shares[0]:>9} {shares[1]:>10}  {_line(row.brand)}")
    return 0


def delete_audits(args):
    from skushare.audits import store

    numbers = dict.fromkeys(args.numbers)
    deleted = 0
    for number in numbers:
        try:
            store.delete_audit(number)
        except AuditError as error:
            complain(error)
        else:
            deleted += 1
            print(f"audit {number}: deleted")
    return 0 if deleted == len(numbers) else 1 if deleted else 2


def _beginning(path):
    """Bytes of a file that a phone exported; of one that is too large, enough to tell."""
    from skushare.audits.phone import MOST_MB

    try:
        with path.open("rb") as file:
            return file.read((MOST_MB << 20) + 1)
    except OSError as error:
        raise AuditError(f"{path}: cannot be read ({error.strerror}); check the file") from None


def _filter(args):
    from skushare.audits.listing import Filter

    names = map(tuple, (args.store, args.shelf, args.category, args.brand))
    return Filter(*names, args.since, args.until)


def print_audit(audit):
    from skushare.audits.audit import UNFINISHED
    from skushare.shelf.gaps import count_gaps

    now = audit.corrected()
    facts = {
        "audit": audit.id,
        "state": "" if audit.finished else UNFINISHED,
        "store": audit.store,
        "shelf": audit.shelf,
        "category": audit.category,
        "time": f"{audit.time:%Y-%m-%d %H:%M %z}",
        "note": audit.note,
        "photos": audit.photos_taken,
        "picture": "" if all(photo.picture for photo in audit.photos) else "on the phone",
        "facings": now.facings,
        "gaps": count_gaps(now.gaps() or [])[0],
        "corrections": len(audit.corrections),
        "model": f"{audit.model} {audit.model_digest[:12]}",
        "gallery": f"{audit.gallery} {audit.gallery_digest[:12]}".strip(),
    }
    for name, value in facts.items():
        if value:
            print(f"{name:12} {_line(value)}")
    for row in now.shares().itertuples():
        share, sign, margin = told_share(row.share, row.margin, 1).partition(" ± ")
        print(f"{share:>8}{sign:3}{margin:<7} {row.facings:>7,}  {_line(row.name)}")


def _line(value):
    """``value`` on one line of a terminal."""
    text = " ".join(str(value).split())
    return text if len(text) <= 200 else text[:199] + "…"
