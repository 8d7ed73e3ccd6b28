"""An authenticator app in a test."""

from __future__ import annotations

import re

import pyotp
import sqlalchemy as sa
from flask.testing import FlaskClient

from core import clock
from core.db import Database
from core.identity.models import Totp


class Phone:
    """An app that was told a secret. A code is good once, so the product forgets that it was shown one when a test
    needs another before half a minute is over.
    """

    def __init__(self, secret: str, database: Database) -> None:
        self._app = pyotp.TOTP(secret)
        self._database = database

    def code(self) -> str:
        """The code it shows now, good although it may have been shown before."""
        with self._database.transaction() as session:
            session.execute(sa.update(Totp).values(last_step=None))
        return self._app.at(clock.now())


def set_up_phone(browser: FlaskClient, database: Database) -> tuple[Phone, list[str]]:
    """Set up an authenticator app by the pages; returns it, and the recovery codes that were shown."""
    page = browser.post("/account/security/totp", follow_redirects=True).text
    secret = "".join(re.findall(r"<span>([A-Z2-7]{4})</span>", page))
    phone = Phone(secret, database)
    shown = browser.post("/account/security/totp/confirmation", data={"code": phone.code()})
    assert shown.status_code in {201, 303}, shown.text
    return phone, re.findall(r"<code>([a-z2-7]{4}(?:-[a-z2-7]{4}){3})</code>", shown.text)
