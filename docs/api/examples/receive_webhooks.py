"""Receive webhooks, and trust only those that the fleet has signed.

    FLEET_WEBHOOK_SECRET=whsec_… python receive_webhooks.py 8080

Answer at once and work afterwards: what is not answered in time comes again. What came again is known by its id.
"""

from __future__ import annotations

import os
import sys
from collections import OrderedDict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from fleet_client import Message, NotFromTheFleet, read_webhook

LARGEST_BYTES = 1024 * 1024
REMEMBERED = 10_000
# In earnest this is a table of yours, written in one transaction with what a message makes you do.
seen: OrderedDict[str, None] = OrderedDict()


def take(message: Message) -> None:
    """Do what is to be done, once."""
    if message.id in seen:
        return
    seen[message.id] = None
    if len(seen) > REMEMBERED:
        seen.popitem(last=False)
    print(f"{message.sent_at:%H:%M:%S} {message.type} {message.data}", flush=True)


class Receiver(BaseHTTPRequestHandler):
    """One request."""

    def do_POST(self) -> None:
        """204 when it was taken, 400 when it is none of the fleet's, 413 when it is longer than any of them."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > LARGEST_BYTES:
            self.send_error(413)
            return
        body = self.rfile.read(int(length))
        try:
            message = read_webhook(os.environ["FLEET_WEBHOOK_SECRET"], dict(self.headers), body)
        except NotFromTheFleet as stranger:
            self.send_error(400, str(stranger))
            return
        take(message)
        self.send_response(204)
        self.end_headers()


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
