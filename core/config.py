"""Configuration: read once from the environment, then passed around as one frozen value."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from core.errors import ConfigurationError

# An issuer is an https address without query or fragment (OpenID Connect Core 1.0 section 2), or on this machine.
_ISSUER = re.compile(r"(https://|http://(?=127\.0\.0\.1[:/]|localhost[:/]))(?P<host>[^/?#\s]+)(/[^?#\s]*)?")


@dataclass(frozen=True, slots=True)
class AccessTiming:
    """The clock of an immobilization order. All in seconds. Source: ACC-2 and ACC-4."""

    attempt_at_s: tuple[float, ...] = (0.0, 4.5, 9.0)
    command_ttl_s: int = 4
    verdict_by_s: float = 14.0
    approve_within_s: float = 3_600.0
    arm_for_s: float = 900.0
    arm_after_grace_s: float = 86_400.0
    review_within_s: float = 86_400.0
    release_retry_s: float = 15.0
    release_for_s: float = 86_400.0
    fix_max_age_s: float = 15.0
    standing_for_s: float = 10.0
    claim_s: float = 3.0


@dataclass(frozen=True, slots=True)
class AccessLimits:
    """How much harm locks can do before somebody looks. Releases are never counted. Source: ACC-7.

    `share_per_hour_percent` is of the vehicles with a relay; `least_per_hour` may be locked in any fleet.
    """

    locks_per_min: int = 6
    share_per_hour_percent: int = 5
    least_per_hour: int = 3
    breaker_orders_per_min: int = 30
    breaker_doubts: int = 5

    def per_hour(self, fleet_size: int) -> int:
        """How many vehicles may be locked within an hour, of so many."""
        return max(self.least_per_hour, -(-fleet_size * self.share_per_hour_percent // 100))


@dataclass(frozen=True, slots=True)
class StandingThresholds:
    """How strictly drivers are judged."""

    document_warning_days: int = 7
    """So long before a document expires its driver is warned."""
    debt_restricted_days: int = 3
    """Overdue for longer: restricted."""
    debt_suspended_days: int = 10
    """Overdue for longer: suspended, unless there is a promise whose day has not come, or an open dispute."""
    rating_restricted_below: float = 4.2
    rating_least_trips: int = 20
    """A rating that rests on fewer trips says nothing."""
    serious_days: int = 7
    """A serious incident suspends while it is open, and for so long after it happened."""
    minor_window_days: int = 30
    minor_allowed: int = 2
    """More minor incidents than that within the window: restricted."""


@dataclass(frozen=True, slots=True)
class Retention:
    """For how many days telemetry is kept: raw points, sums over a minute, and all longer sums. Source: TEL-6."""

    raw_days: int = 7
    minute_days: int = 30
    period_days: int = 90


@dataclass(frozen=True, slots=True)
class WialonAccount:
    """Where the Wialon Remote API answers, and the token to log in with."""

    base_url: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TraccarAccount:
    """Where a Traccar server answers, and the token of the account that may command its devices."""

    base_url: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class MailServer:
    """Who takes our letters, by SMTP: with TLS from the start, or after STARTTLS (RFC 8314, RFC 3207)."""

    host: str
    port: int
    is_tls: bool
    sender: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class OidcProvider:
    """Where people of the company have their accounts (OpenID Connect), and what we are called there."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    name: str


