"""The exports: one of them chosen, on its way, or finished with what can be done with it."""

import time
from datetime import datetime, timezone
from functools import partial

import pandas as pd
import streamlit as st

from skushare.app.choice_list import choice_list
from skushare.app.clock import there
from skushare.app.export_servers import PHONES, phone_addresses, preview_of, servers
from skushare.app.notes import show_error
from skushare.app.polling import poll
from skushare.app.tabs import show_tabs
from skushare.app.text import plain
from skushare.errors import SkushareError
from skushare.export.jobs import CANCELLED, FAILED, FINISHED, INTERRUPTED, RUNNING
from skushare.serve.network import qr_svg

POLL_SECONDS = 1.0
PREVIEW_HEIGHT = 760  # pixels: a phone's screen
ICONS = {
    RUNNING: (":material/directions_run:", "blue"),
    FINISHED: (":material/check:", "green"),
    FAILED: (":material/error:", "red"),
    CANCELLED: (":material/block:", "gray"),
    INTERRUPTED: (":material/flash_off:", "orange"),
}


def choose_export(exports):
    """A field to choose one of ``exports``; gives it."""
    names = [export.name for export in exports]
    state = st.session_state
    if (wanted := state.pop("export_next", None)) in names:
        state.export_chosen = wanted
    if state.get("export_chosen") not in names:
        state.pop("export_chosen", None)
    if len(names) == 1:
        return exports[0]
    columns = {"size": st.column_config.NumberColumn(format="bytes")}
    choice_list([_row(export) for export in exports], names, "export_list", "export_chosen", columns)
    name = st.selectbox("Export", names, key="export_chosen", bind="query-params")
    return exports[names.index(name)]


def _row(export):
    try:
        request = export.request
        made_of = {"model": request.model_name, "gallery": request.gallery_name, "weights": request.precision}
    except SkushareError:
        made_of = {"model": "", "gallery": "", "weights": ""}
    status, _ = export.condition()
    files = export.report().files if status == FINISHED else ()
    return {
        "export": export.name,
        "status": status,
        **made_of,
        "size": files["bytes"].sum() if len(files) else None,
        "made": pd.Timestamp(export.created, unit="s", tz="UTC"),
    }


def show_export(export):
    """An export as it stands, and what can be done with it."""
    status, reason = export.condition()
    icon, color = ICONS[status]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(plain(export.name), anchor=False, width="content")
        st.badge(status, color=color, icon=icon)
    try:
        _tell_request(export)
        if status == RUNNING:
            poll(_watch, POLL_SECONDS, export)
        elif status == FINISHED:
            _show_finished(export)
        else:
            _tell_end(export, status, reason)
    except SkushareError as error:
        show_error(error)
    if status != RUNNING:
        _offer_deletion(export)


def _tell_request(export):
    request = export.request
    gallery = f"gallery {request.gallery_name}" if request.gallery_name else "no gallery"
    made = there(datetime.fromtimestamp(export.created, timezone.utc))
    parts = (
        request.model_name,
        gallery,
        request.precision,
        f"files of {request.shard_bytes >> 20} MB",
        f"{made:%Y-%m-%d %H:%M}",
    )
    st.caption(plain(", ".join(parts)))


def _watch(export):
    status, reason = export.condition()
    if status != RUNNING:
        st.rerun()
    text, fraction = export.progress()
    since = time.time() - export.created
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(fraction, text=plain(f"{reason or text}, {since:.0f} s"))
        ending = bool(reason) or fraction == 1  # at 1 all is written
        if st.button("Cancel", icon=":material/stop:", disabled=ending, key="export_cancel"):
            export.cancel()
            st.rerun()
    st.caption("It goes on when you leave this page.")


def _tell_end(export, status, reason):
    if status == CANCELLED:
        st.info("It was cancelled.", icon=ICONS[status][0])
    elif status == INTERRUPTED:
        st.warning(plain(reason[:1].upper() + reason[1:]) + ". Export again.", icon=ICONS[status][0])
    else:
        st.error(plain(reason or "It failed."), icon=ICONS[status][0])
    if text := export.log():
        log = st.expander("Log", icon=":material/article:")
        with log.container(height=300, border=False, autoscroll=True):  # the newest line is the last
            st.code(text, language=None, wrap_lines=True)


def _show_finished(export):
    report = export.report()
    _show_sizes_in_short(export, report)
    with st.container(horizontal=True):
        st.download_button(
            "Download as a zip",
            export.zipped,  # made and read when it is asked for
            f"{export.name}.zip",
            "application/zip",
            icon=":material/download:",
            on_click="ignore",
            help="A whole project: put it on any static host, on GitHub Pages, or open it in CodeSandbox.",
        )
        _offer_serving(export)
    _show_phones(export)
    views = {"Try it here": _show_preview, "Checks": _show_checks, "Sizes": _show_sizes}
    show_tabs(views, "export_tab", export, report)


