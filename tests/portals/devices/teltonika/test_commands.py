from datetime import UTC, datetime

import pytest

from portals.devices.conversation import CannotCommand, Unreadable
from portals.devices.teltonika.commands import (
    ADDRESSED,
    COMMAND,
    GIVEN,
    NOT_MINE,
    RESPONSE,
    TIMED,
    decode_message,
    encode_command,
)

from . import real_frames


class TestCommand:
    @pytest.mark.parametrize(("text", "whole"), real_frames.COMMANDS.items())
    def test_is_encoded_as_the_vendor_prints_it(self, text, whole):
        assert encode_command(text) == bytes.fromhex(whole)

    @pytest.mark.parametrize(("text", "whole"), real_frames.COMMANDS.items())
    def test_is_read_back(self, text, whole):
        assert decode_message(bytes.fromhex(whole)[8:-4])[:3] == (GIVEN, COMMAND, text)

    @pytest.mark.parametrize("text", ["", "x" * 513, "двери", "a\r\nb"])
    def test_that_no_device_could_read_is_refused(self, text):
        with pytest.raises(CannotCommand):
            encode_command(text)


class TestMessage:
    def test_of_codec_12_is_a_response(self):
        message = decode_message(real_frames.RESPONSE_TO_GETIO[8:-4])
        assert (message.codec, message.kind) == (GIVEN, RESPONSE)
        assert message.text == "DI1:1 DI2:0 DI3:0 AIN1:0 AIN2:16924 DO1:0 DO2:1"

    def test_of_codec_13_has_a_time(self):
        message = decode_message(real_frames.CODEC_13[8:-4])
        assert message.codec == TIMED
        assert message.at == datetime(2023, 4, 3, 20, 45, 5, tzinfo=UTC)
        assert message.text == "GTSL|6|1|0|12749884|1|"

    def test_of_codec_14_says_whose_it_is(self):
        imei = bytes.fromhex("0352093081452251")
        content = bytes([ADDRESSED, 1, RESPONSE]) + (8 + 2).to_bytes(4, "big") + imei + b"ok\x01"
        assert decode_message(content)[1:] == (RESPONSE, "ok", None, "352093081452251")

    def test_of_codec_14_may_say_that_the_command_was_for_another(self):
        imei = bytes.fromhex("0352093081452251")
        content = bytes([ADDRESSED, 1, NOT_MINE]) + (8).to_bytes(4, "big") + imei + b"\x01"
        assert decode_message(content)[1:3] == (NOT_MINE, "")

    def test_is_text_that_any_store_can_hold(self):
        content = bytes([GIVEN, 1, RESPONSE]) + (5).to_bytes(4, "big") + b"a\0b\xff\n\x01"
        assert decode_message(content).text == r"a\x00b\xff"

    @pytest.mark.parametrize(
        "content",
        ["0C0106", "0C0206000000026F6B02", "0C0106000000036F6B01", "0C0106000000026F6B02", "0D010600000002646401"],
    )
    def test_of_a_wrong_form_is_refused(self, content):
        with pytest.raises(Unreadable):
            decode_message(bytes.fromhex(content))
