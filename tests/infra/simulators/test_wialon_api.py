"""The Remote API over the wire: every service and error code that the simulator has."""

import asyncio
import itertools
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from infra.simulators.wialon.server import serve
from infra.simulators.world import World

NUMBERS = itertools.count(50_000)


@pytest.fixture
def unit(platform):
    """The number of a parked unit nobody else uses."""
    number = next(NUMBERS)
    platform.make_unit(number)
    return number


class TestLogin:
    def test_gives_a_session(self, platform):
        answer = platform.call("token/login", {"token": platform.token, "fl": 1})
        assert len(answer["eid"]) == 32
        assert answer["user"] == {"id": 7, "nm": "fleet", "cls": 1}

    def test_refuses_another_token(self, platform):
        assert platform.call("token/login", {"token": "guess"}) == {"error": 8}

    def test_ends_with_logout(self, platform):
        assert platform.call("core/logout", {}) == {"error": 0}
        assert platform.call("core/search_item", {"id": 1, "flags": 1}) == {"error": 1}

    def test_dies_of_idleness_and_lives_by_use(self, connect):
        with ShortSessions(idle_s=0.4) as base_url:
            client = connect(base_url, "t")
            for _ in range(4):
                time.sleep(0.2)
                assert "events" in client.poll()
            time.sleep(0.5)
            assert client.poll() == {"error": 1}


class TestCall:
    def test_without_a_session_is_error_1(self, platform):
        assert platform.call("core/search_item", {"id": 1, "flags": 1}, sid="nobody") == {"error": 1}

    def test_of_an_unknown_service_is_error_2(self, platform):
        assert platform.call("unit/explode", {}) == {"error": 2}

    @pytest.mark.parametrize("params", ["{", "[]", '{"itemId":"x","commandName":"Immobilize"}', "{}"])
    def test_with_unreadable_parameters_is_error_4(self, platform, params):
        assert platform.call("unit/exec_cmd", params)["error"] == 4

    def test_works_by_get_as_well(self, platform, unit):
        query = {"svc": "core/search_item", "params": f'{{"id":{unit},"flags":1}}', "sid": platform.sid}
        assert platform.http.get("/wialon/ajax.html", params=query).json()["item"]["id"] == unit

    def test_eleventh_at_the_same_time_is_error_10(self, platform, unit):
        platform.fault(unit, answer_delay_s=1.0)
        with ThreadPoolExecutor(11) as pool:
            answers = list(pool.map(lambda _: platform.execute(unit), range(11)))
        assert answers.count({"error": 10}) == 1
        assert answers.count({}) == 10


class TestSearch:
    @pytest.mark.parametrize(
        ("name", "mask"),
        [
            ("sys_id", "{n}"),
            ("sys_unique_id", "bare-{n}"),
            ("sys_name", "bare {n}"),
            ("sys_name", "*{n}"),
            ("sys_id", "999999999|{n}"),
            ("sys_id,sys_name", "{n},Bare*"),
        ],
    )
    def test_finds_by_property_and_mask(self, platform, unit, name, mask):
        found = self.search(platform, name, mask.format(n=unit))
        assert [item["id"] for item in found["items"]] == [unit]
        assert found["totalItemsCount"] == 1

    def test_needs_every_property_unless_told_otherwise(self, platform, unit):
        assert not self.search(platform, "sys_id,sys_name", f"{unit},nothing")["items"]
        assert self.search(platform, "sys_id,sys_name", f"{unit},nothing", or_logic=True)["items"]

    def test_takes_every_other_character_of_a_mask_as_it_is(self, platform, unit):
        assert not self.search(platform, "sys_name", f"Bare.{unit}")["items"]

    def test_gives_a_page_in_order(self, platform, unit):
        for _ in range(3):
            platform.make_unit(next(NUMBERS))
        page = self.search(platform, "sys_name", "*", first=1, last=2)
        names = [item["nm"] for item in self.search(platform, "sys_name", "*")["items"]]
        assert names == sorted(names)
        assert [item["nm"] for item in page["items"]] == names[1:3]

    def test_knows_no_other_kind_of_item(self, platform):
        assert self.search(platform, "sys_name", "*", kind="avl_resource")["items"] == []

    def test_refuses_an_unknown_property(self, platform):
        assert self.search(platform, "sys_colour", "*") == {"error": 4}

    def search(self, platform, name, mask, *, kind="avl_unit", or_logic=False, first=0, last=0):
        spec = {"itemsType": kind, "propName": name, "propValueMask": mask, "sortType": "sys_name"}
        spec |= {"propType": "", "or_logic": or_logic}
        return platform.call("core/search_items", {"spec": spec, "force": 1, "flags": 1, "from": first, "to": last})


