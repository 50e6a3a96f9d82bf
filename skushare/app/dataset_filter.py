"""Which pictures of a dataset are shown, and in what order."""

import numpy as np
import streamlit as st

from skushare.app.text import plain
from skushare.dataset.filters import ORDERS, Filter
from skushare.text import counted

# Steps of the box size; between them COCO's and SKU-110K's boxes lie.
_SIDES = [0, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, np.inf]
_UNSPLIT = "in no split"


def show_only(names, reason):
    """Let the gallery show the images ``names``, and say why."""
    st.session_state.dataset_only = (frozenset(names), reason)
    st.session_state.dataset_tab = "Pictures"


def filter_bar(dataset):
    """Draw the filter; give the :class:`~skushare.dataset.filters.Filter` that the visitor chose."""
    index, key = dataset.index, f"dataset_{dataset.name}"
    names, reason = st.session_state.get("dataset_only", (None, ""))
    if names is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"Only {counted(len(names), 'picture')} with: {plain(reason)}")
            st.button("Show all", on_click=lambda: st.session_state.pop("dataset_only"))
    with st.expander("Filter and order", icon=":material/filter_alt:"):
        first, second = st.columns(2)
        with first:
            text = st.text_input("File name contains", key=f"{key}_text", persist_state="page")
            splits = st.pills(
                "Split",
                index.splits,
                selection_mode="multi",
                format_func=lambda split: plain(split or _UNSPLIT),
                key=f"{key}_splits",
                persist_state="page",
            )
            order = st.selectbox("Order", ORDERS, key=f"{key}_order", persist_state="page")
        with second:
            classes = st.multiselect("Class", index.labels, key=f"{key}_classes", persist_state="page")
            sides = st.select_slider(
                "Box size",
                _SIDES,
                (_SIDES[0], _SIDES[-1]),
                format_func=lambda side: "any" if side == np.inf else f"{side} px",
                help="The side of a square with the box's area, in pixels of the picture.",
                key=f"{key}_sides",
                persist_state="page",
            )
            most = _most(index)
            _carry_counts(key, most)
            counts = st.slider(
                "Boxes of these on a picture",
                0,
                most,
                (0, most),
                key=f"{key}_counts_{most}",
                persist_state="page",
            )
    return Filter(
        text=text,
        splits=tuple(splits),
        classes=tuple(classes),
        sides=sides,
        counts=counts,
        names=names,
        order=order,
    )


def _carry_counts(key, most):
    """Carry the chosen range over to the new slider that another ``most`` makes, as after an edit."""
    state = st.session_state
    before, state[f"{key}_most"] = state.get(f"{key}_most", most), most
    seen = state.get(f"{key}_counts_{before}")
    if not seen:  # the filters begin anew
        state.pop(f"{key}_carried", None)
    elif before != most:
        # Fewer boxes may have cut what was chosen, which more are to show again.
        chosen, given = state.get(f"{key}_carried", (None, None))
        if seen != given:  # the visitor has moved the slider since
            chosen = seen[0], np.inf if seen[1] == before else seen[1]
        given = tuple(min(bound, most) for bound in chosen)
        state[f"{key}_carried"], state[f"{key}_counts_{most}"] = (chosen, given), given


def tell_filter(dataset, wanted, found):
    """Say how many pictures the filter leaves, which may be out of sight, and offer to clear it."""
    most, key = _most(dataset.index), f"dataset_{dataset.name}"
    if not (wanted.text or wanted.splits or wanted.chooses_boxes or wanted.counts != (0, most)):
        return
    empty = {"text": "", "splits": [], "classes": [], "sides": (0, np.inf), f"counts_{most}": (0, most)}
    empty["carried"] = (None, None)
    empty = {f"{key}_{name}": value for name, value in empty.items()}
    number = len(dataset.index) if wanted.names is None else len(wanted.names)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"The filter leaves {found:,} of {number:,} pictures")
        st.button("Clear the filter", icon=":material/filter_alt_off:", on_click=_set, args=(empty,))


def _set(values):
    st.session_state.update(values)


def _most(index):
    """The most boxes on a picture, at least 1 for a slider."""
    return max(1, int(index.counts.max(initial=0)))
