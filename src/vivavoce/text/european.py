"""How Spanish, German, French, Italian and Portuguese say numbers and signs.

The numbers come from num2words; this is what stands around them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from vivavoce.text.numerals import digits, other, other_ordinal
from vivavoce.text.rules import Rule, alternatives, parse_number, spelled_address

__all__ = ["PHRASES", "rules"]


@dataclass(frozen=True, slots=True)
class Phrases:
    """A language's words around numbers. A currency is one, many, and "1" before it."""

    point: str
    percent: str
    minus: str
    to: str
    cents: str  # between the whole amount and the cents
    hours: str  # between hours and minutes; of a full hour only what stands before "|"
    of: str  # between day and month
    months: str
    dot: str
    at: str
    currencies: dict[str, tuple[str, str, str]]
    units: dict[str, str]
    symbols: dict[str, str]
    abbreviations: dict[str, str]
    first: str  # "1" as a day of the month


_METRIC = ("km", "m", "cm", "mm", "kg", "g", "mg", "l", "ml", "°C", "km/h", "°", "GB", "MB")
_ES_UNITS = (
    "kilómetros metros centímetros milímetros kilogramos gramos miligramos litros mililitros "
    "grados kilómetros_por_hora grados gigabytes megabytes"
)
_DE_UNITS = (
    "Kilometer Meter Zentimeter Millimeter Kilogramm Gramm Milligramm Liter Milliliter "
    "Grad_Celsius Kilometer_pro_Stunde Grad Gigabyte Megabyte"
)
_FR_UNITS = (
    "kilomètres mètres centimètres millimètres kilogrammes grammes milligrammes litres "
    "millilitres degrés kilomètres_à_l'heure degrés gigaoctets mégaoctets"
)
_IT_UNITS = (
    "chilometri metri centimetri millimetri chilogrammi grammi milligrammi litri millilitri "
    "gradi chilometri_orari gradi gigabyte megabyte"
)
_PT_UNITS = (
    "quilómetros metros centímetros milímetros quilogramas gramas miligramas litros mililitros "
    "graus quilómetros_por_hora graus gigabytes megabytes"
)


def _units(names: str) -> dict[str, str]:
    return dict(zip(_METRIC, names.replace("_", "\N{NO-BREAK SPACE}").split(" "), strict=True))


PHRASES = {
    "es": Phrases(
        "coma", "por ciento", "menos", "a", "con", "|", "de",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "punto", "arroba",
        {"$": ("dólar", "dólares", "un"), "€": ("euro", "euros", "un"),
         "£": ("libra", "libras", "una"), "¥": ("yen", "yenes", "un")},
        _units(_ES_UNITS),
        {"&": "y", "+": "más", "=": "igual a", "@": "arroba", "×": "por", "÷": "entre"},
        {"Sr.": "señor", "Sra.": "señora", "Srta.": "señorita", "Dr.": "doctor",
         "Dra.": "doctora", "Ud.": "usted", "Uds.": "ustedes", "p. ej.": "por ejemplo",
         "EE. UU.": "Estados Unidos", "etc.": "etcétera"},
        "uno",
    ),
    "de": Phrases(
        "Komma", "Prozent", "minus", "bis", "", "Uhr|", "",
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        "Punkt", "ät",
        {"$": ("Dollar", "Dollar", "ein"), "€": ("Euro", "Euro", "ein"),
         "£": ("Pfund", "Pfund", "ein"), "¥": ("Yen", "Yen", "ein")},
        _units(_DE_UNITS),
        {"&": "und", "+": "plus", "=": "gleich", "@": "ät", "×": "mal", "÷": "durch"},
        {"Dr.": "Doktor", "Prof.": "Professor", "z. B.": "zum Beispiel", "z.B.": "zum Beispiel",
         "d. h.": "das heißt", "d.h.": "das heißt", "bzw.": "beziehungsweise",
         "usw.": "und so weiter", "ca.": "circa", "Nr.": "Nummer", "etc.": "et cetera",
         "Hr.": "Herr", "Fr.": "Frau"},
        "ersten",
    ),
    "fr": Phrases(
        "virgule", "pour cent", "moins", "à", "", "heures|heures", "",
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        "point", "arobase",
        {"$": ("dollar", "dollars", "un"), "€": ("euro", "euros", "un"),
         "£": ("livre", "livres", "une"), "¥": ("yen", "yens", "un")},
        _units(_FR_UNITS),
        {"&": "et", "+": "plus", "=": "égale", "@": "arobase", "×": "fois", "÷": "divisé par"},
        {"M.": "Monsieur", "Mme": "Madame", "Mlle": "Mademoiselle", "Dr": "docteur",
         "p. ex.": "par exemple", "etc.": "et cetera"},
        "premier",
    ),
    "it": Phrases(
        "virgola", "per cento", "meno", "a", "e", "|e", "",
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre "
        "dicembre",
        "punto", "chiocciola",
        {"$": ("dollaro", "dollari", "un"), "€": ("euro", "euro", "un"),
         "£": ("sterlina", "sterline", "una"), "¥": ("yen", "yen", "uno")},
        _units(_IT_UNITS),
        {"&": "e", "+": "più", "=": "uguale", "@": "chiocciola", "×": "per", "÷": "diviso"},
        {"Sig.": "signor", "Sig.ra": "signora", "Dott.": "dottor", "ecc.": "eccetera",
         "p. es.": "per esempio", "es.": "esempio"},
        "primo",
    ),
    "pt": Phrases(
        "vírgula", "por cento", "menos", "a", "e", "horas|e", "de",
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
        "ponto", "arroba",
        {"$": ("dólar", "dólares", "um"), "€": ("euro", "euros", "um"),
         "£": ("libra", "libras", "uma"), "¥": ("iene", "ienes", "um"),
         "R$": ("real", "reais", "um")},
        _units(_PT_UNITS),
        {"&": "e", "+": "mais", "=": "igual a", "@": "arroba", "×": "vezes", "÷": "dividido por"},
        {"Sr.": "senhor", "Sra.": "senhora", "Dr.": "doutor", "Dra.": "doutora",
         "p. ex.": "por exemplo", "etc.": "etcétera"},
        "um",
    ),
}  # fmt: skip

