"""The client in docs/api, as an integrator uses it, over a real port."""

from __future__ import annotations

import threading
import time
import uuid
from datetime import UTC, datetime, timedelta

import fleet_client
import httpx
import pytest
from fleet_client import (
    Changed,
    Circle,
    Conflict,
    CursorExpired,
    CursorFile,
    Fleet,
    Forbidden,
    Invalid,
    NewPoint,
    NoAnswer,
    NotFound,
    NotFromTheFleet,
    SignInFailed,
    read_webhook,
)
from standardwebhooks import Webhook

from core.access.models import JobState
from core.vehicles import service as vehicles
from core.vehicles.models import VehicleStatus
from portals.api_v1.changes import Cursor
from tests.conftest import ROOT
from tests.e2e.product import eventually
from tests.portals.api_v1.test_access import conclude

pytestmark = pytest.mark.xdist_group("docs")
DEPOT = Circle(lat=37.76, lon=-122.42, radius_m=200)


def name() -> str:
    """A name that no geofence has."""
    return f"Depot {uuid.uuid4()}"


class TestReading:
    def test_gives_typed_records_page_by_page(self, connect, monkeypatch) -> None:
        fleet = connect("vehicles:read")
        asked, request = [], fleet.request

        def count(*args, **kwargs) -> httpx.Response:
            asked.append(args)
            return request(*args, **kwargs)

        monkeypatch.setattr(fleet, "request", count)
        pages = fleet._pages("/vehicles", fleet_client.Vehicle, {"limit": 1})
        first, second, *others = pages
        assert (first.id, first.status, first.tracker.relay_gateway) == (1, "onboarding", "vialon_relay")
        assert (second.id, second.tracker) == (2, None)
        assert first.created_at.tzinfo is not None
        assert len(asked) == len(others) + 3
        assert [park.time_zone for park in fleet.parks()] == ["America/Los_Angeles"] * 2

    def test_of_what_is_not_there_raises_with_the_sentence_and_the_request(self, fleet) -> None:
        with pytest.raises(NotFound) as caught:
            fleet.vehicle(99)
        assert caught.value.detail == "There is no vehicle 99."
        assert caught.value.type == "urn:equinomix:problem:not-found"
        assert len(caught.value.request_id) == 16

    def test_without_the_scope_names_it(self, connect) -> None:
        with pytest.raises(Forbidden) as caught:
            list(connect("telemetry:read").vehicles())
        assert caught.value.members["permission"] == "vehicles:read"

    def test_with_a_wrong_secret_says_so(self, site) -> None:
        with pytest.raises(SignInFailed) as caught, Fleet(site.url, site.client()[0], "wrong") as fleet:
            list(fleet.vehicles())
        assert caught.value.title == "invalid_client"

    def test_goes_on_with_a_new_token_when_the_old_one_is_no_longer_good(self, fleet) -> None:
        list(fleet.vehicles())
        fleet._token = "revoked"
        assert len(list(fleet.parks())) == 2

    def test_renews_its_token_before_it_ends(self, fleet) -> None:
        list(fleet.vehicles())
        old, fleet._renew_at_s = fleet._token, time.monotonic()
        list(fleet.vehicles())
        assert fleet._token not in {"", old}


class TestPoints:
    def test_are_sent_in_batches_and_known_again(self, fleet) -> None:
        begin = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
        points = [NewPoint(vehicle_id=2, ts=begin + timedelta(seconds=n), lat=37.7, lon=-122.4) for n in range(50)]
        points[33] = NewPoint(vehicle_id=99, ts=begin)
        report = fleet.send_points(iter(points), at_once=20)
        assert (report.received, report.stored, [refused.index for refused in report.refused]) == (50, 49, [33])
        assert report.refused[0].rule == "unknown_vehicle"
        assert fleet.send_points(points).duplicates == 49
        assert fleet.last_points(2, 1)[0].ts == begin + timedelta(seconds=49)
        assert [state.ts for state in fleet.states() if state.vehicle_id == 2] == [begin + timedelta(seconds=49)]

    def test_that_cannot_be_read_at_all_cost_the_others_nothing(self, fleet) -> None:
        now = datetime.now(UTC)
        report = fleet.send_points([NewPoint(vehicle_id=0, ts=now), NewPoint(vehicle_id=1, ts=now, lat=1.0, lon=2.0)])
        assert (report.received, report.stored, report.refused[0].rule) == (2, 1, "malformed")
        assert fleet.send_points([NewPoint(vehicle_id=0, ts=now)] * 3).refused[2].index == 2

    def test_are_saved_as_a_file(self, fleet, tmp_path) -> None:
        moment = datetime.now(UTC) - timedelta(minutes=90)
        fleet.send_points([NewPoint(vehicle_id=1, ts=moment, lat=37.7, lon=-122.4)])
        hour = timedelta(hours=1)
        fleet.save_track(1, moment - hour, moment + hour, tmp_path / "day.gpx")
        assert (tmp_path / "day.gpx").read_text().count("<trkpt") >= 1
        with pytest.raises(NotFound):
            fleet.save_track(99, moment - hour, moment + hour, tmp_path / "none.csv", kind="csv")
        assert not (tmp_path / "none.csv").exists()


