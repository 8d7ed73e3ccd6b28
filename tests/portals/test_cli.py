"""The command line: what an owner does on an empty server."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from core.db import Database
from core.identity import queries as people
from core.identity import service
from core.vehicles import queries
from tests.conftest import ROOT, Fleet
from tests.portals.imports.fleets import make_vin


def erp(database: Database, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "portals.cli", *words],
        env={**os.environ, "DATABASE_URL": database.dsn, "ERP_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )


class TestAnEmptyServer:
    def test_gets_its_first_administrator_who_can_sign_in(
        self, database: Database, tmp_path: Path, at: datetime
    ) -> None:
        password = "a long enough password"
        made = erp(database, tmp_path, "add-admin", "Ada@Fleet.test", "Ada", "--password", password)
        assert made.returncode == 0, made.stderr
        with database.transaction() as session:
            assert service.sign_in(session, at=at, email="ada@fleet.test", password=password) == 1

    def test_gets_its_first_park(self, database: Database, tmp_path: Path) -> None:
        made = erp(database, tmp_path, "add-park", "North", "--time-zone", "Europe/Berlin", "--currency", "eur")
        assert made.returncode == 0, made.stderr
        with database.reading() as reader:
            (park,) = queries.list_parks(reader, viewer=ROOT)
        assert (park["name"], park["currency"]) == ("North", "EUR")

    def test_tells_in_a_sentence_what_is_wrong(self, database: Database, tmp_path: Path) -> None:
        refused = erp(database, tmp_path, "add-park", "North", "--time-zone", "Berlin", "--currency", "EUR")
        assert refused.returncode == 2
        assert "use a name like America/Los_Angeles" in refused.stderr
        assert "Traceback" not in refused.stderr


class TestAnAdministratorWhoCannotGetIn:
    def test_gets_a_link_to_a_new_password_from_whoever_owns_the_server(
        self, database: Database, fleet: Fleet, tmp_path: Path, at: datetime
    ) -> None:
        made = erp(database, tmp_path, "reset-password", fleet.email("admin"))
        token = made.stdout.split("/reset/")[1].split()[0]
        with database.reading() as reader:
            holder = people.find_ticket_holder(reader, at=at, token=token, kind=people.TicketKind.RESET)
        assert holder is not None
        assert holder.email == fleet.email("admin")
        assert "Nobody has the e-mail" in erp(database, tmp_path, "reset-password", "no@body.test").stderr


class TestASettingThatIsWrong:
    def test_is_named(self, database: Database, tmp_path: Path) -> None:
        refused = subprocess.run(
            [sys.executable, "-m", "portals.cli", "migrate"],
            env={**os.environ, "ERP_PORT": "eighty", "ERP_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert refused.returncode == 2
        assert refused.stderr.strip() == "erp: ERP_PORT is 'eighty'; it must be a whole number from 1 to 65000."


class TestTheKeys:
    def test_change_at_once_when_somebody_may_have_read_one(self, database: Database, tmp_path: Path) -> None:
        for _ in range(2):
            made = erp(database, tmp_path, "keys", "rotate")
            assert made.returncode == 0, made.stderr
            assert "signs in ten minutes" in made.stdout
        with database.reading() as reader:
            open_keys = reader.execute(sa.text("SELECT count(*) FROM identity_signing_keys WHERE retired_at IS NULL"))
            assert open_keys.scalar_one() == 1


class TestAFleetInAFile:
    def test_is_looked_at_taken_in_and_its_bad_lines_handed_back(
        self, database: Database, fleet: Fleet, tmp_path: Path
    ) -> None:
        file, bad = tmp_path / "fleet.csv", tmp_path / "bad.csv"
        file.write_text(f"VIN;Model;Park;Notes\n{make_vin(1)};Vue;Bayview;\n{make_vin(2)};Vue;Nowhere;\n")
        told = erp(database, tmp_path, "import", "vehicles", str(file), "--dry-run")
        assert told.returncode == 1, told.stderr
        assert told.stdout.splitlines() == [
            "Not read: Notes",
            "line 3: Park “Nowhere”: There is no such park that you may add vehicles to. "
            "Write one of Bayview, Mission.",
            "1 new, 0 changed, 0 unchanged, 1 bad",
        ]
        done = erp(database, tmp_path, "import", "vehicles", str(file), "--bad", str(bad))
        assert done.stdout.endswith("1 new, 0 changed, 0 unchanged, 1 bad\n")
        mended = tmp_path / "mended.csv"
        mended.write_text(bad.read_text().replace("Nowhere;", "Mission;"))
        again = erp(database, tmp_path, "import", "vehicles", str(mended))
        assert (again.returncode, again.stdout.splitlines()[-1]) == (0, "1 new, 0 changed, 0 unchanged, 0 bad")
        with database.reading() as reader:
            vins = {vehicle.vin for vehicle in queries.list_vehicles(reader, viewer=ROOT)}
        assert {make_vin(1), make_vin(2)} <= vins
