"""What a bundle is made of: the list of its files by which it is checked, kept offline and replaced."""

import json
from pathlib import Path

from skushare.export.errors import ExportError
from skushare.export.folder import version_of, walk
from skushare.files import sha256

FORMAT, DESCRIPTION = "skushare bundle 1", "bundle.json"
SERVICE_WORKER = "sw.js"
CARD, EMBEDDER_CARD = "MODEL_CARD.md", "MODEL_CARD.embedder.md"
PROJECT, GOLDEN = "project", "golden"  # folders: the app's sources, pictures with what is found in them
PLACEHOLDER = "self.__SKUSHARE_FILES__"  # in the service worker, for the list of files
# In a bundle, but not part of the app: neither checked as it loads nor kept for when there is no network.
ASIDE = (PROJECT, GOLDEN, "node_modules")
ASIDE_FILES = (
    SERVICE_WORKER,
    DESCRIPTION,
    "README.md",
    "LICENSE",
    "NOTICE",
    CARD,
    EMBEDDER_CARD,
    "package.json",
    "package-lock.json",
    "licenses.txt",
    "report.json",
    "report.md",
)


def read_bundle(folder):
    """The description of the bundle in ``folder``, every file of which is there and undamaged.

    Raises:
        ExportError: it is no bundle, or a file is missing or damaged; the message names it.
    """
    folder = Path(folder)
    try:
        description = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        if description["format"] != FORMAT:
            raise ValueError("its format is unknown; was a newer skushare used?")
        files = {str(path): dict(entry) for path, entry in description["files"].items()}
    except OSError:
        raise ExportError(
            f"{folder}: no bundle (there is no {DESCRIPTION}); make one: skushare export --out {folder}"
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ExportError(
            f"{folder / DESCRIPTION}: not a bundle, or damaged ({error}); export it again"
        ) from None
    for name, entry in files.items():
        path = folder / name
        if not path.is_file():
            raise ExportError(f"{path}: missing; export the bundle again")
        if sha256(path) != entry.get("sha256"):
            raise ExportError(f"{path}: damaged; export the bundle again")
    return description


def finish(folder, description):
    """Complete ``description`` with the files of the bundle in ``folder``, and write what names them.

    That is ``bundle.json``, and the list in the service worker by which the app is kept and replaced as a
    whole. ``web/bundle.mjs`` does the same where there is Node and no Python.

    Returns:
        (whether there is a service worker, what to say of it).
    """
    folder = Path(folder)
    files = {}
    for path in walk(folder):
        name = path.relative_to(folder).as_posix()
        if not name.startswith(".") and name not in ASIDE_FILES and name.split("/")[0] not in ASIDE:
            files[name] = {"sha256": sha256(path), "bytes": path.stat().st_size}
    files = dict(sorted(files.items()))
    description["version"] = version_of({name: entry["sha256"] for name, entry in files.items()})
    description["files"] = files
    (folder / DESCRIPTION).write_text(json.dumps(description, indent=1, ensure_ascii=False), encoding="utf-8")
    listed = [{"url": name, "revision": entry["sha256"]} for name, entry in files.items()]
    listed.append({"url": DESCRIPTION, "revision": sha256(folder / DESCRIPTION)})
    worker = folder / SERVICE_WORKER
    if not worker.is_file():
        return False, f"the app has no {SERVICE_WORKER}: it will not run without a network"
    text = worker.read_text(encoding="utf-8")
    if text.count(PLACEHOLDER) != 1:
        raise ExportError(f"{SERVICE_WORKER}: names {PLACEHOLDER} {text.count(PLACEHOLDER)} times")
    worker.write_text(text.replace(PLACEHOLDER, json.dumps(listed)), encoding="utf-8")
    size = sum(entry["bytes"] for entry in files.values())
    return True, f"keeps {len(listed)} files, {size:,} bytes, for use without a network"
