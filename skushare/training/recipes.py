"""The recipes to choose from: each a network and how to train it."""

from dataclasses import dataclass, replace

from skushare.detector.config import DetectorConfig
from skushare.detector.models import DEFAULT_MODEL
from skushare.detector.presets import SHELF_DENSE, SSD_MOBILENET_V2_320
from skushare.errors import ConfigError
from skushare.training.config import TrainingConfig
from skushare.training.plan import are_new, known_labels

EPOCHS = 40  # that a run of our own recipes takes ...
FEWEST, MOST = 100, 6000  # ... within these steps
# Of new classes: for some 500 steps a network tells none apart (`benchmarks/classes_apart.py`).
FEWEST_APART = 1500
VALIDATIONS = 12
# Of weights that know shelves, and the classes if they are told apart: more of it loses what they know, and
# teaches as little that is new (`benchmarks/fine_tuning.py`).
TUNING_RATE = 5e-4


@dataclass(frozen=True)
class Recipe:
    """A network and how to train it.

    Attributes:
        name: on the command line; title, text: for people.
        detector: ``DetectorConfig``; training: ``TrainingConfig``.
        weights: to start from, as in a ``Plan``.
        as_it_is: the settings are somebody's own and stay so whatever the data.
    """

    name: str
    title: str
    text: str
    detector: DetectorConfig
    training: TrainingConfig = TrainingConfig()
    weights: str = "imagenet"
    as_it_is: bool = False

    def training_for(self, photos, weights="", labels=()):
        """As :meth:`lasting`, of a length for so many ``photos``.

        ``labels``: names of the classes to tell apart; none where all are taught as one.
        """
        fewest = FEWEST_APART if are_new(labels, weights) else FEWEST
        steps = min(max(round(EPOCHS * photos / self.training.batch_size), fewest), MOST)
        return self.training if self.as_it_is else self.lasting(steps, weights, labels)

    def lasting(self, steps, weights="", labels=()):
        """The ``TrainingConfig`` for so many ``steps``; what hangs on their number goes with it.

        ``weights``: to start from, as in a ``Plan``; ``labels``: as of :meth:`training_for`.
        """
        if self.as_it_is:
            return replace(self.training, steps=steps)
        tuned, new = bool(known_labels(weights)), are_new(labels, weights)
        return replace(
            self.training,
            steps=steps,
            learning_rate=TUNING_RATE if tuned and not new else self.training.learning_rate,
            warmup_steps=min(self.training.warmup_steps, steps // 10),
            validate_every=-(-steps // VALIDATIONS),
            # An average that reaches far back would mostly be of the weights it began with.
            ema=min(self.training.ema, max(0.0, round(1 - 10 / steps, 4))),
            freeze_batch_norm=tuned,
        )


_RECIPES = (
    Recipe(
        "shelf_dense",
        "Dense shelves",
        "For many small products close together. The best choice for shelves.",
        SHELF_DENSE,
        weights=DEFAULT_MODEL,
    ),
    Recipe(
        "ssd_mobilenet_v2_320",
        "Classic SSD MobileNet v2",
        "The model zoo's network at 320 pixels, trained our way. It misses small products.",
        SSD_MOBILENET_V2_320,
    ),
    Recipe(
        "article",
        "A published article's settings",
        "Those of the article on SKU detection in a browser that this project began with, number by number, "
        "to compare with.",
        # Called 320, but its file resizes to 300.
        replace(SSD_MOBILENET_V2_320, input_size=300, photo_size=300, live_size=300),
        TrainingConfig(
            steps=5000,
            batch_size=48,
            optimizer="momentum",
            learning_rate=0.8,
            warmup_steps=2000,
            warmup_learning_rate=0.13333,
            schedule_steps=50000,
            momentum=0.9,
            weight_decay=4e-5,
            clip_norm=0.0,
            ema=0.0,
            min_scale=0.3,
            max_scale=1.0,
            photometric=False,
        ),
        as_it_is=True,
    ),
)
RECIPES = {recipe.name: recipe for recipe in _RECIPES}


def recipe(name):
    """The :class:`Recipe` called ``name``.

    Raises:
        ConfigError: there is none.
    """
    if name not in RECIPES:
        raise ConfigError(f"no preset called {name!r}; there are: {', '.join(RECIPES)}")
    return RECIPES[name]
