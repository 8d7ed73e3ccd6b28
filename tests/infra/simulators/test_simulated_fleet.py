"""The whole program, five hundred vehicles, against a server that only counts."""

import os
import signal
import subprocess
import sys
import time

import msgspec
import psutil
import pytest

from infra.simulators.fleet_file import Device, FleetFile, IpsServer, WialonServer
from infra.simulators.process import SimulatorProcess


def devices(count):
    kinds = ("ice", "hybrid", "electric")
    return [Device(f"86{n:013d}", f"key-{n}", 10_000 + n, f"SIM-{n:03d}", kinds[n % 3]) for n in range(1, count + 1)]


class TestFleet:
    def test_of_five_hundred_keeps_its_rate_on_a_small_share_of_one_core(self, ips_sink, record_property):
        with SimulatorProcess(devices(500), ips=ips_sink.address) as simulator:
            time.sleep(4)
            process = psutil.Process(simulator.process.pid)
            cpu, records, began = sum(process.cpu_times()[:2]), len(ips_sink.records), time.monotonic()
            time.sleep(10)
            passed = time.monotonic() - began
            share = (sum(process.cpu_times()[:2]) - cpu) / passed
            rate = (len(ips_sink.records) - records) / passed
        record_property("share_of_one_core", round(share, 3))
        record_property("records_per_s", round(rate, 1))
        assert ips_sink.connections >= 500
        assert 60 <= rate <= 140
        assert share < 0.15

    def test_shows_a_command_of_the_platform_in_its_next_ips_frame(self, ips_sink, connect, eventually):
        fleet = devices(4)
        with SimulatorProcess(fleet, ips=ips_sink.address) as simulator:
            client = connect(simulator.base_url, simulator.token)
            eventually(lambda: len(ips_sink.records) >= 4)
            parked = next(d.unit_id for d in fleet if client.unit(d.unit_id)["phase"] == "parked")
            assert client.execute(parked) == {}
            eventually(lambda: "1" in [fields[12] for _, fields in ips_sink.records], within_s=5)
            eventually(lambda: client.item(parked, 1024)["lmsg"]["o"] == 1)
            assert client.make_unit(parked)["error"].startswith(f"Unit {parked} belongs to the fleet")

    def test_begins_with_some_driving_some_resting_and_some_parked(self, ips_sink, connect):
        fleet = devices(20)
        with SimulatorProcess(fleet, ips=ips_sink.address) as simulator:
            client = connect(simulator.base_url, simulator.token)
            phases = [client.unit(d.unit_id)["phase"] for d in fleet]
        assert phases.count("parked") == 2
        assert phases.count("break") == 5


class TestRestart:
    @pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
    def test_goes_on_where_it_stopped_and_holds_its_relays(self, ips_sink, connect, eventually, tmp_path, end):
        fleet = devices(6)
        with SimulatorProcess(fleet, ips=ips_sink.address, home=tmp_path) as simulator:
            client = connect(simulator.base_url, simulator.token)
            eventually((tmp_path / "fleet_state.json").exists)
            client.execute(fleet[3].unit_id)
            eventually(lambda: client.unit(fleet[3].unit_id)["relay_on"])
            time.sleep(1.2)
            before = [client.unit(d.unit_id) for d in fleet]
            simulator.process.send_signal(end)
            simulator.process.wait(5)
        with SimulatorProcess(fleet, ips=ips_sink.address, home=tmp_path) as simulator:
            client = connect(simulator.base_url, simulator.token)
            after = [client.unit(d.unit_id) for d in fleet]
        for old, new in zip(before, after, strict=True):
            assert abs(new["lat"] - old["lat"]) < 0.003
            assert abs(new["lon"] - old["lon"]) < 0.003
            assert -100 < new["odometer_m"] - old["odometer_m"] < 50
            assert new["relay_on"] == old["relay_on"]
            assert new["ignition"] == old["ignition"]

    def test_with_an_unreadable_memory_starts_afresh_and_says_so(self, ips_sink, tmp_path):
        (tmp_path / "fleet_state.json").write_text("{")
        with SimulatorProcess(devices(1), ips=ips_sink.address, home=tmp_path) as simulator:
            assert "is unreadable" in simulator.log


class TestProgram:
    def test_ends_at_once_on_sigterm(self, ips_sink):
        with SimulatorProcess(devices(20), ips=ips_sink.address) as simulator:
            began = time.monotonic()
            simulator.process.send_signal(signal.SIGTERM)
            assert simulator.process.wait(5) == 0
            assert time.monotonic() - began < 1
            assert "stopped" in simulator.log

    def test_ends_without_a_trace_while_someone_is_connected(self, connect):
        with SimulatorProcess() as simulator:
            connect(simulator.base_url, simulator.token)
            simulator.process.terminate()
            assert simulator.process.wait(5) == 0
            assert "Traceback" not in simulator.log

    def test_waits_for_its_file_to_be_there_and_complete(self, tmp_path, eventually):
        file, log = tmp_path / "fleet.json", tmp_path / "log"
        whole = msgspec.json.encode(FleetFile(IpsServer("127.0.0.1", 9), WialonServer("127.0.0.1", 0, "t")))
        with log.open("wb") as output:
            command = [sys.executable, "-m", "infra.simulators"]
            process = subprocess.Popen(command, env=os.environ | {"ERP_HOME": str(tmp_path)}, stdout=output)
        try:
            eventually(lambda: f"Waiting for {file}: it is written" in log.read_text())
            file.write_bytes(whole[:20])
            eventually(lambda: f"Waiting for {file} to be complete" in log.read_text())
            file.write_bytes(whole)
            eventually(lambda: "ready at" in log.read_text())
        finally:
            process.kill()
            process.wait()

    def test_knows_nothing_of_the_product(self):
        code = "import infra.simulators.__main__, infra.simulators.process, sys; print(*sys.modules)"
        loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
        assert not {name.split(".")[0] for name in loaded.split()} & {"core", "portals", "tasks"}

    def test_names_a_port_that_is_taken(self, ips_sink, tmp_path):
        with SimulatorProcess() as first:
            port = int(first.base_url.rsplit(":", 1)[1])
            with pytest.raises(RuntimeError, match="address already in use"), SimulatorProcess(port=port):
                pass
