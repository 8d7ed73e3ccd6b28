"""The fleet table: what it shows, what is chosen, what is kept, and what is done to many at once."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import psycopg
import pytest

from core import audit
from core.identity import service as identity
from core.vehicles import queries, service
from core.vehicles.schemas import NewVehicle
from tests.conftest import PASSWORD, ROOT
from tests.portals.page import check_fragment, check_page
from tests.portals.reports import report

LIST = "/operator/vehicles"


@pytest.fixture
def register(database, fleet, at):
    """Puts vehicles into the first park; the number is part of the VIN."""

    def registered(*numbers, **given):
        with database.transaction() as session:
            return [
                service.register_vehicle(
                    session,
                    actor=ROOT,
                    at=at,
                    new=NewVehicle(vin=f"WVWZZZ1JZ3W{number:06d}", park_id=fleet.park_id, **{"model": "Golf", **given}),
                )
                for number in numbers
            ]

    return registered


def choices(page, facet):
    """What a facet offers: value -> (count, is chosen)."""
    found = re.findall(rf'name="{facet}" value="([^"]*)" form="finder"( checked)?>.*?<b>(\d+)</b>', page)
    return {value: (int(count), bool(checked)) for value, checked, count in found}


class TestTable:
    def test_shows_what_a_vehicle_is_who_has_it_and_what_it_last_said(self, operator, fleet, database, at):
        report(database, fleet.vehicle_id, at=at, speed_kmh=43.0)

        page = operator.get(LIST).text

        check_page(page)
        for shown in ("Car 1", "7ABC123", "Honda Accord 2021", "Bayview", "Onboarding", "Ana Lopez", "43\xa0km/h"):
            assert shown in page
        assert f'datetime="{at.isoformat()}"' in page

    def test_leaves_out_what_is_in_another_park(self, operator):
        assert "Mission" not in operator.get(LIST).text

    def test_finds_by_words(self, operator):
        assert "Car 1" in operator.get(f"{LIST}?q=abc12").text
        assert "No vehicle matches" in operator.get(f"{LIST}?q=zebra").text

    def test_keeps_what_was_typed_and_chosen(self, operator, register):
        register(1, make="VW")
        page = operator.get(f"{LIST}?q=o&powertrain=unknown&sort=-model").text

        check_page(page)
        assert 'value="o"' in page
        assert choices(page, "powertrain") == {"ice": (1, False), "unknown": (1, True)}
        assert '<input type="hidden" name="sort" value="-model" form="finder">' in page

    def test_sends_only_itself_to_htmx(self, operator):
        headers = {"HX-Request": "true", "HX-Target": "div#fleet"}

        fragment = operator.get(f"{LIST}?q=Car", headers=headers).text

        check_fragment(fragment)
        assert fragment.lstrip().startswith('<div id="fleet"')

    def test_goes_on_on_the_next_page_and_ends_on_the_last(self, operator, register):
        register(*range(100))

        first = operator.get(LIST).text
        second = operator.get(f"{LIST}?page=2").text
        beyond = operator.get(f"{LIST}?page=99999999999999999999").text

        assert "1 to 100 of 101" in first and "WVWZZZ1JZ3W000099" not in first
        assert "101 to 101 of 101" in second and "WVWZZZ1JZ3W000099" in second
        assert 'rel="next"' not in second
        assert "101 to 101 of 101" in beyond

    def test_asks_the_database_no_more_for_more_vehicles(self, operator, register, count_statements):
        operator.get(LIST)  # opens the key of the driver's name, which is kept then
        few = count_statements(lambda: operator.get(LIST))
        register(*range(30))
        assert count_statements(lambda: operator.get(LIST)) == few

    def test_stands_in_the_order_of_any_column_both_ways(self, operator, register, database, fleet, at):
        (golf,) = register(1, name="Zebra", year=2001)
        report(database, fleet.vehicle_id, at=at - timedelta(hours=1), speed_kmh=0.0)
        report(database, golf, at=at, speed_kmh=0.0)

        def names(sort):
            return re.findall(r'class="row-link"[^>]*>([^<]+)<', operator.get(f"{LIST}?sort={sort}").text)

        assert names("name") == names("-year") == names("report") == ["Car 1", "Zebra"]
        assert names("-name") == names("year") == names("-report") == ["Zebra", "Car 1"]
        assert names("nonsense") == ["Car 1", "Zebra"]

    def test_has_the_columns_that_are_ticked(self, operator):
        page = operator.get(f"{LIST}?column=vin&column=tracker&column=nonsense").text

        heads = re.findall(r'<th scope="col"[^>]*>.*?([A-Z][A-Za-z ]+)<', page)
        assert heads[-3:] == ["Vehicle", "VIN", "Tracker"]
        assert "1HGCM82633A004352" in page and "860000000000001" in page

    def test_tells_how_many_each_choice_would_leave(self, operator, register, database, fleet, at):
        register(1, 2)
        report(database, fleet.vehicle_id, at=at - timedelta(minutes=11), speed_kmh=0.0)

        page = operator.get(f"{LIST}?driver=free").text

        assert choices(page, "tracker") == {}  # the two that are left have none, so there is nothing to choose
        assert choices(page, "driver") == {"driven": (1, False), "free": (2, True)}
        assert choices(operator.get(LIST).text, "tracker") == {"silent": (1, False), "none": (2, False)}

    def test_of_nothing_says_so_and_leads_back(self, operator):
        page = operator.get(f"{LIST}?status=rented&park=99999&class=%00").text

        check_page(page)
        assert "No vehicle matches" in page
        assert f'href="{LIST}">Show all vehicles' in page


class TestView:
    def test_is_kept_and_opens_the_same_table_again(self, operator, dispatcher):
        query = "q=Car&driver=driven&sort=-model"

        answer = operator.post(f"{LIST}/views", data={"query": query, "view_name": "Driven", "is_shared": "1"})

        assert answer.status_code == 303
        page = operator.get(answer.location).text
        check_page(page)
        assert 'aria-current="true">Driven' in page
        assert "shared by you" in page
        theirs = dispatcher.get(LIST).text
        assert "shared by Operator" in theirs
        assert "/removal" not in theirs

    def test_is_for_oneself_unless_it_is_shared(self, operator, dispatcher):
        operator.post(f"{LIST}/views", data={"query": "", "view_name": "Mine"})

        assert "Mine" in operator.get(LIST).text
        assert "Mine" not in dispatcher.get(LIST).text

    def test_without_a_name_is_not_kept_and_the_table_stays(self, operator):
        answer = operator.post(f"{LIST}/views", data={"query": "q=Car", "view_name": " "})

        assert answer.status_code == 422
        check_page(answer.text)
        assert "Enter a name" in answer.text and 'value="Car"' in answer.text

    def test_is_removed(self, operator):
        operator.post(f"{LIST}/views", data={"query": "", "view_name": "Mine"})
        address = re.search(r'action="([^"]*/removal)"', operator.get(LIST).text).group(1)

        assert operator.post(address, data={"query": "q=Car"}).location == f"{LIST}?q=Car"
        assert "Mine" not in operator.get(LIST).text.replace("The view was removed.", "")


class TestManyAtOnce:
    @pytest.fixture
    def cars(self, register):
        return register(1, 2, 3)

    def test_are_named_before_anything_is_done(self, operator, cars):
        page = operator.post(f"{LIST}/bulk", data={"act": "status", "vehicle": cars}).text

        check_page(page)
        assert "Change the status of 3 vehicles" in page
        assert page.count('name="vehicle"') == 3
        assert all(f"WVWZZZ1JZ3W00000{number}" in page for number in (1, 2, 3))

    def test_can_be_all_that_match(self, operator, cars):
        page = operator.post(f"{LIST}/bulk", data={"act": "status", "all": "1", "query": "q=golf"}).text

        assert page.count('name="vehicle"') == 3

    def test_move_to_a_status_and_each_is_told_of(self, operator, fleet, cars, database):
        operator.post(f"{LIST}/{cars[0]}/status", data={"status": "written_off", "status_reason": "Burnt out"})
        operator.post(f"{LIST}/{cars[1]}/status", data={"status": "blocked", "status_reason": "Recall"})

        answer = operator.post(
            f"{LIST}/bulk/status",
            data={
                "vehicle": [*cars, fleet.other_vehicle_id, 999],
                "status": "blocked",
                "status_reason": "Recall of the maker",
            },
        )

        check_page(answer.text)
        assert "5 vehicles: 1 done, 1 with nothing to do, 3 not done." in answer.text
        assert "WVWZZZ1JZ3W000001 is written off" in answer.text
        assert f"Vehicle {fleet.other_vehicle_id}<" in answer.text and "Vehicle 999<" in answer.text
        with database.reading() as reader:
            statuses = {one.id: one.status for one in queries.list_vehicles(reader, viewer=ROOT)}
        assert [statuses[car] for car in cars] == ["written_off", "blocked", "blocked"]
        assert statuses[fleet.other_vehicle_id] == "onboarding"

    def test_want_a_status_and_a_reason(self, operator, cars):
        answer = operator.post(f"{LIST}/bulk/status", data={"vehicle": cars, "status": "blocked"})

        assert answer.status_code == 422
        check_page(answer.text)
        assert answer.text.count('name="vehicle"') == 3
        assert "Say why" in answer.text

    @pytest.mark.parametrize("data", [{"act": "status"}, {"act": "sell", "vehicle": "1"}, {}])
    def test_of_none_or_of_nothing_to_do_is_said(self, operator, data):
        answer = operator.post(f"{LIST}/bulk", data=data)

        assert answer.status_code == 422
        check_page(answer.text)

    def test_are_not_too_many(self, operator, cars, monkeypatch):
        monkeypatch.setattr("portals.operator.vehicles_bulk.MOST", 2)

        asked = operator.post(f"{LIST}/bulk", data={"act": "status", "vehicle": cars})
        done = operator.post(
            f"{LIST}/bulk/status", data={"vehicle": cars, "status": "available", "status_reason": "Ready"}
        )

        assert asked.status_code == 422 and "At most 2 vehicles" in asked.text
        assert "2 done" in done.text and "A further 1 were left alone" in done.text

    def test_that_get_no_answer_are_told_of_and_the_others_are_done(self, operator, cars, monkeypatch):
        change = service.change_status

        def change_or_wait(session, *, vehicle_id, **given):
            if vehicle_id == cars[0]:
                raise psycopg.OperationalError("lock timeout")
            change(session, vehicle_id=vehicle_id, **given)

        monkeypatch.setattr(service, "change_status", change_or_wait)
        answer = operator.post(
            f"{LIST}/bulk/status", data={"vehicle": cars, "status": "available", "status_reason": "Ready"}
        )

        assert "2 done" in answer.text and "did not answer in time" in answer.text


class TestGroups:
    def test_take_many_vehicles_and_are_chosen_by(self, operator, register):
        cars = register(1, 2)
        page = operator.post(f"{LIST}/bulk", data={"act": "group", "vehicle": cars}).text
        check_page(page)
        assert "Put 2 vehicles into a group" in page

        first = operator.post(f"{LIST}/bulk/group", data={"vehicle": [*cars, 999], "group": " Night  shift "}).text
        second = operator.post(f"{LIST}/bulk/group", data={"vehicle": cars, "group": "night shift"}).text

        assert "3 vehicles: 2 done, 0 with nothing to do, 1 not done." in first
        assert "2 vehicles: 0 done, 2 with nothing to do, 0 not done." in second
        assert choices(operator.get(LIST).text, "group") == {}  # among one group there is nothing to choose
        chosen = operator.get(f"{LIST}?group=Night+shift&column=groups").text
        assert choices(chosen, "group") == {"Night shift": (2, True)}
        assert "Car 1" not in chosen and chosen.count("cell-groups") == 2
        out = operator.post(f"{LIST}/bulk/ungroup", data={"vehicle": cars, "group": "Night shift"}).text
        assert "2 done" in out
        assert "No vehicle matches" in operator.get(f"{LIST}?group=Night+shift").text

    def test_of_no_name_are_none(self, operator, register):
        cars = register(1)
        for act in ("group", "ungroup"):
            answer = operator.post(f"{LIST}/bulk/{act}", data={"vehicle": cars, "group": " "})
            assert answer.status_code == 422
            check_page(answer.text)
            assert answer.text.count('name="vehicle"') == 1

    def test_of_one_vehicle_are_changed_on_its_card(self, operator, fleet):
        card = f"{LIST}/{fleet.vehicle_id}"

        operator.post(f"{card}/groups", data={"into": "Airport"})
        page = operator.get(card).text
        check_page(page)
        assert 'aria-label="Take out of Airport"' in page
        operator.post(f"{card}/groups", data={"out_of": "Airport"})
        assert 'aria-label="Take out of Airport"' not in operator.get(card).text
        assert operator.post(f"{card}/groups", data={"into": "n" * 61}).status_code == 303
        assert "at most 60" in operator.get(card).text


class TestMovingMany:
    @pytest.fixture
    def boss(self, database, app, fleet, at):
        """An operator of both parks."""
        with database.transaction() as session:
            identity.create_user(
                session,
                actor=ROOT,
                at=at,
                email="boss@example.test",
                name="Boss",
                password=PASSWORD,
                roles=["operator"],
                park_ids=[fleet.park_id, fleet.other_park_id],
            )
        browser = app.test_client()
        browser.post("/sign-in", data={"email": "boss@example.test", "password": PASSWORD})
        return browser

    def test_goes_to_a_park_in_view_and_out_of_the_groups(self, boss, fleet, database):
        ids = [fleet.vehicle_id, fleet.other_vehicle_id]
        boss.post(f"{LIST}/bulk/group", data={"vehicle": ids, "group": "Night"})

        page = boss.post(f"{LIST}/bulk", data={"act": "park", "vehicle": ids}).text
        done = boss.post(f"{LIST}/bulk/park", data={"vehicle": ids, "park_id": str(fleet.other_park_id)}).text

        check_page(page)
        assert "Move 2 vehicles to another park" in page
        assert "1 done, 1 with nothing to do" in done
        with database.reading() as reader:
            assert list(queries.list_groups(reader, viewer=ROOT, vehicle_ids=ids)) == [fleet.other_vehicle_id]

    def test_wants_a_park_in_view(self, operator, fleet):
        answer = operator.post(
            f"{LIST}/bulk/park", data={"vehicle": [fleet.vehicle_id], "park_id": str(fleet.other_park_id)}
        )
        assert answer.status_code == 422
        assert "Choose a park of the list" in answer.text


class TestFile:
    def test_holds_what_was_ticked_and_no_name_of_a_driver(self, operator, fleet, register):
        register(1, name="=cmd()")

        answer = operator.post(f"{LIST}/export", data={"vehicle": [fleet.vehicle_id]})
        whole = operator.post(f"{LIST}/export", data={"all": "1", "query": "sort=-name"})

        assert answer.mimetype == "text/csv"
        (line,) = csv.DictReader(io.StringIO(answer.text))
        assert (line["name"], line["driver_id"]) == ("Car 1", str(fleet.driver_id))
        assert "Ana" not in answer.text
        assert [line["name"] for line in csv.DictReader(io.StringIO(whole.text))] == ["Car 1", "'=cmd()"]

    def test_that_was_taken_is_in_the_audit(self, operator, database):
        operator.post(f"{LIST}/export", data={"all": "1", "query": "driver=driven"})

        with database.reading() as reader:
            (entry,) = audit.list_entries(reader, viewer=ROOT, subject=("audit", "vehicles"))
        assert entry["detail"] == {"count": 1, "is_whole": True, "chosen": {"driver": ["driven"]}}