@dataclass(frozen=True, slots=True)
class Config:
    """Every setting of the product. Ports are neighbours of `port`."""

    home: Path
    database_url: str | None = field(repr=False)
    host: str
    port: int
    fleet_size: int
    web_workers: int
    raw_retention_days: int
    minute_retention_days: int
    period_retention_days: int
    map_style_url: str
    wialon: WialonAccount
    traccar: TraccarAccount
    public_url: str | None = None
    secret_key: str | None = field(default=None, repr=False)
    master_keys: str | None = field(default=None, repr=False)
    """The keys that personal data is wrapped under, when they are not in the file (core/keyring.py)."""
    scanner: tuple[str, int] | None = None
    """Where ClamAV's daemon listens, that looks at every file which people hand in; None: nobody does."""
    webhook_allow: tuple[str, ...] = ()
    """Receivers of webhooks that may be called although they are not public: host:port, or networks."""
    allowed_hosts: frozenset[str] = frozenset()
    """Names by which the web may be asked for, beyond those it knows of itself (portals/security/hosts.py)."""
    trusted_proxies: int = 0
    """How many proxies stand before the web: so many entries of X-Forwarded-* are believed, from the right."""
    security_contact: str | None = None
    """Where a weakness is reported: a mailto: or https: address (RFC 9116)."""
    oidc: OidcProvider | None = None
    require_second_factor: frozenset[str] = frozenset()
    """Roles whose people reach nothing before they have set up a second factor."""
    access: AccessTiming = AccessTiming()
    access_limits: AccessLimits = AccessLimits()
    standing: StandingThresholds = StandingThresholds()
    mail: MailServer | None = None
    api_rate_per_min: int = 6_000
    """Units that one API client may have in a minute; what costs how many: portals/api_v1/allowance.py."""
    api_intake_rate_per_min: int = 1_200_000
    """Requests with points that one API client may send in a minute, besides."""
    api_stranger_rate_per_min: int = 300
    """Requests without a good token that one address may make in a minute before it is told to wait."""
    limits: Mapping[str, Any] = field(default_factory=dict)
    """What the limits file says of filters and detectors (core/telemetry/rules/limits.py)."""

    @property
    def ips_port(self) -> int:
        """TCP and UDP port for Wialon IPS devices."""
        return self.port + 1

    @property
    def simulator_port(self) -> int:
        """HTTP port of the Wialon Remote API simulator."""
        return self.port + 2

    @property
    def postgres_port(self) -> int:
        """TCP port (loopback only) of the embedded PostgreSQL."""
        return self.port + 3

    @property
    def teltonika_port(self) -> int:
        """TCP and UDP port for Teltonika devices."""
        return self.port + 4

    @property
    def traccar_simulator_port(self) -> int:
        """HTTP port of the simulated Traccar."""
        return self.port + 5

    @property
    def teltonika_simulator_port(self) -> int:
        """HTTP port at which the simulated Teltonika trackers are told to misbehave."""
        return self.port + 6

    @property
    def retention(self) -> Retention:
        """For how many days telemetry is kept."""
        return Retention(self.raw_retention_days, self.minute_retention_days, self.period_retention_days)

    @property
    def local_url(self) -> str:
        """Where this machine itself reaches the web, whatever stands before it."""
        return f"http://{_reachable(self.host)}:{self.port}"

    @property
    def base_url(self) -> str:
        """Address people open: ERP_PUBLIC_URL behind a proxy, else this machine's own.

        On the machine itself that is `localhost` and not 127.0.0.1, since passkeys belong to a name.
        """
        is_here = _reachable(self.host) in {"127.0.0.1", "localhost"}
        return self.public_url or (f"http://localhost:{self.port}" if is_here else self.local_url)


def load(env: Mapping[str, str] | None = None) -> Config:
    """Read the configuration from `env` (default: the process environment).

    Raises ConfigurationError with the name of the setting and what it wants.
    """
    env = os.environ if env is None else env
    host = env.get("ERP_HOST", "127.0.0.1")
    port = _whole(env, "ERP_PORT", 8000, low=1, high=65_000)
    # Whoever names one real road wants no simulated one beside it.
    is_real = "ERP_WIALON_URL" in env or "ERP_TRACCAR_URL" in env
    wialon, traccar = ("", "") if is_real else (f"http://127.0.0.1:{port + 2}", f"http://127.0.0.1:{port + 5}")
    return Config(
        home=Path(env.get("ERP_HOME", "var")).resolve(),
        database_url=env.get("DATABASE_URL") or None,
        host=host,
        port=port,
        fleet_size=_whole(env, "ERP_FLEET", 500, low=0, high=20_000),
        web_workers=_whole(env, "ERP_WEB_WORKERS", 2, low=1, high=64),
        raw_retention_days=_whole(env, "ERP_RAW_RETENTION_DAYS", 7, low=1, high=365),
        minute_retention_days=_whole(env, "ERP_MINUTE_RETENTION_DAYS", 30, low=1, high=90),
        period_retention_days=_whole(env, "ERP_PERIOD_RETENTION_DAYS", 90, low=1, high=3650),
        map_style_url=env.get("ERP_MAP_STYLE_URL", "/static/map/offline.json"),
        wialon=WialonAccount(
            base_url=env.get("ERP_WIALON_URL", wialon),
            token=env.get("ERP_WIALON_TOKEN", "simulated"),
        ),
        traccar=TraccarAccount(
            base_url=env.get("ERP_TRACCAR_URL", traccar).rstrip("/"),
            token=env.get("ERP_TRACCAR_TOKEN", "simulated"),
        ),
        public_url=env.get("ERP_PUBLIC_URL", "").rstrip("/") or None,
        secret_key=env.get("ERP_SECRET_KEY") or None,
        master_keys=env.get("ERP_MASTER_KEYS") or None,
        mail=_mail_server(env.get("ERP_SMTP_URL", "").strip(), env.get("ERP_MAIL_FROM", "").strip()),
        scanner=_read_scanner(env.get("ERP_SCANNER", "").strip()),
        webhook_allow=tuple(entry.strip() for entry in env.get("ERP_WEBHOOK_ALLOW", "").split(",") if entry.strip()),
        allowed_hosts=frozenset(env.get("ERP_ALLOWED_HOSTS", "").lower().replace(",", " ").split()),
        trusted_proxies=_whole(env, "ERP_TRUSTED_PROXIES", 0, low=0, high=5),
        security_contact=_read_contact(env.get("ERP_SECURITY_CONTACT", "").strip()),
        oidc=_read_provider(env),
        api_rate_per_min=_whole(env, "ERP_API_RATE_PER_MIN", 6_000, low=60, high=100_000_000),
        api_intake_rate_per_min=_whole(env, "ERP_API_INTAKE_RATE_PER_MIN", 1_200_000, low=60, high=100_000_000),
        api_stranger_rate_per_min=_whole(env, "ERP_API_STRANGER_RATE_PER_MIN", 300, low=1, high=100_000_000),
        access_limits=AccessLimits(
            locks_per_min=_whole(env, "ERP_ACCESS_LOCKS_PER_MIN", 6, low=1, high=100_000),
            share_per_hour_percent=_whole(env, "ERP_ACCESS_SHARE_PER_HOUR_PERCENT", 5, low=1, high=100),
            least_per_hour=_whole(env, "ERP_ACCESS_LEAST_PER_HOUR", 3, low=1, high=100_000),
            breaker_orders_per_min=_whole(env, "ERP_ACCESS_BREAKER_ORDERS_PER_MIN", 30, low=1, high=100_000),
            breaker_doubts=_whole(env, "ERP_ACCESS_BREAKER_DOUBTS", 5, low=1, high=100_000),
        ),
        require_second_factor=_words(env, "ERP_REQUIRE_SECOND_FACTOR"),
        limits=_read_limits(env.get("ERP_LIMITS_FILE") or None),
    )


