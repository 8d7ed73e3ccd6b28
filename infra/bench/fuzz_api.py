"""Every operation of the API, with what its description allows and what it does not: does it answer as it says?

    .venv/bin/python -m infra.bench.fuzz_api [--minutes 5]

Requests are made by schemathesis from the served document, sent with a real token to the application in this process,
and each answer is held against the document: no fault, no status and no content that it does not name, nothing taken
that it forbids, nothing given without a token. Exit status 1 when anything was found.
"""

from __future__ import annotations

import argparse
import sys
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import schemathesis
from schemathesis.config import (
    ChecksConfig,
    CoveragePhaseConfig,
    GenerationConfig,
    PhasesConfig,
    PositiveDataAcceptanceConfig,
    ProjectConfig,
    ProjectsConfig,
    SchemathesisConfig,
    StatefulPhaseConfig,
)
from schemathesis.engine import events, from_schema

from core import clock
from core.db import Database
from core.identity import service as identity
from core.permissions import GRANTABLE
from infra.bench.result import record
from infra.bench.stand import ACTOR, Stand, standing
from infra.errors import CannotStart
from portals.api_v1 import allowance
from portals.api_v1.contract.document import EXAMPLE_KEY
from portals.app import create_app
from portals.doors import ErpApp

DOCUMENT = "/api/v1/openapi.json"
# Shapes that say themselves that there are further members.
OPEN = {"Change", "Problem"}
UNLIMITED = 10**9


@dataclass
class Findings:
    """What was sent and what was wrong: `statuses` counts answers by operation, `faults` says each thing once."""

    statuses: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    checks: Counter[str] = field(default_factory=Counter)
    faults: dict[str, str] = field(default_factory=dict)
    # Parameters whose value is given: what was to be wrong with one of them was not sent.
    given: Collection[str] = ()

    def take(self, event: events.ScenarioFinished) -> None:
        """Count what one scenario did."""
        recorder = event.recorder
        for exchange in recorder.interactions.values():
            if exchange.response is not None:
                self.statuses[recorder.label][exchange.response.status_code] += 1
        for checks in recorder.checks.values():
            for check in checks:
                self.checks[check.name] += 1
                if check.failure_info is not None and not self._is_not_sent(str(check.failure_info.failure)):
                    told = f"{check.failure_info.failure}\n{check.failure_info.code_sample}"
                    self.faults.setdefault(f"{recorder.label}: {check.name}", told)

    def _is_not_sent(self, failure: str) -> bool:
        return any(f"Invalid component: parameter `{name}` in path" in failure for name in self.given)


def token_of(app: ErpApp, *, client_id: str, client_secret: str) -> str:
    """A token for every scope of a client, from the token endpoint."""
    form = {"grant_type": "client_credentials"}
    answer = app.test_client().post("/oauth/token", data=form, auth=(client_id, client_secret))
    return str(answer.get_json()["access_token"])


def without_limits(app: ErpApp) -> None:
    """Let the requests of this process cost nothing: what is looked for is not how many one may send."""
    app.settings = replace(
        app.settings,
        api_rate_per_min=UNLIMITED,
        api_intake_rate_per_min=UNLIMITED,
        api_stranger_rate_per_min=UNLIMITED,
    )
    allowance.install(app)


def probe(
    app: ErpApp, token: str, *, known: Mapping[str, Any], examples: int, seed: int, chains: bool = False
) -> Findings:
    """Ask every operation: so many random requests each, beside one for each edge of the description.

    `known` are ids by the name of their parameter, so that more is answered than 404. With `chains` what one answer
    gives is asked for in the next.
    """
    generation = GenerationConfig(max_examples=examples, no_shrink=True, deterministic=True, database="none")
    project = ProjectConfig(
        headers={"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"},
        parameters=dict(known),
        continue_on_failure=True,
        phases=PhasesConfig(
            # One method that few addresses take, and one that no server should.
            coverage=CoveragePhaseConfig(unexpected_methods={"put", "trace"}),
            stateful=StatefulPhaseConfig(enabled=chains),
        ),
        # Rules that no schema can say, such as the check digit of a VIN, may refuse what the schema allows.
        checks=ChecksConfig(positive_data_acceptance=PositiveDataAcceptanceConfig(enabled=False)),
        generation=generation,
    )
    config = SchemathesisConfig(seed=seed, projects=ProjectsConfig(default=project))
    schema = schemathesis.openapi.from_dict(_closed(app.test_client().get(DOCUMENT).get_json()), config=config)
    schema.app, schema.location = app, DOCUMENT
    findings = Findings(given=known)
    for event in from_schema(schema).execute():
        if isinstance(event, events.FatalError):
            raise event.exception
        if isinstance(event, events.NonFatalError):
            findings.faults.setdefault(f"{event.label}: not tested", str(event.info))
        if isinstance(event, events.ScenarioFinished):
            findings.take(event)
    return findings


def _closed(document: dict[str, Any]) -> dict[str, Any]:
    """The document with nothing left open: clients must bear further fields, but no answer has any that is not told."""
    for name, schema in document["components"]["schemas"].items():
        if schema.get("type") == "object" and name not in OPEN:
            schema.setdefault("additionalProperties", False)
    return document


@schemathesis.hook("before_call")
def _take_a_new_key(_context: Any, case: Any, _kwargs: Any) -> None:
    """The key of the example, sent with each request, would have them all taken for one."""
    if (case.headers or {}).get("Idempotency-Key") == EXAMPLE_KEY:
        case.headers["Idempotency-Key"] = str(uuid.uuid4())


def main() -> None:
    """Probe until the time is over, each round with another seed and a new token."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=5)
    ends = time.monotonic() + 60 * parser.parse_args().minutes
    try:
        with standing(vehicle_count=3) as stand:
            faults, figures = _probe_until(stand, ends)
    except CannotStart as refusal:
        sys.exit(f"fuzz: {refusal}")
    record("fuzz_api", figures)
    for name, told in sorted(faults.items()):
        print(f"{name}\n{told}\n")
    sys.exit(1 if faults else 0)


def _probe_until(stand: Stand, ends: float) -> tuple[dict[str, str], dict[str, Any]]:
    database = Database(stand.dsn)
    with database.transaction() as session:
        made = identity.create_client(
            session, actor=ACTOR, at=clock.now(), name="Fuzz", scopes=tuple(GRANTABLE), park_ids=None
        )
    app = create_app(stand.config, database)
    without_limits(app)
    faults: dict[str, str] = {}
    statuses: Counter[int] = Counter()
    seed = 0
    while not seed or time.monotonic() < ends:
        seed += 1
        token = token_of(app, client_id=made.client_id, client_secret=made.client_secret)
        known = {"vehicle_id": stand.vehicle_ids[0]} if seed % 2 else {}
        found = probe(app, token, known=known, examples=20, seed=seed, chains=True)
        faults |= found.faults
        for counts in found.statuses.values():
            statuses.update(counts)
    database.close()
    answers = {str(status): count for status, count in sorted(statuses.items())}
    return faults, {"rounds": seed, "answers": answers, "faults": sorted(faults)}


if __name__ == "__main__":
    main()
