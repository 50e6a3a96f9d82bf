"""The curves of evaluations, and the threshold to choose by them."""

import streamlit as st

from skushare.app.text import plain
from skushare.evaluation import charts
from skushare.evaluation.threshold import FEW, caution, is_test, is_unlabelled, store_threshold


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
        st.caption("On the dashed line the count is right.")


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
    photos = len(shown.photos)
    (st.warning if photos < FEW else st.caption)(caution(photos))
    sure = True
    if model.is_shipped:
        # Longer, and a phone would cut off whom it concerns.
        sure = st.checkbox("Change the shipped model for everyone", key=f"sure_{shown.name}")
    if st.button(
        f"Use {best:.2f} for {'live frames' if mode == 'live' else 'photos'} from now on",
        key=f"store_{shown.name}",
        icon=":material/save:",
        disabled=not sure,
    ):
        store_threshold(model, mode, best, shown.evaluation.dataset, force=sure)
        st.toast(f"{plain(shown.name)} counts from {best:.2f} on now.", icon=":material/check:")
        st.rerun()
