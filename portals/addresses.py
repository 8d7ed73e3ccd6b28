"""What the parts of an address may be."""

from __future__ import annotations

from werkzeug.routing import BaseConverter, IntegerConverter

from portals.doors import ErpApp


class RecordNumber(IntegerConverter):
    """The number of a record. More digits than a database holds are an address at which there is nothing."""

    regex = "[0-9]{1,18}"


class FactKey(BaseConverter):
    """The key by which a fact about a driver is told apart from others of its kind."""

    regex = "[a-z0-9][a-z0-9._-]{0,63}"
    part_isolating = True


def install(app: ErpApp) -> None:
    """Read numbers and keys in addresses so. Call it before the first route."""
    app.url_map.converters["int"] = RecordNumber
    app.url_map.converters["key"] = FactKey
