"""Text of others, as every database, file and page can keep it, and numbers in words."""

import math
import re
import unicodedata

MAX_WORDS = 20_000  # characters of a name or note; longer ones are mistakes
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def tidy(text):
    """``text`` without control and broken characters.

    It is otherwise kept as it was written, whatever it contains, such as the joiners of emoji and scripts;
    where it is shown or exported, it is shown as text.
    """
    return _CONTROLS.sub(" ", str(text)[:MAX_WORDS]).strip()


def tidy_name(text):
    """As :func:`tidy`, on one line and with plain spaces alone: names that read alike are the same name.

    So are letters with marks, which a Mac's folders have in parts (Unicode's NFC).
    """
    return re.sub(r"\s", " ", unicodedata.normalize("NFC", tidy(text))).strip()


def delimiter_of(line):
    """What stands between the columns of a CSV file with this header: spreadsheets differ."""
    return max(",;\t", key=line.count)


def is_delimiter_note(line):
    """Whether ``line`` is Excel's own, ahead of the header, about what stands between the columns."""
    return line[:4].casefold() == "sep="


def counted(number, noun):
    """``number`` with ``noun``, as "1 photo", "1,200 photos", "2 boxes" or "2 classes"."""
    return f"{number:,} {noun}{'' if number == 1 else 'es' if noun[-1] in 'sx' else 's'}"


def percent(share, digits=0):
    """``share``, from 0 to 1, as "31 %". A half goes up, as in tables and charts that a browser writes."""
    scale = 100 * 10**digits
    whole = math.floor(round(share * scale, 6) + 0.5)  # 100 times .145 is a hair less than 14.5
    return f"{whole * 100 / scale:.{digits}f} %"


def told_share(share, margin, digits=0):
    """``share`` with its ``margin``, as "31 % ± 4 %"; without one that is nothing or not known."""
    doubt = f" ± {percent(margin, digits)}" if margin >= 0.005 / 10**digits else ""
    return percent(share, digits) + doubt
