"""What keeps browsers and strangers from turning the product against its people.

hosts.py: by which names and through which proxies it is asked. crossing.py: that what changes something was sent by
our own pages. headers.py: what each answer tells the browser. targets.py: where a person may be sent on to.
cells.py: what a spreadsheet may be given. contact.py: whom to tell of a weakness.
"""

from __future__ import annotations

from portals.doors import ErpApp
from portals.security import contact, cookies, crossing, headers, hosts
from portals.security.cells import as_cell, from_cell
from portals.security.crossing import csrf, is_own_origin
from portals.security.headers import csp_nonce, let_form_lead_to
from portals.security.targets import own_path

__all__ = [
    "as_cell",
    "csp_nonce",
    "csrf",
    "from_cell",
    "hosts",
    "install",
    "is_own_origin",
    "let_form_lead_to",
    "own_path",
]


def install(app: ErpApp) -> None:
    """Guard the application. `hosts.install` comes before, and before all else that looks at requests."""
    app.config.update(
        MAX_CONTENT_LENGTH=16 * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=1024 * 1024,
    )
    cookies.install(app)
    crossing.install(app)
    headers.install(app)
    app.register_blueprint(contact.bp)
