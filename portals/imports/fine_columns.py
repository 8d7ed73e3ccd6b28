"""What the columns of a file of fines are called, in the languages of those who send them."""

from __future__ import annotations

from portals.csv_files import Column

COLUMNS = (
    Column(
        "number",
        "Notice number",
        (
            *("Notice", "Citation", "Citation number", "Ticket", "Ticket number", "Fine number", "Reference", "Case"),
            *("Aktenzeichen", "Bescheidnummer", "Número de boletín", "Expediente", "Numéro d'avis", "N° d'avis"),
            *("Numero verbale", "Auto de infração", "Numer mandatu", "Номер постановления", "УИН"),
        ),
        is_needed=True,
    ),
    Column(
        "issuer",
        "Issuer",
        (
            *("Authority", "Agency", "Issued by", "Court", "Behörde", "Autoridad", "Organismo", "Autorité", "Ente"),
            *("Autoridade", "Organ", "Кем выдано", "Орган"),
        ),
        is_needed=True,
    ),
    Column(
        "vehicle",
        "Plate",
        (
            *("Vehicle", "Plate number", "Licence plate", "License plate", "Number plate", "Registration", "VIN"),
            *("Kennzeichen", "Matrícula", "Placa", "Immatriculation", "Targa", "Kenteken", "Numer rejestracyjny"),
            *("Госномер", "Номер"),
        ),
        is_needed=True,
    ),
    Column(
        "day",
        "Date",
        (
            *("Day", "Violation date", "Offence date", "Date of offence", "Issue date", "Datum", "Tattag", "Fecha"),
            *("Date de l'infraction", "Data", "Data da infração", "Дата", "Дата нарушения"),
        ),
        is_needed=True,
    ),
    Column("time", "Time", ("Violation time", "Offence time", "Uhrzeit", "Zeit", "Hora", "Heure", "Ora", "Время")),
    Column(
        "amount",
        "Amount",
        ("Fine", "Fine amount", "Total", "Sum", "Betrag", "Importe", "Montant", "Importo", "Valor", "Kwota", "Сумма"),
        is_needed=True,
    ),
    Column("currency", "Currency", ("Währung", "Moneda", "Devise", "Valuta", "Moeda", "Waluta", "Валюта")),
    Column(
        "offence",
        "Offence",
        ("Offense", "Violation", "Kind", "Type", "Verstoß", "Infracción", "Infraction", "Infrazione", "Нарушение"),
    ),
    Column(
        "due_on",
        "Due",
        ("Due date", "Pay by", "Payable until", "Fällig", "Fällig am", "Vencimiento", "Échéance", "Scadenza", "Срок"),
    ),
)
SAMPLE = ("OAK-118834", "City of Oakland", "7ABC123", "2026-11-20", "16:05", "238.00", "USD", "speeding", "2026-12-20")
DAYS = ("day", "due_on")
