"""Files that the browser does not send, for their kind or size; what its field says of them goes with it."""

import streamlit as st

_HTML = '<p role="status"></p>'
_CSS = """
p { margin: 0; padding: 0.75rem 1rem; border-radius: var(--st-base-radius); overflow-wrap: anywhere;
  color: var(--st-yellow-text-color); background: var(--st-yellow-background-color); }
p:empty { display: none; }
"""
# The page is not run for it, which could cut off the files that are on their way.
_SCRIPT = """
export default function ({ data, parentElement }) {
  const look = ({ target, dataTransfer }) => {
    if (!target.closest?.(`[class*="st-key-${data.field}"]`)) return;
    const isRefused = ({ name, size }) =>
      size > data.most || !data.endings.some((ending) => name.toLowerCase().endsWith(ending));
    const entries = [...(dataTransfer?.items ?? [])].map((item) => item.webkitGetAsEntry?.());
    const files = [...((dataTransfer ?? target).files ?? [])].filter((_, i) => !entries[i]?.isDirectory);
    const names = files.filter(isRefused).map(({ name }) => name);
    const more = names.length > data.shown ? ` and ${names.length - data.shown} more` : "";
    parentElement.querySelector("p").textContent =
      names.length ? `${data.told}: ${names.slice(0, data.shown).join(", ")}${more}` : "";
  };
  // Before the field takes the files and empties the list of them.
  const events = ["change", "drop"];
  events.forEach((event) => document.addEventListener(event, look, true));
  return () => events.forEach((event) => document.removeEventListener(event, look, true));
}
"""


def tell_refused(field, endings, most_named):
    """A place that names the files last given to an upload field which it does not take, one by one.

    Args:
        field: how the keys of the field begin.
        endings: of the names that it takes; what else a dropped folder has is not told.
        most_named: how many of them are named.
    """
    megabytes = st.get_option("server.maxUploadSize")
    # Registered at each run: Streamlit 1.65, the newest for Python 3.10, forgets it between tests.
    st.components.v2.component("skushare_refused", html=_HTML, css=_CSS, js=_SCRIPT)(
        key=f"refused_{field}",
        data={
            "field": field,
            "endings": sorted(endings),
            "most": megabytes << 20,
            "shown": most_named,
            "told": f"Not counted, because they are no photos or larger than {megabytes} MB",
        },
    )