class TestGeofences:
    def test_are_changed_as_they_were_read_or_not_at_all(self, fleet) -> None:
        fence = fleet.add_geofence(name(), DEPOT)
        same = fleet.geofence(fence.id)
        assert (same, same.etag) == (fence, '"1"')
        renamed = fleet.rename_geofence(fence, name())
        with pytest.raises(Changed):
            fleet.rename_geofence(fence, name())
        with pytest.raises(Changed):
            fleet.close_geofence(fence)
        assert fleet.close_geofence(renamed).closed_at is not None

    def test_that_do_not_fit_are_refused_by_field(self, fleet) -> None:
        with pytest.raises(Invalid) as caught:
            fleet.add_geofence(name(), Circle(lat=1.0, lon=2.0, radius_m=1.0))
        assert list(caught.value.fields) == ["circle.radius_m"]


class TestOrders:
    def test_are_waited_for(self, fleet, site) -> None:
        order = fleet.immobilize(1, "theft", note="A trial.", break_glass=True)
        assert (order.status, order.kind) == ("pending", "immobilize")
        with pytest.raises(Conflict) as caught:
            fleet.immobilize(1, "maintenance")
        assert caught.value.members["job_id"] == order.job_id
        assert not fleet.wait_for(order, within_s=0.1, every_s=0.05).is_completed
        worker = threading.Timer(0.3, conclude, (site.database, order.job_id, JobState.CONFIRMED))
        worker.start()
        done = fleet.wait_for(order, within_s=20, every_s=0.1)
        assert (done.result, done.verdict) == ("success", "It holds.")
        assert fleet.release(1).kind == "release"


class TestMileage:
    def test_is_recorded_once(self, fleet) -> None:
        moment = datetime.now(UTC)
        fleet.record_mileage(2, 1_000_000, "Inspection", read_at=moment)
        with pytest.raises(Conflict):
            fleet.record_mileage(2, 1_000_000, "Inspection", read_at=moment)


class TestChanges:
    def test_are_followed_from_where_it_was_left_off(self, fleet, site, tmp_path) -> None:
        saved, read = CursorFile(tmp_path / "cursor"), []
        following = fleet.follow(saved, lambda: read.append(1), names=["vehicles.status_changed"], wait_s=0)
        assert next(following) == []
        _change_status(site, 1)
        assert [change.vehicle_ids for change in eventually(lambda: next(following), within_s=30)] == [[1]]
        # Ended before the list was finished: it comes again.
        again = fleet.follow(saved, lambda: read.append(2), names=["vehicles.status_changed"], wait_s=0)
        assert [change.ids for change in eventually(lambda: next(again), within_s=30)] == [{"vehicle_id": 1}]
        assert next(again) == []
        assert read == [1]

    def test_are_read_anew_when_the_cursor_has_expired(self, fleet, tmp_path, site) -> None:
        saved, read = CursorFile(tmp_path / "cursor"), []
        gone = str(Cursor("another.1", Cursor.parse(fleet.cursor()).offset, datetime.now(UTC)))
        with pytest.raises(CursorExpired):
            fleet.changes_after(gone)
        saved.save(gone)
        assert next(fleet.follow(saved, lambda: read.append(1), wait_s=0)) == []
        assert read == [1]


