"""What the columns of a file of vehicles are called, in the languages of its offices."""

from __future__ import annotations

from portals.csv_files import Column

COLUMNS = (
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
    Column("status", "Status", ("State", "Condition", "Zustand", "Estado", "Statut", "Stato", "Stan", "Статус")),
    Column(
        "odometer_km",
        "Odometer (km)",
        (
            *(
                "Mileage (km)",
                "Mileage km",
                "Kilometres",
                "Kilometers",
                "km",
                "Kilometerstand",
                "Km-Stand",
                "Laufleistung",
            ),
            *("Kilometraje", "Kilómetros", "Kilométrage", "Chilometraggio", "Quilometragem", "Przebieg", "Пробег"),
        ),
    ),
    Column("odometer_mi", "Odometer (miles)", ("Odometer mi", "Mileage (miles)", "Mileage mi", "Miles", "Millas")),
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

# The first vehicle of a file that shows how it is done.
SAMPLE = (
    *("1HGCM82633A004352", "7ABC123", "Car 1", "Honda", "Accord", "2021"),
    *("petrol", "car", "", "", "", "", "860000000000001"),
)
