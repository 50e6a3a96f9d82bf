"""The form that makes a new training run."""

import math
from dataclasses import replace
from typing import get_args, get_type_hints

import pandas as pd
import streamlit as st

from skushare.app.text import plain
from skushare.app.training_estimate import show_estimate
from skushare.app.training_state import RUNS, show_tab
from skushare.dataset import store
from skushare.dataset.formats import read_dataset
from skushare.dataset.statistics import columns
from skushare.errors import ConfigError, SkushareError
from skushare.training.advice import advise, epochs
from skushare.training.backends import available_backends
from skushare.training.choices import (
    chosen_weights,
    dataset_sources,
    default_sources,
    free_run_name,
    weight_choices,
)
from skushare.training.intake import SUFFIXES, add_weights
from skushare.training.pipeline import read_pipeline
from skushare.training.plan import Plan, licence_of
from skushare.training.recipes import RECIPES, Recipe
from skushare.training.runs import create_run

FILE = "file"
MAX_CONFIG = 1  # megabytes

# Setting → (label, help), in the order in which they are shown.
_LEARNING = {
    "learning_rate": ("Learning rate", "The peak. Halve it if the loss jumps, double it if nothing moves."),
    "optimizer": ("Optimizer", "AdamW forgives most; momentum is what the model zoo trained with."),
    "momentum": ("Momentum", "Share of the last update that goes into the next; for the optimizer momentum."),
    "warmup_steps": ("Warm-up steps", "Steps over which the learning rate rises to its peak."),
    "warmup_learning_rate": ("Warm-up from", "Learning rate of the first step."),
    "schedule_steps": ("Schedule ends at step", "Where the falling learning rate ends; 0: with the run."),
    "weight_decay": ("Weight decay", "Keeps weights small; more of it against overfitting."),
    "clip_norm": ("Gradient norm at most", "Larger gradients are scaled down; 0: never."),
    "ema": ("Averaging of weights", "Decay a step of the averaged weights that are kept; 0: off."),
    "freeze_before": (
        "Train from layer",
        "Layers before it stay as they are; faster, and good for few photos.",
    ),
    "seed": ("Seed", "The same seed gives the same run."),
}
_CROPS = {
    "min_scale": ("Smallest scale", "How far a crop zooms out, against a photo of 1024 pixels."),
    "max_scale": ("Largest scale", "How far a crop zooms in."),
    "aspect_jitter": ("Stretching", "Crops are stretched by up to e to this power."),
    "mosaic": ("Mosaics", "Chance that a crop is put together from four: more scenes a step."),
    "paste": ("Pasted packs", "Share of a crop's facings replaced by packs of other photos."),
    "min_visible": ("Least visible part", "Boxes cut more than that by a crop are left out."),
    "min_label_score": ("Least label score", "Machine-made labels below this are left out."),
    "photometric": ("Vary light and colours", ""),
}
_VALIDATION = {
    "validate_every": ("Validate every ... steps", "Each validation also makes sample pictures."),
    "validation_photos": ("Photos to validate on", "Fewer are faster; 0: all of them."),
}
_DETECTOR = {
    "max_boxes": ("Boxes taught a crop, at most", "Further ones are taught as background."),
    "max_detections": ("Boxes found a photo, at most", ""),
    "nms_iou": ("Overlap of two boxes, at most", "Of boxes that overlap more, the surer one is kept."),
    "photo_size": ("Size of photos", "Longest side in pixels that photos are resized to."),
    "live_size": ("Size of live frames", "Longest side in pixels."),
}
_LAYERS = ["", "block_3_expand", "block_6_expand", "block_13_expand"]


