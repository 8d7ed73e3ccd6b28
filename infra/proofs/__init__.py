"""Proofs that take too long, or need too much, for the test suite: real recordings, judged by independent answers."""
