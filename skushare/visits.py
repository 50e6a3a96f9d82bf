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
        weigh: weight of a list of them together; default: each weighs 1.
    """

    def __init__(self, most, copy, weigh=len):
        self.most = most
        self._copy, self._weigh = copy, weigh
        self._kept, self._using = {}, threading.Lock()  # {token: what is kept}, the last used one last

    def open(self, token):
        """A copy of what is kept under ``token``, not kept itself so far; ``None`` if there is none.

        A copy, because nobody can tell a reload of its owner from the visit of another to whom the address
        was sent: what either does from then on leaves the other's alone.
        """
        with self._using:
            if token not in self._kept:
                return None
            kept = self._kept[token] = self._kept.pop(token)
            return self._copy(kept)

    def keep(self, wanted):
        """Keep ``wanted``; gives its token, the same each time."""
        with self._using:
            token = next((token for token, kept in self._kept.items() if kept is wanted), None)
            token = token or secrets.token_urlsafe(16)
            self._kept.pop(token, None)
            self._kept[token] = wanted
            while len(self._kept) > 1 and self._weigh(list(self._kept.values())) > self.most:
                del self._kept[next(iter(self._kept))]
            return token

    def drop(self, unwanted):
        """Keep ``unwanted`` no longer."""
        with self._using:
            self._kept = {token: kept for token, kept in self._kept.items() if kept is not unwanted}
