"""What the Evaluate page shows: evaluations on their way, their figures, curves and pictures."""

from dataclasses import dataclass
from math import isnan

import pandas as pd
import streamlit as st

from skushare.app.cells import cells
from skushare.app.model import reload_detector
from skushare.app.text import plain
from skushare.dataset import store
from skushare.dataset.formats import read_dataset
from skushare.detector.models import read_model
from skushare.errors import SkushareError
from skushare.evaluation import charts, report
from skushare.evaluation.evaluate import make_row
from skushare.evaluation.evaluation import FAILED, FIGURES, FINISHED, NEW, RUNNING, Evaluation
from skushare.evaluation.picture import KINDS, draw_outcome
from skushare.evaluation.predictions import photo_key
from skushare.evaluation.threshold import is_test, is_unlabelled, store_threshold
from skushare.images import read_image
from skushare.jpeg import encode_jpeg, shrink

POLL_SECONDS = 1.0
THUMBNAIL, LARGE = 800, 2000  # longest side in pixels
LOWEST_SCORE = 0.05
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
    """Names of the splits of the stored dataset ``name``; one empty name where it has none."""
    return list(store.open_index(name).splits)


def stored_dataset(name, split):
    """The dataset ``name``, or only its ``split``; and what the command line calls it."""
    source = f"{name}@{split}" if split else name
    return _dataset(source, store.revision(name)), source


@st.cache_resource(max_entries=4, show_spinner="Reading the dataset")
def _dataset(source, revision):
    return read_dataset(source)


def open_evaluations(models, dataset, mode):
    """{name: :class:`Evaluation`} of {name: model folder}."""
    return {name: Evaluation(read_model(folder), dataset, mode) for name, folder in models.items()}


def show_work(evaluations, source):
    """What is still to be done, with the buttons that start it, and what is being done."""
    waiting = {}
    for name, evaluation in evaluations.items():
        condition, reason = evaluation.condition()
        if condition == RUNNING:
            _watch(name, evaluation)
        elif condition != FINISHED:
            waiting[name] = evaluation
            _tell(name, evaluation, condition, reason)
    if waiting:
        with st.container(horizontal=True, vertical_alignment="center"):
            start = st.button("Evaluate", type="primary", icon=":material/play_arrow:", key="evaluate_start")
            loss = st.checkbox("Also measure the loss", key="evaluate_loss", help=LOSS_HELP)
        if start:
            for evaluation in waiting.values():
                evaluation.start(source, loss)
            st.rerun()


LOSS_HELP = (
    "The training loss on these photos. It takes about as long again, and compares only models of one preset."
)


def _tell(name, evaluation, condition, reason):
    photos = len(evaluation.dataset)
    done = evaluation.predictions.done(evaluation.dataset.samples)
    if condition == FAILED:
        st.error(f"{plain(name)}: the evaluation failed: {plain(reason)}", icon=":material/error:")
    elif condition == NEW:
        st.info(
            f"**{plain(name)}** has not been evaluated on these {photos:,} photos yet.",
            icon=":material/query_stats:",
        )
    else:
        st.info(
            f"**{plain(name)}**: {done:,} of {photos:,} photos are done; it goes on from there.",
            icon=":material/pause_circle:",
        )


@st.fragment(run_every=POLL_SECONDS)
def _watch(name, evaluation):
    condition, reason = evaluation.condition()
    if condition != RUNNING:
        st.rerun()
    progress = evaluation.progress()
    share, text = 0.0, "starting"
    if progress and progress.phase == "figures":
        share, text = 1.0, "computing the figures"
    elif progress:
        share = progress.done / max(1, progress.photos)
        what = "photos" if progress.phase == "detecting" else "photos for the loss"
        text = f"{progress.done:,} of {progress.photos:,} {what}{_left(progress.seconds_left)}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(share, text=f"{plain(name)}: {reason or text}")
        if st.button("Stop", key=f"stop_{name}", icon=":material/stop:", disabled=bool(reason)):
            try:
                evaluation.stop()
            except SkushareError as error:
                st.error(plain(str(error)), icon=":material/error:")


def _left(seconds):
    if isnan(seconds):
        return ""
    return f", about {seconds / 60:.0f} min left" if seconds > 90 else f", about {seconds:.0f} s left"


