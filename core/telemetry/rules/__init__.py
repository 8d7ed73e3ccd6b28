"""Pure decisions about telemetry: no session, no clock, no outside world."""