def show_form(names):
    """The form for a run on the stored datasets ``names``, and what becomes of it."""
    sources = _sources(names)
    if not sources:
        st.warning("None of the datasets can be read. Look at them on the Datasets page.")
        return
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.markdown("##### 1. Photos")
        train, validation, one_class = _choose_photos(sources)
        st.markdown("##### 2. Network and settings")
        recipe = _choose_recipe()
        if recipe is None:
            return
        photos = sum(sources[name].photos for name, _ in train)
        st.markdown("##### 3. Start from")
        weights, licence = _choose_weights(recipe)
        st.markdown("##### 4. Length")
        settings = _choose_length(recipe.training_for(photos), photos)
        with st.expander("More settings", icon=":material/tune:"):
            usual = recipe.lasting(max(1, settings["steps"]))
            detector, more, machine = _choose_more(recipe, usual, licence)
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
            st.error(plain(str(error)), icon=":material/error:")
            return
        _show_advice(plan)
        show_estimate(plan)
        _start(plan, recipe.name if _cloned(recipe) else f"{train[0][0].partition('@')[0]}-{recipe.name}")


# Photos


@st.cache_data(show_spinner=False, max_entries=50)
def _sources_of(name, revision):
    return dataset_sources(name)


def _sources(names):
    """{name: ``Source``} of all splits of all datasets; one that cannot be read is named."""
    found = {}
    for name in names:
        try:
            found |= {source.name: source for source in _sources_of(name, store.revision(name))}
        except SkushareError as error:
            st.error(plain(str(error)), icon=":material/error:")
    return found


def _choose_photos(sources):
    def shown(name):
        source = sources[name]
        return f"{source.dataset}{f', {source.split}' * bool(source.split)} ({source.photos:,} photos)"

    usual, usual_validation = default_sources(list(sources.values()))
    cloned = st.session_state.get("training_clone")
    if cloned:
        wanted = [*(name for name, _ in cloned.plan.train), cloned.plan.validation]
        usual = [name for name in wanted[:-1] if name in sources] or usual
        usual_validation = wanted[-1] if wanted[-1] in sources else usual_validation
        if missing := [name for name in dict.fromkeys(wanted) if name not in sources]:
            st.caption(f"{plain(cloned.name)} used {plain(', '.join(missing))}, not among the datasets here.")
    turn = _turn()
    chosen = st.multiselect(
        "Train on", list(sources), usual, format_func=shown, key=f"training_sources_{turn}"
    )
    if not chosen:
        chosen = usual
        st.caption(f"Nothing chosen: {', '.join(map(plain, chosen))} is taken.")
    weights = dict(cloned.plan.train) if cloned else {}
    train = tuple((name, float(weights.get(name, 1.0))) for name in chosen)
    if len(chosen) > 1:
        train = _weigh(train, turn)
    validation = st.selectbox(
        "Validate on",
        list(sources),
        list(sources).index(usual_validation),
        format_func=shown,
        key=f"training_validation_{turn}",
        help="Photos that are not trained on: the best weights are chosen by them.",
    )
    labels = {sources[name].labels for name in [*chosen, validation]}
    if len(labels) == 1 and len(*labels) == 1:
        return train, validation, False
    several = len(labels) > 1
    one_class = st.toggle(
        "Teach all classes as one, facing",
        cloned.plan.one_class if cloned else True,
        key=f"training_one_class_{turn}",
        help="Finds and counts products and does not tell them apart. "
        "Datasets with different classes can only be trained on together this way.",
        disabled=several,
    )
    return train, validation, one_class or several


def _weigh(train, turn):
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
        key=f"training_weigh_{turn}_{'_'.join(name for name, _ in train)}",
    )
    return tuple((name, float(weight)) for name, weight in edited.itertuples(index=False))


# Network and settings


