"""`skushare gallery`: the galleries that brands are recognised by."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from skushare.commands.common import add_source, command, complain, named, positive, shown
from skushare.text import counted

NAME = {"metavar": "NAME", "help": "as skushare gallery list shows it"}


def add(commands):
    parser = command(
        commands,
        "gallery",
        None,
        "List, import, export, teach, restore, repair and delete the galleries that brands are\n"
        "recognised by.\n\n"
        "They lie in the workspace, or in the database of $SKUSHARE_DATABASE; the Teach page makes them.",
        "examples:\n"
        "  skushare gallery import coffee.zip\n"
        "  skushare detect shelf.jpg --shares --gallery coffee\n",
    )
    subcommands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    command(
        subcommands,
        "list",
        run_list,
        "List the saved galleries, then the brand maps that were given.",
        "example:\n  skushare gallery list\n",
    )
    parser = command(
        subcommands,
        "versions",
        run_versions,
        "List the versions of a saved gallery, newest first, and what changed with each.",
        "example:\n  skushare gallery versions coffee\n",
    )
    parser.add_argument("name", **NAME)
    parser = command(
        subcommands,
        "restore",
        run_restore,
        "Bring an old version of a gallery back, as its newest one; those in between stay.",
        "example:\n  skushare gallery restore coffee 3\n",
    )
    parser.add_argument("name", **NAME)
    parser.add_argument(
        "version", type=positive, metavar="VERSION", help="as skushare gallery versions shows it"
    )
    parser = command(
        subcommands,
        "repair",
        run_repair,
        "Save a gallery without the examples whose pictures are lost, as its next version.\n\n"
        "Pictures that there is a copy of are better put back: the folder that the error names has them.",
        "example:\n  skushare gallery repair coffee\n",
    )
    parser.add_argument("name", **NAME)
    parser = command(
        subcommands,
        "import",
        run_import,
        "Save a gallery from a folder or a zip.\n\n"
        "PATH is an exported gallery, or pictures in folders BRAND/PRODUCT/ or BRAND/. In a zip, these may\n"
        "lie in the one folder that was zipped: a single folder that has all pictures in folders of its\n"
        "own is taken for that, and not for a brand. Pictures that cannot be read are named and left out,\n"
        "and the exit status is 1. What has the name of a saved gallery becomes its next version.",
        "examples:\n"
        "  skushare gallery import pictures/ --name coffee\n"
        "  skushare gallery import cola.zip --one-brand\n",
    )
    parser.add_argument("path", metavar="PATH", help="folder or zip")
    parser.add_argument("--name", type=named, help="name of the gallery (default: its own)")
    parser.add_argument(
        "--one-brand",
        action="store_true",
        help="the pictures are of one brand, in folders PRODUCT/ or in none; it is named after the folder "
        "that they lie in",
    )
    parser = command(
        subcommands,
        "export",
        run_export,
        "Write a saved gallery as a folder or, if TARGET ends in .zip, as a zip.",
        "example:\n  skushare gallery export coffee coffee.zip --version 3\n",
    )
    parser.add_argument("name", **NAME)
    parser.add_argument("target", type=Path, metavar="TARGET", help="must not exist, if it is a folder")
    parser.add_argument("--version", type=positive, help="(default: the newest)")
    parser = command(
        subcommands,
        "teach",
        run_teach,
        "Teach the labelled facings of a dataset to a gallery, which is made if it is new.\n\n"
        "Each label becomes a product; its brand is the label, or what --brand-map says of it. A facing\n"
        "that is an example already is not taught once more; under another name than before, it is one of\n"
        "the new name alone. Photos that cannot be read, or whose labels are for another size, are named\n"
        "and left out, and the exit status is 1.",
        "example:\n  skushare gallery teach coffee labelled/ --examples 5 --brand-map brands.csv\n",
    )
    parser.add_argument("name", metavar="NAME", help="of the gallery")
    add_source(parser)
    parser.add_argument(
        "--examples", type=positive, default=10, help="of a product at most, from different photos (10)"
    )
    parser.add_argument("--brand-map", type=Path, metavar="FILE", help="CSV or JSON of label, brand, own")
    parser = command(
        subcommands,
        "delete",
        run_delete,
        "Remove a saved gallery, or a brand map, with all its versions.\n\n"
        "Versions that audits were made with stay for these alone.",
        "example:\n  skushare gallery delete coffee\n",
    )
    parser.add_argument("name", **NAME)


def run_list(args):
    from skushare.brands.library import brand_map_names, gallery_names, gallery_versions

    names = (*gallery_names(), *brand_map_names())
    for name in names:
        print(f"{name}  {_about(gallery_versions(name, 1)[0])}")
    if not names:
        print(
            "no galleries yet; the Teach page, skushare gallery import and skushare gallery teach make them"
        )
    return 0


def run_versions(args):
    from skushare.brands.library import gallery_versions
    from skushare.brands.versions import what_changed

    versions = gallery_versions(args.name)
    if not versions:
        raise _unknown(args.name)
    for version, before in zip(versions, [*versions[1:], None], strict=True):
        change = what_changed(before, version) if before else ""
        print(f"{_about(version)}{f'; {change}' if change else ''}")
    return 0


def run_restore(args):
    from skushare.brands.library import open_gallery

    return _save(open_gallery(args.name, args.version))


def run_repair(args):
    from skushare.brands.library import repair_gallery

    gallery, lost = repair_gallery(args.name)
    print(f"{gallery.name}: {counted(lost, 'example')} lost, {len(gallery.pictures):,} left")
    return 0


def run_import(args):
    from skushare.brands.embedder import Embedder
    from skushare.brands.gallery_files import read_gallery, unclear_folder

    faults = []
    gallery = read_gallery(args.path, Embedder.load(), faults, args.one_brand)
    _save(replace(gallery, name=args.name or gallery.name))
    if not args.one_brand and (folder := unclear_folder(args.path)):
        print(f"the folders in {folder} were taken for brands; if {folder} is their brand: --one-brand")
    return _tell(faults)


def run_export(args):
    from skushare.brands.gallery_files import write_gallery
    from skushare.brands.library import open_gallery

    write_gallery(open_gallery(args.name, args.version), args.target)
    print(args.target)
    return 0


def run_delete(args):
    from skushare.brands.library import brand_map_names, delete_gallery, gallery_names

    if args.name not in (*gallery_names(), *brand_map_names()):
        raise _unknown(args.name)
    delete_gallery(args.name)
    print(f"{args.name}: deleted")
    return 0


def run_teach(args):
    from skushare.brands.brand_map import read_brand_map
    from skushare.brands.embedder import Embedder
    from skushare.brands.teaching import teach_dataset
    from skushare.dataset.formats import read_dataset

    dataset = read_dataset(args.source, args.images, args.format)
    brand_map = read_brand_map(args.brand_map) if args.brand_map else None
    embedder = Embedder.load()
    gallery, seen = _to_teach(args.name, embedder)
    gallery, known, faults = teach_dataset(
        gallery, dataset, embedder, args.examples, brand_map, shown("photos")
    )
    if known:
        print(f"{counted(known, 'facing')} known already, and none is taught twice")
    _save(gallery, seen)
    return _tell(faults)


def _to_teach(name, embedder):
    """(the gallery ``name``, saved or new; the digest of the saved one, empty for a new one)."""
    from skushare.brands.gallery import Gallery
    from skushare.brands.library import check_name, gallery_names, open_gallery

    if name in gallery_names():
        saved = open_gallery(name)
        return saved.embedded_by(embedder), saved.digest
    gallery = Gallery(name)
    check_name(gallery)
    return gallery, ""


def _tell(faults):
    """Print what was left out and why; gives the exit status."""
    for fault in faults:
        complain(fault)
    return 1 if faults else 0


def _about(saved):
    when = datetime.fromtimestamp(saved.created)
    return (
        f"version {saved.version} of {when:%Y-%m-%d %H:%M}, "
        f"{_size(saved.products, saved.brands, saved.examples)}"
    )


def _size(products, brands, examples):
    return (
        f"{counted(products, 'product')} of {counted(len(brands), 'brand')}, {counted(examples, 'example')}"
    )


def _unknown(name):
    from skushare.brands.gallery import GalleryError

    return GalleryError(f"there is no gallery {name!r}; skushare gallery list has all")


def _save(gallery, seen=None):
    from skushare.brands.library import save_gallery

    version = save_gallery(gallery, seen)
    size = _size(len(gallery.skus), gallery.brands, len(gallery.pictures))
    print(f"{gallery.name}: version {version}, {size}")
    return 0
