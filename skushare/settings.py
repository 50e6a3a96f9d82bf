"""Typed settings: frozen dataclasses that check themselves and go to JSON and back."""

import json
from dataclasses import asdict, fields, is_dataclass
from math import isfinite
from typing import Literal, get_args, get_origin, get_type_hints

from skushare.errors import ConfigError

MOST = 2**32 - 1  # what a seed may be, and far less than a browser's fields can hold


class Settings:
    """Base of a frozen dataclass of settings; its ``__post_init__`` calls :meth:`check_types` first."""

    def check_types(self):
        """Raise ConfigError for the first field whose value does not fit its annotation."""
        for name, hint in get_type_hints(type(self)).items():
            value = getattr(self, name)
            if get_origin(hint) is Literal:
                if value not in get_args(hint):
                    raise ConfigError(f"{name}: one of {', '.join(map(str, get_args(hint)))}, got {value!r}")
            elif hint in (int, float, str, bool):
                allowed = (int, float) if hint is float else hint
                if not isinstance(value, allowed) or (hint in (int, float) and isinstance(value, bool)):
                    raise ConfigError(f"{name}: a value of type {hint.__name__} is needed, got {value!r}")
                if isinstance(value, float) and not isfinite(value):
                    raise ConfigError(f"{name}: a finite number is needed, got {value!r}")
                if hint in (int, float) and isinstance(value, int) and abs(value) > MOST:
                    raise ConfigError(f"{name}: whole numbers to {MOST:,} are possible, got more")
            elif get_origin(hint) is tuple and not isinstance(value, tuple):
                raise ConfigError(f"{name}: a list is needed, got {value!r}")

    def check_rules(self, rules):
        """Raise ConfigError for the first field that breaks its rule.

        ``rules``: {name of a field: (function of its value, what the rule says)}.
        """
        for name, (holds, rule) in rules.items():
            if not holds(getattr(self, name)):
                raise ConfigError(f"{name}: {rule}, got {getattr(self, name)}")

    def to_json(self):
        """These settings as JSON text that :meth:`from_json` reads back."""
        return json.dumps(asdict(self), indent=2)

    @classmethod
    def from_json(cls, text):
        """Read what :meth:`to_json` wrote.

        Raises:
            ConfigError: not JSON, an unknown or missing setting, or a wrong type.
        """
        try:
            values = json.loads(text)
        except json.JSONDecodeError as error:
            raise ConfigError(f"not valid JSON: {error}") from None
        return cls.from_dict(values)

    @classmethod
    def from_dict(cls, values):
        """Build from plain values (lists for tuples). Raises ConfigError as :meth:`from_json`."""
        return _build(cls, values, "")


def _build(cls, values, prefix):
    if not isinstance(values, dict):
        raise ConfigError(f"{prefix or 'configuration'}: an object with settings is needed, got {values!r}")
    hints = get_type_hints(cls)
    known = {f.name for f in fields(cls)}
    if unknown := sorted(set(values) - known):
        raise ConfigError(f"unknown setting {prefix}{unknown[0]}; known: {', '.join(sorted(known))}")
    built = {}
    for name, value in values.items():
        nested = is_dataclass(hints[name])
        built[name] = _build(hints[name], value, f"{prefix}{name}.") if nested else _tuples(value)
    try:
        return cls(**built)
    except TypeError as error:
        raise ConfigError(f"{prefix or 'configuration: '}{str(error).split(') ')[-1]}") from None


def _tuples(value):
    return tuple(_tuples(v) for v in value) if isinstance(value, (list, tuple)) else value