def finished(evaluations):
    """The :class:`Shown` evaluations among {name: evaluation}, each with the slider for its threshold."""
    ready = {name: e for name, e in evaluations.items() if e.is_whole()}
    shown = []
    for column, (name, evaluation) in zip(st.columns(max(1, len(ready))), ready.items(), strict=False):
        stamp = (evaluation.folder / FIGURES).stat().st_mtime_ns
        result, saved = _result(str(evaluation.folder), stamp, evaluation)
        with column:
            min_score = _slider(name, evaluation)
        row = make_row(evaluation.about, result, saved, min_score)
        shown.append(Shown(name, evaluation, result, saved, min_score, row, result.photos(min_score)))
    return shown


@st.cache_resource(max_entries=6, show_spinner="Comparing boxes")
def _result(folder, stamp, _evaluation):
    result, saved = _evaluation.result()
    result.matches  # noqa: B018 - made here, under the spinner
    return result, saved


def _slider(name, evaluation):
    default = max(LOWEST_SCORE, round(evaluation.min_score, 2))
    return st.slider(
        f"Minimum confidence of {plain(name)}",
        min_value=LOWEST_SCORE,
        max_value=0.95,
        value=default,
        step=0.01,
        key=f"score_{evaluation.predictions.key}_{default}",
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
    dataset = shown[0].evaluation.dataset
    if any((sample.scores < 1).any() for sample in dataset.samples):
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
    ("AP50", "AP50", ".3f", False, "Average precision where half of the overlap is enough."),
    (
        "AR300",
        "AR300",
        ".3f",
        False,
        "Average recall over IoU .50 to .95 with the 300 best boxes of a photo.",
    ),
    ("precision", "Precision", ".1%", False, "Share of the boxes found that are right (IoU .50)."),
    ("recall", "Recall", ".1%", False, "Share of the facings that are found (IoU .50)."),
    ("count_mae", "Count off by", ".1f", True, "Mean absolute error of the count, in facings a photo."),
    ("count_bias", "Bias", "+.1f", None, "Found minus true facings a photo: above 0 it counts too many."),
    ("loss", "Loss", ".3f", True, "The training loss on these photos."),
)


def show_figures(shown):
    """The main figures as tiles; those of a second model with the difference to the first."""
    first = shown[0]
    for each in shown:
        if len(shown) > 1:
            st.markdown(f"##### {plain(each.name)}")
        row = each.row
        with st.container(horizontal=True):
            for column, name, pattern, less, note in FIGURES_SHOWN:
                if column not in row:
                    continue
                delta = float("nan") if each is first else row[column] - first.row.get(column, float("nan"))
                st.metric(
                    name,
                    "–" if isnan(row[column]) else format(row[column], pattern),
                    None if isnan(delta) or less is None else _difference(delta, pattern),
                    delta_color="inverse" if less else "normal",
                    border=True,
                    height="stretch",
                    help=note,
                )
        st.caption(
            f"{row['photos']:,} photos, {row['boxes']:,} facings. As far as so many photos can tell, "
            f"AP lies between {row['AP_low']:.3f} and {row['AP_high']:.3f} (95 %)."
        )


