"""What may import what, wherever in a file the import stands."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "skushare"

# The modules and packages of skushare: each imports only from the lines before its own.
LAYERS = """
    errors colors detections geometry jpeg jpeg_segments quiet samples spreadsheet text visits
    draw files image_files orientation prototext settings workspace
    images lock processes
    shelf
    charts
    database dataset results
    detector
    brands evaluation
    album audits export live
    album_shelves serve training
    app commands
    cli
    __main__
"""
LAYER = {name: number for number, line in enumerate(LAYERS.splitlines()) for name in line.split()}


def imports():
    """(module of skushare, what it imports, the place for people) of every import, by dotted names."""
    for path in sorted(PACKAGE.rglob("*.py")):
        module = path.relative_to(PACKAGE.parent).with_suffix("")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Import | ast.ImportFrom):
                continue
            for alias in node.names:
                name = alias.name
                if isinstance(node, ast.ImportFrom):
                    start = module.parts[: -node.level] if node.level else ()
                    name = ".".join((*start, *filter(None, [node.module]), name))
                yield ".".join(module.parts), name, f"{module}.py:{node.lineno} imports {name}"


def unit(name):
    """The module or package right below skushare that a dotted name is of; "" if it is of none."""
    first, *rest = name.split(".")
    return rest[0] if first == "skushare" and rest and rest[0] in LAYER else ""


def test_every_module_has_its_layer():
    modules = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert modules | packages == set(LAYER)


def test_each_layer_imports_only_from_those_before_it():
    wrong = [
        where
        for module, name, where in imports()
        if (other := unit(name)) and other != (own := unit(module)) and LAYER[other] >= LAYER.get(own, 0)
    ]
    assert not wrong


def test_only_the_app_and_the_command_that_starts_it_import_streamlit():
    wrong = [
        where
        for module, name, where in imports()
        if name.startswith("streamlit") and not module.startswith(("skushare.app.", "skushare.commands.app"))
    ]
    assert not wrong
