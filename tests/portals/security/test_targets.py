"""Where a sign-in leads on to is always a page of ours."""

from urllib.parse import urljoin, urlsplit

from hypothesis import example, given
from hypothesis import strategies as st

from portals.security import own_path

OURS = "https://erp.example.test/sign-in"
_PIECES = (
    *("/", "\\", "//", "/\\", ".", "..", "\t", "\n", "\r", " ", "\0", "@", ":", "?", "#", "%2f", "%5c", "%09"),
    *("http:", "https:", "javascript:", "data:", "evil.test", "erp.example.test", "a", "\u2028", "\uff0f", "\u3002"),
)
_TRICKS = st.lists(st.sampled_from(_PIECES), max_size=8).map("".join)


def where_a_browser_goes(target):
    """The host, as browsers read an address: they drop tabs and line ends, trim, and take a backslash for a slash."""
    plain = target.translate({9: None, 10: None, 13: None}).strip("".join(map(chr, range(33))))
    path, mark, query = plain.partition("?")
    return urlsplit(urljoin(OURS, path.replace("\\", "/") + mark + query))


class TestATarget:
    @given(_TRICKS | st.text(max_size=30))
    @example("//evil.test")
    @example("/\\evil.test")
    @example("/\t/evil.test")
    @example("///evil.test")
    @example("/..//evil.test")
    @example("https:evil.test")
    @example("\x01/evil.test")
    def test_that_is_taken_stays_with_us(self, target):
        taken = own_path(target)
        if taken is not None:
            there = where_a_browser_goes(taken)
            assert (there.scheme, there.netloc) == ("https", "erp.example.test")

    @given(
        st.from_regex(r"/[a-z0-9_-]{1,20}(/[a-z0-9_.-]{1,20}){0,3}(\?[a-z]+=[a-zA-Z0-9%&=+:-]{0,20})?", fullmatch=True)
    )
    def test_that_is_a_plain_path_is_taken_as_it_is(self, path):
        assert own_path(path) == path
