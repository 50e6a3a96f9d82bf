"""What watches a training run."""


class Observer:
    """Told of everything a run does; each of these does nothing until a subclass has a use for it."""

    def began(self, step, validated, steps):
        """Training goes on from ``step``, last validated at step ``validated``, to ``steps``."""

    def stepped(self, step, losses):
        """``step`` is done; ``losses`` is {name: float} of its batch."""

    def validating(self, step):
        """Validation begins."""

    def validated(self, step, row, pictures):
        """Validation is over.

        Args:
            step: that was validated; row: {name: number} of its figures.
            pictures: the same few photos each time, (h, w, 3) uint8 RGB with predicted boxes drawn.
        """

    def ended(self):
        """The last call, when training is over or was stopped, but not by an error."""

    def stopping(self):
        """Whether the run shall save and end after this step."""
        return False
