"""Wialon IPS 1.1 and 2.0: bytes to values and back. No sockets, no clock.

Public sources: "Wialon IPS communication protocol" 1.1 and 2.0 by Gurtam; sample messages from the tests of
the Traccar project (WialonProtocolDecoderTest, Apache-2.0).
"""
