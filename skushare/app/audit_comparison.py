"""Two audits side by side."""

import streamlit as st

from skushare.app.audit_words import show_words
from skushare.app.audits import offer_list
from skushare.app.galleries import notes_of
from skushare.app.text import plain
from skushare.audits.charts import BEYOND, comparison_chart
from skushare.audits.compare import compare
from skushare.audits.picture import WITHOUT_PICTURE, picture_of
from skushare.draw import annotate
from skushare.errors import SkushareError
from skushare.jpeg import encode_jpeg

SMALL_SIDE = 900  # pixels of a photo beside another
BESIDE_A_PAGE = 3  # photos of each of two audits: reading and drawing one takes a while


def show_comparison(*audits):
    """What moved from one of two audits to the other."""
    audits = sorted(audits, key=lambda audit: audit.time)
    offer_list()
    st.title(f"Audits {audits[0].id} and {audits[1].id}")
    table = compare(*audits)
    names = dict.fromkeys(brand for audit in audits for brand in audit.corrected().brands)
    colors = notes_of(audits[-1].gallery).colors(names, table["brand"])
    st.altair_chart(comparison_chart(table, colors), width="stretch")
    number = st.column_config.NumberColumn
    percent, place = (number(format=f) for f in ("percent", "%.2f"))
    columns = {
        "change": number("change in facings", format="%+d"),
        "points": number(format="%+.1f", help="Change of the share"),
        "margin": number("± points", format="%.1f", help="Of the change, with a certainty of 95 %"),
        "sure": st.column_config.CheckboxColumn(BEYOND, help="Whether the change is more than its margin"),
        **{f"share {side}": percent for side in ("before", "after")},
        **{f"{way} {side}": place for way in ("place", "height") for side in ("before", "after")},
    }
    named = table.rename(columns=lambda name: name.replace("_", " ")).round({"points": 1})  # else "-0.0"
    st.dataframe(named, hide_index=True, column_config=columns, placeholder="")  # not "None"
    st.caption("Place: where a brand's facings are on average, 0 left to 1 right; height: 0 top to 1 bottom.")
    for column, audit, which in zip(st.columns(2), audits, ("before", "after"), strict=True):
        with column:
            st.markdown(f"##### Audit {audit.id}, {which}")
            show_words(audit)
            now, page = audit.corrected(), 1
            shown = [photo for photo in now.photos if photo.role != "part"]
            if len(shown) > BESIDE_A_PAGE:
                page = st.pagination(-(-len(shown) // BESIDE_A_PAGE), key=f"audit_beside_{audit.id}_{which}")
            for photo in shown[(page - 1) * BESIDE_A_PAGE : page * BESIDE_A_PAGE]:
                try:
                    drawn = _small(photo, now.brands, colors)
                    st.image(drawn, width="stretch", alt=f"Photo of audit {audit.id} with boxes drawn")
                    if not photo.picture:
                        st.caption(WITHOUT_PICTURE)
                except SkushareError as error:
                    st.error(plain(str(error)), icon=":material/broken_image:")


def _small(photo, brands, colors):
    """JPEG bytes of a photo with its facings in their brands' colours."""
    image = picture_of(photo, SMALL_SIDE)
    scale = image.shape[1] / photo.width
    found = photo.detections.scaled(scale)
    return encode_jpeg(annotate(image, found, brands, "brand", colors=colors))
