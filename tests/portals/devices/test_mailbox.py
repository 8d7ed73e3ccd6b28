"""Commands of a worker on their way through rows and a gateway to a tracker, which answers, delays, lies and dies."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from core import clock
from core.access import service
from core.access.gateway import Command, GatewayDown, Relay, mailbox, teltonika
from core.access.gateway.mailbox import ACTOR
from core.access.gateway.mailbox import Mailbox as Sender
from core.access.gateway.teltonika import TeltonikaGateway
from core.access.models import OrderKind, Outcome, Problem
from core.db import Database

from .conftest import eventually

LOCK, RELEASE = OrderKind.IMMOBILIZE, OrderKind.RELEASE
DONE, RELEASED = "DOUT1:1 Timeout:INFINITY", "DOUT1:0 Timeout:INFINITY"
QUEUED = "DOUT1:1 Timeout:INFINITY Speed threshold:5km/h Speed is above threshold, queued"


def uid(number):
    return f"{860000000000000 + number}"


def command(number=1, kind=LOCK, *, ttl_s=2, ago_s=0.0):
    given_at = clock.now() - timedelta(seconds=ago_s)
    return Command(uuid.uuid4(), 1, kind, Relay(uid(number), 1, inverted=False), given_at, ttl_s)


@pytest.fixture
def road(database, monkeypatch):
    """In a hurry, because the tests of all the silence would take half a minute."""
    monkeypatch.setattr(mailbox, "_WRITING", timedelta(seconds=0.3))
    monkeypatch.setattr(teltonika, "_TAKE_BACK_LIFETIME", timedelta(seconds=0.8))
    monkeypatch.setattr(teltonika, "_WAIT_FOR_OUTPUTS_S", 0.4)
    return TeltonikaGateway(database)


@pytest.fixture
def apart():
    """Runs what waits for the tracker, while the test is the tracker."""
    with ThreadPoolExecutor(8) as threads:
        yield threads.submit


@pytest.fixture
def gateway(start_gateway, database):
    gateway = start_gateway()
    gateway.open_mailbox(database)
    return gateway


class TestACommand:
    @pytest.mark.parametrize(
        ("kind", "text", "says"), [(LOCK, "setdigout 1 ? 5", DONE), (RELEASE, "setdigout 0", RELEASED)]
    )
    def test_is_said_to_the_device_and_accepted_when_it_says_done(self, gateway, road, apart, kind, text, says):
        tracker = gateway.teltonika(1)
        given = command(1, kind)
        sent = apart(road.send, given)
        assert tracker.hear_command() == text
        tracker.reply(says)
        answer = sent.result(5)
        assert (answer.outcome, answer.words) == (Outcome.ACCEPTED, f"{text}: the device answered “{says}”")
        assert road.was_logged(given) is True

    @pytest.mark.parametrize(
        ("says", "words"),
        [("DOUT1:IGNORED", "left the output alone"), ("DOUT1 Is disabled from CFG", "not set up to switch")],
    )
    def test_that_the_device_turns_down_is_refused_in_words_that_help(self, gateway, road, apart, says, words):
        tracker = gateway.teltonika(1)
        given = command()
        sent = apart(road.send, given)
        tracker.hear_command()
        tracker.reply(says)
        assert sent.result(5).outcome is Outcome.REFUSED
        assert words in sent.result().words
        assert road.was_logged(given) is False

    def test_to_a_device_without_connection_is_refused_at_once_and_never_said(self, gateway, road):
        given = command(ttl_s=4)
        answer = road.send(given)
        assert (answer.outcome, answer.words) == (
            Outcome.REFUSED,
            "Not sent: the device has no connection with the device gateway.",
        )
        assert clock.now() - given.given_at < timedelta(seconds=3)
        assert gateway.teltonika(1).hears_nothing()
        assert road.was_logged(given) is False

    def test_to_a_device_that_speaks_another_protocol_is_refused(self, gateway, road):
        gateway.device(1)
        answer = road.send(command())
        assert answer.outcome is Outcome.REFUSED
        assert "Choose another road" in answer.words

    def test_for_an_output_that_no_device_has_is_refused(self, road):
        given = Command(uuid.uuid4(), 1, LOCK, Relay(uid(1), 5, inverted=False), clock.now(), 2)
        assert road.send(given).outcome is Outcome.REFUSED

    def test_is_in_doubt_when_the_database_does_not_answer(self):
        away = TeltonikaGateway(Database("postgresql://nobody@127.0.0.1:1/none?connect_timeout=1"))
        assert away.send(command()).outcome is Outcome.UNKNOWN

    def test_waits_for_its_turn_while_the_device_answers_another(self, gateway, database, road, apart):
        tracker = gateway.teltonika(1)
        Sender(database).ask([uid(1)], "getver", lifetime=timedelta(seconds=10))
        assert tracker.hear_command() == "getver"
        sent = apart(road.send, command(ttl_s=5))
        assert tracker.hears_nothing(0.3)
        tracker.reply("Ver:03.27")
        assert tracker.hear_command() == "setdigout 1 ? 5"
        tracker.reply(DONE)
        assert sent.result(5).outcome is Outcome.ACCEPTED


class TestALockThatTheDeviceKeepsForLater:
    def test_is_taken_back_at_once_and_counts_as_refused(self, gateway, road, apart):
        tracker = gateway.teltonika(1)
        given = command()
        sent = apart(road.send, given)
        assert tracker.hear_command() == "setdigout 1 ? 5"
        tracker.reply(QUEUED)
        assert tracker.hear_command() == "setdigout 0"
        tracker.reply(RELEASED)
        assert sent.result(5).outcome is Outcome.REFUSED
        assert "taken back at once" in sent.result().words
        assert road.was_logged(given) is False

    def test_is_in_doubt_until_the_device_says_that_it_forgot_it(self, gateway, road, apart):
        tracker = gateway.teltonika(1)
        given = command()
        sent = apart(road.send, given)
        tracker.hear_command()
        tracker.reply(QUEUED)
        assert tracker.hear_command() == "setdigout 0"
        tracker.socket.close()
        assert sent.result(5).outcome is Outcome.UNKNOWN
        assert "release the vehicle" in sent.result().words
        with pytest.raises(GatewayDown):
            road.was_logged(given)
        tracker = gateway.teltonika(1)
        found = apart(road.was_logged, given)
        assert tracker.hear_command() == "setdigout 0"
        tracker.reply(RELEASED)
        assert found.result(5) is False


class TestASilentDevice:
    def send_and_stay_silent(self, gateway, road, apart):
        tracker = gateway.teltonika(1)
        given = command(ttl_s=0.4)
        sent = apart(road.send, given)
        assert tracker.hear_command() == "setdigout 1 ? 5"
        assert sent.result(5).outcome is Outcome.UNKNOWN
        with pytest.raises(GatewayDown, match="does not tell its outputs either"):
            road.was_logged(given)
        return given, gateway.teltonika(1)

    def test_leaves_a_doubt_that_its_outputs_clear_up_when_it_is_back(self, gateway, road, apart):
        given, tracker = self.send_and_stay_silent(gateway, road, apart)
        found = apart(road.was_logged, given)
        assert tracker.hear_command() == "getio"
        tracker.reply("DI1:0 DI2:0 DO1:1 DO2:0")
        assert found.result(5) is True

    def test_that_does_not_hold_is_told_to_forget_the_lock_before_it_counts_as_not_arrived(self, gateway, road, apart):
        given, tracker = self.send_and_stay_silent(gateway, road, apart)
        found = apart(road.was_logged, given)
        assert tracker.hear_command() == "getio"
        tracker.reply("DI1:0 DI2:0 DO1:0 DO2:0")
        assert tracker.hear_command() == "setdigout 0"
        tracker.reply(RELEASED)
        assert found.result(5) is False


class TestADyingDevice:
    def test_leaves_its_command_in_doubt_at_once(self, gateway, road, apart):
        tracker = gateway.teltonika(1)
        given = command(ttl_s=60)
        sent = apart(road.send, given)
        tracker.hear_command()
        tracker.socket.close()
        assert sent.result(5).outcome is Outcome.UNKNOWN


class TestADeviceThatAnswersTwice:
    def test_is_not_taken_at_its_second_word(self, gateway, road, apart):
        tracker = gateway.teltonika(1)
        sent = apart(road.send, command())
        tracker.hear_command()
        tracker.reply(DONE)
        assert sent.result(5).outcome is Outcome.ACCEPTED
        looked = apart(road.read_outputs, [Relay(uid(1), 1, inverted=False)])
        assert tracker.hear_command() == "getio"
        tracker.reply(DONE)
        assert looked.result(5) == {}


class TestStaleCommands:
    def test_are_refused_and_never_said_when_no_gateway_took_them_in_time(self, start_gateway, database, road):
        given = command(ttl_s=0.4)
        answer = road.send(given)
        assert answer.outcome is Outcome.REFUSED
        assert "the device gateway did not take the command" in answer.words
        gateway = start_gateway()
        tracker = gateway.teltonika(1)
        gateway.open_mailbox(database)
        assert tracker.hears_nothing(0.7)
        assert road.was_logged(given) is False

    def test_are_not_even_put_for_long_when_they_are_late_from_the_start(self, gateway, road):
        tracker = gateway.teltonika(1)
        answer = road.send(command(ttl_s=0.4, ago_s=1))
        assert answer.outcome is Outcome.REFUSED
        assert tracker.hears_nothing(0.3)

    def test_are_not_said_behind_a_device_that_was_slow_with_another(self, gateway, database, road, apart):
        tracker = gateway.teltonika(1)
        sender = Sender(database)
        (question,) = sender.ask([uid(1)], "getver", lifetime=timedelta(seconds=10))
        assert tracker.hear_command() == "getver"
        sent = apart(road.send, command(ttl_s=0.4))
        assert sent.result(5).outcome is Outcome.REFUSED
        tracker.reply("Ver:03.27")
        eventually(lambda: sender.look([question])[question].answer == "Ver:03.27")
        assert tracker.hears_nothing(0.5)

    def test_of_a_worker_that_died_are_taken_by_nobody(self, database):
        Sender(database).ask([uid(1)], "setdigout 1 ? 5", lifetime=timedelta(seconds=-0.001))
        assert take(database) == []

    def test_that_a_gateway_took_just_in_time_and_stalled_with_are_not_said(self, start_gateway, database, road):
        def now():
            stalled = threading.current_thread().name != "mailbox-watch"
            return clock.now() + timedelta(seconds=10 if stalled else 0)

        gateway = start_gateway()
        gateway.open_mailbox(database, now=now)
        tracker = gateway.teltonika(1)
        answer = road.send(command(ttl_s=4))
        assert answer.outcome is Outcome.REFUSED
        assert "its time was over before" in answer.words
        assert tracker.hears_nothing()

    def test_that_a_gateway_took_and_died_with_are_in_doubt(self, database, road, apart):
        given = command(ttl_s=0.4)
        sent = apart(road.send, given)
        eventually(lambda: take(database))
        assert sent.result(5).outcome is Outcome.UNKNOWN
        assert "did not say what became of it" in sent.result().words
        with pytest.raises(GatewayDown):
            road.was_logged(given)


def take(database, gateway="dying"):
    with database.transaction() as session:
        return service.take_commands(
            session, actor=ACTOR, at=clock.now(), gateway=gateway, is_here=lambda uid: True, is_busy=lambda uid: False
        )


class TestTwoGateways:
    def test_leave_each_other_the_devices_that_they_have(self, start_gateway, database, road, apart):
        trackers = {}
        for place in range(2):
            gateway = start_gateway()
            gateway.open_mailbox(database, name=f"gateway {place}")
            for number in range(place, 8, 2):
                trackers[number] = gateway.teltonika(number + 1)
        sent = {number: apart(road.send, command(number + 1, ttl_s=10)) for number in trackers}
        for tracker in trackers.values():
            assert tracker.hear_command() == "setdigout 1 ? 5"
            tracker.reply(DONE)
        assert {sent[number].result(10).outcome for number in trackers} == {Outcome.ACCEPTED}
        assert all(tracker.hears_nothing(0.02) for tracker in trackers.values())

    def test_never_take_the_same(self, database, apart):
        sender = Sender(database)
        asked = sender.ask([uid(number) for number in range(60)], "getver", lifetime=timedelta(seconds=30))
        takers = [apart(take, database, f"gateway {n}") for n in range(6)]
        taken = [each.id for taker in takers for each in taker.result(10)]
        assert sorted(taken) == sorted(asked)


class TestALookAtTheOutputs:
    def test_asks_all_devices_at_once_and_tells_as_of_before_it_asked(self, gateway, road, apart):
        trackers = {number: gateway.teltonika(number) for number in (1, 2, 3)}
        began = clock.now()
        looked = apart(road.read_outputs, [Relay(uid(number), 2, inverted=False) for number in trackers])
        for tracker in trackers.values():
            assert tracker.hear_command() == "getio"
        asked = clock.now()
        trackers[1].reply("DI1:1 AIN1:0 DO1:1 DO2:0")
        trackers[2].reply("DI1:1 AIN1:0 DO1:1 DO2:1")
        trackers[3].reply("DI1:1 AIN1:0 DO1:1")
        told = looked.result(5)
        assert {number: told[uid(number)].mask for number in (1, 2)} == {1: 0b00, 2: 0b10}
        assert uid(3) not in told
        assert all(began <= each.received_at <= asked for each in told.values())

    def test_does_not_wait_for_a_slow_device_and_hears_its_answer_the_next_time(self, gateway, road, apart):
        tracker = gateway.teltonika(1)
        relays = [Relay(uid(1), 1, inverted=False)]
        assert road.read_outputs(relays) == {}
        assert tracker.hear_command() == "getio"
        tracker.reply("DO1:1")
        eventually(lambda: road.read_outputs(relays).get(uid(1)))
        assert tracker.hears_nothing(0.1)

    def test_leaves_no_rows(self, gateway, database, road, apart):
        tracker = gateway.teltonika(1)
        looked = apart(road.read_outputs, [Relay(uid(1), 1, inverted=False)])
        tracker.hear_command()
        tracker.reply("DO1:1")
        assert looked.result(5)
        assert take(database) == []
        with database.reading() as reader:
            assert reader.exec_driver_sql("SELECT count(*) FROM access_device_commands").scalar() == 0


class TestAGatewayThatStops:
    def test_says_what_became_of_what_it_took(self, gateway, database, road, apart):
        tracker = gateway.teltonika(1)
        sent = apart(road.send, command(ttl_s=30))
        tracker.hear_command()
        gateway.stop()
        assert sent.result(5).outcome is Outcome.UNKNOWN
        assert "did not answer" in sent.result().words


class TestAWithdrawnCommand:
    def test_is_taken_by_nobody(self, database):
        sender = Sender(database)
        (question,) = sender.ask([uid(1)], "getver", lifetime=timedelta(seconds=30))
        record = sender.withdraw(sender.look([question])[question])
        assert (record.problem, record.was_said) == (Problem.WITHDRAWN, False)
        assert take(database) == []

    def test_stays_as_it_is_when_somebody_has_taken_it(self, database):
        sender = Sender(database)
        (question,) = sender.ask([uid(1)], "getver", lifetime=timedelta(seconds=30))
        assert len(take(database)) == 1
        record = sender.withdraw(sender.look([question])[question])
        assert (record.problem, record.was_said) == (None, True)