class TestItem:
    def test_shows_what_the_flags_ask_for(self, platform, unit, eventually):
        eventually(lambda: platform.item(unit, 1024)["lmsg"])
        assert set(platform.item(unit, 1)) == {"nm", "cls", "id", "mu", "uacl"}
        assert platform.item(unit, 256)["uid"] == f"bare-{unit}"
        assert [c["n"] for c in platform.item(unit, 512)["cmds"]] == ["Immobilize", "Release"]
        assert platform.item(unit, 524288)["cml"]["1"]["c"] == "output_on"
        assert platform.item(unit, 2097152) == {"netconn": 1}
        last = platform.item(unit, 1024)
        assert last["pos"]["s"] == 0
        assert last["lmsg"]["tp"] == "ud"
        assert last["lmsg"]["o"] == 0
        assert 37.7 < last["pos"]["y"] < 37.84
        assert abs(last["lmsg"]["t"] - time.time()) < 15

    def test_of_an_unknown_number_is_error_7(self, platform):
        assert platform.call("core/search_item", {"id": 1, "flags": 1}) == {"error": 7}

    def test_without_a_data_channel_has_no_command_and_no_connection(self, platform):
        number = next(NUMBERS)
        platform.make_unit(number, connected=False)
        assert platform.item(number, 512 | 2097152) == {"cmds": [], "netconn": 0}


class TestCommandDefinition:
    def test_can_be_made_changed_read_used_and_deleted(self, platform, unit):
        made = {"itemId": unit, "id": 0, "callMode": "create", "n": "Horn", "c": "output_on", "l": "tcp"}
        number, definition = self.update(platform, made | {"p": "4", "a": 1})
        assert definition == {"id": number, "n": "Horn", "c": "output_on", "l": "tcp", "p": "4", "a": 1}
        self.update(platform, made | {"id": number, "callMode": "update", "p": "5", "a": 1})
        read = platform.call("unit/get_command_definition_data", {"itemId": unit, "col": [number]})
        assert [d["p"] for d in read] == ["5"]
        assert platform.execute(unit, "Horn") == {}
        gone = {"itemId": unit, "id": number, "callMode": "delete"}
        assert self.update(platform, gone) == [number, None]
        assert platform.execute(unit, "Horn")["error"] == 5

    @pytest.mark.parametrize("wrong", [{"c": "explode"}, {"n": ""}, {"callMode": "update", "id": 99}])
    def test_refuses_nonsense(self, platform, unit, wrong):
        call = {"itemId": unit, "id": 0, "callMode": "create", "n": "X", "c": "output_on", "l": "", "p": "1"}
        assert self.update(platform, call | wrong)["error"] == 4

    def test_can_only_be_of_a_type_the_hardware_lists(self, platform, unit):
        known = platform.call("core/get_hw_cmds", {"deviceTypeId": 0, "unitId": unit})
        assert {"output_on", "output_off", "block_engine"} <= set(known["tcp"])

    def update(self, platform, call):
        return platform.call("unit/update_command_definition", call)


