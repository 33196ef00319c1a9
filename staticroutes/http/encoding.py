"""JSON as a response carries it: UTF-8, compact, keys in the author's order, the same everywhere.

The standard library encodes, never a faster one that happens to be installed: their bytes differ
(``1e16`` against ``1e+16``), and the output must not depend on the machine.
"""

from __future__ import annotations

import json
import json.encoder
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any

from staticroutes.errors import ResponseError


def encode_json(value: Any) -> bytes:
    """``value`` as JSON bytes. Dataclasses, attrs, pydantic and msgspec objects become objects,
    dates ISO 8601 text.

    Raises ResponseError for what JSON cannot hold: NaN and infinities, sets, cycles, lone surrogates.
    """
    try:
        return _encode(value).encode("utf-8")
    except ResponseError:
        raise
    except UnicodeEncodeError as error:
        raise ResponseError(
            f"the JSON holds a lone surrogate, which is not text: {error.object[error.start : error.end]!r}",
            hint="decode the source with errors='replace'",
        ) from error
    except RecursionError as error:
        raise ResponseError("the JSON refers to itself or is nested too deeply") from error
    except ValueError as error:
        raise ResponseError(
            f"JSON has no such number: {error}", hint="JSON has no NaN or infinity; use None"
        ) from error
    except TypeError as error:
        raise ResponseError(f"this cannot be JSON: {error}") from error


def is_json_object(value: Any) -> bool:
    """True for an object that encode_json writes as a JSON object or array by itself."""
    kind = type(value)
    return (
        isinstance(value, (dict, list, Mapping))
        or hasattr(kind, "__dataclass_fields__")
        or hasattr(kind, "__attrs_attrs__")
        or hasattr(kind, "__struct_fields__")
        or (hasattr(kind, "model_fields") and hasattr(value, "model_dump"))
    )


def _default(value: Any) -> Any:
    kind = type(value)
    if isinstance(value, (date, datetime, time)):
        return value.isoformat()
    if hasattr(kind, "__dataclass_fields__"):
        return {name: getattr(value, name) for name in kind.__dataclass_fields__}
    if hasattr(kind, "model_fields") and hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if hasattr(kind, "__struct_fields__"):
        names = getattr(kind, "__struct_encode_fields__", kind.__struct_fields__)
        return {
            name: getattr(value, field) for name, field in zip(names, kind.__struct_fields__, strict=True)
        }
    if hasattr(kind, "__attrs_attrs__"):
        return {field.name: getattr(value, field.name) for field in kind.__attrs_attrs__}
    if isinstance(value, Mapping):
        return dict(value)
    if kind.__module__ == "uuid":
        return str(value)
    hint = {
        "set": "a set has no order: sorted(…)",
        "frozenset": "a set has no order: sorted(…)",
        "bytes": "bytes are not text: decode them, or encode them with base64",
        "Decimal": "say which you mean: float(…) or str(…)",
        "generator": "make it a list: list(…)",
    }.get(kind.__name__, "turn it into dicts, lists, strings and numbers")
    raise ResponseError(f"this cannot be JSON: {kind.__name__}: {value!r:.200}", hint=hint)


def _make_encode() -> Callable[[Any], str]:
    # JSONEncoder.encode makes a new C encoder for every call; one kept encoder saves a sixth of the
    # time of a small body. The C encoder is absent on some interpreters: then the public way.
    make: Any = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return json.JSONEncoder(
            ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_default
        ).encode
    chunks = make(None, _default, json.encoder.encode_basestring, None, ":", ",", False, False, False)
    join = "".join

    def encode(value: Any) -> str:
        return join(chunks(value, 0))

    return encode


_encode = _make_encode()
