"""The photos of an evaluation, with what was right, false and missed."""

import pandas as pd
import streamlit as st

from skushare.app.cells import cells
from skushare.app.text import plain
from skushare.errors import SkushareError
from skushare.evaluation.picture import KINDS, draw_outcome
from skushare.evaluation.predictions import photo_key
from skushare.images import read_image
from skushare.jpeg import encode_jpeg, shrink

THUMBNAIL, LARGE = 800, 2000  # longest side in pixels
MANY_PHOTOS = 6  # a page of the gallery; with two models each photo takes a row of its own
FEW_PHOTOS = 4
SORTS = {  # column of the table of photos, and whether the smallest come first
    "Most missed": ("missed", False),
    "Most false": ("false", False),
    "Count off most": ("off", False),
    "Most misnamed": ("misnamed", False),
    "Worst F1": ("f1", True),
    "Models differ most": ("difference", False),
    "Name": ("photo", True),
}
KIND_TEXTS = {"right": "right", "misnamed": "wrong class", "missed": "missed", "false": "false"}


def show_pictures(shown):
    """The photos, worst first, with right, false and missed boxes; two models side by side."""
    several = len(shown[0].result.labels) > 1
    kinds = [kind for kind in KINDS if several or kind != "misnamed"]
    sorts = [
        text
        for text, (column, _) in SORTS.items()
        if (several or column != "misnamed") and (len(shown) > 1 or column != "difference")
    ]
    first, second, third = st.columns([2, 3, 3], vertical_alignment="bottom")
    sort = first.selectbox("Show first", sorts, key="evaluate_sort")
    words = second.text_input("Name contains", key="evaluate_words", icon=":material/search:")
    drawn = third.pills(
        "Boxes",
        kinds,
        default=kinds,
        format_func=KIND_TEXTS.get,
        selection_mode="multi",
        key=f"evaluate_kinds_{several}",
    )
    st.html(_legend(drawn))
    table = _worst(shown, *SORTS[sort], words)
    if table.empty:
        st.caption("No photo has this in its name.")
        return
    size = MANY_PHOTOS if len(shown) == 1 else FEW_PHOTOS
    pages, page = -(-len(table) // size), 1
    if pages > 1:
        page = st.pagination(pages, key="evaluate_page")
    paths = table["path"].iloc[(page - 1) * size : page * size]
    for path in cells(paths.tolist(), columns=3 if len(shown) == 1 else 1):
        _show_photo(shown, path, drawn, THUMBNAIL, small=True)
        if st.button("Look closer", key=f"closer_{path}", icon=":material/zoom_in:"):
            st.dialog(plain(path.name), width="large")(_show_photo)(shown, path, drawn, LARGE, small=False)


def _worst(shown, column, ascending, words):
    """Table of the photos of the first model with their ``path``, sorted and filtered."""
    first = shown[0]
    table = first.photos.assign(path=[s.path for s in first.result.samples], off=first.photos["error"].abs())
    if column == "difference":
        wrong = [
            pd.Series(
                (each.photos["false"] + each.photos["missed"]).tolist(),
                index=[s.path for s in each.result.samples],
            )
            for each in shown
        ]
        table[column] = (wrong[0] - wrong[1]).abs().reindex(table["path"]).fillna(0).to_numpy()
    table = table[table["photo"].str.contains(words.strip(), case=False, regex=False)]
    return table.sort_values(column, ascending=ascending, kind="stable")


def _show_photo(shown, path, kinds, side, small):
    """One photo as each of the models saw it."""
    for column, each in zip(st.columns(len(shown)), shown, strict=True):
        number = next((i for i, s in enumerate(each.result.samples) if s.path == path), None)
        with column:
            if number is None:
                st.caption(f"{plain(each.name)} could not read it.")
                continue
            counts = each.photos.loc[number]
            try:
                picture = _picture(
                    photo_key(path),
                    str(each.evaluation.folder),
                    each.min_score,
                    tuple(kinds),
                    side,
                    each,
                    number,
                )
            except SkushareError as error:
                st.error(plain(str(error)), icon=":material/broken_image:")
                continue
            st.image(picture, width="stretch", alt=f"{path.name} with right, false and missed boxes")
            head = f"{plain(each.name)}: " if len(shown) > 1 else ""
            misnamed = f", {counts['misnamed']} of a wrong class" if "misnamed" in counts else ""
            st.markdown(
                f"{head}**{counts['found']}** counted, **{counts['facings']}** labelled, "
                f"{counts['false']} false, {counts['missed']} missed{misnamed}"
            )
            if not small:
                st.download_button(
                    "Download this picture",
                    picture,
                    f"{path.stem}-{each.evaluation.model.name}.jpg",
                    "image/jpeg",
                    key=f"picture_{each.name}",
                    icon=":material/download:",
                    on_click="ignore",
                )
    if small:
        st.text(path.name)


@st.cache_data(max_entries=200, show_spinner=False)
def _picture(photo, folder, min_score, kinds, side, _shown, _number):
    sample = _shown.result.samples[_number]
    image = shrink(read_image(sample.path), side)
    outcome = _shown.result.outcome(_number, min_score)
    return encode_jpeg(draw_outcome(image, outcome, image.shape[1] / sample.width, kinds))


def _legend(kinds):
    lines = {"right": "2px solid", "misnamed": "4px solid", "missed": "3px dashed", "false": "4px solid"}
    items = [
        '<span style="display:inline-flex;align-items:center;gap:.5rem">'
        '<span style="width:2.5rem;height:1.5rem;box-sizing:border-box;background:#444;line-height:1rem;'
        f'text-align:center;font-weight:700;border:{lines[kind]} {KINDS[kind]};color:{KINDS[kind]}">'
        f"{'&times;' if kind == 'false' else ''}</span>{KIND_TEXTS[kind]}</span>"
        for kind in kinds
    ]
    return f'<div style="display:flex;flex-wrap:wrap;gap:.5rem 1.5rem">{"".join(items)}</div>'
