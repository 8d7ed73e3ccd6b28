"""Teltonika Codec 8, 8 Extended and 16, and the commands of Codec 12, 13 and 14: bytes to values and back.

No sockets, no clock. Public sources: "Codec" and "AVL ID" pages of the Teltonika Telematics wiki; sample frames from
there and from the tests of the Traccar project (TeltonikaProtocolDecoderTest, Apache-2.0). All numbers are big-endian.
"""
