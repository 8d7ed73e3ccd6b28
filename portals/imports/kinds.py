"""What can be imported: its columns, as people call them in their languages, and the verbs that take it in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from core.imports import Verdict
from core.vehicles import service as vehicles
from portals.csv_files import Column

VEHICLE_COLUMNS = (
    Column(
        "vin",
        "VIN",
        (
            *("VIN number", "VIN code", "Vehicle identification number", "Chassis", "Chassis number", "Frame number"),
            *("FIN", "Fahrgestellnummer", "Fahrzeug-Identifizierungsnummer", "Fahrzeugidentnummer"),
            *("Número de bastidor", "Bastidor", "Número de chasis", "Chasis", "NIV"),
            *("Numéro de châssis", "N° de châssis", "Châssis", "Numéro de série", "VIN / châssis"),
            *("Telaio", "Numero di telaio", "Número do chassi", "Chassi", "Chassisnummer", "Numer VIN", "Nr VIN"),
            *("ВИН", "VIN-код", "Номер кузова"),
        ),
        is_needed=True,
    ),
    Column(
        "plate",
        "Plate",
        (
            *("Plate number", "Licence plate", "License plate", "Licence plate number", "License plate number"),
            *(
                "Number plate",
                "Reg",
                "Reg no",
                "Reg number",
                "Registration",
                "Registration number",
                "Registration plate",
            ),
            *("Tag", "Kennzeichen", "Amtliches Kennzeichen", "Matrícula", "Placa", "Placas", "Patente", "Dominio"),
            *("Immatriculation", "Plaque", "Plaque d'immatriculation", "Targa", "Kenteken", "Numer rejestracyjny"),
            *("Nr rejestracyjny", "Госномер", "Гос номер", "Номер"),
        ),
    ),
    Column(
        "name",
        "Name",
        ("Vehicle", "Vehicle name", "Fleet number", "Unit", "Unit number", "Bezeichnung", "Nombre", "Nom"),
    ),
    Column(
        "make", "Make", ("Brand", "Manufacturer", "Marke", "Hersteller", "Marca", "Marque", "Merk", "Marka", "Марка")
    ),
    Column("model", "Model", ("Vehicle model", "Modell", "Modelo", "Modèle", "Modello", "Модель")),
    Column(
        "year",
        "Year",
        (
            *("Model year", "Year of manufacture", "Build year", "Baujahr", "Modelljahr", "Año", "Año modelo", "Année"),
            *("Anno", "Ano", "Ano modelo", "Bouwjaar", "Rok produkcji", "Rok", "Год", "Год выпуска"),
        ),
    ),
    Column(
        "powertrain",
        "Powertrain",
        (
            *("Fuel", "Fuel type", "Engine", "Engine type", "Drive", "Kraftstoff", "Antrieb", "Antriebsart"),
            *("Combustible", "Carburant", "Énergie", "Alimentazione", "Combustível", "Brandstof", "Paliwo", "Топливо"),
        ),
    ),
    Column(
        "vehicle_class",
        "Class",
        (
            *(
                "Vehicle class",
                "Type",
                "Vehicle type",
                "Category",
                "Body",
                "Body type",
                "Fahrzeugart",
                "Fahrzeugklasse",
            ),
            *("Clase", "Tipo", "Catégorie", "Genre", "Classe", "Soort", "Rodzaj", "Тип"),
        ),
    ),
    Column(
        "park",
        "Park",
        (
            *("Park name", "Park ID", "Depot", "Branch", "Location", "Site", "Base", "Garage", "Standort", "Filiale"),
            *("Niederlassung", "Parque", "Sede", "Sucursal", "Parc", "Dépôt", "Agence", "Deposito", "Парк", "Филиал"),
        ),
    ),
    Column(
        "device_uid",
        "Tracker ID",
        (
            *(
                "Device",
                "Device ID",
                "Device UID",
                "Tracker",
                "IMEI",
                "GPS ID",
                "Unit ID",
                "Gerätenummer",
                "Ortungsgerät",
            ),
            *("Dispositivo", "Rastreador", "Boîtier", "Traceur", "Трекер"),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of record that comes out of files. `judge` says what lines are, `bring` takes them in."""

    word: str
    one: str
    columns: tuple[Column, ...]
    permission: str
    judge: Callable[..., Sequence[Verdict]]
    bring: Callable[..., Sequence[Verdict]]
    values: Mapping[str, str]
    days: tuple[str, ...]
    sample: tuple[str, ...]

    def heading(self, field: str | None) -> str:
        """What a column is called where people read it; the whole line without a field."""
        return next((column.heading for column in self.columns if column.field == field), "Line")

    def show(self, value: str | None) -> str:
        """A value of a field as people read it."""
        return self.values.get(value or "", value or "nothing")


_VEHICLE_VALUES = {"ice": "combustion engine"}
_A_VEHICLE = (
    *("1HGCM82633A004352", "7ABC123", "Car 1", "Honda", "Accord", "2021"),
    *("petrol", "car", "", "860000000000001"),
)

KINDS = {
    kind.word: kind
    for kind in (
        Kind(
            "vehicles",
            "vehicle",
            VEHICLE_COLUMNS,
            "vehicles:register",
            vehicles.judge_vehicles,
            vehicles.import_vehicles,
            _VEHICLE_VALUES,
            (),
            _A_VEHICLE,
        ),
    )
}
