"""What the parts of an address may be."""

from __future__ import annotations

from werkzeug.routing import IntegerConverter

from portals.doors import ErpApp


class RecordNumber(IntegerConverter):
    """The number of a record. More digits than a database holds are an address at which there is nothing."""

    regex = "[0-9]{1,18}"


def install(app: ErpApp) -> None:
    """Read numbers in addresses so. Call it before the first route."""
    app.url_map.converters["int"] = RecordNumber
