"""The fields that choose what names the brands."""

from streamlit.testing.v1 import AppTest

from skushare.brands.gallery import Gallery
from skushare.brands.library import save_gallery


def test_whether_looks_are_grouped_is_chosen_for_each_gallery():
    def page():
        from skushare.app.naming import choose_naming

        choose_naming("live", ("facing",))

    for name in ("coffee", "My brands"):
        save_gallery(Gallery(name))
    app = AppTest.from_function(page).run()

    def grouped(name):
        app.selectbox(key="live_gallery").set_value(name).run()
        assert not app.exception and not app.warning
        return app.toggle(key="live_looks").value

    assert grouped("My brands") and not grouped("coffee")
    app.toggle(key="live_looks").set_value(True).run()
    assert grouped("My brands")
    app.toggle(key="live_looks").set_value(False).run()
    assert grouped("coffee") and not grouped("My brands")
