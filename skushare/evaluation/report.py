"""Everything an evaluation knows, as files for spreadsheets and other programs."""

import io
import json
import math
import zipfile

import pandas as pd

from skushare.detector.batch import Found
from skushare.results import to_coco
from skushare.spreadsheet import to_csv


def tables(result, scored, min_score):
    """The tables of an evaluation by name.

    Args:
        result: a ``Result``; scored: what its ``scored`` gave.
        min_score: the threshold that photos, sizes, densities and classes are counted at.

    Returns:
        {name: DataFrame}; ``classes`` and ``confusion`` only with several classes.
    """
    named = {
        "photos": result.photos(min_score),
        "sizes": result.by_size(min_score, scored),
        "densities": result.by_density(min_score, scored),
        "precision_recall": result.precision_recall(),
        "calibration": result.calibration(),
        "counting": result.counting(),
    }
    if len(result.labels) > 1:
        named["classes"] = result.by_class(min_score, scored)
        confusion = result.confusion(min_score).rename_axis("true class")
        named["confusion"] = confusion.reset_index(allow_duplicates=True)
    return named


def figures_json(row, failures=()):
    """``row`` of figures as JSON bytes, with the photos that could not be evaluated."""
    values = {name: _plain(value) for name, value in row.items()}
    return json.dumps({**values, "not_evaluated": list(failures)}, indent=2).encode()


def figures_csv(row):
    """``row`` of figures as CSV bytes."""
    return to_csv(pd.DataFrame([row]))


def predictions_json(result):
    """All detections of at least ``LEAST_SCORE`` as COCO JSON bytes."""
    photos = zip(result.samples, result.found, strict=True)
    return to_coco([Found(s.path.name, s.width, s.height, d) for s, d in photos], result.labels).encode()


def files(row, result, scored, min_score, failures=()):
    """{file name: bytes} of all of the above."""
    named = tables(result, scored, min_score)
    return {
        "figures.json": figures_json(row, failures),
        "figures.csv": figures_csv(row),
        **{f"{name}.csv": to_csv(table.round(4)) for name, table in named.items()},
        "predictions.json": predictions_json(result),
    }


def archive(named):
    """The files of :func:`files` as the bytes of one zip."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as folder:
        for name, content in named.items():
            folder.writestr(name, content)
    return target.getvalue()


def _plain(value):
    return None if isinstance(value, float) and math.isnan(value) else value
