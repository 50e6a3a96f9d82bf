"""The part of the form for a new run that chooses the photos."""

import pandas as pd
import streamlit as st

from skushare.app.notes import show_error
from skushare.app.text import plain
from skushare.app.training_state import turn
from skushare.dataset import store
from skushare.dataset.class_names import first_names
from skushare.dataset.dataset import joined_labels
from skushare.errors import SkushareError
from skushare.text import counted
from skushare.training.choices import dataset_sources, default_sources


@st.cache_data(show_spinner=False, max_entries=50)
def _sources_of(name, revision):
    return dataset_sources(name)


def read_sources(names):
    """{name: ``Source``} of all splits of all datasets; one that cannot be read is named."""
    found = {}
    for name in names:
        try:
            found |= {source.name: source for source in _sources_of(name, store.revision(name))}
        except SkushareError as error:
            show_error(error)
    return found


def choose_photos(sources):
    """Fields for the photos of a run; gives ``train``, ``validation`` and ``one_class`` of its ``Plan``."""

    def shown(name):
        source, called = sources[name], sources[name].photos_called
        return f"{source.dataset}{f', {called}' * bool(called)} ({counted(source.photos, 'photo')})"

    usual, usual_validation = default_sources(list(sources.values()))
    cloned = st.session_state.get("training_clone")
    if cloned:
        wanted = [*(name for name, _ in cloned.plan.train), cloned.plan.validation]
        usual = [name for name in wanted[:-1] if name in sources] or usual
        usual_validation = wanted[-1] if wanted[-1] in sources else usual_validation
        if missing := [name for name in dict.fromkeys(wanted) if name not in sources]:
            st.caption(f"{plain(cloned.name)} used {plain(', '.join(missing))}, not among the datasets here.")
    number = turn()
    chosen = st.multiselect(
        "Train on", list(sources), usual, format_func=shown, key=f"training_sources_{number}"
    )
    if not chosen:
        chosen = usual
        st.caption(f"Nothing chosen: {', '.join(map(plain, chosen))} is taken.")
    weights = dict(cloned.plan.train) if cloned else {}
    train = tuple((name, float(weights.get(name, 1.0))) for name in chosen)
    if len(chosen) > 1:
        train = _weigh(train, number)
    validation = st.selectbox(
        "Validate on",
        list(sources),
        list(sources).index(usual_validation),
        format_func=shown,
        key=f"training_validation_{number}",
        help="Photos that are not trained on: the best weights are chosen by them.",
    )
    labels = joined_labels(sources[name].labels for name in chosen)
    if len(labels) < 2:  # even where the validation has more: all that is found counts as this one
        return train, validation, False
    return train, validation, _choose_one_class(labels, cloned, number)


def _choose_one_class(labels, cloned, number):
    """Whether all of the classes ``labels`` are taught as one: the default, as galleries can tell brands."""
    one_class = st.toggle(
        "Teach all classes as one, facing",
        cloned.plan.one_class if cloned else True,
        key=f"training_one_class_{number}",
        help="Datasets with other classes can be trained on together either way.",
    )
    names = plain(first_names(labels))
    if one_class:
        st.caption(
            f"The model will find and count products and not tell them apart, which galleries can do "
            f"afterwards. Switched off, it learns {len(labels):,} classes: {names}."
        )
    else:
        st.caption(f"The model will tell {len(labels):,} classes apart: {names}. Each needs many boxes.")
    return one_class


def _weigh(train, number):
    """``train`` with the weights that the user gives."""
    table = pd.DataFrame(train, columns=["dataset", "weight"])
    edited = st.data_editor(
        table,
        hide_index=True,
        disabled=["dataset"],
        column_config={
            "weight": st.column_config.NumberColumn(
                "weight",
                min_value=0.01,
                max_value=1000.0,
                required=True,
                help="Photos of a weight of 3 are seen three times as often.",
            )
        },
        key=f"training_weigh_{number}_{'_'.join(name for name, _ in train)}",
    )
    return tuple((name, float(weight)) for name, weight in edited.itertuples(index=False))
