"""Datasets: bring one in, look at it, correct it."""

import streamlit as st

from skushare.app.dataset_charts import show_charts
from skushare.app.dataset_download import download_popover, drop_zip_unless
from skushare.app.dataset_health import show_health
from skushare.app.dataset_history import offer_deletion, show_history
from skushare.app.dataset_intake import add_dataset_form, add_dataset_popover, offer_example
from skushare.app.dataset_picture import show_picture
from skushare.app.dataset_pictures import show_pictures
from skushare.app.datasets import choose_dataset, chosen_name, open_chosen, opened_picture, show_work
from skushare.app.navigation import require_navigation
from skushare.app.notes import show_error, show_notes
from skushare.app.tabs import show_tabs
from skushare.dataset.store import dataset_names
from skushare.errors import SkushareError

require_navigation()

names = dataset_names()
drop_zip_unless(names)
if not names:
    st.title("Datasets")
    show_work()
    show_notes()
    st.markdown(
        "A dataset is a set of shelf photos with a box around each product. "
        "Look at yours here, correct its boxes, and train a detector on it."
    )
    upload_column, example_column = st.columns(2, gap="large")
    with upload_column:
        add_dataset_form()
    with example_column:
        offer_example()
    st.stop()

name = chosen_name(names)
try:
    dataset, problem = open_chosen(name), None
except SkushareError as error:
    dataset, problem = None, str(error)

picture = dataset and opened_picture(dataset)
if picture:
    show_work()
    show_notes(scrolled=True)
    show_picture(dataset, picture)
    st.stop()

st.title("Datasets")
show_work()
show_notes()
with st.container(horizontal=True, vertical_alignment="bottom"):
    choose_dataset(names, name)
    add_dataset_popover()
    if dataset:
        download_popover(dataset)
if problem:
    show_error(problem)
    offer_deletion(name)
    st.stop()

pictures, boxes = len(dataset.index), len(dataset.index.boxes)
with st.container(horizontal=True):
    st.metric("Pictures", f"{pictures:,}", border=True)
    st.metric("Boxes", f"{boxes:,}", border=True)
    st.metric("Boxes a picture", f"{boxes / max(1, pictures):.1f}", border=True)
    st.metric("Classes", f"{len(dataset.index.labels):,}", border=True)

views = {"Pictures": show_pictures, "Charts": show_charts, "Health": show_health, "History": show_history}
try:
    show_tabs(views, "dataset_tab", dataset)
except SkushareError as error:
    show_error(error)
