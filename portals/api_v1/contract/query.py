"""The parameters after the question mark, read into a struct: none unknown, none twice, each in its only form."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import inspect
from werkzeug.datastructures import MultiDict

from core.errors import Invalid
from portals.forms import explain
from portals.ranges import parse_day, parse_moment

Shape = TypeVar("Shape", bound=msgspec.Struct)
Read = Callable[[str, str], Any]

_WHOLE = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")


class NoParameters(msgspec.Struct, frozen=True):
    """The shape of an address that takes none."""


class QueryReader(Generic[Shape]):
    """Reads the parameters of one shape, which was looked over once."""

    def __init__(self, shape: type[Shape]) -> None:
        self._shape = shape
        self._fields = {field.encode_name: field for field in _fields_of(shape)}
        self._readers = {name: _reader_of(plain_type(field.type)) for name, field in self._fields.items()}

    def read(self, args: MultiDict[str, str]) -> Shape:
        """The parameters as the shape. Raises Invalid with the name of the one that does not fit."""
        values = {name: self._value(name, texts) for name, texts in args.lists()}
        for name, field in self._fields.items():
            if field.required and name not in values:
                raise Invalid(f"{name}: this parameter is needed.", fields={name: "Needed."})
        try:
            return msgspec.convert(values, self._shape)
        except msgspec.ValidationError as error:
            raise explain(error) from error

    def _value(self, name: str, texts: list[str]) -> Any:
        if name not in self._readers:
            known = f"Those there are: {', '.join(self._fields)}." if self._fields else "There are none here."
            raise Invalid(f"{name}: there is no such parameter. {known}", fields={name: "No such parameter."})
        if len(texts) > 1:
            raise Invalid(f"{name}: it stands in the address twice. Send it once.", fields={name: "Once at most."})
        return self._readers[name](name, _clean(name, texts[0]))


def plain_type(type_: inspect.Type) -> inspect.Type:
    """The type itself, without its description and without the None that stands for leaving it out."""
    if isinstance(type_, inspect.Metadata):
        return plain_type(type_.type)
    if isinstance(type_, inspect.UnionType):
        return next(plain_type(one) for one in type_.types if not isinstance(one, inspect.NoneType))
    return type_


def _fields_of(shape: type[msgspec.Struct]) -> tuple[inspect.Field, ...]:
    found = inspect.type_info(shape)
    assert isinstance(found, inspect.StructType)
    return found.fields


def _clean(name: str, text: str) -> str:
    if "\0" in text:
        raise Invalid(f"{name}: it holds a NUL, which no text may.", fields={name: "No NUL."})
    return text


def _reader_of(type_: inspect.Type) -> Read:
    for kind, reader in _READERS.items():
        if isinstance(type_, kind):
            return reader(type_)
    raise TypeError(f"no parameter can be a {type_}")


def _whole_number(type_: Any) -> Read:
    least, most = type_.ge, type_.le
    bounds = "" if least is None or most is None or most >= 2**62 else f" from {least} to {most}"

    def read(name: str, text: str) -> int:
        if (
            not _WHOLE.fullmatch(text)
            or not (least is None or least <= int(text))
            or not (most is None or int(text) <= most)
        ):
            raise Invalid(
                f"{name}: {text[:40]!r} is not a whole number{bounds}.", fields={name: f"A whole number{bounds}."}
            )
        return int(text)

    return read


def _number(_: Any) -> Read:
    def read(name: str, text: str) -> float:
        if not _NUMBER.fullmatch(text):
            raise Invalid(f"{name}: {text[:40]!r} is not a number such as 12.5.", fields={name: "A number."})
        return float(text)

    return read


def _yes_or_no(_: Any) -> Read:
    def read(name: str, text: str) -> bool:
        if text not in {"true", "false"}:
            raise Invalid(f"{name}: {text[:40]!r} is neither true nor false.", fields={name: "true or false."})
        return text == "true"

    return read


def _choice(type_: Any) -> Read:
    values = [member.value for member in type_.cls] if isinstance(type_, inspect.EnumType) else list(type_.values)

    def read(name: str, text: str) -> str:
        if text not in values:
            known = ", ".join(values)
            raise Invalid(f"{name}: {text[:40]!r} is not one of {known}.", fields={name: f"One of {known}."})
        return text

    return read


def _list(type_: Any) -> Read:
    one = _reader_of(plain_type(type_.item_type))

    def read(name: str, text: str) -> list[Any]:
        return [one(name, item) for item in text.split(",")] if text else []

    return read


def _text(_: Any) -> Read:
    return lambda name, text: text


def _moment(_: Any) -> Read:
    def read(name: str, text: str) -> datetime:
        return parse_moment(text, name=name)

    return read


def _day(_: Any) -> Read:
    return lambda name, text: parse_day(text, name=name)


_READERS: dict[type[inspect.Type], Callable[[Any], Read]] = {
    inspect.IntType: _whole_number,
    inspect.FloatType: _number,
    inspect.BoolType: _yes_or_no,
    inspect.LiteralType: _choice,
    inspect.EnumType: _choice,
    inspect.ListType: _list,
    inspect.DateTimeType: _moment,
    inspect.DateType: _day,
    inspect.StrType: _text,
}
