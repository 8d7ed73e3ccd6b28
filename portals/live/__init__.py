"""The live hub: what happens reaches every open board, and a board that was away misses nothing.

Each process reads the stream of facts once, keeps what its boards have been told of each vehicle, encodes what changed
once per sight, and never waits for a slow browser. Every message carries the epoch of the database and an offset in
the stream; a browser that comes back says where it was, and is told what changed since then, or everything.
"""

from portals.live.line import hub_of, install

__all__ = ["hub_of", "install"]