class TestAServerThatDies:
    """SIGKILL to all of it, amid requests, and another one on its port after a while."""

    def test_is_waited_for_and_everything_is_done_once(self, connect, site) -> None:
        fleet, hasty = connect(patience_s=110), connect(patience_s=0.5)
        before = {fence.name for fence in fleet.geofences()}
        names, failures = [name() for _ in range(40)], []

        def add(mine: list[str]) -> None:
            try:
                for one in mine:
                    fleet.add_geofence(one, DEPOT)
            except Exception as error:  # whatever it is, the test must hear of it
                failures.append(error)

        adding = [threading.Thread(target=add, args=(names[n::4],)) for n in range(4)]
        for thread in adding:
            thread.start()
        time.sleep(0.15)
        site.kill()
        with pytest.raises(NoAnswer):
            list(hasty.vehicles())
        site.start()
        for thread in adding:
            thread.join()
        assert failures == []
        assert sorted(fence.name for fence in fleet.geofences() if fence.name not in before) == sorted(names)


class TestAnAnswerThatIsLost:
    def test_is_asked_for_again_under_the_same_key(self, fleet, monkeypatch) -> None:
        """The server has done it and the line breaks before the answer: the client asks again, and gets that answer."""
        ask, lost = fleet._http.request, []

        def lose(method: str, *args, **kwargs) -> httpx.Response:
            answer = ask(method, *args, **kwargs)
            if method == "POST" and not lost:
                lost.append(answer)
                raise httpx.ReadError("the line broke", request=answer.request)
            return answer

        list(fleet.vehicles())
        monkeypatch.setattr(fleet._http, "request", lose)
        wanted = name()
        fence = fleet.add_geofence(wanted, DEPOT)
        assert lost[0].json()["id"] == fence.id
        assert [found.id for found in fleet.geofences() if found.name == wanted] == [fence.id]

    def test_is_waited_for_as_long_as_the_server_says(self, fleet, monkeypatch) -> None:
        ask, waits = fleet._http.request, []
        answers = [429, 503, 409]

        def refuse(*args, **kwargs) -> httpx.Response:
            if not answers:
                return ask(*args, **kwargs)
            body = {"type": fleet_client.STILL_AT_IT}
            return httpx.Response(answers.pop(0), json=body, headers={"Retry-After": "7"})

        list(fleet.vehicles())
        monkeypatch.setattr(fleet._http, "request", refuse)
        monkeypatch.setattr(fleet_client.time, "sleep", waits.append)
        assert len(list(fleet.parks())) == 2
        assert waits == [7.0, 7.0, 7.0]


class TestAWebhook:
    SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    BODY = b'{"type":"vehicles.status_changed","timestamp":"2026-11-24T08:00:06Z","data":{"vehicle_id":7}}'

    def signed(self, *, secret: str = SECRET, at: datetime | None = None) -> dict[str, str]:
        at = at or datetime.now(UTC)
        signature = Webhook(secret).sign("msg_1", at, self.BODY.decode())
        return {"Webhook-Id": "msg_1", "Webhook-Timestamp": str(int(at.timestamp())), "Webhook-Signature": signature}

    def test_that_is_signed_is_read(self) -> None:
        message = read_webhook(self.SECRET, self.signed(), self.BODY)
        assert (message.id, message.type, message.data) == ("msg_1", "vehicles.status_changed", {"vehicle_id": 7})
        assert message.sent_at == datetime(2026, 11, 24, 8, 0, 6, tzinfo=UTC)

    def test_may_be_signed_by_two_while_a_secret_is_replaced(self) -> None:
        headers, other = self.signed(), self.signed(secret="whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
        headers["Webhook-Signature"] = f"{other['Webhook-Signature']} {headers['Webhook-Signature']}"
        assert read_webhook(self.SECRET, headers, self.BODY).id == "msg_1"

    def test_that_was_changed_or_is_old_or_has_no_signature_is_refused(self) -> None:
        good = self.signed()
        for headers, body in (
            (good, self.BODY + b" "),
            ({**good, "Webhook-Id": "msg_2"}, self.BODY),
            ({**good, "Webhook-Signature": "v1,é"}, self.BODY),
            ({**good, "Webhook-Timestamp": "soon"}, self.BODY),
            ({}, self.BODY),
            (self.signed(at=datetime.now(UTC) - timedelta(minutes=6)), self.BODY),
            (self.signed(at=datetime.now(UTC) + timedelta(minutes=6)), self.BODY),
        ):
            with pytest.raises(NotFromTheFleet):
                read_webhook(self.SECRET, headers, body)


def _change_status(site, vehicle_id: int) -> None:
    with site.database.transaction() as session:
        vehicles.change_status(
            session,
            actor=ROOT,
            at=datetime.now(UTC),
            vehicle_id=vehicle_id,
            status=VehicleStatus.AVAILABLE,
            reason="Ready",
        )
