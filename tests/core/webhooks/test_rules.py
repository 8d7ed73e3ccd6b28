"""The pure decisions, over many inputs."""

from __future__ import annotations

import ipaddress
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.webhooks.rules.addresses import Allowed, is_public, objection
from core.webhooks.rules.catalog import FACTS, OWN, UNTOLD, parse_public_id, public_id, subject_of
from core.webhooks.rules.retries import (
    DELAYS,
    GIVE_UP_ENDPOINT_AFTER,
    LONGEST_HOLD,
    MARKS,
    Answer,
    hold_for,
    is_given_up,
    next_try,
)
from tasks.subscriptions import SUBSCRIPTIONS

FIRST = datetime(2026, 11, 25, tzinfo=UTC)
spans = st.timedeltas(min_value=timedelta(), max_value=timedelta(days=10))
parts = st.floats(min_value=0, max_value=1)


class TestTheNextTry:
    @given(tried=spans, took=st.timedeltas(min_value=timedelta(), max_value=timedelta(seconds=20)), jitter=parts)
    def test_is_never_in_the_past_and_never_beyond_days(self, tried: timedelta, took: timedelta, jitter: float) -> None:
        at = FIRST + tried + took
        due = next_try(first_try_at=FIRST, tried_at=FIRST + tried, at=at, jitter=jitter)
        if due is None:
            assert tried >= MARKS[-1]
        else:
            assert at <= due <= max(at, FIRST + MARKS[-1] + DELAYS[-1] * 0.1)

    @given(jitters=st.lists(parts, min_size=20, max_size=20))
    def test_comes_ten_times_over_three_days_when_nothing_helps(self, jitters: list[float]) -> None:
        tries, at = [FIRST], FIRST
        for jitter in jitters:
            due = next_try(first_try_at=FIRST, tried_at=at, at=at, jitter=jitter)
            if due is None:
                break
            assert due > at
            tries.append(at := due)
        assert len(tries) == len(DELAYS) + 1
        assert timedelta(days=3) < tries[-1] - FIRST < timedelta(days=4)

    @given(extra=st.lists(spans, max_size=5), jitter=parts)
    def test_in_between_takes_none_of_the_later_ones_away(self, extra: list[timedelta], jitter: float) -> None:
        for span in extra:
            due = next_try(first_try_at=FIRST, tried_at=FIRST + span, at=FIRST + span, jitter=jitter)
            later = [mark for mark in MARKS if mark > span]
            assert (due is None) == (not later)
            assert due is None or due >= FIRST + later[0]


class TestAnEndpoint:
    @given(status=st.integers(100, 599), asked=st.none() | st.floats(min_value=-1e9, max_value=1e9))
    def test_is_held_an_hour_at_most_and_only_when_it_is_busy(self, status: int, asked: float | None) -> None:
        held = hold_for(Answer(status, "", 0, asked))
        if status not in {429, 502, 503, 504}:
            assert held is None
        elif held is not None:
            assert timedelta() < held <= LONGEST_HOLD

    def test_is_given_up_after_days_without_a_success_and_not_before(self) -> None:
        since = FIRST
        assert not is_given_up(failing_since=None, at=since)
        assert not is_given_up(failing_since=since, at=since + GIVE_UP_ENDPOINT_AFTER - timedelta(seconds=1))
        assert is_given_up(failing_since=since, at=since + GIVE_UP_ENDPOINT_AFTER)


NOT_PUBLIC = [
    "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.8.8.8", "169.254.169.254", "172.16.0.1", "172.31.255.255",
    "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1",
    "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1",
    "2001::1", "2001:db8::1", "3fff::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "100::1",
    "5f00::1",
]  # fmt: skip
PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.216.34", "172.32.0.1", "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::"]


class TestAnAddressOfTheNetwork:
    @pytest.mark.parametrize("text", NOT_PUBLIC)
    def test_that_is_not_of_the_public_internet_is_not_called(self, text: str) -> None:
        assert not is_public(ipaddress.ip_address(text))

    @pytest.mark.parametrize("text", PUBLIC)
    def test_that_is_public_is_called(self, text: str) -> None:
        assert is_public(ipaddress.ip_address(text))

    @given(inner=st.ip_addresses(v=4))
    def test_is_judged_by_the_one_it_leads_to(self, inner: ipaddress.IPv4Address) -> None:
        number = int(inner)
        for outer in (0xFFFF << 32 | number, 0x0064_FF9B << 96 | number, 0x2002 << 112 | number << 80):
            assert is_public(ipaddress.IPv6Address(outer)) == is_public(inner)

    @given(address=st.ip_addresses())
    def test_is_public_only_if_the_standard_library_says_so_too(
        self, address: ipaddress.IPv4Address | ipaddress.IPv6Address
    ) -> None:
        if is_public(address):
            assert not (address.is_private and not getattr(address, "sixtofour", None)) or address.is_global
            assert not (address.is_loopback or address.is_link_local or address.is_multicast)

    @given(good=st.just("1.1.1.1"), bad=st.sampled_from(NOT_PUBLIC), first=st.booleans())
    def test_spoils_a_name_that_has_a_public_one_too(self, good: str, bad: str, first: bool) -> None:
        both = [ipaddress.ip_address(text) for text in ((bad, good) if first else (good, bad))]
        assert objection(both, scheme="https", host="h.example", port=443, allowed=Allowed())

    def test_may_be_allowed_by_host_and_port_or_by_network(self) -> None:
        inside = [ipaddress.ip_address("10.1.2.3")]
        allowed = Allowed.parse(["erp.local:8080", "10.1.0.0/16"])
        assert objection(inside, scheme="http", host="erp.local", port=8080, allowed=allowed) is None
        assert objection(inside, scheme="http", host="other.local", port=9999, allowed=allowed) is None
        outside = [ipaddress.ip_address("10.2.2.3")]
        assert objection(outside, scheme="https", host="other.local", port=443, allowed=allowed)
        public = [ipaddress.ip_address("1.1.1.1")]
        assert objection(public, scheme="http", host="h.example", port=80, allowed=allowed)
        assert objection(public, scheme="https", host="h.example", port=22, allowed=allowed)

    @pytest.mark.parametrize("entry", ["localhost", "10.0.0.0/99", "host:port", ":80"])
    def test_is_allowed_by_nothing_else(self, entry: str) -> None:
        with pytest.raises(ValueError, match=r".+"):
            Allowed.parse([entry])


class TestTheCatalog:
    def test_has_words_for_every_fact_there_is(self) -> None:
        assert FACTS.keys() | UNTOLD == set(SUBSCRIPTIONS)
        assert not FACTS.keys() & UNTOLD
        assert not OWN.keys() & FACTS.keys()

    @given(message_id=st.uuids())
    def test_names_messages_so_that_they_are_found_again(self, message_id: uuid.UUID) -> None:
        assert parse_public_id(public_id(message_id)) == message_id
        assert "." not in public_id(message_id)

    @given(text=st.text())
    def test_finds_no_message_by_other_texts(self, text: str) -> None:
        found = parse_public_id(text)
        assert found is None or public_id(found) == text.lower()

    def test_knows_what_a_fact_is_about(self) -> None:
        assert subject_of({"job_id": "x", "vehicle_id": 7}, name="access.job_ordered") == "vehicle:7"
        assert subject_of({"geofence_id": 3}, name="events.geofence_added") == "geofence:3"
        assert subject_of({}, name="vehicles.counted") == "vehicles.counted"
