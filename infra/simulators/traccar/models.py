"""What the server knows of each kind of device: the commands its protocol can carry, and how it tells of outputs.

Source: Traccar's protocol encoders and decoders (TeltonikaProtocolEncoder, WialonProtocolEncoder, Gt06Protocol).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from infra.simulators.traccar.errors import TraccarError

OUTPUTS = 4


@dataclass(frozen=True, slots=True)
class Model:
    """`types` are the commands that may be sent; `tell` turns the mask of outputs into position attributes."""

    protocol: str
    types: tuple[str, ...]
    tell: Callable[[int], Mapping[str, Any]]


MODELS = {
    model.protocol: model
    for model in (
        Model(
            "teltonika",
            ("custom", "engineStop", "engineResume"),
            lambda mask: {f"out{n}": bool(mask >> (n - 1) & 1) for n in range(1, OUTPUTS + 1)},
        ),
        Model(
            "wialon",
            ("rebootDevice", "sendUssd", "deviceIdentification", "outputControl"),
            lambda mask: {"output": mask},
        ),
        Model("gt06", ("custom", "engineStop", "engineResume"), lambda mask: {"blocked": bool(mask & 1)}),
    )
}


def switching(model: Model, type_: str, attributes: Mapping[str, Any]) -> tuple[int, bool] | None:
    """The output that a command switches and which way; None for one that switches nothing.

    Raises TraccarError for what the protocol cannot carry.
    """
    if type_ not in model.types:
        raise TraccarError(f"Command {type_} is not supported in protocol {model.protocol}")
    if type_ in {"engineStop", "engineResume"}:
        return 1, type_ == "engineStop"
    if type_ == "outputControl":
        return int(attributes.get("index", 0)), str(attributes.get("data", "")) == "1"
    return None
