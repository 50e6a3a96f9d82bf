"""Faults of a dataset and their repair, splitting it anew, and other names for its classes."""

import streamlit as st

from skushare.app.dataset_classes import show_classes
from skushare.app.dataset_filter import show_only
from skushare.app.notes import note
from skushare.app.work import begin_work
from skushare.dataset import health, store
from skushare.dataset.split import split_dataset
from skushare.dataset.versions import image_name
from skushare.spreadsheet import to_csv

PLACES_SHOWN = 500
LOOKED_AT = "Pictures looked at"


def show_health(dataset):
    """The checks with what they found, each with its repair; below, new splits and classes."""
    state = st.session_state
    checked, findings = state.get("dataset_findings", (None, []))
    current = checked == (dataset.name, dataset.revision)
    label = "Check again" if current else "Check the dataset"
    if st.button(label, type="primary", icon=":material/health_metrics:"):
        begin_work(lambda shown: _checked(dataset.name, shown), _keep)
    if not current:
        st.caption(
            "Checks every picture once, which takes a while: damaged pictures, wrong or duplicate "
            "boxes, class names, similar pictures in different splits."
        )
    elif not findings:
        st.success("No faults found.", icon=":material/check_circle:")
    else:
        _show_findings(dataset, findings)
    st.divider()
    _show_split(dataset)
    st.divider()
    show_classes(dataset)


def _show_findings(dataset, findings):
    kinds, images = [finding.kind for finding in findings], dataset.folder / "images"
    for finding in findings:
        with st.expander(f"**{health.CHECKS[finding.kind].title}**: {finding.message}"):
            # A place that is no picture's, as a class name's, has no file.
            named = {file: file and image_name(file, images) for file in finding.places["file"].unique()}
            files = {name for name in named.values() if name}
            shown = finding.places.head(PLACES_SHOWN)
            shown = shown.assign(file=shown["file"].map(named))
            height = min(38 + 35 * len(shown), 320)
            st.dataframe(shown, hide_index=True, height=height, placeholder="")  # not "None"
            if len(finding.places) > PLACES_SHOWN:
                st.caption(f"The first {PLACES_SHOWN} of {len(finding.places):,}; the download holds all.")
            st.markdown(f"The repair {finding.remedy}.")
            with st.container(horizontal=True):
                if st.button("Repair", key=f"repair_{finding.kind}", icon=":material/build:"):
                    _repair(dataset, [finding.kind])
                if files:
                    st.button(
                        "Show the pictures",
                        key=f"show_{finding.kind}",
                        icon=":material/grid_view:",
                        on_click=show_only,
                        args=(files, health.CHECKS[finding.kind].title.lower()),
                    )
                st.download_button(
                    "Download the list",
                    lambda places=finding.places: to_csv(places),
                    f"{dataset.name}-{finding.kind}.csv",
                    "text/csv",
                    key=f"list_{finding.kind}",
                    icon=":material/download:",
                    on_click="ignore",
                )
    if len(findings) > 1 and st.button("Repair all", icon=":material/build:"):
        _repair(dataset, kinds)


def _checked(name, shown):
    revision = store.revision(name)
    return (name, revision), health.check(store.open_dataset(name), shown(LOOKED_AT))


def _keep(checked):
    st.session_state.dataset_findings = checked


def _repair(dataset, kinds):
    def repair(shown):
        fixed = health.fix(store.open_dataset(dataset.name), kinds, shown(LOOKED_AT))
        titles = ", ".join(health.CHECKS[kind].title.lower() for kind in kinds)
        store.replace_dataset(dataset.name, fixed, f"repaired: {titles}", dataset.revision)
        return _checked(dataset.name, shown)

    def tell(checked):
        _keep(checked)
        note("Repaired. The History tab can undo it.")

    begin_work(repair, tell)


def _show_split(dataset):
    st.markdown("##### Split")
    st.markdown(
        "Assigns the pictures to splits at random. Nearly identical pictures, and those of one group, "
        "stay together, so that a model is not tested on what it was trained on."
    )
    columns = st.columns(4, vertical_alignment="bottom")
    shares = {
        split: column.number_input(f"{split}, %", 0, 100, share)
        for split, share, column in zip(("train", "val", "test"), (80, 10, 10), columns[:3], strict=True)
    }
    seed = columns[3].number_input("Seed", 0, 2**31 - 1, 0, help="A different seed gives a different split.")
    series = st.checkbox(
        "Keep photos of one series together",
        help="Photos whose names differ only in their last number, such as bay2_01.jpg and "
        "bay2_02.jpg: shots of one shelf that look too different to be noticed otherwise.",
    )
    total = sum(shares.values())
    if total != 100:
        st.caption(f"The shares add up to {total} %. Make it 100 % to split.")
    # The sum is asked again, because a click may come along with the number that spoils it.
    if st.button("Split", icon=":material/call_split:", disabled=total != 100) and total == 100:
        _split(dataset, {split: share for split, share in shares.items() if share}, seed, series)


def _split(dataset, shares, seed, series):
    def split(shown):
        parts = split_dataset(store.open_dataset(dataset.name), shares, seed, shown(LOOKED_AT), series=series)
        store.replace_dataset(dataset.name, parts, f"split with seed {seed}", dataset.revision)
        return ", ".join(f"{name} {len(parts.only(name)):,}" for name in shares)

    begin_work(split, lambda counts: note(f"Split: {counts}. The History tab can undo it."))
