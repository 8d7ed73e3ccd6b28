import pytest

from portals.devices.crc16 import crc16


class TestCrc16:
    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            (b"", 0),
            (b"123456789", 0xBB3D),
            (b"2.0;860000000000001;NA;", 0x86E9),
            (b"270413;205601;5544.6025;N;03739.6834;E;1;2;3;4;", 0x1985),
            (b"Hello driver;", 0x0798),
        ],
    )
    def test_agrees_with_the_published_values(self, data, expected):
        assert crc16(data) == expected

    def test_notices_every_changed_byte_of_odd_and_even_lengths(self):
        for data in (b"12345678", b"123456789"):
            changed = [data[:i] + b"x" + data[i + 1 :] for i in range(len(data))]
            assert crc16(data) not in map(crc16, changed)
