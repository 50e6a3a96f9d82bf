"""The text format of protocol buffers, read without the messages' definitions."""

from typing import NamedTuple

from google.protobuf import text_format

from skushare.errors import ConfigError

DEEPEST = 32  # levels of nested messages; a sane file has under ten


class Entry(NamedTuple):
    """One value of a file, or a message without any.

    Attributes:
        path: names of the fields that lead to it, as ``model.ssd.num_classes``.
        value: a str, int or float, a name (``true``, an enum's) as str, or ``None`` for an empty message.
        line: where it stands, from 1.
        quoted: ``value`` is a string, not a name.
    """

    path: str
    value: object
    line: int
    quoted: bool = False


def parse(text):
    """All :class:`Entry` of ``text``, in its order.

    Raises:
        ConfigError: it is not the text format; the message tells the line.
    """
    tokens = text_format.Tokenizer(text.split("\n"))
    try:
        return _entries(tokens)
    except text_format.ParseError as error:
        raise ConfigError(f"line {error.GetLine()}: {str(error).split(' : ', 1)[-1]}") from None


def _entries(tokens):
    entries, messages = [], []  # messages: those that are open, as (name, closing, line, entries so far)
    while not tokens.AtEnd():
        if messages and tokens.TryConsume(messages[-1][1]):
            *_, line, before = messages[-1]
            if len(entries) == before:
                entries.append(Entry(".".join(name for name, *_ in messages), None, line))
            messages.pop()
        else:
            name, line = tokens.ConsumeIdentifier(), tokens.ParseErrorPreviousToken("").GetLine()
            colon = tokens.TryConsume(":")
            closing = {"{": "}", "<": ">"}.get(tokens.token)
            if closing:
                if len(messages) == DEEPEST:
                    raise tokens.ParseError(f"more than {DEEPEST} messages inside each other")
                tokens.NextToken()
                messages.append((name, closing, line, len(entries)))
                continue
            if not colon:
                raise tokens.ParseError(f'Expected ":" after "{name}"')
            path = ".".join([name for name, *_ in messages] + [name])
            entries += [Entry(path, value, line, quoted) for value, quoted in _values(tokens)]
        tokens.TryConsume(",") or tokens.TryConsume(";")
    if messages:
        name, closing, line, _ = messages[-1]
        raise ConfigError(f'line {line}: "{name}" has no closing "{closing}"')
    return entries


def _values(tokens):
    """The values from here on: one, or those of a list in brackets."""
    if not tokens.TryConsume("["):
        return [_value(tokens)]
    values = []
    while not tokens.TryConsume("]"):
        if values:
            tokens.Consume(",")
        values.append(_value(tokens))
    return values


def _value(tokens):
    """(value, whether it is a string)."""
    if tokens.token[:1] in ("'", '"'):
        return tokens.ConsumeString(), True
    for consume in (tokens.ConsumeInteger, tokens.ConsumeFloat):
        try:
            return consume(), False
        except text_format.ParseError:
            pass
    return tokens.ConsumeIdentifier(), False