def _choose_recipe():
    """The chosen :class:`Recipe`, or ``None`` until there is one."""
    cloned = st.session_state.get("training_clone")
    titles = {name: recipe.title for name, recipe in RECIPES.items()}
    texts = {name: recipe.text for name, recipe in RECIPES.items()}
    if cloned:
        titles = {cloned.name: f"As the run {cloned.name}"} | titles
        texts = {cloned.name: "Its network and settings, to change some of them."} | texts
    titles[FILE] = "From a pipeline.config"
    texts[FILE] = "Of the TF2 Object Detection API, for an SSD MobileNet v2."
    choice = st.radio(
        "Recipe",
        list(titles),
        format_func=lambda name: plain(titles[name]),
        captions=[plain(texts[name]) for name in titles],
        label_visibility="collapsed",
        key=f"training_recipe_{_turn()}",
    )
    if choice == FILE:
        return _read_file()
    if cloned and choice == cloned.name:
        plan = cloned.plan
        return Recipe(choice, "", "", plan.detector, plan.training, plan.weights, as_it_is=True)
    return RECIPES[choice]


def _read_file():
    upload = st.file_uploader("pipeline.config", max_upload_size=MAX_CONFIG, key="training_config")
    if upload is None:
        return None
    try:
        pipeline = read_pipeline(upload.getvalue().decode("utf-8"))
    except (ConfigError, UnicodeDecodeError) as error:
        st.error(plain(f"{upload.name}: {error}"), icon=":material/error:")
        return None
    differing = [note for note in pipeline.ignored if note.differs]
    harmless = [note for note in pipeline.ignored if not note.differs]
    if differing:
        st.warning("Training will differ from what the file asks for:", icon=":material/warning:")
        _list_notes(differing)
    if harmless:
        with st.expander(f"{len(harmless)} settings mean nothing here", icon=":material/info:"):
            _list_notes(harmless)
    return Recipe("config", "", "", pipeline.detector, pipeline.training, pipeline.weights, as_it_is=True)


def _list_notes(notes):
    st.code("\n".join(map(str, notes)), language=None, wrap_lines=True)


def _choose_weights(recipe):
    """(weights, what may be done with a model that starts from them)."""
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
        key=f"training_weights_{_turn()}_{recipe.name}",
        help="A model that knows shelves already needs fewest photos and steps.",
    )
    _bring_weights()
    licence = licence_of(weights)
    if licence:
        st.caption(f"A model that starts from it inherits: {plain(licence)}")
    return weights, licence


def _bring_weights():
    """Upload weights; they are then one of the choices."""
    with st.popover("Bring weights", icon=":material/upload_file:"):
        file = st.file_uploader(
            "A checkpoint of the TF2 detection model zoo, or a weight file",
            type=[suffix.removeprefix(".") for suffix in SUFFIXES],
            help="Of the zoo's archives, ssd_mobilenet_v2_320x320_coco17_tpu-8.tar.gz fits best. Others on "
            "MobileNetV2 give their backbone.",
            key=f"training_bring_{st.session_state.setdefault('weights_brought', 0)}",
        )
        if not file:
            return
        try:
            path = add_weights(file)
        except SkushareError as error:
            st.error(plain(str(error)), icon=":material/error:")
            return
    st.session_state.weights_brought += 1
    st.toast(f"{plain(path.name)} can now be chosen under Start from", icon=":material/check:")
    st.rerun()


def _choose_length(usual, photos):
    with st.container(horizontal=True):
        steps = _ask("steps", "Steps", "One step learns from one batch of crops.", usual)
        batch_size = _ask("batch_size", "Crops a step", "More need more memory and time a step.", usual)
    seen = replace(usual, steps=max(1, steps), batch_size=max(1, batch_size))
    st.caption(
        f"{steps:,} steps of {batch_size} crops are **{epochs(seen, photos):,.1f} epochs**: "
        f"so often each of the {photos:,} photos is seen."
    )
    return {"steps": steps, "batch_size": batch_size}


