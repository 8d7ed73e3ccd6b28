import threading

from .conftest import record

DEVICES, FRAMES = 200, 10


class TestManyDevices:
    def test_at_once_are_all_stored_and_answered(self, gateway, intake):
        devices = [gateway.device(number) for number in range(1, DEVICES + 1)]

        def drive(mine):
            for second in range(FRAMES):
                for device in mine:
                    device.say(f"#D#{record(second)}")
                answers.extend(device.hear() for device in mine)

        answers = []
        drivers = [threading.Thread(target=drive, args=(devices[start::4],)) for start in range(4)]
        for driver in drivers:
            driver.start()
        for driver in drivers:
            driver.join(30)
        assert answers == ["#AD#1"] * DEVICES * FRAMES
        assert len(intake.stored) == DEVICES * FRAMES
        assert len(intake.batches) < DEVICES * FRAMES / 10

    def test_each_get_their_own_answers(self, gateway):
        devices = [gateway.device(number) for number in range(1, 51)]
        for number, device in enumerate(devices):
            device.say(f"#D#{record(speed='300' if number % 2 else '40')}")
        assert [device.hear() for device in devices] == ["#AD#1", "#AD#11"] * 25