def _difference(value, pattern):
    if pattern.endswith("%"):
        return f"{100 * value:+.1f} points"
    return format(value, "+" + pattern)


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
            st.markdown(
                f"{head}**{counts['found']} of {counts['facings']}** facings, "
                f"{counts['false']} false, {counts['missed']} missed"
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


def show_curves(shown):
    """Precision and recall, calibration, counting error and counts as charts."""
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("##### Precision and recall")
        points = {e.name: (e.row["precision"], e.row["recall"]) for e in shown}
        curves = {e.name: e.result.precision_recall() for e in shown}
        st.altair_chart(charts.precision_recall_chart(curves, points), width="stretch")
        st.caption("At IoU .50, all classes as one. The dot is the minimum confidence chosen above.")
        st.markdown("##### Counting error by threshold")
        curves = {e.name: e.result.counting() for e in shown}
        points = {e.name: e.min_score for e in shown}
        st.altair_chart(charts.counting_chart(curves, points), width="stretch")
        for each in shown:
            _offer_threshold(each)
    with right:
        st.markdown("##### How far a score can be trusted")
        st.altair_chart(
            charts.calibration_chart({e.name: e.result.calibration() for e in shown}), width="stretch"
        )
        errors = " and ".join(f"{e.row['ece']:.3f} ({plain(e.name)})" for e in shown)
        st.caption(
            f"Expected calibration error {errors}. On the dashed line a score is the share of boxes that are "
            "right; above it the model is better than it says."
        )
        st.markdown("##### Count of each photo")
        st.altair_chart(charts.counts_chart({e.name: e.photos for e in shown}), width="stretch")
        st.caption("On the dashed line the count is true.")


def _offer_threshold(shown):
    """Say which threshold counts best, and store it in the model when asked to."""
    best, model, mode = shown.row["best_score"], shown.evaluation.model, shown.evaluation.mode
    text = (
        f"{plain(shown.name)} counts best from **{best:.2f}** on: off by {shown.row['best_mae']:.1f} a photo"
    )
    if best != shown.min_score:
        text += f", against {shown.row['count_mae']:.1f} at {shown.min_score:.2f}"
    st.markdown(f"{text}.")
    dataset = shown.evaluation.dataset
    if is_test(dataset) or is_unlabelled(dataset) or best == shown.evaluation.min_score:
        return
    sure = True
    if model.is_shipped:
        sure = st.checkbox(
            f"Change the shipped model {plain(shown.name)} for everyone who uses this app",
            key=f"sure_{shown.name}",
        )
    if st.button(
        f"Use {best:.2f} for {'live frames' if mode == 'live' else 'photos'} from now on",
        key=f"store_{shown.name}",
        icon=":material/save:",
        disabled=not sure,
    ):
        store_threshold(model, mode, best, shown.evaluation.dataset, force=sure)
        reload_detector()
        st.toast(f"{plain(shown.name)} counts from {best:.2f} on now.", icon=":material/check:")
        st.rerun()


def show_breakdown(shown):
    """By size, by density, by class, and each photo, as tables."""
    for each in shown:
        if len(shown) > 1:
            st.markdown(f"#### {plain(each.name)}")
        tables = report.tables(each.result, each.saved, each.min_score)
        st.markdown("##### By size of the facing")
        _show_table(tables["sizes"].query("facings > 0"))
        st.caption(
            "COCO's sizes, for a photo of 640 pixels: small is below 32 x 32 of them, large above 96 x 96."
        )
        st.markdown("##### By facings on the photo")
        _show_table(tables["densities"])
        if "classes" in tables:
            st.markdown("##### By class")
            _show_table(tables["classes"])
            st.altair_chart(charts.confusion_chart(each.result.confusion(each.min_score)), width="stretch")
            st.caption("Rows are what is on the shelf, columns what the model says.")
        st.markdown("##### Each photo")
        _show_table(tables["photos"])


def _show_table(table):
    shares = ("AP", "AP50", "AP75", "AR300", "precision", "recall", "f1")
    config = {name: st.column_config.NumberColumn(format="%.3f") for name in shares}
    config |= {name: st.column_config.NumberColumn(format="%.1f") for name in ("count MAE", "count bias")}
    st.dataframe(table, hide_index=True, column_config=config)


def show_downloads(shown, source):
    """Every file, all figures as a table, and the loss if it is wanted."""
    for each in shown:
        _offer_files(each)
    missing = [each for each in shown if "loss" not in each.row and not each.evaluation.unknown_classes]
    if missing and st.button("Measure the loss too", icon=":material/timer:", help=LOSS_HELP):
        for each in missing:
            each.evaluation.start(source, loss=True)
        st.rerun()
    table = pd.DataFrame({each.name: each.row for each in shown})
    if len(shown) > 1:
        numbers = table.map(lambda value: isinstance(value, float)).all(axis=1)
        table["difference"] = table[numbers].iloc[:, 1] - table[numbers].iloc[:, 0]
    table = table.map(lambda value: f"{value:.4f}" if isinstance(value, float) else str(value))
    table = table.replace("nan", "–").rename_axis("figure").reset_index()
    st.dataframe(table, hide_index=True, width=160 * len(table.columns), height="content")


def _offer_files(shown):
    st.markdown(f"##### Files of {plain(shown.name)}")
    name = f"{shown.evaluation.model.name}-{shown.evaluation.dataset.name}-{shown.evaluation.mode}"
    name = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in name)

    def files():
        failures = shown.saved["failures"].values()
        return report.files(shown.row, shown.result, shown.saved, shown.min_score, failures)

    offers = {
        "Everything (zip)": (lambda: report.archive(files()), "zip", "application/zip"),
        "Figures (CSV)": (lambda: files()["figures.csv"], "figures.csv", "text/csv"),
        "Figures (JSON)": (lambda: files()["figures.json"], "figures.json", "application/json"),
        "Photos (CSV)": (lambda: files()["photos.csv"], "photos.csv", "text/csv"),
        "Boxes (COCO)": (lambda: files()["predictions.json"], "predictions.json", "application/json"),
    }
    with st.container(horizontal=True):
        for label, (data, suffix, kind) in offers.items():
            st.download_button(
                label,
                data,
                f"{name}.{suffix}",
                kind,
                key=f"file_{shown.name}_{label}",
                icon=":material/download:",
                on_click="ignore",
            )
