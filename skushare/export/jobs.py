"""Exports to the browser that the app made or is making: each a folder, and a process of its own.

The process is ``skushare export``: TensorFlow and the converter stay out of the app's own, and it goes
on when the page or the app is closed.
"""

import fcntl
import json
import os
import shutil
import signal
import sys
import time
import zipfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from skushare.brands.gallery_files import write_gallery
from skushare.errors import ConfigError, SkushareError
from skushare.export.folder import walk
from skushare.export.manifest import DESCRIPTION
from skushare.export.report import ExportReport
from skushare.files import atomic_write, drop_leftovers, make_folder, read_json, write_file, writing
from skushare.lock import hold, is_held
from skushare.processes import STANDS_BACK, last_words, log_tail, start_detached
from skushare.workspace import checked_name, exports_folder, free_name, plain_name

RUNNING, FINISHED, FAILED = "running", "finished", "failed"
CANCELLED, INTERRUPTED = "cancelled", "interrupted"
REQUEST, PROCESS, LOCK, CANCEL, LOG = "request.json", "process.json", "lock", "cancel", "log.txt"
GALLERY = "gallery.zip"
STARTING = ".lock"  # beside the exports; held while one is started
BUNDLE = "bundle"
COMMAND = (sys.executable, "-m", "skushare", "export")
PATIENCE = 10.0  # seconds that a cancelled process has to end its browser and itself


@dataclass(frozen=True)
class Request:
    """What to export.

    Attributes:
        model: a model's folder; model_name: what people call it.
        gallery_name: of the gallery; empty for none.
        precision, shard_bytes: as of ``export_bundle``.
    """

    model: str
    model_name: str
    gallery_name: str
    precision: str
    shard_bytes: int


