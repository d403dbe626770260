"""Protocol buffers, the form of ONNX files: numbered fields, messages within messages (protobuf.dev)."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from fuzz.structures.plain import changed, number, rearranged

OPERATORS = (
    b"Loop",
    b"If",
    b"Scan",
    b"Conv",
    b"ConvTranspose",
    b"Resize",
    b"Reshape",
    b"Expand",
    b"Range",
    b"Tile",
    b"Pad",
)
OPERATORS += (
    b"ConstantOfShape",
    b"RandomNormal",
    b"SequenceEmpty",
    b"Identity",
    b"Shape",
    b"Gather",
    b"MatMul",
    b"Cast",
)
OPERATORS += (
    b"Div",
    b"Sqrt",
    b"Log",
    b"NonZero",
    b"Unsqueeze",
    b"Squeeze",
    b"TopK",
    b"Concat",
    b"Split",
    b"Sign",
    b"Nope",
)

DEEPEST = 12


@dataclass(frozen=True)
class Field:
    """One field; its value is a number, bytes, or the fields of a message."""

    number: int
    wire: int
    value: int | bytes | list[Field]


def fields_of(data: bytes, depth: int = 0) -> list[Field]:
    """Return the fields of a message; what may be a message inside is taken for one.

    Raises:
        ValueError: if it is none.
    """
    fields, at = [], 0
    while at < len(data):
        key, at = _varint(data, at)
        number_, wire = key >> 3, key & 7
        if not number_:
            raise ValueError("fields are counted from 1")
        if wire == 0:
            value, at = _varint(data, at)
            fields.append(Field(number_, wire, value))
            continue
        size, at = _varint(data, at) if wire == 2 else ({1: 8, 5: 4}[wire], at)
        content, at = data[at : at + size], at + size
        if len(content) < size:
            raise ValueError("cut short")
        fields.append(Field(number_, wire, _nested(content, depth) if wire == 2 else content))
    return fields


def _nested(content: bytes, depth: int) -> bytes | list[Field]:
    if len(content) < 2 or depth > DEEPEST or (content.isascii() and content.replace(b"_", b"").isalnum()):
        return content
    try:
        return fields_of(content, depth + 1)
    except (ValueError, LookupError):
        return content


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place in range(10):
        byte = data[at + place]
        value |= (byte & 127) << 7 * place
        if byte < 128:
            return value, at + place + 1
    raise ValueError("a number without end")


def varint(value: int) -> bytes:
    """Return a number as it is written, seven bits a byte."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes((*out, value))


def message_of(fields: list[Field]) -> bytes:
    """Return a message with lengths that are right."""
    out = bytearray()
    for field in fields:
        out += varint(field.number << 3 | field.wire)
        if isinstance(field.value, int):
            out += varint(field.value)
            continue
        content = message_of(field.value) if isinstance(field.value, list) else field.value
        out += (varint(len(content)) if field.wire == 2 else b"") + content
    return bytes(out)


def mutate(data: bytes, random: Random) -> bytes:
    """Change one message of the tree: its fields' order, one number, text or block; lengths are mended."""
    return message_of(_changed(fields_of(data), random))


def _changed(fields: list[Field], random: Random) -> list[Field]:
    """Go down a random way and change something at its end."""
    if not fields:
        return fields
    at = random.randrange(len(fields))
    field = fields[at]
    inner = [i for i, one in enumerate(fields) if isinstance(one.value, list)]
    if inner and random.randrange(4):
        at = random.choice(inner)
        field = fields[at]
        assert isinstance(field.value, list)
        new = Field(field.number, field.wire, _changed(field.value, random))
    elif random.randrange(4) == 0:
        return rearranged(fields, random)[:400]
    elif isinstance(field.value, int):
        small = random.choice((field.value + 1, max(0, field.value - 1), random.randrange(20)))
        new = Field(field.number, 0, small if random.randrange(2) else number(random, 8))
    elif isinstance(field.value, list):
        new = Field(random.randrange(1, 30), field.wire, field.value)
    elif field.wire == 2 and field.value in OPERATORS and random.randrange(2):
        new = Field(field.number, 2, random.choice(OPERATORS))
    else:
        content = changed(field.value, random)
        new = Field(field.number, field.wire, content if field.wire == 2 else (content + bytes(8))[: len(field.value)])
    return [*fields[:at], new, *fields[at + 1 :]]
