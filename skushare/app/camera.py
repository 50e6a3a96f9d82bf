"""The visitor's camera: whether the browser can give it, and the stream of its frames."""

import streamlit as st
import streamlit_webrtc.relay
from streamlit.errors import StreamlitSecretNotFoundError
from streamlit_webrtc import WebRtcMode, webrtc_streamer
from streamlit_webrtc.webrtc import SignallingTimeoutError

from skushare.app.component import component
from skushare.app.navigation import stay
from skushare.errors import ConfigError
from skushare.live.connection import NO_ROUTE, ice_servers, is_insecure
from skushare.live.video import CONSTRAINTS, ShortRelay, frame_callback

# streamlit-webrtc makes its one relay of this name when the first stream starts, and has no setting for it.
streamlit_webrtc.relay.MediaRelay = ShortRelay

STREAM = "camera"  # its key in the session
_TEXTS = {
    "start": "Start the camera",
    "stop": "Stop",
    "select_device": "Choose a camera",
    "media_api_not_available": "The browser gives no camera to a page without https.",
    "device_ask_permission": "Allow the camera in the question your browser asks.",
    "device_not_available": "No camera can be used. Is another program using it?",
    "device_access_denied": "The camera is blocked for this page. Allow it beside the address, then reload.",
}


def camera_status():
    """``ready``, or a key of ``ADVICE``; ``None`` before the browser has answered."""
    if is_insecure(st.context.url):
        return "insecure"
    answer = component("camera_status")(key="camera_status", height=0, on_status_change=lambda: None)
    return answer.get("status")


def camera_stream(session):
    """Start and stop buttons and the picture with boxes; every frame goes through ``session``.

    Returns:
        The stream; its ``state`` has ``playing`` and ``signalling`` and moves on by itself.
    """
    _keep_through_cut_runs()
    try:
        return webrtc_streamer(
            key=STREAM,
            mode=WebRtcMode.SENDRECV,
            rtc_configuration={"iceServers": _servers()},
            media_stream_constraints=CONSTRAINTS,
            video_frame_callback=frame_callback(session),
            async_processing=True,  # the newest frame wins, none queue
            video_html_attrs={
                "autoPlay": True,
                "playsInline": True,
                "muted": True,
                "style": {"width": "100%"},
            },
            media_toggle_controls=False,
            translations=_TEXTS,
        )
    except SignallingTimeoutError:
        st.error(NO_ROUTE, icon=":material/signal_disconnected:")
        st.stop()


def without_stream():
    """Note that this run of the page shows no stream, so that a later one starts a new one."""
    st.session_state.pop("camera_stay", None)


def _keep_through_cut_runs():
    """Keep the stream alive when a run of the page is cut short before it reaches the stream.

    streamlit-webrtc takes a stream that a run has not shown for one whose page was left, and stops it. But a
    run is cut short whenever the next one is asked for, as the starting stream does several times.
    """
    state = st.session_state
    if STREAM in state and state.get("camera_stay") == stay():
        state[STREAM]._last_rendered_run_count = None  # as not yet shown: nothing was missed
    state.camera_stay = stay()


def _servers():
    try:
        return ice_servers(st.secrets)
    except StreamlitSecretNotFoundError:
        return []
    except ConfigError as error:
        st.error(str(error), icon=":material/error:")
        return []
