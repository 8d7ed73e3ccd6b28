"""The services: one small function each, by the name that a request carries in `svc`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict
from typing import Any, Literal, TypeVar

import msgspec

from infra.simulators.wialon.errors import (
    INVALID_INPUT,
    NO_MESSAGES,
    NOT_EXECUTED,
    UNKNOWN_SERVICE,
    WRONG_CREDENTIALS,
    WialonError,
)
from infra.simulators.wialon.item import CommandDefinition, Item, matches
from infra.simulators.wialon.messages import (
    COMMAND_TYPE,
    HAS_INPUTS,
    HAS_OUTPUTS,
    HAS_POSITION,
    USER_ID,
    command_message,
    data_message,
    now,
)
from infra.simulators.wialon.platform import COMMANDS_BY_LINK, Platform
from infra.simulators.wialon.session import ApiSession

ARCHIVE_S = 0.05
DEFAULT_TIMEOUT_S = 60.0

T = TypeVar("T")
Service = Callable[[Platform, ApiSession, bytes], Awaitable[Any]]


class _Login(msgspec.Struct):
    token: str
    fl: int = 1


class _SearchSpec(msgspec.Struct):
    itemsType: str
    propName: str
    propValueMask: str
    sortType: str = "sys_name"
    propType: str = ""
    or_logic: bool = False


class _Search(msgspec.Struct):
    spec: _SearchSpec
    flags: int
    force: int = 1
    from_: int = msgspec.field(default=0, name="from")
    to: int = 0


class _SearchOne(msgspec.Struct):
    id: int
    flags: int


class _UpdateDefinition(msgspec.Struct):
    itemId: int
    callMode: Literal["create", "update", "delete"]
    id: int = 0
    n: str = ""
    c: str = ""
    l: str = ""  # noqa: E741 - the wire name
    p: str = ""
    a: int = 1


class _GetDefinitions(msgspec.Struct):
    itemId: int
    col: list[int] = []


class _ExecuteCommand(msgspec.Struct):
    itemId: int
    commandName: str
    linkType: str = ""
    param: str = ""
    timeout: float = DEFAULT_TIMEOUT_S
    flags: int = 0


class _SendCommand(msgspec.Struct):
    itemId: int
    commandType: str
    commandName: str = ""
    linkType: str = ""
    param: str = ""
    timeout: float = DEFAULT_TIMEOUT_S
    flags: int = 0


class _LoadInterval(msgspec.Struct):
    itemId: int
    timeFrom: int
    timeTo: int
    flags: int
    flagsMask: int
    loadCount: int


class _Watch(msgspec.Struct):
    type: Literal["id", "col", "type"]
    data: int | str | list[int]
    flags: int
    mode: Literal[0, 1, 2]


class _UpdateFlags(msgspec.Struct):
    spec: list[_Watch]


class _HardwareCommands(msgspec.Struct):
    unitId: int
    deviceTypeId: int = 0


def log_in(platform: Platform, params: bytes) -> dict[str, Any]:
    """token/login: error 8 for any other token than the fleet's, error 10 after too many."""
    platform.logins.check()
    is_good = _read(params, _Login).token == platform.token
    platform.logins.note(is_good=is_good)
    if not is_good:
        raise WialonError(WRONG_CREDENTIALS)
    session = platform.sessions.open()
    return {
        "eid": session.eid,
        "tm": now(),
        "au": "fleet",
        "user": {"id": USER_ID, "nm": "fleet", "cls": 1},
        "classes": {"user": 1, "avl_unit": 2, "avl_resource": 3, "avl_hw": 4},
    }


def service_named(name: str) -> Service:
    """Raises error 2 for a name that the simulator does not have."""
    try:
        return _SERVICES[name]
    except KeyError:
        raise WialonError(UNKNOWN_SERVICE) from None


async def _log_out(platform: Platform, session: ApiSession, params: bytes) -> dict[str, Any]:
    platform.sessions.close(session)
    return {"error": 0}


async def _search_items(platform: Platform, session: ApiSession, params: bytes) -> dict[str, Any]:
    call = _read(params, _Search)
    found = _search(platform, call.spec) if call.spec.itemsType == "avl_unit" else []
    found.sort(key=lambda item: item.property(call.spec.sortType) or item.unit.name)
    last = call.to if call.to else max(len(found) - 1, 0)
    return {
        "searchSpec": msgspec.to_builtins(call.spec),
        "dataFlags": call.flags,
        "totalItemsCount": len(found),
        "indexFrom": call.from_,
        "indexTo": last,
        "items": [item.describe(call.flags) for item in found[call.from_ : last + 1]],
    }


def _search(platform: Platform, spec: _SearchSpec) -> list[Item]:
    names, masks = spec.propName.split(","), spec.propValueMask.split(",")
    if len(names) != len(masks) or not set(names) <= {"sys_id", "sys_unique_id", "sys_name"}:
        raise WialonError(INVALID_INPUT)
    enough = any if spec.or_logic else all
    pairs = list(zip(names, masks, strict=True))
    return [
        item
        for item in platform.items.values()
        if enough(matches(item.property(name) or "", mask) for name, mask in pairs)
    ]


