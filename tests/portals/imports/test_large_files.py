"""The largest files that are taken."""

from __future__ import annotations

import random
from datetime import datetime

import pytest

from core import clock
from core.db import Database
from core.imports import Outcome
from portals.csv_files import MOST_LINES
from portals.imports import KINDS, Look, carry_out, look
from tests.conftest import ROOT, Fleet
from tests.portals.imports.fleets import Sheet, make_drivers, make_vehicles

pytestmark = pytest.mark.proof
BAD = MOST_LINES // 20


class TestAFileOfAsManyLinesAsAreTaken:
    @pytest.mark.timeout(600)
    @pytest.mark.parametrize(("word", "make"), [("vehicles", make_vehicles), ("drivers", make_drivers)])
    def test_tells_every_bad_line_takes_every_good_one_in_and_changes_nothing_the_second_time(
        self, database: Database, fleet: Fleet, at: datetime, word: str, make
    ) -> None:
        sheet: Sheet = make(MOST_LINES, bad=BAD, chance=random.Random(7))
        content = sheet.text(";").encode()

        def looked() -> Look:
            with database.reading() as reader:
                return look(reader, viewer=ROOT, at=clock.now(), kind=KINDS[word], content=content)

        seen = looked()
        told = {verdict.number: " ".join(map(seen.in_words, verdict.problems)) for verdict in seen.bad}
        assert told.keys() == sheet.bad.keys()
        assert [number for number, words in sheet.bad.items() if words not in told[number]] == []
        done = carry_out(database, seen, actor=ROOT, at=at)
        assert done.counts[Outcome.NEW] == MOST_LINES - BAD
        assert looked().counts[Outcome.UNCHANGED] == MOST_LINES - BAD
