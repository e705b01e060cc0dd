"""JSON as it comes from outside: bytes in, plain Python values out, with its shape bounded before anything is made of it.

Owns the strictness: UTF-8 only, no NaN or Infinity, no nesting beyond the limit, no more parts than the reader of a body
says. Duplicate keys are fine (the last one counts), and so is a number of any length.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from rtadapt.errors import Malformed

_LONGEST_EXACT_DIGITS = 300


@dataclass(frozen=True, slots=True)
class Shape:
    """What a JSON text may be: so deep, of so many arrays and objects, with so many commas between their parts."""

    depth: int
    containers: int | None = None
    commas: int | None = None


def load_json(raw: bytes, shape: Shape | int, field: str = "body") -> object:
    """The JSON value in `raw`, within `shape`, or nested that deep. Raises Malformed naming `field`, with line and column."""
    _check(raw, Shape(shape) if isinstance(shape, int) else shape, field)
    try:
        return json.loads(raw.decode("utf-8-sig"), parse_constant=_refuse_constant, parse_int=_whole_number, parse_float=float)
    except UnicodeDecodeError as error:
        raise Malformed(f"byte {error.start} is not UTF-8", field=field) from error
    except json.JSONDecodeError as error:
        raise Malformed(f"not JSON: {error.msg} at line {error.lineno} column {error.colno}", field=field) from error
    except ValueError as error:
        raise Malformed(f"not JSON: {error}", field=field) from error


def within_depth(raw: bytes, max_depth: int) -> bool:
    """Whether brackets outside of strings nest at most `max_depth` deep."""
    return raw.count(b"[") + raw.count(b"{") <= max_depth or _depth(_outside(raw), max_depth) <= max_depth


def _check(raw: bytes, shape: Shape, field: str) -> None:
    many = shape.commas is not None and raw.count(b",") > shape.commas
    if not many and raw.count(b"[") + raw.count(b"{") <= shape.depth:
        return
    outside = _outside(raw)
    if shape.containers is not None and outside.count(b"[") + outside.count(b"{") > shape.containers:
        raise Malformed("the JSON has too many parts", field=field)
    if shape.commas is not None and outside.count(b",") > shape.commas:
        raise Malformed("the JSON has too many parts", field=field)
    if _depth(outside, shape.depth) > shape.depth:
        raise Malformed(f"the JSON is nested more than {shape.depth} deep", field=field)


def _outside(raw: bytes) -> bytes:
    """What does not lie in strings: between the quotes that are not escaped, every second piece."""
    if b"\\" in raw:
        raw = raw.replace(b"\\\\", b"").replace(b'\\"', b"")
    return b"".join(raw.split(b'"')[::2])


_BRACKETS = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def _depth(outside: bytes, enough: int) -> int:
    """How deep brackets nest, or more than `enough`. Takes away the innermost pairs, all at once, level by level; what
    is left open is nested as deep as it is long, so that no reader is led deeper than this says.
    """
    marks, levels = outside.translate(_BRACKETS, _NO_BRACKETS), 0
    while levels <= enough and b"[]" in marks:
        marks, levels = marks.replace(b"[]", b""), levels + 1
    return levels + marks.count(b"[")


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def _whole_number(digits: str) -> int | float:
    # Python refuses to convert more than 4,300 digits to an int; no field of an event needs them exactly.
    return int(digits) if len(digits) <= _LONGEST_EXACT_DIGITS else float(digits)
