"""The curves and pictures of a run as event files for TensorBoard."""

import socket
import time

from skushare.jpeg import encode_jpeg
from skushare.training.observer import Observer
from skushare.training.runs import EVENTS

SCALARS_EVERY = 10  # steps


class EventLog(Observer):
    """Writes what a run tells as TensorBoard events, with no need of TensorFlow.

    Args:
        folder: of the run; the events lie in its folder ``events``, a file for each time it was started.
    """

    def __init__(self, folder):
        self.folder = folder / EVENTS

    def began(self, step, validated, steps):
        from tensorboard.compat.proto.event_pb2 import SessionLog
        from tensorboard.summary.writer.record_writer import RecordWriter

        self.folder.mkdir(exist_ok=True)
        name = f"events.out.tfevents.{time.time():.3f}.{socket.gethostname()}"
        self.writer = RecordWriter((self.folder / name).open("wb"))
        self._write(0, file_version="brain.Event:2")
        # Makes TensorBoard drop the steps that a crash undid.
        self._write(step + 1, session_log=SessionLog(status=SessionLog.START))

    def stepped(self, step, losses):
        if step % SCALARS_EVERY == 0:
            self._scalars(step, {f"train/{name}": value for name, value in losses.items()})

    def validated(self, step, row, pictures):
        self._scalars(step, {f"validation/{name}": value for name, value in row.items()})
        from tensorboard.compat.proto.summary_pb2 import Summary

        shown = []
        for number, picture in enumerate(pictures, 1):
            height, width = picture.shape[:2]
            image = Summary.Image(
                height=height, width=width, colorspace=3, encoded_image_string=encode_jpeg(picture)
            )
            shown.append(Summary.Value(tag=f"predictions/{number}", image=image))
        self._write(step, summary=Summary(value=shown))

    def ended(self):
        self.writer.close()

    def _scalars(self, step, values):
        from tensorboard.compat.proto.summary_pb2 import Summary

        shown = [Summary.Value(tag=name, simple_value=value) for name, value in values.items()]
        self._write(step, summary=Summary(value=shown))

    def _write(self, step, **content):
        from tensorboard.compat.proto.event_pb2 import Event

        self.writer.write(Event(wall_time=time.time(), step=step, **content).SerializeToString())
        self.writer.flush()