# Both habits are written by language models: 1.234,56 and 1,234.56. Three digits behind a single
# mark are thousands, else decimals; a space or apostrophe between threes is always thousands.
_NUMBER = r"\d{1,3}(?:[.  '’]\d{3})+(?:,\d+)?|\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?"
_FREE = r"(?<![\w.,])"


def _split(written: str) -> tuple[str, str]:
    separators = re.findall(r"[.,]", written)
    last = separators[-1] if separators else ","
    groups = re.split(r"[.,]", written)
    thousands = len(groups[-1]) == 3 and len(set(separators)) == 1 and len(groups[0]) <= 3
    return parse_number(written, "\0" if thousands else last)


def _number(written: str, language: str) -> str:
    whole, decimals = _split(written)
    if len(whole) > 15 or (len(whole) > 1 and whole[0] == "0"):
        return " ".join(digits(whole + decimals, language))
    said = other(int(whole), language)
    if not decimals:
        return said
    tail = digits(decimals, language) if decimals[0] == "0" or len(decimals) > 2 else None
    point = PHRASES[language].point
    return f"{said} {point} {' '.join(tail) if tail else other(int(decimals), language)}"


def _amount(number: str, forms: tuple[str, str, str], language: str) -> str:
    """A whole number of a currency, with the short form of one where the language has it."""
    if number == "1":
        return f"{forms[2]} {forms[0]}"
    said = other(int(number), language)
    if language == "es" and said.endswith("uno"):
        feminine = forms[2] == "una"
        short = re.sub("uno$", "una" if feminine else "un", said)
        said = short if feminine else re.sub("veintiun$", "veintiún", short)
    return f"{said} {forms[1]}"


def _money(language: str, match: re.Match[str]) -> str:
    phrases = PHRASES[language]
    forms = phrases.currencies[match["sigil"] or match["behind"]]
    written = match["amount"] or match["number"]
    whole, cents = _split(written)
    if len(cents) not in (0, 2) or len(whole) > 15:
        return f"{_number(written, language)} {forms[1]}"
    said = _amount(str(int(whole)), forms, language)
    if not int(cents or "0"):
        return said
    return " ".join(f"{said} {phrases.cents} {other(int(cents), language)}".split())


def _clock(language: str, match: re.Match[str]) -> str | None:
    hour, minute = int(match[1]), int(match[2])
    if hour > 24 or minute > 59:
        return None
    full, _, joint = PHRASES[language].hours.partition("|")
    said = other(hour, language)
    if language == "fr":
        said = "une" if hour == 1 else said
        return f"{said} heure{'s' * (hour > 1)} {other(minute, language) if minute else ''}".strip()
    if language == "de":
        said = "ein" if hour == 1 else said
    parts = (said, full if not joint or not minute else "", joint if minute else "")
    return " ".join(" ".join((*parts, other(minute, language) if minute else "")).split())


