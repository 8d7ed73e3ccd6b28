"""The names under which words of the log are sealed: what is sealed for one cannot be opened as another."""

from __future__ import annotations

WORDS = "events.words"
DISPUTE_WORDS, DISPUTE_REASONS = "events.dispute_words", "events.dispute_reasons"
PARTY, POLICE_NUMBER, CLAIM_NUMBER = "events.party", "events.police_number", "events.claim_number"