@dataclass(frozen=True)
class Export:
    """The export in ``folder``; whatever is asked is read anew."""

    folder: Path

    @property
    def name(self):
        return self.folder.name

    @property
    def bundle(self):
        """The folder that was exported."""
        return self.folder / BUNDLE

    @property
    def request(self):
        """The :class:`Request`; raises ``ConfigError`` where it is damaged."""
        try:
            return Request(**json.loads((self.folder / REQUEST).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise ConfigError(
                f"{self.folder / REQUEST}: cannot be read ({error}); delete this export"
            ) from None

    @property
    def created(self):
        """When it was asked for, in seconds since 1970."""
        with suppress(OSError):
            return (self.folder / REQUEST).stat().st_mtime
        return 0.0

    def condition(self):
        """(``RUNNING``, ``FINISHED``, ``FAILED``, ``CANCELLED`` or ``INTERRUPTED``, why)."""
        if is_held(self.folder / LOCK):
            return RUNNING, "stopping" if (self.folder / CANCEL).exists() else ""
        if self.bundle.is_dir():  # which appears as a whole, when all is done
            return FINISHED, ""
        if (self.folder / CANCEL).exists():
            return CANCELLED, ""
        if reason := last_words(self.folder / LOG):
            return FAILED, reason
        return INTERRUPTED, (
            "its process was killed before it was done, by hand, by a restart, or by the system because "
            "memory ran out"
        )

    def progress(self):
        """(what is being done, share that is done from 0 to 1)."""
        for line in reversed(self.log_tail().splitlines()):
            with suppress(ValueError, KeyError, TypeError):
                told = json.loads(line)
                return str(told["step"]), min(1.0, max(0.0, float(told["fraction"])))
        return "Starting", 0.0

    def report(self):
        """The :class:`ExportReport` of a finished export, empty where it is gone or damaged."""
        return ExportReport.read(self.bundle)

    def kept(self):
        """Paths of the bundle's files that a phone keeps; a set."""
        files = read_json(self.bundle / DESCRIPTION).get("files")
        return set(files) if isinstance(files, dict) else set()

    def log(self):
        """What the process printed, without the lines that tell its progress."""
        lines = self.log_tail(1000).splitlines()
        return "\n".join(line for line in lines if not line.startswith('{"step"'))

    def log_tail(self, lines=40):
        """The last ``lines`` of what the process printed."""
        return log_tail(self.folder / LOG, lines)

    def cancel(self):
        """End the process, and wait until it has; does nothing where there is none."""
        try:
            (self.folder / CANCEL).touch()
        except FileNotFoundError:  # deleted meanwhile
            return
        except OSError as error:
            raise SkushareError(f"{self.folder}: cannot be written ({error.strerror})") from None
        pid = read_json(self.folder / PROCESS).get("pid")
        for number in (signal.SIGTERM, signal.SIGKILL):
            if not is_held(self.folder / LOCK) or not isinstance(pid, int):
                break
            with suppress(ProcessLookupError):
                os.killpg(pid, number)
            end = time.monotonic() + PATIENCE
            while is_held(self.folder / LOCK) and time.monotonic() < end:
                time.sleep(0.05)
        self._tidy()

    def _tidy(self):
        """Delete the half-written bundle that a process left which was killed."""
        if not is_held(self.folder / LOCK):
            for left in self.folder.glob(f".{BUNDLE}*"):
                shutil.rmtree(left, ignore_errors=True)

    def delete(self):
        """Remove it with all its files.

        Raises:
            ConfigError: it is running.
        """
        if self.condition()[0] == RUNNING:
            raise ConfigError(f"{self.name}: is running; cancel it first")
        try:
            for path in self.folder.iterdir():
                if path.name != REQUEST:  # while it is there, what could not be removed is listed
                    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
            shutil.rmtree(self.folder)
        except FileNotFoundError:
            shutil.rmtree(self.folder, ignore_errors=True)  # another tab deletes it, too
        except OSError as error:
            raise SkushareError(
                f"{self.name}: cannot be deleted ({error.strerror}: {error.filename}); mend that first"
            ) from None

    def zipped(self):
        """The bundle as a zip: a file open for reading, made on disk the first time.

        Raises:
            SkushareError: there is no bundle, or the disk is full.
        """
        target = self.folder / f"{self.name}.zip"
        if not target.is_file():
            if not self.bundle.is_dir():
                raise SkushareError(f"{self.bundle}: is gone; export again")
            drop_leftovers(self.folder, f".{target.name}.")
            with (
                atomic_write(target) as handle,
                # Files may be of 1970, where the clock had not been set.
                zipfile.ZipFile(handle, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive,
            ):
                for path in walk(self.bundle):
                    archive.write(path, Path(self.name, path.relative_to(self.bundle)))
        return target.open("rb")


def list_exports():
    """All :class:`Export` of the workspace, the newest first."""
    found = [Export(path.parent.resolve()) for path in exports_folder().glob(f"*/{REQUEST}")]
    return sorted(found, key=lambda export: (export.created, export.name), reverse=True)


def free_export_name(wanted):
    """``wanted`` as the name of a folder, with the first number behind it that no export has, if need be."""
    short = plain_name(wanted)[:60] or "export"  # which leaves room for a number
    return free_name(short, {path.name for path in exports_folder().glob("*")})


def start_export(name, request, gallery=None):
    """Begin to export in a process of its own; returns the :class:`Export`.

    Args:
        gallery: the ``Gallery`` to take along, as it is now.

    Raises:
        ConfigError: the name cannot be used, or an export is running.
        SkushareError: the workspace cannot be written.
    """
    folder = exports_folder() / checked_name(name)
    # Of two tabs that start one at the same moment, the second sees the export of the first.
    with hold(make_folder(exports_folder()) / STARTING, PATIENCE) as mine:
        if folder.exists():
            raise ConfigError(f"{name}: there is an export of this name; choose another")
        if not mine or any(export.condition()[0] == RUNNING for export in list_exports()):
            raise ConfigError("an export is running; wait until it is done, or cancel it")
        for export in list_exports():
            export._tidy()
        with writing(folder):
            folder.mkdir()
            try:
                _begin(folder, request, gallery)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)  # or its name would be taken for ever
                raise
    return Export(folder.resolve())


def _begin(folder, request, gallery):
    """Write what is asked for into ``folder`` and start the process."""
    if gallery is not None:
        write_gallery(gallery, folder / GALLERY)
    write_file(folder / REQUEST, json.dumps(asdict(request)))
    with open(folder / LOCK, "a") as lock, open(folder / LOG, "wb") as log:
        # The process inherits the lock, and it lasts as long as the process, however that ends.
        fcntl.flock(lock, fcntl.LOCK_EX)
        command = [*COMMAND, *_options(folder.resolve(), request)]
        process = start_detached(command, log, niceness=STANDS_BACK, pass_fds=[lock.fileno()])
        try:
            write_file(folder / PROCESS, json.dumps({"pid": process.pid}))
        except BaseException:
            process.kill()
            process.wait()
            raise


def _options(folder, request):
    """The options of ``skushare export``."""
    options = ["--json", "--out", str(folder / BUNDLE), "--model", request.model]
    options += ["--precision", request.precision, "--shard-size", str(request.shard_bytes)]
    return options + (["--gallery", str(folder / GALLERY)] if (folder / GALLERY).exists() else [])
