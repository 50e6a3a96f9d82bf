"""What the Teach page asks and tells about a gallery that comes in as a zip."""

import streamlit as st

from skushare.app.text import plain
from skushare.brands.gallery_files import unclear_folder
from skushare.text import counted

MOST_NAMED = 20  # pictures that could not be read
BRANDS, PRODUCTS = (
    "brands; that folder was just zipped with them",
    "products of one brand, the name of that folder",
)


def ask_one_brand(archive, key):
    """Whether all pictures in the zip ``archive`` are of one brand; ``None`` until the visitor has said."""
    folder = unclear_folder(archive)
    if not folder:
        return False
    answer = st.radio(
        f"All pictures lie in folders of the folder **{plain(folder)}**. These folders are",
        [BRANDS, PRODUCTS],
        index=None,
        key=key,
    )
    return answer and answer == PRODUCTS


def contents(gallery):
    """What was understood of an imported gallery, in words."""
    brands, products = counted(len(gallery.brands), "brand"), counted(len(gallery.skus), "product")
    return f"{products} of {brands}, {counted(len(gallery.pictures), 'example')}"


def tell_imported(name, wanted, found, faults):
    """Say what came of an import.

    Args:
        name: of the gallery; wanted: its name in the zip, which it has not where a saved one has that.
        found: its :func:`contents`.
        faults: errors of the pictures that were left out.
    """
    st.success(f"Imported **{plain(name)}**: {found}.", icon=":material/check:")
    if name != wanted:
        st.info(
            f"There was a gallery **{plain(wanted)}** already, which is as it was; "
            f"the imported one is called **{plain(name)}**."
        )
    if faults:
        more = [f"and {len(faults) - MOST_NAMED:,} more"] if len(faults) > MOST_NAMED else []
        told = [plain(str(fault)) for fault in faults[:MOST_NAMED]]
        st.warning("  \n".join(["Left out:", *told, *more]), icon=":material/broken_image:")
