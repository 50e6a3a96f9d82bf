"""What the segments of a JPEG file tell without decoding it: its kind, and whether it is whole."""

_SUPPORTED = (0xC0, 0xC1, 0xC2, 0xC3, 0xC9, 0xCA)  # markers of frames that are read, where they have 8 bits
# Markers of frames that no decoder here reads.
_UNSUPPORTED = {0xCB: "lossless, arithmetic-coded", 0xF7: "JPEG-LS"} | dict.fromkeys(
    (0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF, 0xDE), "hierarchical"
)


def unsupported_kind(data):
    """The kind of the JPEG in ``data``, bytes, if no decoder here reads it, in words; else empty."""
    for marker, at in _segments(data) if data[:2] == b"\xff\xd8" else ():
        if marker in _UNSUPPORTED:
            return _UNSUPPORTED[marker]
        if marker in _SUPPORTED:
            bits = int.from_bytes(data[at + 4 : at + 5], "big")
            return f"{bits} bits a sample" if bits != 8 and 2 <= bits <= 16 else ""
    return ""


def has_end(data):
    """Whether a JPEG's end marker follows its scan; decoders take zeros in its place for grey."""
    *_, (_, at) = _segments(data)
    return data.find(b"\xff\xd9", at) >= 0


def _segments(data):
    """(marker, its place) of each segment of a JPEG; at last, of what follows them, (``None``, its place)."""
    at = 2
    while data[at : at + 1] == b"\xff" and data[at + 1 : at + 2] not in (b"", b"\xda"):
        yield data[at + 1], at
        at += 1 if data[at + 1] == 0xFF else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    yield None, at