def _date(language: str, match: re.Match[str]) -> str | None:
    year, month, day = int(match["year"]), int(match["month"]), int(match["day"])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    phrases = PHRASES[language]
    if language == "de":
        said_day = f"{other_ordinal(day, language)}n"
    else:
        said_day = phrases.first if day == 1 else other(day, language)
    name = phrases.months.split()[month - 1]
    return " ".join(f"{said_day} {phrases.of} {name} {phrases.of} {_year(year, language)}".split())


def _year(year: int, language: str) -> str:
    if language == "de" and 1100 <= year < 2000:
        century, rest = divmod(year, 100)
        tail = other(rest, language) if rest else ""
        return f"{other(century, language)}hundert{tail}"
    return other(year, language)


def _unit(language: str, match: re.Match[str]) -> str:
    phrases = PHRASES[language]
    sign = f"{phrases.minus} " if match["sign"] else ""
    span = f"{_number(match['from'], language)} {phrases.to} " if match["from"] else ""
    name = phrases.units.get(match["unit"], phrases.percent)
    name = name.replace("\N{NO-BREAK SPACE}", " ")
    return f"{sign}{span}{_number(match['number'], language)} {name}"


def _range(language: str, match: re.Match[str]) -> str:
    to = PHRASES[language].to
    return f"{_number(match[1], language)} {to} {_number(match[2], language)}"


def _plain(language: str, match: re.Match[str]) -> str:
    sign = f"{PHRASES[language].minus} " if match["sign"] else ""
    number = match["number"]
    is_year = re.fullmatch(r"1[1-9]\d\d", number) and not sign
    return _year(int(number), language) if is_year else sign + _number(number, language)


def _ordinal_german(language: str, match: re.Match[str]) -> str:
    return f"{other_ordinal(int(match[1]), language)}n"


def _rule(
    language: str, needs: str, pattern: str, say: Callable[[str, re.Match[str]], str | None]
) -> Rule:
    return Rule(re.compile(needs), re.compile(pattern), partial(say, language))


def rules(language: str) -> tuple[Rule, ...]:
    """The rules for es, de, fr, it or pt."""
    phrases = PHRASES[language]

    rule = partial(_rule, language)
    sign = r"(?P<sign>(?<![\w)])[-−])?"
    months = phrases.months.replace(" ", "|")
    german = (
        (rule(r"\d\.", rf"{_FREE}(\d\d?)\.(?= (?:{months})\b)", _ordinal_german),)
        if language == "de"
        else ()
    )
    return (
        rule(
            r"@|://|www\.",
            r"(?:https?|ftp)://[^\s<>\"“”]*[\w/]|www\.[^\s<>\"“”]*[\w/]"
            r"|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}",
            lambda _, match: spelled_address(match[0], phrases.dot, phrases.at),
        ),
        rule(r"\d", r"(?<![\w-])(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)(?![\w-])", _date),
        rule(
            r"\d",
            r"(?<![\w./])(?P<day>\d\d?)[./](?P<month>\d\d?)[./](?P<year>\d{4})(?![\w/])",
            _date,
        ),
        *german,
        rule(
            r"\d[:h]\d",
            r"(?<![\d:,.])(\d\d?)[:h](\d\d)(?![\d:])" + ("(?: Uhr)?" if language == "de" else ""),
            _clock,
        ),
        rule(
            r"[$€£¥]",
            rf"(?P<sigil>{alternatives(phrases.currencies)}) ?(?P<amount>{_NUMBER})"
            rf"|{_FREE}(?P<number>{_NUMBER}) ?(?P<behind>{alternatives(phrases.currencies)})",
            _money,
        ),
        rule(
            r"\d",
            rf"{sign}{_FREE}(?:(?P<from>{_NUMBER})[-–])?(?P<number>{_NUMBER})[  ]?"
            rf"(?P<unit>%|{alternatives(phrases.units)})(?![\w/])",
            _unit,
        ),
        rule(r"\d[-–]", rf"{_FREE}({_NUMBER})[-–]({_NUMBER})(?![-–\w])", _range),
        rule(r"\d", rf"{_FREE}{sign}(?P<number>{_NUMBER})(?![\wºª°])", _plain),
        rule(
            "[.M]|Dr",
            rf"(?<![\w.])(?:{alternatives(phrases.abbreviations)})(?!\w)",
            lambda _, match: phrases.abbreviations[match[0]],
        ),
        rule(
            f"[{re.escape(''.join(phrases.symbols))}]",
            f"[{re.escape(''.join(phrases.symbols))}]",
            lambda _, match: f" {phrases.symbols[match[0]]} ",
        ),
    )
