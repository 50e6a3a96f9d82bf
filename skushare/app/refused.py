"""Files that the browser does not send, for their kind or size; what its field says of them goes with it."""

import streamlit as st

from skushare.app.component import component


def tell_refused(field, endings, most_named, turn):
    """A place that names the files last given to an upload field which it does not take, one by one.

    Args:
        field: how the keys of the field begin.
        endings: of the names that it takes; what else a dropped folder has is not told.
        most_named: how many of them are named.
        turn: with another one, those named so far are no longer told.
    """
    megabytes = st.get_option("server.maxUploadSize")
    component("refused", html='<p role="status"></p>')(
        key=f"refused_{field}{turn}",
        data={
            "field": field,
            "endings": sorted(endings),
            "most": megabytes << 20,
            "shown": most_named,
            "told": f"Not counted, because they are no photos or larger than {megabytes} MB",
        },
    )
