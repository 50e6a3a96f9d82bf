"""Fonts for the letters that the report's own font lacks: Chinese, emoji, Thai and others, from Noto."""

from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("manimgx_fonts", "manimgx_fonts_cjk")  # in this order: the second is large, and slow to open
WEIGHT = 400  # regular; the files have all weights, and the thinnest is what they show by default


def write_fallbacks(characters, folder):
    """Write a font with those of ``characters`` that each file of the installed packages has.

    Only files that are needed are opened, and only the letters asked for are written, which is what keeps a
    report with Chinese at a second or two.

    Args:
        characters: a string or set of letters.
        folder: where the files are written.

    Returns:
        {name of the font: (path, set of its code points)}; letters that no file has are in none.
    """
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont, TTLibError
    from fontTools.varLib.instancer import instantiateVariableFont

    missing, written = set(map(ord, characters)), {}
    for path in _files():
        if not missing:
            break
        try:
            font = TTFont(path, fontNumber=0, lazy=True)
            found = missing & font.getBestCmap().keys()
            if not found:
                continue
            subsetter = Subsetter(Options(layout_features=["*"], notdef_outline=True))
            subsetter.populate(unicodes=found)
            subsetter.subset(font)
            if "fvar" in font:
                font = instantiateVariableFont(font, {"wght": WEIGHT})
        except (TTLibError, OSError):
            continue  # a damaged file is as good as none
        target = Path(folder, f"{len(written)}.ttf")
        font.save(target)
        written[f"Fallback{len(written)}"] = target, found
        missing -= found
    return written


def _files():
    """The font files of the packages that are installed."""
    for package in PACKAGES:
        spec = find_spec(package)
        for folder in spec.submodule_search_locations or () if spec else ():
            files = sorted(path for path in Path(folder).iterdir() if path.suffix in (".ttf", ".otf", ".ttc"))
            yield from (path for path in files if "Italic" not in path.name)
