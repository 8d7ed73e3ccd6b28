"""The command line: `erp`. One call is one piece of work; what a person must know stands in its help."""

from __future__ import annotations

import logging
import os
import sys
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TextIO

import click

from core import clock, config, db
from core.errors import ConfigurationError, Refusal
from core.permissions import ADMIN, Actor
from infra.errors import CannotStart
from portals import logs

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parent.parent
GUNICORN = ROOT / "infra" / "gunicorn_conf.py"
RIGHTS_PAGE = ROOT / "docs" / "rights.md"


# Whoever can run this on the server and reach its database owns it.
OWNER = Actor("system", None, "command line", roles=frozenset({ADMIN}), parks=None)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def erp() -> None:
    """Equinomix ERP. `erp run` starts everything; the other commands are its parts."""
    logs.set_up()


@erp.command()
def run() -> None:
    """Start the whole product: database, web, worker, scheduler, follower, device gateway and, without a real Wialon,
    the simulated fleet. Ctrl-C stops all of it."""
    from infra import supervisor

    sys.exit(supervisor.run(config.current()))


@erp.command()
def migrate() -> None:
    """Bring the database to this version's schema, and make the partitions of the coming days."""
    from infra.migrate import migrate as bring
    from portals.app import make_ready
    from tasks.storage import keep_storage

    settings = config.current()
    bring(db.current().dsn)
    keep_storage(db.current(), at=clock.now(), retention=settings.retention)
    make_ready(settings, db.current())
    click.echo("The database is up to date.")


@erp.command()
def demo() -> None:
    """Put the demonstration into an empty database, and write its logins to demo.json. Does nothing to a real one."""
    from infra.demo import seed

    click.echo(seed(config.current(), db.current(), at=clock.now()))


@erp.command(name="add-admin")
@click.argument("email")
@click.argument("name")
@click.password_option(help="Asked for when it is not given.")
def add_admin(email: str, name: str, password: str) -> None:
    """Add an administrator, who then adds everybody else: the first step on an empty database."""
    from core.identity import service

    with db.current().transaction() as session:
        service.create_user(
            session,
            actor=OWNER,
            at=clock.now(),
            email=email,
            name=name,
            password=password,
            roles=["admin"],
            park_ids=None,
        )
    click.echo(f"{name} can sign in at {config.current().base_url}.")


@erp.command(name="reset-password")
@click.argument("email")
def reset_password(email: str) -> None:
    """Print a link with which EMAIL chooses a new password: for the administrator who cannot get in."""
    from core.identity import queries, service
    from core.identity.service import Post

    with db.current().transaction() as session:
        people = queries.list_users(session.connection(), viewer=OWNER)
        user_id = next((user["id"] for user in people if user["email"] == email.strip().lower()), None)
        if user_id is None:
            raise click.ClickException(f"Nobody has the e-mail {email}.")
        by_hand = Post(config.current().base_url, key=None)
        link = service.send_reset(session, actor=OWNER, at=clock.now(), user_id=user_id, post=by_hand)
    click.echo(f"{link}\nIt works once, for half an hour.")


@erp.command(name="add-park")
@click.argument("name")
@click.option("--time-zone", required=True, help="IANA name, such as America/Los_Angeles: it defines the park's days.")
@click.option("--currency", required=True, help="ISO 4217 code, such as USD.")
def add_park(name: str, time_zone: str, currency: str) -> None:
    """Add a park: vehicles and drivers belong to one."""
    from core.vehicles import service

    with db.current().transaction() as session:
        park_id = service.add_park(
            session, actor=OWNER, at=clock.now(), name=name, time_zone=time_zone, currency=currency.upper()
        )
    click.echo(f"{name} is park {park_id}.")


@erp.command(name="import")
@click.argument("kind", type=click.Choice(["vehicles", "drivers"]))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what each line is.")
@click.option("--bad", type=click.Path(dir_okay=False, path_type=Path), help="Write the bad lines here, to be mended.")
def import_fleet(kind: str, file: Path, dry_run: bool, bad: Path | None) -> None:
    """Take vehicles or drivers in from the CSV file FILE. Every bad line is told and left out; exit status 1 if there
    are any."""
    from portals.imports import KINDS, carry_out, look

    with db.current().reading() as reader:
        seen = look(reader, viewer=OWNER, at=clock.now(), kind=KINDS[kind], content=file.read_bytes())
    if not dry_run:
        seen = carry_out(db.current(), seen, actor=OWNER, at=clock.now())
    click.echo("\n".join(seen.tell()))
    if bad is not None and seen.bad:
        bad.write_bytes(seen.write_bad())
    sys.exit(1 if seen.bad else 0)


@erp.group(name="audit")
def audit_log() -> None:
    """Check the audit log, or hand it out."""


@audit_log.command(name="verify")
def verify_audit() -> None:
    """Work the whole log out anew from the rows, and say where it was tampered with. Exit status 1 if it was."""
    from core.audit_keeping import make_signer, read_witness, witness_file
    from core.audit_verification import verify_log
    from tasks import audit

    settings = config.current()
    signer = make_signer(settings)
    audit.append(db.current())
    with db.current().reading() as reader:
        witness = read_witness(witness_file(settings), signer)
        finding = verify_log(reader, verifier_keys=signer.verifier_keys, witness=witness)
    for words in finding.wrong:
        click.echo(f"WRONG: {words}")
    click.echo(f"{finding.entries} entries checked, against {len(witness)} states of the witness file too.")
    sys.exit(1 if finding.wrong else 0)


