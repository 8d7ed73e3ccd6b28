"""How the line of a file is read as a vehicle. Pure: it knows the parks by name, and nothing else of what is there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from core.imports import Cells, Line, Problem, find_repeated, name_lines, normal_word
from core.vehicles import rules
from core.vehicles.models import Powertrain, VehicleClass, VehicleStatus

_POWERTRAINS = {
    Powertrain.ICE: "ice petrol gasoline gas diesel combustion cng lpg benzin benzina essence gazole gasolina gasoleo "
    "nafta бензин дизель газ",
    Powertrain.HYBRID: "hybrid hev phev mhev mildhybrid pluginhybrid hibrido híbrido hybride ibrida hybryda гибрид",
    Powertrain.ELECTRIC: "electric ev bev elektro elektrisch eléctrico electrico électrique electrique elettrica "
    "elétrico elektryczny электро электромобиль",
}
_CLASSES = {
    VehicleClass.CAR: "car passengercar sedan saloon hatchback suv estate taxi pkw auto coche turismo voiture carro "
    "samochód osobowy легковой",
    VehicleClass.VAN: "van minivan lcv transporter furgoneta furgón fourgon furgone camionnette bus8 фургон",
    VehicleClass.TRUCK: "truck lorry hgv lkw camión camion caminhão ciężarowy грузовик грузовой",
    VehicleClass.BUS: "bus coach minibus autobus autobús autocar ônibus автобус",
    VehicleClass.MOTORCYCLE: "motorcycle motorbike scooter moped motorrad moto motocicleta motocicletta motocykl "
    "мотоцикл",
}
# How a vehicle begins; one that is there changes its status on its page, with a reason.
_STATUSES = {
    VehicleStatus.ONBOARDING: "onboarding new neu nuevo nouveau nuovo",
    VehicleStatus.AVAILABLE: "available free active inservice ready verfügbar frei aktiv disponible activo libre actif "
    "disponibile disponível dostępny свободен",
    VehicleStatus.RENTED: "rented rentedout hired onrent vermietet alquilado rentado loué noleggiato alugado wynajęty",
    VehicleStatus.IN_REPAIR: "inrepair repair workshop maintenance inworkshop werkstatt inreparatur taller entaller "
    "enreparación atelier enréparation officina oficina ремонт",
    VehicleStatus.BLOCKED: "blocked gesperrt bloqueado bloqué bloccato zablokowany заблокирован",
    VehicleStatus.WRITTEN_OFF: "writtenoff scrapped totalled abgeschrieben dadodebaja réformé",
}
STATUS_WORDS = {normal_word(word): value for value, words in _STATUSES.items() for word in words.split()}
POWERTRAIN_WORDS = {normal_word(word): value for value, words in _POWERTRAINS.items() for word in words.split()}
CLASS_WORDS = {normal_word(word): value for value, words in _CLASSES.items() for word in words.split()}
_YEAR = "A year from 1950 to 2100, with four digits: 2021."
_MOST_KM = 2_000_000
_METRES_OF_MILE = 1609.344
_DEVICE = "The ID of a tracker has 3 to 64 letters, digits and . _ : -"


@dataclass(frozen=True, slots=True)
class VehicleLine:
    """What a line says of a vehicle. None: nothing."""

    number: int
    vin: str
    park_id: int | None = None
    plate: str | None = None
    name: str | None = None
    make: str | None = None
    model: str | None = None
    year: int | None = None
    powertrain: Powertrain | None = None
    vehicle_class: VehicleClass | None = None
    device_uid: str | None = None
    odometer_m: int | None = None
    status: VehicleStatus | None = None


def read_line(line: Line, *, parks: Mapping[int, str]) -> tuple[VehicleLine, list[Problem]]:
    """What a line says, and everything that is wrong with its cells. `parks` are those of its reader, by id."""
    cells = Cells(line)
    said = VehicleLine(
        number=line.number,
        vin=_read_vin(cells),
        park_id=cells.record("park", parks, what="park that you may add vehicles to"),
        plate=_read_plate(cells),
        name=cells.text("name", most=120),
        make=cells.text("make", most=120),
        model=cells.text("model", most=120),
        year=cells.whole("year", least=1950, most=2100, words=_YEAR),
        powertrain=cells.choice("powertrain", POWERTRAIN_WORDS, offered="petrol, diesel, hybrid, electric"),
        vehicle_class=cells.choice("vehicle_class", CLASS_WORDS, offered="car, van, truck, bus, motorcycle"),
        device_uid=_read_device(cells),
        odometer_m=_read_odometer(cells),
        status=cells.choice("status", STATUS_WORDS, offered="onboarding, available, rented, in repair, blocked"),
    )
    return said, cells.problems


def find_repeated_values(lines: Iterable[VehicleLine]) -> dict[int, list[tuple[str, str]]]:
    """Lines that say of themselves what another of the file says too: by number, the fields and why."""
    lines = list(lines)
    found: dict[int, list[tuple[str, str]]] = {}
    for field, what in (("vin", "VIN"), ("plate", "plate"), ("device_uid", "tracker")):
        keys = [(line.number, getattr(line, field) or None) for line in lines]
        for number, others in find_repeated(keys).items():
            words = f"The same {what} stands in {name_lines(others)}. Keep the line that is right."
            found.setdefault(number, []).append((field, words))
    return found


def _read_vin(cells: Cells) -> str:
    vin = rules.normal_vin(cells.get("vin"))
    if not vin:
        cells.refuse("vin", "Enter the VIN: it is by this that a vehicle is known.")
    elif problem := rules.vin_problem(vin):
        cells.refuse("vin", problem)
    return vin


def _read_plate(cells: Cells) -> str | None:
    plate = cells.text("plate", most=16)
    return None if plate is None else plate.upper()


def _read_device(cells: Cells) -> str | None:
    uid = cells.code("device_uid", most=64)
    if uid is not None and not rules.is_device_uid(uid):
        cells.refuse("device_uid", _DEVICE)
        return None
    return uid


def _read_odometer(cells: Cells) -> int | None:
    """The mileage in metres, out of the column of the one unit or the other."""
    km = cells.whole("odometer_km", least=0, most=_MOST_KM, words=f"Kilometres, at most {_MOST_KM:,}.", is_cut=True)
    miles = cells.whole("odometer_mi", least=0, most=_MOST_KM, words=f"Miles, at most {_MOST_KM:,}.", is_cut=True)
    if km is not None and miles is not None:
        cells.refuse("odometer_mi", "The mileage stands in kilometres too. Keep one of them.")
    return km * 1000 if km is not None else None if miles is None else round(miles * _METRES_OF_MILE)


def missing_of_new(said: VehicleLine, *, parks: Collection[int]) -> list[tuple[str, str]]:
    """What a vehicle that is not there yet needs and the line does not say: fields and why."""
    missing = []
    if said.model is None:
        missing.append(("model", "Enter the model: a new vehicle needs one."))
    if said.park_id is None and len(parks) != 1:
        missing.append(("park", "Say which park: there is more than one."))
    return missing
