"""The part of the form for a new run that asks for settings, each with what it is for."""

import math
from dataclasses import replace
from typing import get_args, get_type_hints

import streamlit as st

from skushare.app.text import plain
from skushare.app.training_state import turn
from skushare.settings import MOST
from skushare.training.advice import epochs
from skushare.training.backends import available_backends
from skushare.training.choices import chosen_weights
from skushare.training.plan import licence_of

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
    "freeze_batch_norm": (
        "Keep batch norm as it is",
        "Best for weights that know shelves already: a few crops tell less than what they were made with.",
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


def choose_length(usual, photos):
    """Fields for how long to train on so many ``photos``; gives the settings, ``usual`` at first."""
    with st.container(horizontal=True):
        steps = _ask("steps", "Steps", "One step learns from one batch of crops.", usual)
        batch_size = _ask("batch_size", "Crops a step", "More need more memory and time a step.", usual)
    seen = replace(usual, steps=max(1, steps), batch_size=max(1, batch_size))
    st.caption(
        f"{steps:,} steps of {batch_size} crops are **{epochs(seen, photos):,.1f} epochs**: "
        f"that is how often each of the {photos:,} photos is seen."
    )
    return {"steps": steps, "batch_size": batch_size}


def choose_more(recipe, usual, weights):
    """(settings of the detector, of the training, of the plan) that differ from ``usual`` or not.

    ``weights``: to start from, as a ``Plan`` takes them.
    """
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
            key=f"training_backend_{turn()}",
            help="Of TensorFlow, JAX and torch, those installed here. On a CPU, TensorFlow is fastest.",
        )
        devices = st.text_input(
            "Devices",
            of_plan.devices if of_plan else "auto",
            key=f"training_devices_{turn()}",
            help="auto: every GPU, or the processor; cpu; or a number of GPUs.",
        )
    usual_licence = _licence(of_plan, weights)
    licence = st.text_input(
        "What may be done with the model",
        usual_licence,
        key=f"training_licence_{turn()}_{usual_licence}",
        help="Kept with the model. Weights that start from others keep their licence.",
    )
    return detector, training, {"backend": backend, "devices": devices.strip(), "licence": licence}


def _licence(of_plan, weights):
    """The licence of a model that starts from ``weights``; ``of_plan``: the cloned ``Plan`` or ``None``."""
    inherited = licence_of(weights)
    if of_plan is None:
        return inherited
    if chosen_weights(of_plan.weights, [weights]) is not None:
        return of_plan.licence or inherited
    own = of_plan.licence if of_plan.licence != licence_of(of_plan.weights) else ""
    return "; ".join(dict.fromkeys(filter(None, [own, inherited])))


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
    key = f"training_{name}_{value}_{turn()}"
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
        return st.number_input(label, min_value=0, max_value=MOST, value=value, step=1, key=key, help=text)
    step = 10.0 ** math.floor(math.log10(value)) if value else 0.001
    return st.number_input(
        label, min_value=0.0, value=float(value), step=step, format="%g", key=key, help=text
    )