class TestExecution:
    def test_is_accepted_logged_and_then_seen_in_the_outputs(self, platform, unit, eventually):
        assert platform.execute(unit) == {}
        assert platform.log(unit) == {"error": 1001}
        eventually(lambda: platform.item(unit, 1024)["lmsg"]["o"] == 1)
        (message,) = platform.log(unit)["messages"]
        assert {k: message[k] for k in ("tp", "ca", "cn", "cp", "lt")} == {
            "tp": "ucr",
            "ca": "Immobilize",
            "cn": "output_on",
            "cp": "1",
            "lt": "tcp",
        }
        assert platform.unit(unit)["relay_on"]
        platform.execute(unit, "Release")
        eventually(lambda: platform.item(unit, 1024)["lmsg"]["o"] == 0)

    def test_is_witnessed_with_the_true_state_of_the_vehicle(self, platform, eventually):
        number = next(NUMBERS)
        platform.make_unit(number, moving=True)
        eventually(lambda: platform.unit(number)["speed_kmh"] > 5)
        platform.execute(number)
        (command,) = eventually(lambda: platform.commands(number))
        assert command["speed_kmh"] > 5
        assert command["ignition"]
        assert (command["relay_on_before"], command["relay_on_after"]) == (False, True)
        time.sleep(1.5)
        assert platform.unit(number)["speed_kmh"] > 0

    def test_keeps_the_order_of_commands(self, platform, unit, eventually):
        for name in ("Immobilize", "Release") * 3:
            platform.execute(unit, name, timeout=20)
        done = eventually(lambda: len(c := platform.commands(unit)) == 6 and c, within_s=12)
        assert [c["name"] for c in done] == ["Immobilize", "Release"] * 3

    def test_uses_the_definition_rather_than_the_request(self, platform, unit, eventually):
        assert platform.execute(unit, linkType="gsm", param="9") == {}
        eventually(lambda: platform.unit(unit)["outputs"] == 1)

    def test_of_an_unreachable_unit_is_error_5(self, platform):
        number = next(NUMBERS)
        platform.make_unit(number, connected=False)
        assert platform.execute(number)["error"] == 5

    def test_of_an_unknown_command_is_error_5(self, platform, unit):
        assert platform.execute(unit, "Explode")["error"] == 5

    def test_of_an_unknown_unit_is_error_7(self, platform):
        assert platform.execute(1) == {"error": 7}

    def test_needs_no_definition_as_send_cmd(self, platform, unit, eventually):
        call = {"itemId": unit, "commandType": "block_engine", "linkType": "tcp", "param": "", "timeout": 4}
        assert platform.call("unit/send_cmd", call) == {}
        eventually(lambda: platform.unit(unit)["relay_on"])
        assert platform.call("unit/send_cmd", call | {"commandType": "unblock_engine"}) == {}
        eventually(lambda: not platform.unit(unit)["relay_on"])

    @pytest.mark.parametrize(
        ("wrong", "code"),
        [
            ({"commandType": "explode"}, 4),
            ({"commandType": "output_on", "param": "0"}, 4),
            ({"commandType": "output_on", "param": "relay"}, 4),
            ({"linkType": "gsm"}, 5),
        ],
    )
    def test_refuses_nonsense_as_send_cmd(self, platform, unit, wrong, code):
        call = {"itemId": unit, "commandType": "block_engine", "linkType": "", "param": "", "timeout": 4}
        assert platform.call("unit/send_cmd", call | wrong)["error"] == code

    def test_can_ask_for_a_report(self, platform, unit, eventually):
        eventually(lambda: platform.item(unit, 1024)["lmsg"])
        first = platform.item(unit, 1024)["lmsg"]["t"]
        call = {"itemId": unit, "commandType": "query_pos", "linkType": "tcp", "param": "", "timeout": 4}
        platform.call("unit/send_cmd", call)
        eventually(lambda: platform.item(unit, 1024)["lmsg"]["t"] > first, within_s=3.5)


class TestArchive:
    def test_holds_data_messages_apart_from_commands(self, platform, unit, eventually):
        eventually(lambda: platform.item(unit, 1024)["lmsg"])
        platform.execute(unit)
        eventually(lambda: platform.commands(unit))
        data = platform.log(unit, flags=0)["messages"]
        assert {m["tp"] for m in data} == {"ud"}
        assert {m["tp"] for m in platform.log(unit)["messages"]} == {"ucr"}
        assert platform.log(unit, flags=0, loadCount=1)["messages"] == data[:1]
        assert platform.call("messages/unload", {}) == {}

    def test_is_error_1001_where_there_is_nothing(self, platform, unit):
        assert platform.log(unit, timeFrom=1, timeTo=2) == {"error": 1001}

    def test_answers_three_at_the_same_time(self, platform, unit):
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: platform.log(unit), range(8)))
        assert {"error": 1003, "reason": "LIMIT api_concurrent"} in answers
        assert {"error": 1001} in answers


