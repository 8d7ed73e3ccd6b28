"""What the columns of a file of drivers are called, in the languages of its offices."""

from __future__ import annotations

from portals.csv_files import Column

COLUMNS = (
    Column(
        "name",
        "Name",
        (
            *("Full name", "Driver", "Driver name", "Fahrer", "Vollständiger Name", "Nombre completo", "Conductor"),
            *("Chofer", "Nom complet", "Chauffeur", "Conducteur", "Nome completo", "Autista", "Motorista", "Kierowca"),
            *("ФИО", "Водитель"),
        ),
    ),
    Column("first_name", "First name", ("Given name", "Forename", "Vorname", "Nombre", "Prénom", "Imię", "Имя")),
    Column(
        "last_name",
        "Last name",
        ("Surname", "Family name", "Nachname", "Apellido", "Apellidos", "Nom", "Cognome", "Nazwisko", "Фамилия"),
    ),
    Column(
        "phone",
        "Phone",
        (
            *("Phone number", "Mobile", "Mobile number", "Mobile phone", "Cell", "Cell phone", "Tel", "Telephone"),
            *("Telefon", "Telefonnummer", "Handy", "Handynummer", "Mobil", "Teléfono", "Móvil", "Celular", "Téléphone"),
            *("Portable", "Telefono", "Cellulare", "Telefone", "Telemóvel", "Telefoon", "Numer telefonu", "Телефон"),
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
    Column("email", "E-mail", ("Mail", "E-mail address", "Email address", "Correo", "Correo electrónico", "Courriel")),
    Column(
        "birth_date",
        "Date of birth",
        (
            *(
                "Birth date",
                "Birthday",
                "DOB",
                "Born",
                "Geburtsdatum",
                "Geburtstag",
                "Fecha de nacimiento",
                "Nacimiento",
            ),
            *("Date de naissance", "Data di nascita", "Data de nascimento", "Geboortedatum", "Data urodzenia"),
            *("Дата рождения",),
        ),
    ),
    Column(
        "address",
        "Address",
        ("Home address", "Adresse", "Anschrift", "Dirección", "Domicilio", "Indirizzo", "Endereço", "Adres", "Адрес"),
    ),
    Column(
        "licence_number",
        "Licence number",
        (
            *("License number", "Licence", "License", "Licence no", "License no", "Driver licence", "Driver license"),
            *(
                "Driving licence",
                "Driving licence number",
                "Driver license number",
                "Drivers license",
                "DL",
                "DL number",
            ),
            *("Führerschein", "Führerscheinnummer", "Licencia", "Número de licencia", "Permiso de conducir"),
            *("Permis", "Numéro de permis", "Permis de conduire", "Patente", "Numero patente", "Carteira", "CNH"),
            *("Rijbewijs", "Rijbewijsnummer", "Prawo jazdy", "Водительское удостоверение", "Номер ВУ"),
        ),
    ),
    Column(
        "licence_country",
        "Licence country",
        (
            "License country",
            "Country",
            "Issuing country",
            "Land",
            "Ausstellungsland",
            "País",
            "Pays",
            "Paese",
            "Страна",
        ),
    ),
    Column(
        "licence_region",
        "Licence state",
        ("License state", "State", "Issuing state", "Province", "Region", "DL state", "Estado", "Provincia"),
    ),
    Column(
        "licence_categories",
        "Licence classes",
        (
            *("License classes", "Licence class", "License class", "Licence categories", "License categories", "Class"),
            *("Category", "Categories", "Licence category", "Führerscheinklassen", "Führerscheinklasse", "Klassen"),
            *("Klasse", "Categoría", "Categorías", "Clase", "Catégorie", "Catégories", "Categoria", "Kategorie"),
            *("Kategoria", "Категории", "Категория"),
        ),
    ),
    Column(
        "licence_valid_until",
        "Licence valid until",
        (
            *("License valid until", "Licence expiry", "License expiry", "Licence expires", "License expires"),
            *(
                "License expiration",
                "License expiration date",
                "Licence expiry date",
                "Expiry",
                "Expires",
                "Expiration",
            ),
            *("Valid until", "DL expiry", "Gültig bis", "Führerschein gültig bis", "Vencimiento", "Válido hasta"),
            *("Vencimiento de licencia", "Valable jusqu'au", "Scadenza", "Validade", "Geldig tot", "Ważne do"),
            *("Действительно до",),
        ),
    ),
)
DAYS = ("birth_date", "licence_valid_until")
# The first driver of a file that shows how it is done.
SAMPLE = (
    *("Ana Lopez", "", "", "+14155550100", "", "ana@example.com", "1990-04-23", "12 Bay Street, Oakland, CA 94601"),
    *("D1234567", "US", "CA", "C", "2029-04-23"),
)