@audit_log.command(name="export")
@click.argument("file", type=click.File("w", encoding="utf-8"))
def export_audit(file: TextIO) -> None:
    """Write the whole log into FILE, for docs/audit/verify.py."""
    from core import audit, audit_proofs

    with db.current().transaction() as session:
        audit.record(session, actor=OWNER, at=clock.now(), action="audit.exported", subject=("audit", "log"))
    with db.current().reading() as reader:
        file.writelines(audit_proofs.export_log(reader))


def _make_storage() -> None:
    """Whoever takes points in sees to it that they find a place, should the scheduler have been away for long."""
    from tasks.storage import make_storage

    try:
        made = make_storage(db.current(), at=clock.now(), retention=config.current().retention)
    except db.AWAY as problem:
        log.warning("no partitions were made; the scheduler will: %s", problem)
    else:
        if made:
            log.info("made %s", ", ".join(made))


@erp.command()
def web() -> None:
    """Serve pages, the API and websockets."""
    _make_storage()
    db.current().close()
    os.execv(  # noqa: S606 - our own web server
        sys.executable, [sys.executable, "-m", "gunicorn", "--config", str(GUNICORN), "portals.wsgi:app"]
    )


@erp.command()
def worker() -> None:
    """Carry out consequences and orders to vehicles."""
    from tasks.worker import work

    work()


@erp.command()
def scheduler() -> None:
    """Turn facts into consequences, and do what is due."""
    from tasks import schedule

    schedule.run()


@erp.command()
def follower() -> None:
    """Turn stored points into trips, stops, sums and detections."""
    from tasks import follower as process

    process.run()


@erp.command()
def gateway() -> None:
    """Take in what trackers send (Wialon IPS and Teltonika, over TCP and UDP)."""
    from portals.devices import server
    from portals.devices.database_intake import DatabaseIntake

    _make_storage()
    settings = config.current()
    server.run(settings, DatabaseIntake(settings, db.current()), db.current())


@erp.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--via", type=click.Choice(["ips", "api"]), default="ips", help="Through the device port or the API.")
@click.option("--source", help="Only rows of this source, such as cabspotting.")
@click.option("--from", "start", type=click.DateTime(), help="Only rows from this moment on (UTC).")
@click.option("--to", "end", type=click.DateTime(), help="Only rows before this moment (UTC).")
@click.option("--speed", type=click.FloatRange(min=0.1), default=1.0, help="60 plays an hour in a minute.")
@click.option(
    "--anchor",
    type=click.DateTime(),
    help="When the first row is to have happened (UTC). Default: so that the last row happens as it is sent. "
    "The anchor of an earlier replay sends the very same points again.",
)
def replay(
    file: Path,
    via: str,
    source: str | None,
    start: datetime | None,
    end: datetime | None,
    speed: float,
    anchor: datetime | None,
) -> None:
    """Play a recording (CSV, also gzipped) into the running product, shifted to now, as its devices would send it."""
    from infra.replay import Window, play

    window = Window(source=source, start=start, end=end)
    report = play(config.current(), file, via=via, window=window, speed=speed, anchor=anchor)
    click.echo(report.text())
    sys.exit(0 if report.adds_up else 1)


@erp.command()
@click.option("--write", is_flag=True, help="Write it to docs/rights.md instead.")
def rights(write: bool) -> None:
    """Print who may do what: every route and every right, by role."""
    from portals.app import create_app
    from portals.rights import as_markdown

    with TemporaryDirectory() as home:  # nothing is kept of this application, and nothing is connected by it
        settings = config.load({"ERP_HOME": home, "DATABASE_URL": "postgresql://"})
        text = as_markdown(create_app(settings, db.Database("postgresql://")))
    if write:
        RIGHTS_PAGE.write_text(text)
        click.echo(f"{RIGHTS_PAGE} was written.")
    else:
        click.echo(text, nl=False)


@erp.group()
def keys() -> None:
    """The keys that sign access tokens."""


@keys.command()
def rotate() -> None:
    """Publish a new key now, which signs in ten minutes. It happens by itself once a month; do it at once when somebody
    may have read the key, and change ERP_SECRET_KEY then too (docs/subsystems/authorization.md)."""
    from core import sealing
    from core.identity import service
    from core.permissions import system

    with db.current().transaction() as session:
        kid = service.rotate_signing_key(
            session,
            actor=system("command line", "identity:maintain"),
            at=clock.now(),
            secret=sealing.load_secret(config.current()),
        )
    click.echo(
        f"The key {kid} is published; it signs in ten minutes. The one before is published until its last "
        "token has died."
    )


@erp.group(name="db")
def database() -> None:
    """The embedded database."""


@database.command()
def stop() -> None:
    """Stop the embedded database, if one was left running."""
    from infra.supervisor.product import stop_database

    click.echo(stop_database(config.current()))


def main() -> None:
    """Run a command; what a person did wrong is told in a sentence, not in a trace."""
    try:
        erp(standalone_mode=False)
    except click.ClickException as problem:
        problem.show()
        sys.exit(problem.exit_code)
    except click.Abort:
        sys.exit(130)
    except Refusal as refusal:
        words = [refusal.detail, *(text for text in refusal.fields.values() if text not in refusal.detail)]
        click.echo(f"erp: {' '.join(words)}", err=True)
        sys.exit(2)
    except (ConfigurationError, CannotStart) as problem:
        click.echo(f"erp: {problem}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