def _choose_more(recipe, usual, licence):
    """(settings of the detector, of the training, of the plan) that differ from ``usual`` or not."""
    training = {}
    for title, group in (("Learning", _LEARNING), ("Crops", _CROPS), ("Validation", _VALIDATION)):
        st.markdown(f"**{title}**")
        training |= _ask_group(group, usual)
    st.markdown("**Detector**")
    whole = recipe.detector.resize == "stretch"  # whose sizes are those of its input
    group = {name: text for name, text in _DETECTOR.items() if not (whole and name.endswith("_size"))}
    detector = _ask_group(group, recipe.detector)
    st.markdown("**Machine**")
    cloned = st.session_state.get("training_clone")
    of_plan = cloned.plan if cloned else None
    with st.container(horizontal=True):
        backends = available_backends()
        wanted = of_plan.backend if of_plan else backends[0]
        backend = st.selectbox(
            "Backend of Keras",
            backends,
            backends.index(wanted) if wanted in backends else 0,
            key=f"training_backend_{_turn()}",
            help="Those that are installed here, of TensorFlow, JAX and torch. On a processor TensorFlow is "
            "fastest.",
        )
        devices = st.text_input(
            "Devices",
            of_plan.devices if of_plan else "auto",
            key=f"training_devices_{_turn()}",
            help="auto: every GPU, or the processor; cpu; or a number of GPUs.",
        )
    licence = st.text_input(
        "What may be done with the model",
        (of_plan.licence if of_plan else "") or licence,
        key=f"training_licence_{_turn()}_{licence}",
        help="Kept with the model. Weights that start from others keep their licence.",
    )
    return detector, training, {"backend": backend, "devices": devices.strip(), "licence": licence}


def _ask_group(group, usual):
    values, columns = {}, st.columns(2)
    for number, (name, (label, text)) in enumerate(group.items()):
        with columns[number % 2]:
            values[name] = _ask(name, label, text, usual)
    return values


def _ask(name, label, text, usual):
    """The widget for the setting ``name``; it begins anew where the usual value is another."""
    value = getattr(usual, name)
    hint = get_type_hints(type(usual))[name]
    key = f"training_{name}_{value}_{_turn()}"
    text = f"{text} Called {plain(name)} in files.".lstrip()
    if hint is bool:
        return st.toggle(label, value, key=key, help=text)
    if name == "freeze_before":
        layers = list(dict.fromkeys([*_LAYERS, value]))
        return st.selectbox(
            label,
            layers,
            layers.index(value),
            format_func=lambda layer: layer or "the first (all)",
            accept_new_options=True,
            key=key,
            help=text,
        )
    if choices := get_args(hint):
        return st.selectbox(label, choices, choices.index(value), key=key, help=text)
    if hint is int:
        return st.number_input(label, min_value=0, value=value, step=1, key=key, help=text)
    step = 10.0 ** math.floor(math.log10(value)) if value else 0.001
    return st.number_input(
        label, min_value=0.0, value=float(value), step=step, format="%g", key=key, help=text
    )


# Before the start


@st.cache_resource(max_entries=6, show_spinner="Looking at the photos' boxes")
def _columns(source, revision):
    return columns(read_dataset(source))


@st.cache_data(max_entries=50, show_spinner="Looking for traps")
def _advice(plan_json, revisions):
    plan = Plan.from_json(plan_json)
    return advise(plan, [_columns(*known) for known in revisions])


def _show_advice(plan):
    revisions = tuple((name, store.revision(name.partition("@")[0])) for name, _ in plan.train)
    for warning in _advice(plan.to_json(), revisions):
        st.warning(plain(warning), icon=":material/warning:")


def _start(plan, usual):
    usual = free_run_name(usual[:56])
    name = st.text_input("Name of the run", usual, key=f"training_name_{_turn()}_{usual}", max_chars=64)
    if st.button("Start training", type="primary", icon=":material/play_arrow:", width="stretch"):
        try:
            run = create_run(name, plan)
        except SkushareError as error:
            st.error(plain(str(error)), icon=":material/error:")
            return
        st.session_state.pop("training_clone", None)
        st.session_state.training_turn = _turn() + 1
        show_tab(RUNS, run.name)
        st.rerun()


def _cloned(recipe):
    cloned = st.session_state.get("training_clone")
    return cloned and recipe.name == cloned.name


def _turn():
    """Number of the form; each has widgets of its own."""
    return st.session_state.setdefault("training_turn", 0)
