"""What the detections on labelled photos are worth: figures, tables and the photos themselves."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from skushare.dataset.dataset import joined_labels
from skushare.dataset.label_text import clean_text
from skushare.evaluation import coco
from skushare.evaluation.counting import best_threshold, counting_curve, counting_error
from skushare.evaluation.curves import calibration, precision_recall
from skushare.evaluation.matching import IOU, Outcome, judged, match
from skushare.workspace import free_name

DENSITIES = (50, 100, 150, 200)  # facings a photo, upper bounds of the bands
_COUNTS = ("facings", "found", "error", "right", "misnamed", "false", "missed")
_RATES = ("precision", "recall", "f1")
MISSED, NOTHING = "(missed)", "(no facing)"


@dataclass(frozen=True, eq=False)
class Result:
    """Detections beside the truth, for all photos of a dataset.

    A facing counts as found from an IoU of .5 on, whatever its class; each true box
    counts once.

    Attributes:
        samples: tuple of ``Sample``; found: list of ``Detections``, one each, with all
            doubtful ones.
        labels: names of the class ids of both; one name where classes are not compared.
    """

    samples: tuple
    found: list
    labels: tuple

    @classmethod
    def of(cls, dataset, labels, found):
        """Bring the classes of a dataset and of a model together.

        Args:
            dataset: a ``Dataset``; found: list of ``Detections`` for its samples.
            labels: class names of the model.

        Where one of the two knows a single class, all count as that one. Regions to be ignored, and what
        was found in them, are left out.
        """
        found = [judged(s, d) for s, d in zip(dataset.samples, found, strict=True)]
        dataset = replace(dataset, samples=tuple(s.facings for s in dataset.samples))
        if len(labels) == 1 or len(dataset.labels) == 1:
            found = [replace(d, class_ids=np.zeros(len(d))) for d in found]
            return cls(dataset.as_one_class().samples, found, ("facing",))
        names = joined_labels([dataset.labels, labels])
        said = np.array([names.index(label) for label in labels], np.int32)
        found = [replace(d, class_ids=said[d.class_ids]) for d in found]
        return cls(dataset.with_labels(names).samples, found, names)

    @property
    def truths(self):
        """True boxes of each photo."""
        return [sample.boxes for sample in self.samples]

    @property
    def counts(self):
        """(n,) true facings of each photo."""
        return np.array([len(sample.boxes) for sample in self.samples], int)

    @cached_property
    def matches(self):
        """For each photo, the index of each detection's true box, -1 for a wrong one."""
        return [match(t, d, [IOU])[0] for t, d in zip(self.truths, self.found, strict=True)]

    @cached_property
    def scores(self):
        """(d,) scores of all detections."""
        return np.concatenate([np.zeros(0, np.float32), *(d.scores for d in self.found)])

    @cached_property
    def hits(self):
        """(d,) bool, whether each of all detections is right."""
        return np.concatenate([np.zeros(0, int), *self.matches]) >= 0

    def outcome(self, photo, min_score):
        """The :class:`Outcome` of photo number ``photo``."""
        found, sample = self.found[photo], self.samples[photo]
        keep = found.scores >= min_score
        return Outcome(found[keep], self.matches[photo][keep], sample.boxes, sample.class_ids)

    def scored(self, resamples=1000):
        """What holds at every threshold, as plain JSON values; takes seconds.

        Args:
            resamples: bootstrap resamples of photos for the interval of AP; 0 for none.

        Returns:
            dict of dicts of figures, ``precision`` (AP and its relatives), ``counting`` (the best
            threshold) and ``other``; and of the AP of ``sizes``, ``densities`` and ``classes``, lists
            of dicts, NaN where there is no true box.
        """
        sides = [max(s.width, s.height) for s in self.samples]
        sizes = coco.size_precisions(self.truths, self.found, sides)
        threshold, least = best_threshold(self.counts, self.found)
        other = {
            "ece": calibration(self.scores, self.hits)[1],
            **{f"AP_{name}": values["AP"] for name, values in sizes.items()},
        }
        classes, class_ap = self.class_precisions()
        if classes:
            other["class_AP"] = class_ap
        densities = []
        for rows in self._density_bands():
            photos = [self.truths[i] for i in rows], [self.found[i] for i in rows]
            densities.append(coco.average_precision(*photos))
        return {
            "precision": coco.average_precision(self.truths, self.found, resamples=resamples),
            "counting": {"best_score": threshold, "best_mae": least},
            "other": other,
            "sizes": list(sizes.values()),
            "densities": densities,
            "classes": classes,
        }

    def class_precisions(self):
        """The AP of each class, dicts as of ``coco.class_precisions``, and their mean; [] and NaN of one."""
        if len(self.labels) < 2:
            return [], float("nan")
        ids = [s.class_ids for s in self.samples]
        classes = coco.class_precisions(self.truths, ids, self.found, len(self.labels))
        present = [c["AP"] for c in classes if not np.isnan(c["AP"])]
        return classes, float(np.mean(present)) if present else float("nan")

    def at(self, min_score):
        """Precision, recall, ``f1`` and the counting error at ``min_score``."""
        errors = counting_error(self.counts, self.found, min_score)
        right = int(self.hits[self.scores >= min_score].sum())
        return {
            "min_score": min_score,
            "count_mae": errors["MAE"],
            "count_rmse": errors["RMSE"],
            "count_bias": errors["bias"],
            "count_mape": errors["MAPE"],
            **_rates(right, int((self.scores >= min_score).sum()), int(self.counts.sum())),
        }

    def photos(self, min_score):
        """One row a photo: counts, their error, right, misnamed, false and missed boxes, and rates.

        ``right`` are those in the right place, ``misnamed`` those among them of another
        class. The index is the number of the photo.
        """
        rows = []
        for i, sample in enumerate(self.samples):
            outcome = self.outcome(i, min_score)
            found, facings, missed = len(outcome.detections), len(sample.boxes), len(outcome.missed)
            right = facings - missed
            rows.append(
                {
                    "photo": clean_text(sample.path.name),
                    "facings": facings,
                    "found": found,
                    "error": found - facings,
                    "right": right,
                    "misnamed": len(outcome.misnamed),
                    "false": found - right,
                    "missed": missed,
                    **_rates(right, found, facings),
                }
            )
        table = pd.DataFrame(rows, columns=["photo", *_COUNTS, *_RATES])
        return table if len(self.labels) > 1 else table.drop(columns="misnamed")

    def by_size(self, min_score, scored):
        """One row a size of COCO's with its true facings, their AP and the recall at ``min_score``.

        ``scored``: of :meth:`scored`.
        """
        sides = [max(s.width, s.height) for s in self.samples]
        bands = np.concatenate([np.zeros(0, int), *coco.size_bands(self.truths, sides)])
        taken = np.concatenate([np.zeros(0, bool), *self._taken(min_score)])
        rows = []
        for number, (name, values) in enumerate(zip(coco.SIZES, scored["sizes"], strict=True)):
            inside = bands == number
            recall = taken[inside].mean() if inside.any() else float("nan")
            rows.append({"size": name, "facings": int(inside.sum()), **values, "recall": recall})
        return pd.DataFrame(rows)

    def by_density(self, min_score, scored):
        """One row a band of facings a photo, with AP, precision, recall and counting error.

        ``scored``: of :meth:`scored`.
        """
        photos, rows = self.photos(min_score), []
        for name, band, values in zip(
            _density_names(), self._density_bands(), scored["densities"], strict=True
        ):
            if not len(band):
                continue
            part = photos.loc[band]
            rates = _rates(part["right"].sum(), part["found"].sum(), part["facings"].sum())
            counting = {"count MAE": part["error"].abs().mean(), "count bias": part["error"].mean()}
            head = {"facings a photo": name, "photos": len(part), "facings": int(part["facings"].sum())}
            rows.append(head | values | {k: rates[k] for k in ("precision", "recall")} | counting)
        return pd.DataFrame(rows)

    def by_class(self, min_score, scored):
        """One row a class, where there are several: AP, and precision and recall of place and class together.

        ``scored``: of :meth:`scored`.
        """
        table, rows = self.confusion(min_score).to_numpy(), []
        for k, values in enumerate(scored["classes"]):
            facings, found = int(table[k].sum()), int(table[:, k].sum())
            rates = _rates(int(table[k, k]), found, facings)
            row = {"class": self.labels[k], "facings": facings, "found": found, **values}
            rows.append(row | {name: rates[name] for name in ("precision", "recall")})
        return pd.DataFrame(rows)

    def confusion(self, min_score):
        """Counts of true class (rows) by class said (columns), with the missed and the false ones."""
        size = len(self.labels)
        table = np.zeros((size + 1, size + 1), int)
        for i, sample in enumerate(self.samples):
            outcome = self.outcome(i, min_score)
            said, matches = outcome.detections.class_ids, outcome.matches
            true = np.append(sample.class_ids, size)[matches]  # -1 takes the last: no facing
            np.add.at(table, (true, said), 1)
            missed = np.delete(sample.class_ids, matches[matches >= 0])
            np.add.at(table, (missed, np.full(len(missed), size)), 1)
        # A class may have either name.
        nothing, missed = (free_name(name, self.labels) for name in (NOTHING, MISSED))
        return pd.DataFrame(table, index=[*self.labels, nothing], columns=[*self.labels, missed])

    def precision_recall(self):
        """See :func:`~skushare.evaluation.curves.precision_recall`."""
        return precision_recall(self.scores, self.hits, int(self.counts.sum()))

    def calibration(self):
        """The table of :func:`~skushare.evaluation.curves.calibration`."""
        return calibration(self.scores, self.hits)[0]

    def counting(self):
        """See :func:`~skushare.evaluation.counting.counting_curve`."""
        return counting_curve(self.counts, self.found)

    def _taken(self, min_score):
        """For each photo, whether each true box was found."""
        for i, boxes in enumerate(self.truths):
            taken = np.zeros(len(boxes), bool)
            matches = self.matches[i][self.found[i].scores >= min_score]
            taken[matches[matches >= 0]] = True
            yield taken

    def _density_bands(self):
        """Numbers of the photos of each band of ``DENSITIES``."""
        band = np.digitize(self.counts, DENSITIES, right=True)
        return [np.flatnonzero(band == number) for number in range(len(DENSITIES) + 1)]


def _density_names():
    bounds = [f"{low + 1} to {high}" for low, high in zip((-1, *DENSITIES), DENSITIES, strict=False)]
    return [*bounds, f"over {DENSITIES[-1]}"]


def _rates(right, found, facings):
    """Precision, recall and their harmonic mean; NaN where there is nothing to divide by."""
    pairs = {"precision": (right, found), "recall": (right, facings), "f1": (2 * right, found + facings)}
    return {name: float(part / whole) if whole else float("nan") for name, (part, whole) in pairs.items()}
