"""What visitors have in hand, which a reload of the page does not lose."""

import secrets
import threading
from collections import Counter


class Visits:
    """What each visitor has in hand, under a token that nobody guesses; a reloaded page finds its own.

    What was longest not asked for is let go once all together weigh more than ``most``. All methods may be
    called from any thread.

    Args:
        most: weight that is kept; the newest stays, however heavy.
        copy: makes one that changes by itself from then on.
        weigh: weight of a list of them together, where copies of one share what is heavy; default: each
            weighs 1, and copies of one are let go before what others have, as each reload leaves one.
    """

    def __init__(self, most, copy, weigh=None):
        self.most = most
        self._copy, self._weigh, self._sharing = copy, weigh or len, weigh is not None
        self._kept, self._using = {}, threading.Lock()  # {token: what is kept}, the last used one last
        self._origins = {}  # {token: the one that it goes back to by copies}

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

    def keep(self, wanted, opened=None):
        """Keep ``wanted``; gives its token, the same each time.

        Args:
            opened: the token by which :meth:`open` gave it, if it did.
        """
        with self._using:
            token = next((token for token, kept in self._kept.items() if kept is wanted), None)
            token = token or secrets.token_urlsafe(16)
            self._kept.pop(token, None)
            self._kept[token] = wanted
            self._origins.setdefault(token, self._origins.get(opened, token))
            while len(self._kept) > 1 and self._weigh(list(self._kept.values())) > self.most:
                del self._kept[self._next_to_go()]
            self._origins = {each: self._origins[each] for each in self._kept}
            return token

    def _next_to_go(self):
        if self._sharing:
            return next(iter(self._kept))
        (most, _), *_ = Counter(self._origins[token] for token in self._kept).most_common(1)
        return next(token for token in self._kept if self._origins[token] == most)

    def drop(self, unwanted):
        """Keep ``unwanted`` no longer."""
        with self._using:
            self._kept = {token: kept for token, kept in self._kept.items() if kept is not unwanted}
