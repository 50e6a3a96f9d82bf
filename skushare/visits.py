"""What visitors have in hand, which a reload of the page does not lose."""

import secrets
import threading


class Visits:
    """What each visitor has in hand, under a token that nobody guesses; a reloaded page finds its own.

    What was longest not asked for is let go once all together weigh more than ``most``. All methods may be
    called from any thread.

    Args:
        most: weight that is kept; the newest stays, however heavy.
        copy: makes one that changes by itself from then on.
        weight: of one; default: each weighs 1.
    """

    def __init__(self, most, copy, weight=lambda kept: 1):
        self.most = most
        self._copy, self._weight = copy, weight
        self._kept, self._using = {}, threading.Lock()  # {token: what is kept}, the last used one last

    def open(self, token):
        """A copy of what is kept under ``token``, kept in its place; ``None`` if there is none.

        A copy, because whoever kept the other may still be changing it.
        """
        with self._using:
            if token not in self._kept:
                return None
            found = self._kept[token] = self._copy(self._kept.pop(token))
            return found

    def keep(self, wanted):
        """Keep ``wanted``; gives its token, the same each time."""
        with self._using:
            token = next((token for token, kept in self._kept.items() if kept is wanted), None)
            token = token or secrets.token_urlsafe(16)
            self._kept.pop(token, None)
            self._kept[token] = wanted
            while len(self._kept) > 1 and sum(map(self._weight, self._kept.values())) > self.most:
                del self._kept[next(iter(self._kept))]
            return token

    def drop(self, unwanted):
        """Keep ``unwanted`` no longer."""
        with self._using:
            self._kept = {token: kept for token, kept in self._kept.items() if kept is not unwanted}
