import pytest

from .conftest import eventually, record, signed


class TestLogin:
    def test_of_a_known_device_is_accepted_in_both_versions(self, gateway):
        gateway.device(1, version="1.1")
        gateway.device(2, version="2.0")

    @pytest.mark.parametrize(
        ("line", "answer"),
        [
            ("#L#nobody;NA", "#AL#0"),
            ("#L#locked;wrong", "#AL#01"),
            ("#L#locked;NA", "#AL#01"),
            ("#L#2.0;860000000000001;NA;86E8", "#AL#10"),
            ("#L#", "#AL#0"),
            ("#P#", "#AL#0"),
            (f"#D#{record()}", "#AL#0"),
            (f"#B#{record()}", "#AL#0"),
        ],
    )
    def test_that_fails_is_answered_and_hung_up_on(self, gateway, intake, line, answer):
        device = gateway.connect()
        device.say(line, f"#D#{record()}", f"#D#{record(1)}")
        assert device.hear() == answer
        assert device.is_hung_up_on()
        assert not intake.stored

    def test_with_the_right_key_is_accepted(self, gateway):
        device = gateway.connect()
        device.say("#L#locked;secret")
        assert device.hear() == "#AL#1"

    def test_may_be_followed_by_data_without_waiting(self, gateway, intake):
        device = gateway.connect()
        device.say("#L#860000000000007;NA", f"#D#{record()}")
        assert [device.hear(), device.hear()] == ["#AL#1", "#AD#1"]
        assert len(intake.points(7)) == 1

    def test_may_be_compressed(self, gateway, intake):
        intake.devices["imei"] = (9, "password")
        device = gateway.connect()
        device.send(bytes.fromhex("FF180078DA53F651CECC4DCDB42E482C2E2ECF2F4A01002D1C05E5"))
        assert device.hear() == "#AL#1"

    def test_is_not_answered_while_nobody_can_say_who_it_is(self, gateway, intake):
        intake.outage = True
        device = gateway.connect()
        device.say("#L#860000000000001;NA")
        assert device.is_hung_up_on()

    def test_never_writes_the_key_to_the_log(self, gateway, caplog):
        caplog.set_level("DEBUG")
        device = gateway.connect()
        device.say("#L#locked;hunter2")
        assert device.is_hung_up_on() or device.is_hung_up_on()
        eventually(lambda: "locked" in caplog.text)
        assert "hunter2" not in caplog.text

    def test_of_a_browser_is_hung_up_on(self, gateway):
        device = gateway.connect()
        device.say("GET / HTTP/1.1", "Host: example", "")
        assert device.is_hung_up_on()

    def test_counts_in_the_heartbeat(self, gateway, intake):
        gateway.device(1)
        gateway.connect()
        eventually(lambda: intake.beats and intake.beats[-1][1] == 1)

    def test_with_a_checksum_makes_later_packets_need_one(self, gateway):
        device = gateway.device(1, version="2.0")
        device.say(signed("D", f"{record()};"), f"#D#{record(1)}")
        assert [device.hear(), device.hear()] == ["#AD#1", "#AD#16"]
