"""The tables of evaluations, and their files to download."""

import pandas as pd
import streamlit as st

from skushare.app.evaluation_work import LOSS_HELP
from skushare.app.text import plain
from skushare.evaluation import charts, report


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
    st.dataframe(table, hide_index=True, column_config=config, placeholder="–")


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
