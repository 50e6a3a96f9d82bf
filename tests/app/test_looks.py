"""Naming looks in place."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import streamlit as st

from skushare.app import looks
from skushare.app.galleries import MY_BRANDS
from skushare.brands.embedder import Embedder
from skushare.brands.library import open_gallery
from skushare.jpeg import encode_jpeg
from tests.app.conftest import PATIENCE
from tests.brands.conftest import ColorEmbedder, picture


def test_a_look_named_while_another_is_being_taught_is_taught_after_it(held_save, monkeypatch, request):
    saving, go_on = held_save

    def teach(brand, color, vector):
        pictures = [encode_jpeg(picture(color))]
        looks._teach_look(brand, np.float32([vector]), pictures, None, ColorEmbedder())

    st.cache_resource.clear()
    request.addfinalizer(st.cache_resource.clear)
    monkeypatch.setattr(Embedder, "load", lambda: ColorEmbedder())
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(teach, "Rot", "red", (1, 0, 0))
        saving.wait(PATIENCE)
        second = pool.submit(teach, "Gruen", "green", (0, 1, 0))
        threading.Event().wait(0.5)  # for as long as it would take
        go_on.set()
        first.result()
        second.result()
    assert open_gallery(MY_BRANDS).brands == ("Rot", "Gruen")
