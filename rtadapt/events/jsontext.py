"""JSON as it comes from outside: bytes in, plain Python values out, with nesting bounded before anything recurses.

Owns the strictness: UTF-8 only, no NaN or Infinity, no nesting beyond the limit. Duplicate keys are fine (the last
one counts), and so is a number of any length.
"""

from __future__ import annotations

import json
import re

from rtadapt.errors import Malformed

_MARKS = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\Z)|[\[{]|[\]}]', re.DOTALL)
_LONGEST_EXACT_DIGITS = 300


def load_json(raw: bytes, max_depth: int, field: str = "body") -> object:
    """The JSON value in `raw`. Raises Malformed naming `field`, with line and column where it can."""
    if not within_depth(raw, max_depth):
        raise Malformed(f"the JSON is nested more than {max_depth} deep", field=field)
    try:
        return json.loads(raw.decode("utf-8-sig"), parse_constant=_refuse_constant, parse_int=_whole_number, parse_float=float)
    except UnicodeDecodeError as error:
        raise Malformed(f"byte {error.start} is not UTF-8", field=field) from error
    except json.JSONDecodeError as error:
        raise Malformed(f"not JSON: {error.msg} at line {error.lineno} column {error.colno}", field=field) from error
    except ValueError as error:
        raise Malformed(f"not JSON: {error}", field=field) from error


def within_depth(raw: bytes, max_depth: int) -> bool:
    """Whether brackets outside of strings nest at most `max_depth` deep. One pass, no recursion."""
    if raw.count(b"[") + raw.count(b"{") <= max_depth:
        return True
    depth = 0
    for mark in _MARKS.finditer(raw):
        first = raw[mark.start()]
        if first in b"[{":
            depth += 1
            if depth > max_depth:
                return False
        elif first in b"]}":
            depth -= 1
    return True


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def _whole_number(digits: str) -> int | float:
    # Python refuses to convert more than 4,300 digits to an int; no field of an event needs them exactly.
    return int(digits) if len(digits) <= _LONGEST_EXACT_DIGITS else float(digits)
