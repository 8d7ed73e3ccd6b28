"""Pure decisions about vehicles. A file is a noun."""

from core.vehicles.rules.identity import compute_check_digit, is_device_uid, normal_vin, vin_problem, vin_warning

__all__ = ["compute_check_digit", "is_device_uid", "normal_vin", "vin_problem", "vin_warning"]