def _show_sizes_in_short(export, report):
    if not len(report.files):
        return
    kept = report.files[report.files["path"].isin(export.kept())]
    failed = sum(passed is False for _, passed, _ in report.checks)
    passed = sum(passed is True for _, passed, _ in report.checks)
    with st.container(horizontal=True):
        st.metric(
            "Folder",
            megabytes(report.files["bytes"].sum()),
            border=True,
            help="With the sources and documents, which a phone does not load.",
        )
        st.metric("Kept by the phone", megabytes(kept["bytes"].sum()), border=True)
        packed = megabytes(kept["gzip bytes"].sum())
        st.metric("Sent to it", packed, border=True, help="The same, compressed by gzip.")
        st.metric("Checks passed", f"{passed} of {passed + failed}", border=True)
    if failed:
        st.error("Not all checks passed; see Checks before you give it to anyone.", icon=":material/error:")


def megabytes(size):
    """``size`` in bytes for people."""
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.1f} kB"


def _offer_serving(export):
    if servers().get(export.bundle, PHONES):
        st.button(
            "Stop serving",
            icon=":material/stop:",
            on_click=partial(servers().stop, str(export.bundle), PHONES),
            key="export_stop_serving",
        )
    elif st.button(
        "Serve to phones",
        type="primary",
        icon=":material/phone_android:",
        key="export_serve",
        help="Opens the bundle, not this app, to everyone on your network, by https.",
    ):
        servers().for_phones(export.bundle)
        st.rerun()


def _show_phones(export):
    served = servers().get(export.bundle, PHONES)
    if served is None:
        return
    addresses, trust = phone_addresses(served)
    with st.container(border=True):
        code, text = st.columns([1, 2], vertical_alignment="center")
        code.image(qr_svg(addresses[0]), width=220)
        with text:
            st.markdown("**Scan this with a phone in the same network**")
            for address in addresses:
                st.markdown(f"[{plain(address)}]({address})")
            st.markdown(
                "The phone warns once that it does not know this computer; go on to the page. Without the "
                f"warning, and without a network later on: open [{plain(trust)}]({trust}) on the phone first."
            )
            st.caption(f"SHA-256 of the certificate: {served.certificate.fingerprint}")


def _show_preview(export, report):
    preview = preview_of(export.bundle, st.context.url)
    if preview.framed:
        with st.container(border=True):
            st.iframe(preview.address, height=PREVIEW_HEIGHT)
    if preview.address:
        st.link_button("Open it in a tab", preview.address, icon=":material/open_in_new:")
    if preview.note:
        st.caption(preview.note)


def _show_checks(export, report):
    if not report.checks:
        st.info("The exporter left no report.", icon=":material/help:")
    signs = {
        True: ":green[:material/check:]",
        False: ":red[:material/close:]",
        None: ":gray[:material/remove:]",
    }
    for name, passed, text in report.checks:
        st.markdown(f"{signs[passed]} **{plain(name)}**  \n{plain(text)}")
    if len(report.accuracy):
        st.markdown("##### Accuracy by precision")
        st.dataframe(report.accuracy, hide_index=True)
    if report.timings:
        st.markdown("##### Times")
        rows = [{"what": name, "value": value} for name, value in report.timings.items()]
        st.dataframe(pd.DataFrame(rows), hide_index=True)


def _show_sizes(export, report):
    if not len(report.files):
        st.info("The exporter left no list of files.", icon=":material/help:")
        return
    shown = st.column_config.NumberColumn(format="bytes")
    columns = {"size": shown, "compressed": shown}
    names = {"bytes": "size", "gzip bytes": "compressed"}
    st.dataframe(
        report.sizes().rename(columns=names), hide_index=True, height="content", column_config=columns
    )
    st.markdown("##### Every file")
    files = report.files.rename(columns={"path": "file", **names}).sort_values("size", ascending=False)
    st.dataframe(files, hide_index=True, height=420, column_config=columns)


def _offer_deletion(export):
    key = f"export_delete_{export.name}"  # else a second click would delete the export chosen next
    with st.popover("Delete", icon=":material/delete:", key=f"{key}_ask"):
        st.markdown(f"Delete **{plain(export.name)}** with all its files?")
        if st.button("Delete for good", type="primary", icon=":material/delete:", key=key):
            servers().stop(str(export.bundle))
            try:
                export.delete()
            except SkushareError as error:
                show_error(error)
                return
            st.rerun()