@cache
def current() -> Config:
    """The configuration of this process."""
    return load()


def _whole(env: Mapping[str, str], name: str, default: int, *, low: int, high: int) -> int:
    text = env.get(name, "").strip()
    if not text:
        return default
    if not text.isdecimal() or not low <= int(text) <= high:
        raise ConfigurationError(f"{name} is {text!r}; it must be a whole number from {low} to {high}.")
    return int(text)


def _read_scanner(address: str) -> tuple[str, int] | None:
    if not address:
        return None
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise ConfigurationError(f"ERP_SCANNER is {address!r}; it must be a host and a port, like 127.0.0.1:3310.")
    return host.strip("[]"), int(port)


def _read_contact(address: str) -> str | None:
    if address and not address.startswith(("mailto:", "https://")):
        raise ConfigurationError("ERP_SECURITY_CONTACT must begin with mailto: or https://, as RFC 9116 wants it.")
    if not address.isprintable():
        raise ConfigurationError("ERP_SECURITY_CONTACT must be one line.")
    return address or None


def _read_provider(env: Mapping[str, str]) -> OidcProvider | None:
    """The provider, of which all or nothing is told; a name may be left out."""
    names = ("ERP_OIDC_ISSUER", "ERP_OIDC_CLIENT_ID", "ERP_OIDC_CLIENT_SECRET")
    issuer, client_id, client_secret = (env.get(name, "").strip() for name in names)
    if not (issuer or client_id or client_secret):
        return None
    missing = [name for name in names if not env.get(name, "").strip()]
    if missing:
        raise ConfigurationError(f"{' and '.join(missing)} must be set too, or none of {', '.join(names)}.")
    if not (found := _ISSUER.fullmatch(issuer)):
        raise ConfigurationError(
            f"ERP_OIDC_ISSUER is {issuer!r}; it must be the https:// address that the provider calls its issuer."
        )
    name = env.get("ERP_OIDC_NAME", "").strip() or found["host"]
    return OidcProvider(issuer=issuer, client_id=client_id, client_secret=client_secret, name=name)


def _words(env: Mapping[str, str], name: str) -> frozenset[str]:
    return frozenset(word.strip() for word in env.get(name, "").split(",")) - {""}


def _read_limits(name: str | None) -> Mapping[str, Any]:
    if name is None:
        return {}
    try:
        return tomllib.loads(Path(name).read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise ConfigurationError(f"ERP_LIMITS_FILE is {name!r}, which cannot be read as TOML: {problem}.") from None


def _mail_server(url: str, sender: str) -> MailServer | None:
    if not url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port or {"smtp": 587, "smtps": 465}[parts.scheme]
        host = parts.hostname or ""
    except (ValueError, KeyError):
        host, port = "", 0
    if not host:
        raise ConfigurationError("ERP_SMTP_URL must look like smtp://user:password@host:587 or smtps://host:465.")
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", sender):
        raise ConfigurationError("ERP_MAIL_FROM must be the address that letters come from, like erp@company.com.")
    return MailServer(
        host=host,
        port=port,
        is_tls=parts.scheme == "smtps",
        sender=sender,
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - compared, not bound