class TestEvents:
    def test_bring_the_messages_of_watched_units_once(self, platform, unit, eventually):
        other = next(NUMBERS)
        platform.make_unit(other)
        (answer,) = self.watch(platform, {"type": "col", "data": [unit], "flags": 1025, "mode": 0})
        assert (answer["i"], answer["f"]) == (unit, 1025)
        platform.execute(unit)
        platform.execute(other)
        eventually(lambda: platform.unit(unit)["relay_on"] and platform.unit(other)["relay_on"])
        time.sleep(1.1)
        events = platform.poll()["events"]
        assert {event["i"] for event in events} == {unit}
        assert {event["t"] for event in events} == {"m"}
        assert [e["d"]["tp"] for e in events].count("ucr") == 1
        assert events[-1]["d"]["o"] == 1
        assert not [e for e in platform.poll()["events"] if e["d"]["tp"] == "ucr"]

    def test_flags_are_set_added_and_removed(self, platform, unit):
        one = {"type": "id", "data": unit}
        self.watch(platform, one | {"flags": 1025, "mode": 0})
        assert self.watch(platform, one | {"flags": 256, "mode": 1})[0]["f"] == 1281
        assert self.watch(platform, one | {"flags": 1024, "mode": 2})[0]["f"] == 257

    def test_can_be_of_all_units(self, platform, unit):
        watched = self.watch(platform, {"type": "type", "data": "avl_unit", "flags": 1, "mode": 0})
        assert unit in [entry["i"] for entry in watched]

    def test_are_error_10_at_the_eleventh_poll_in_ten_seconds(self, platform):
        answers = [platform.poll() for _ in range(11)]
        assert all("events" in answer for answer in answers[:10])
        assert answers[10] == {"error": 10}

    def watch(self, platform, spec):
        return platform.call("core/update_data_flags", {"spec": [spec]})


class TestHttp:
    def test_keeps_the_connection(self, simulator):
        with raw(simulator) as line:
            for _ in range(3):
                line.sendall(b"GET /sim/commands HTTP/1.1\r\nHost: x\r\n\r\n")
                assert b"200 OK" in line.recv(65536)

    @pytest.mark.parametrize(
        ("request_", "status"),
        [
            (b"hello\r\n\r\n", b"400"),
            (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"400"),
            (b"POST /avl_evts HTTP/1.1\r\nContent-Length: many\r\n\r\n", b"400"),
            (b"POST /avl_evts HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", b"413"),
            (b"POST /avl_evts HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"501"),
            (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n", b"431"),
            (b"GET /elsewhere HTTP/1.1\r\n\r\n", b"404"),
            (b"DELETE /avl_evts HTTP/1.1\r\n\r\n", b"405"),
        ],
    )
    def test_answers_what_it_cannot_serve(self, simulator, request_, status):
        with raw(simulator) as line:
            line.sendall(request_)
            assert line.recv(65536).split(b" ")[1] == status

    def test_closes_when_asked_to(self, simulator):
        with raw(simulator) as line:
            line.sendall(b"GET /sim/commands HTTP/1.1\r\nConnection: close\r\n\r\n")
            while line.recv(65536):
                pass


def raw(simulator):
    host, port = simulator.base_url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=5)


class ShortSessions:
    """A platform in a thread whose sessions die after `idle_s`."""

    def __init__(self, *, idle_s):
        self.idle_s = idle_s
        self.ready = threading.Event()

    def __enter__(self):
        self.thread = threading.Thread(target=lambda: asyncio.run(self.run()))
        self.thread.start()
        assert self.ready.wait(5)
        return self.base_url

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.over.set)
        self.thread.join()

    async def run(self):
        self.loop, self.over = asyncio.get_running_loop(), asyncio.Event()
        world = World()
        server = await serve(world, "127.0.0.1", 0, token="t", session_idle_s=self.idle_s)
        self.base_url = server.base_url
        self.ready.set()
        await self.over.wait()
        await server.close()
        await world.end()
