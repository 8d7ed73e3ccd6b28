"""What anybody may read of the audit log: its public key and its signed states. Neither says what was done.

Whoever keeps a copy of the states can prove later that the log was rewritten; see docs/audit/README.md.
"""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from core import audit_proofs
from core.audit_keeping import make_signer
from core.errors import NotFound
from portals.doors import erp, read

bp = Blueprint("transparency", __name__, url_prefix="/transparency")
PAGE = 1000


@bp.get("/key")
def show_key() -> Response:
    """The public key of the log, as one line; below it those that signed before, if it was ever changed."""
    return _text(make_signer(erp().settings).verifier_keys + "\n")


@bp.get("/checkpoint")
def show_checkpoint() -> Response:
    """The newest signed state of the log."""
    note = audit_proofs.find_last_note(read())
    if note is None:
        raise NotFound("Nothing has been signed yet. The first state is signed within a minute.")
    return _text(note)


@bp.get("/checkpoints")
def show_checkpoints() -> Response:
    """All signed states, oldest first, a thousand at most: ask again with `?after=` the size of the last."""
    notes = audit_proofs.list_notes(read(), after=_asked_size(), most=PAGE)
    return _text("".join(f"{note}\n\n" for note in notes))


@bp.get("/consistency")
def show_consistency() -> Response:
    """What proves that the newest state only adds to the one of `?after=` entries, for docs/audit/verify.py."""
    return jsonify(audit_proofs.prove_growth(read(), after=_asked_size()))


def _asked_size() -> int:
    asked = request.args.get("after", "0")
    return int(asked) if asked.isdecimal() and len(asked) < 18 else 0


def _text(text: str) -> Response:
    return Response(text, content_type="text/plain; charset=utf-8")
