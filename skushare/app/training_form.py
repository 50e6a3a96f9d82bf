"""The form that makes a new training run."""

from dataclasses import replace

import streamlit as st

from skushare.app.notes import show_error
from skushare.app.text import plain
from skushare.app.training_estimate import show_estimate, stop_measuring
from skushare.app.training_photos import choose_photos, read_sources
from skushare.app.training_settings import choose_length, choose_more
from skushare.app.training_state import RUNS, next_turn, show_tab, turn
from skushare.dataset import store
from skushare.dataset.dataset import joined_labels
from skushare.dataset.formats import read_dataset
from skushare.dataset.statistics import columns
from skushare.errors import ConfigError, SkushareError
from skushare.text import counted
from skushare.training.advice import advise
from skushare.training.choices import (
    chosen_weights,
    free_run_name,
    weight_choices,
)
from skushare.training.intake import SUFFIXES, add_weights
from skushare.training.pipeline import read_pipeline
from skushare.training.plan import Plan, licence_of
from skushare.training.recipes import RECIPES, Recipe
from skushare.training.runs import create_run

CLONE, FILE = "clone", "file"  # beside the names of recipes
MAX_CONFIG = 1  # megabytes


def show_form(names):
    """The form for a run on the stored datasets ``names``, and what becomes of it."""
    sources = read_sources(names)
    if not sources:
        st.warning("None of the datasets can be read. Look at them on the Datasets page.")
        return
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.markdown("##### 1. Photos")
        train, validation, one_class = choose_photos(sources)
        st.markdown("##### 2. Network and settings")
        recipe = _choose_recipe()
        if recipe is None:
            return
        photos = sum(sources[name].photos for name, _ in train)
        labels = () if one_class else joined_labels(sources[name].labels for name, _ in train)
        st.markdown("##### 3. Start from")
        weights = _choose_weights(recipe)
        st.markdown("##### 4. Length")
        settings = choose_length(recipe.training_for(photos, weights, labels), photos)
        with st.expander("More settings", icon=":material/tune:"):
            usual = recipe.lasting(max(1, settings["steps"]), weights, labels)
            detector, more, machine = choose_more(recipe, usual, weights)
    with right:
        try:
            plan = Plan(
                train=train,
                validation=validation,
                detector=replace(recipe.detector, **detector),
                training=replace(recipe.training, **settings, **more),
                weights=weights,
                one_class=one_class,
                **machine,
            )
        except ConfigError as error:
            show_error(error)
            return
        _show_advice(plan)
        show_estimate(plan)
        _start(plan, _usual_name(recipe, train[0][0].partition("@")[0]))


# Network and settings


def _choose_recipe():
    """The chosen :class:`Recipe`, or ``None`` until there is one."""
    cloned = st.session_state.get("training_clone")
    titles = {name: recipe.title for name, recipe in RECIPES.items()}
    texts = {name: recipe.text for name, recipe in RECIPES.items()}
    if cloned:
        titles = {CLONE: f"As the run {cloned.name}"} | titles
        texts = {CLONE: "Its network and settings, to change some of them."} | texts
    titles[FILE] = "From a pipeline.config"
    texts[FILE] = "Of the TF2 Object Detection API, for an SSD MobileNet v2."
    choice = st.radio(
        "Recipe",
        list(titles),
        format_func=lambda name: plain(titles[name]),
        captions=[plain(texts[name]) for name in titles],
        label_visibility="collapsed",
        key=f"training_recipe_{turn()}",
    )
    if choice == FILE:
        return _read_file()
    if cloned and choice == CLONE:
        plan = cloned.plan
        return Recipe(CLONE, "", "", plan.detector, plan.training, plan.weights, as_it_is=True)
    return RECIPES[choice]


def _read_file():
    upload = st.file_uploader("pipeline.config", max_upload_size=MAX_CONFIG, key="training_config")
    if upload is None:
        return None
    try:
        pipeline = read_pipeline(upload.getvalue().decode("utf-8"))
    except (ConfigError, UnicodeDecodeError) as error:
        show_error(f"{upload.name}: {error}")
        return None
    differing = [note for note in pipeline.ignored if note.differs]
    harmless = [note for note in pipeline.ignored if not note.differs]
    if differing:
        st.warning("Training will differ from what the file asks for:", icon=":material/warning:")
        _list_notes(differing)
    if harmless:
        with st.expander(f"{counted(len(harmless), 'setting')} without meaning here", icon=":material/info:"):
            _list_notes(harmless)
    return Recipe("config", "", "", pipeline.detector, pipeline.training, pipeline.weights, as_it_is=True)


def _list_notes(notes):
    st.code("\n".join(map(str, notes)), language=None, wrap_lines=True)


def _choose_weights(recipe):
    """The weights to start from, as a ``Plan`` takes them."""
    choices = weight_choices(recipe.detector)
    usual = chosen_weights(recipe.weights, choices)
    if usual is None:  # of a cloned run, and not among ours
        usual = recipe.weights
        choices[usual] = f"the file {usual}"
    names = list(choices)
    weights = st.selectbox(
        "Weights",
        names,
        names.index(usual),
        format_func=choices.get,
        label_visibility="collapsed",
        key=f"training_weights_{turn()}_{recipe.name}",
        help="A model that already knows shelves needs the fewest photos and steps.",
    )
    _bring_weights()
    if licence := licence_of(weights):
        st.caption(f"A model that starts from it inherits: {plain(licence)}")
    return weights


def _bring_weights():
    """Upload weights; they are then one of the choices."""
    with st.popover("Bring weights", icon=":material/upload_file:"):
        file = st.file_uploader(
            "A checkpoint of the TF2 detection model zoo, or a weight file",
            type=SUFFIXES,
            help="Of the zoo's archives, ssd_mobilenet_v2_320x320_coco17_tpu-8.tar.gz fits best. Others on "
            "MobileNetV2 give their backbone.",
            key=f"training_bring_{st.session_state.setdefault('weights_brought', 0)}",
        )
        if not file:
            return
        try:
            path = add_weights(file)
        except SkushareError as error:
            show_error(error)
            return
    st.session_state.weights_brought += 1
    st.toast(f"{plain(path.name)} can now be chosen under Start from", icon=":material/check:")
    st.rerun()


# Before the start


@st.cache_resource(max_entries=6, show_spinner="Looking at the photos' boxes")
def _columns(source, revision):
    return columns(read_dataset(source))


@st.cache_data(max_entries=50, show_spinner="Looking for traps")
def _advice(plan_json, revisions):
    *indexes, validation = (_columns(*known) for known in revisions)
    return advise(Plan.from_json(plan_json), indexes, validation)


def _show_advice(plan):
    sources = *(name for name, _ in plan.train), plan.validation
    revisions = tuple((name, store.revision(name.partition("@")[0])) for name in sources)
    for warning in _advice(plan.to_json(), revisions):
        st.warning(plain(warning), icon=":material/warning:")


def _start(plan, usual):
    usual = free_run_name(usual[:56])
    name = st.text_input("Name of the run", usual, key=f"training_name_{turn()}_{usual}", max_chars=64)
    if st.button("Start training", type="primary", icon=":material/play_arrow:", width="stretch"):
        try:
            run = create_run(name, plan)
        except SkushareError as error:
            show_error(error)
            return
        stop_measuring()
        st.session_state.pop("training_clone", None)
        next_turn()
        show_tab(RUNS, run.name)
        st.rerun()


def _usual_name(recipe, dataset):
    if recipe.name == CLONE:
        return st.session_state.training_clone.name
    return f"{dataset}-{recipe.name}"
