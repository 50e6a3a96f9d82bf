"""What the Evaluate page is about: models on a dataset, their thresholds, and their main figures."""

from dataclasses import dataclass
from math import isnan

import pandas as pd
import streamlit as st

from skushare.app.text import plain
from skushare.dataset import store
from skushare.dataset.formats import read_dataset
from skushare.detector.models import read_model
from skushare.evaluation.evaluate import make_row
from skushare.evaluation.evaluation import FIGURES, Evaluation
from skushare.evaluation.threshold import is_by_machine, is_test, is_unlabelled
from skushare.text import counted
from skushare.training.choices import dataset_sources

LOWEST_SCORE = 0.05
SAME = "the same"


@dataclass(frozen=True, eq=False)
class Shown:
    """A finished evaluation as the page shows it.

    Attributes:
        name: of the model, for people.
        evaluation: the ``Evaluation``; result, saved: what its ``result`` gave.
        min_score: the threshold in use; row: all figures at it; photos: ``Result.photos`` at it.
    """

    name: str
    evaluation: Evaluation
    result: object
    saved: dict
    min_score: float
    row: dict
    photos: pd.DataFrame


def stored_splits(name):
    """{name of a split: its ``Source``} of the stored dataset ``name``; an empty name for photos without."""
    return {source.split: source for source in dataset_sources(name)}


def stored_dataset(source):
    """The ``Dataset`` of a ``Source``."""
    return _dataset(source.name, store.revision(source.dataset))


@st.cache_resource(max_entries=4, show_spinner="Reading the dataset")
def _dataset(source, revision):
    return read_dataset(source)


def open_evaluations(models, dataset, mode):
    """{name: :class:`Evaluation`} of {name: model folder}."""
    return {name: Evaluation(read_model(folder), dataset, mode) for name, folder in models.items()}


def finished(ready):
    """The :class:`Shown` of {name: evaluation} that are ready, each with the slider for its threshold."""
    shown = []
    for column, (name, evaluation) in zip(st.columns(max(1, len(ready))), ready.items(), strict=False):
        stamp = (evaluation.folder / FIGURES).stat().st_mtime_ns
        result, saved = _result(str(evaluation.folder), stamp, evaluation)
        with column:
            min_score = _slider(name, evaluation)
        row = make_row(evaluation.about, result, saved, min_score)
        photos = _photos(str(evaluation.folder), stamp, min_score, result)
        shown.append(Shown(name, evaluation, result, saved, min_score, row, photos))
    return shown


@st.cache_resource(max_entries=6, show_spinner="Comparing boxes")
def _result(folder, stamp, _evaluation):
    result, saved = _evaluation.result()
    result.matches  # noqa: B018 - made here, under the spinner
    return result, saved


@st.cache_resource(max_entries=16, show_spinner=False)
def _photos(folder, stamp, min_score, _result):
    return _result.photos(min_score)


def _slider(name, evaluation):
    default = max(LOWEST_SCORE, round(evaluation.min_score, 2))
    return st.slider(
        f"Minimum confidence of {plain(name)}",
        min_value=LOWEST_SCORE,
        max_value=0.95,
        value=default,
        step=0.01,
        key=f"score_{name}_{evaluation.predictions.key}_{default}",  # copies of a model share predictions
        help=f"Boxes scored lower are not counted. The model's own threshold is {evaluation.min_score:.2f}.",
    )


def show_notes(shown):
    """What has to be known before the figures are believed."""
    for each in shown:
        if failures := each.saved["failures"]:
            with st.expander(
                f"Could not be evaluated with {plain(each.name)}, and left out: {len(failures)}",
                icon=":material/broken_image:",
            ):
                st.text("\n".join(failures.values()))
        if trained := each.saved.get("trained"):
            st.warning(plain(f"{each.name}: {trained}."), icon=":material/warning:")
    dataset = shown[0].evaluation.dataset
    if is_by_machine(dataset):
        st.caption(
            "Some labels of this dataset were made by a machine: "
            "the figures tell how far the model agrees with it, not how often it is right."
        )
    if is_unlabelled(dataset):
        st.caption("No photo of this dataset has a labelled box: AP, AR and recall say nothing.")
    if is_test(dataset):
        st.caption(
            "These are test photos: for a last, honest figure. "
            "Choose models and thresholds on validation photos."
        )


FIGURES_SHOWN = (  # column of a row, name, format, whether less is better, help
    ("AP", "AP", ".3f", False, "COCO's average precision over IoU .50 to .95, at 300 boxes a photo."),
    ("AP50", "AP50", ".3f", False, "Average precision where an overlap of half (IoU .50) is enough."),
    (
        "AR300",
        "AR300",
        ".3f",
        False,
        "Average recall over IoU .50 to .95 with the 300 best boxes of a photo.",
    ),
    (
        "class_AP",
        "AP by class",
        ".3f",
        False,
        "Mean AP of each class. In all else here, classes count as one.",
    ),
    ("precision", "Precision", ".1%", False, "Share of the boxes found that are right (IoU .50)."),
    ("recall", "Recall", ".1%", False, "Share of the facings that are found (IoU .50)."),
    ("count_mae", "Count off by", ".1f", True, "Mean absolute error of the count, in facings a photo."),
    ("count_bias", "Bias", "+.1f", None, "Found minus true facings a photo: above 0 it counts too many."),
    ("loss", "Loss", ".3f", True, "The training loss on these photos."),
)


def _figure(value, pattern):
    text = "–" if isnan(value) else format(value, pattern)
    return "0" if text in ("+0.0", "-0.0") else text  # a bias has a sign


def show_figures(shown, named):
    """The main figures as tiles, if ``named`` under the model's name; a second's with its difference."""
    first = shown[0]
    for each in shown:
        if named:
            st.markdown(f"##### {plain(each.name)}")
        row = each.row
        with st.container(horizontal=True):
            for column, name, pattern, less, note in FIGURES_SHOWN:
                if column not in row:
                    continue
                delta = float("nan") if each is first else row[column] - first.row.get(column, float("nan"))
                told = None if isnan(delta) or less is None else _difference(delta, pattern)
                st.metric(
                    name,
                    _figure(row[column], pattern),
                    told,
                    delta_color="off" if told == SAME else "inverse" if less else "normal",
                    delta_arrow="off" if told == SAME else "auto",
                    border=True,
                    height="stretch",
                    help=note,
                )
        told = f"{counted(row['photos'], 'photo')}, {counted(row['boxes'], 'facing')}."
        if row["boxes"]:
            told += " As far as so many photos can tell, "
            told += f"AP lies between {row['AP_low']:.3f} and {row['AP_high']:.3f} (95 %)."
        st.caption(told)


def _difference(value, pattern):
    text = f"{100 * value:+.1f} points" if pattern.endswith("%") else format(value, "+" + pattern)
    return text if any(digit in text for digit in "123456789") else SAME
