from .conftest import eventually, record


class TestAcknowledgement:
    def test_waits_until_the_readings_are_durable(self, gateway, intake):
        device = gateway.device()
        intake.gate.clear()
        device.say(f"#D#{record()}")
        assert intake.asked.wait(2)
        assert device.hears_nothing()
        intake.gate.set()
        assert device.hear() == "#AD#1"
        assert len(intake.stored) == 1

    def test_comes_after_an_outage_that_ends_soon_enough(self, start_gateway, intake):
        gateway = start_gateway(retry_after_s=(0.05,) * 40)
        device = gateway.device()
        intake.outage = True
        device.say(f"#D#{record()}")
        eventually(lambda: intake.attempts > 2)
        assert device.hears_nothing()
        intake.outage = False
        assert device.hear() == "#AD#1"

    def test_never_comes_when_the_readings_could_not_be_stored(self, gateway, intake):
        device = gateway.device()
        intake.outage = True
        device.say(f"#D#{record()}", "#P#", f"#D#{record(1)}")
        assert device.is_hung_up_on()
        assert not intake.stored

    def test_of_what_was_sent_again_after_an_outage_stores_it_once(self, gateway, intake):
        device = gateway.device(5)
        intake.outage = True
        device.say(f"#D#{record()}")
        assert device.is_hung_up_on()
        intake.outage = False
        again = gateway.device(5)
        again.say(f"#D#{record()}", f"#D#{record(1)}")
        assert [again.hear(), again.hear()] == ["#AD#1", "#AD#1"]
        assert len(intake.points(5)) == 2

    def test_of_other_devices_is_not_held_up_by_readings_that_cannot_be_stored(self, start_gateway, intake):
        gateway = start_gateway(batch_linger_s=0.2, retry_after_s=(0.2, 60.0))
        devices = [gateway.device(number) for number in range(1, 8)]
        intake.poison.add(1)
        for device in devices:
            device.say(f"#D#{record()}")
        assert [device.hear() for device in devices[1:]] == ["#AD#1"] * 6
        assert devices[0].is_hung_up_on()

    def test_of_a_lone_bad_device_does_not_stop_those_that_come_after(self, start_gateway, intake):
        gateway = start_gateway(retry_after_s=(0.3, 60.0))
        bad, good = gateway.device(1), gateway.device(2)
        intake.poison.add(1)
        bad.say(f"#D#{record()}")
        eventually(lambda: intake.attempts >= 2)
        good.say(f"#D#{record()}")
        assert good.hear() == "#AD#1"
        assert bad.is_hung_up_on()

    def test_is_not_held_up_by_a_bad_device_that_fills_a_batch_alone(self, start_gateway, intake):
        gateway = start_gateway(retry_after_s=(0.3, 60.0), batch_readings=2)
        bad, good = gateway.device(1), gateway.device(2)
        intake.poison.add(1)
        bad.say(*(f"#D#{record(n)}" for n in range(4)))
        eventually(lambda: intake.attempts >= 2)
        good.say(f"#D#{record()}")
        assert good.hear() == "#AD#1"
        assert bad.is_hung_up_on()


class TestReadings:
    def test_of_a_device_that_vanishes_are_stored_all_the_same(self, gateway, intake):
        vanishing, staying = gateway.device(5), gateway.device(6)
        intake.gate.clear()
        vanishing.say(*(f"#D#{record(n)}" for n in range(20)))
        staying.say(f"#D#{record()}")
        assert intake.asked.wait(2)
        vanishing.socket.close()
        intake.gate.set()
        assert staying.hear() == "#AD#1"
        eventually(lambda: len(intake.points(5)) == 20)

    def test_of_a_vehicle_are_stored_in_the_order_in_which_they_came(self, start_gateway, intake):
        gateway = start_gateway(batch_readings=7)
        device = gateway.device(5)
        device.say(*(f"#D#{record(n)}" for n in range(60)))
        assert {device.hear() for _ in range(60)} == {"#AD#1"}
        seconds = [point.ts.second for point in intake.points(5)]
        assert seconds == list(range(60))
        assert max(intake.batches) == 7

    def test_keep_their_order_through_an_outage(self, start_gateway, intake):
        gateway = start_gateway(retry_after_s=(0.05,) * 40, batch_readings=3)
        device = gateway.device(5)
        intake.outage = True
        device.say(*(f"#D#{record(n)}" for n in range(10)))
        eventually(lambda: intake.attempts > 4)
        intake.outage = False
        assert [device.hear() for _ in range(10)] == ["#AD#1"] * 10
        assert [point.ts.second for point in intake.points(5)] == list(range(10))

    def test_gather_while_a_transaction_runs(self, gateway, intake):
        first, second = gateway.device(1), gateway.device(2)
        intake.gate.clear()
        first.say(f"#D#{record()}")
        assert intake.asked.wait(2)
        for n in range(30):
            second.say(f"#D#{record(n)}")
        assert second.hears_nothing()
        intake.gate.set()
        assert [second.hear() for _ in range(30)] == ["#AD#1"] * 30
        assert intake.batches == [1, 30]

    def test_that_wait_show_in_the_heartbeat(self, gateway, intake):
        device = gateway.device()
        intake.gate.clear()
        device.say(f"#D#{record()}")
        eventually(lambda: intake.beats[-1][0] > 200)
        intake.gate.set()
        assert device.hear() == "#AD#1"
        eventually(lambda: intake.beats[-1][0] == 0)

    def test_go_on_being_taken_when_the_heartbeat_cannot_be_written(self, gateway, intake):
        intake.outage = True
        eventually(lambda: len(intake.beats) > 2)
        intake.outage = False
        device = gateway.device()
        device.say(f"#D#{record()}")
        assert device.hear() == "#AD#1"


class TestStop:
    def test_answers_what_was_taken_in_takes_no_more_and_hangs_up(self, gateway, intake):
        device, idle = gateway.device(5), gateway.device(6)
        intake.gate.clear()
        device.say(f"#D#{record()}")
        assert intake.asked.wait(2)
        gateway.begin_stop()
        assert device.hears_nothing()
        device.say(f"#D#{record(1)}")
        assert device.hears_nothing()
        intake.gate.set()
        assert device.hear() == "#AD#1"
        assert device.is_hung_up_on()
        assert idle.is_hung_up_on()
        assert len(intake.stored) == 1

    def test_does_not_wait_for_ever_and_does_not_acknowledge_then(self, start_gateway, intake):
        gateway = start_gateway(drain_s=0.2)
        device = gateway.device(5)
        intake.gate.clear()
        device.say(f"#D#{record()}")
        assert intake.asked.wait(2)
        gateway.begin_stop()
        assert device.is_hung_up_on()