async def _search_item(platform: Platform, session: ApiSession, params: bytes) -> dict[str, Any]:
    call = _read(params, _SearchOne)
    return {"item": platform.item(call.id).describe(call.flags), "flags": call.flags}


async def _update_definition(platform: Platform, session: ApiSession, params: bytes) -> list[Any]:
    call = _read(params, _UpdateDefinition)
    item = platform.item(call.itemId)
    if call.callMode != "create" and call.id not in item.definitions:
        raise WialonError(INVALID_INPUT, "no such command definition")
    if call.callMode == "delete":
        del item.definitions[call.id]
        return [call.id, None]
    if not call.n or call.c not in COMMANDS_BY_LINK["tcp"]:
        raise WialonError(INVALID_INPUT, "a command needs a name and a type that the hardware knows")
    number = call.id if call.callMode == "update" else max(item.definitions, default=0) + 1
    definition = CommandDefinition(number, call.n, call.c, call.l, call.p, call.a)
    item.definitions[number] = definition
    return [number, asdict(definition)]


async def _get_definitions(platform: Platform, session: ApiSession, params: bytes) -> list[Any]:
    call = _read(params, _GetDefinitions)
    definitions = platform.item(call.itemId).definitions
    wanted = call.col or list(definitions)
    return [asdict(definitions[n]) | {"f": 0, "jp": ""} for n in wanted if n in definitions]


async def _execute_command(platform: Platform, session: ApiSession, params: bytes) -> dict[str, Any]:
    call = _read(params, _ExecuteCommand)
    item = platform.item(call.itemId)
    definition = item.definition_named(call.commandName)
    if definition is None:
        raise WialonError(NOT_EXECUTED, "no such command")
    await platform.execute(
        item,
        name=definition.n,
        type_=definition.c,
        link=definition.l or call.linkType,  # what the definition fixes, the request cannot change
        param=definition.p or call.param,
        timeout_s=call.timeout,
    )
    return {}


async def _send_command(platform: Platform, session: ApiSession, params: bytes) -> dict[str, Any]:
    call = _read(params, _SendCommand)
    await platform.execute(
        platform.item(call.itemId),
        name=call.commandName,
        type_=call.commandType,
        link=call.linkType,
        param=call.param,
        timeout_s=call.timeout,
    )
    return {}


async def _load_interval(platform: Platform, session: ApiSession, params: bytes) -> dict[str, Any]:
    call = _read(params, _LoadInterval)
    item = platform.item(call.itemId)
    with session.heavy_request():
        await asyncio.sleep(ARCHIVE_S)  # an archive takes its time, which is why there is a limit
        wanted = call.flags & call.flagsMask
        data_type = HAS_POSITION | HAS_INPUTS | HAS_OUTPUTS
        messages: list[dict[str, Any]] = []
        if COMMAND_TYPE & call.flagsMask == wanted:
            messages += [command_message(c) for c in item.commands]
        if data_type & call.flagsMask == wanted:
            messages += [data_message(r) for r in item.records]
    within = [m for m in messages if call.timeFrom <= m["t"] <= call.timeTo]
    if not within:
        raise WialonError(NO_MESSAGES)
    within.sort(key=lambda m: m["t"])
    return {"count": len(within), "messages": within[: call.loadCount]}


async def _unload(platform: Platform, session: ApiSession, params: bytes) -> dict[str, Any]:
    return {}


async def _update_flags(platform: Platform, session: ApiSession, params: bytes) -> list[Any]:
    changed = []
    for watch in _read(params, _UpdateFlags).spec:
        for unit_id in _watched_units(platform, watch):
            item = platform.item(unit_id)
            before = session.watched.get(unit_id, 0)
            flags = {0: watch.flags, 1: before | watch.flags, 2: before & ~watch.flags}[watch.mode]
            session.watched[unit_id] = flags
            changed.append({"i": unit_id, "d": item.describe(flags), "f": flags})
    return changed


def _watched_units(platform: Platform, watch: _Watch) -> Iterable[int]:
    if watch.type == "type":
        return list(platform.items) if watch.data == "avl_unit" else []
    if watch.type == "col" and isinstance(watch.data, list):
        return watch.data
    if watch.type == "id" and isinstance(watch.data, int):
        return [watch.data]
    raise WialonError(INVALID_INPUT)


async def _hardware_commands(platform: Platform, session: ApiSession, params: bytes) -> dict[str, Any]:
    platform.item(_read(params, _HardwareCommands).unitId)
    return dict(COMMANDS_BY_LINK)


def _read(params: bytes, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(params, type=shape, strict=False)
    except msgspec.DecodeError as error:
        raise WialonError(INVALID_INPUT, str(error)) from None


_SERVICES: dict[str, Service] = {
    "core/logout": _log_out,
    "core/search_items": _search_items,
    "core/search_item": _search_item,
    "core/update_data_flags": _update_flags,
    "core/get_hw_cmds": _hardware_commands,
    "unit/update_command_definition": _update_definition,
    "unit/get_command_definition_data": _get_definitions,
    "unit/exec_cmd": _execute_command,
    "unit/send_cmd": _send_command,
    "messages/load_interval": _load_interval,
    "messages/unload": _unload,
}
