"""JSON from strangers, read strictly: one object, or a `ValueError` that says
why not.

Python's reader is friendlier than JSON: it takes `NaN`, and half a surrogate
pair, which then can't be written as UTF-8 by whoever comes next. Here the
first reader complains, because it still knows who sent it.

When it does not help: what the fields mean is checked elsewhere. Numbers too
large for a float become infinite here, so a range check must follow.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number in JSON")


# Made once and asked directly, since `json.loads` does more for the same.
_DECODER = json.JSONDecoder(parse_constant=_refuse)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def read_object(data: bytes | str) -> dict[str, Any]:
    """The JSON object that this is.

    >>> read_object('{"temperature": NaN}')
    Traceback (most recent call last):
    ValueError: NaN is no number in JSON
    """
    try:
        text = data.decode() if isinstance(data, bytes) else data
        text = text.strip(" \t\r\n")
        value, end = _DECODER.raw_decode(text)
        if _SURROGATE.search(text):  # rare: a whole pair is an emoji
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeDecodeError:
        raise ValueError("this is not UTF-8") from None
    except UnicodeEncodeError:
        raise ValueError("half a surrogate pair is no character") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"this is not JSON: {error}") from None
    except RecursionError:
        raise ValueError("this JSON is nested too deeply") from None
    if end != len(text):
        raise ValueError("this is not JSON: something follows the object")
    if not isinstance(value, dict):
        raise ValueError("this JSON is not an object")
    return value


def write_object(value: dict[str, Any]) -> bytes:
    """One line of ASCII. Other characters are escaped, so that even a reader
    that takes U+2028 for the end of a line gets it whole. Raises `ValueError`
    for what JSON can't say.
    """
    try:
        text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    except (TypeError, RecursionError) as error:
        raise ValueError(f"this can't be written as JSON: {error}") from None
    return text.encode()
