import pytest

from portals.devices.conversation import Unreadable
from portals.devices.teltonika.frames import Announcement, FrameSplitter, frame

from . import real_frames


def frames(*chunks):
    splitter = FrameSplitter()
    found = []
    for chunk in chunks:
        splitter.feed(chunk)
        while (one := splitter.next_frame()) is not None:
            found.append(one)
    return found


def content(whole):
    return whole[8:-4]


def refusal(*chunks):
    with pytest.raises(Unreadable) as refused:
        frames(*chunks)
    return refused.value


class TestFrameSplitter:
    @pytest.mark.parametrize("whole", [*real_frames.DATA, real_frames.CODEC_13, real_frames.RESPONSE_TO_GETIO])
    def test_takes_every_real_frame(self, whole):
        assert frames(whole) == [content(whole)]

    def test_gives_the_same_frames_however_the_bytes_are_cut(self):
        stream = real_frames.ANNOUNCEMENT + b"".join(real_frames.DATA) + b"\xff\xff" + real_frames.RESPONSE_TO_GETIO
        whole = frames(stream)
        assert whole[0] == Announcement("123456789012345")
        assert whole[1:] == [content(one) for one in (*real_frames.DATA, real_frames.RESPONSE_TO_GETIO)]
        assert frames(*(bytes([byte]) for byte in stream)) == whole

    def test_skips_keep_alive_bytes_between_frames(self):
        stream = b"\xff" * 3 + real_frames.ANNOUNCEMENT + b"\xff" + real_frames.NO_FIX + b"\xff\xff"
        assert frames(stream) == [Announcement("123456789012345"), content(real_frames.NO_FIX)]

    @pytest.mark.parametrize("place", range(8, len(real_frames.NO_FIX)))
    def test_refuses_a_frame_of_which_a_byte_was_changed(self, place):
        changed = bytearray(real_frames.NO_FIX)
        changed[place] ^= 0x40
        assert refusal(bytes(changed)).answer == b""

    @pytest.mark.parametrize(
        ("start", "reason"),
        [
            ("0000000100000036", "unreadable"),
            ("000001", "unreadable"),
            ("000000000000000208", "wrong length"),
            ("000000000000051508", "wrong length"),
            ("00000000FFFFFFFF08", "wrong length"),
            ("00000000000010010C", "wrong length"),
        ],
    )
    def test_refuses_a_wrong_start_before_the_rest_has_come(self, start, reason):
        assert refusal(bytes.fromhex(start)).reason == reason

    @pytest.mark.parametrize("start", ["0021", "FFFE474554", "474554202F", "0003312E32"])
    def test_refuses_what_is_no_imei_in_the_words_of_a_login(self, start):
        assert refusal(bytes.fromhex(start).removeprefix(b"\xff")).answer == b"\x00"

    def test_takes_the_largest_frame_a_device_may_send(self):
        largest = frame(b"\x08" + bytes(1_299))
        assert frames(largest) == [content(largest)]


class TestFrame:
    @pytest.mark.parametrize("whole", real_frames.DATA)
    def test_is_what_a_device_sends(self, whole):
        assert frame(content(whole)) == whole
