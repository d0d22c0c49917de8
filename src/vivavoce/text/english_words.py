"""The English names of units, currencies, signs, months and abbreviations."""

from __future__ import annotations

__all__ = [
    "ABBREVIATIONS",
    "CENTS",
    "CURRENCIES",
    "MONTH_NAMES",
    "MONTH_NUMBERS",
    "ROMAN_BEFORE",
    "ROYAL",
    "SYMBOLS",
    "UNITS",
]

MONTH_NAMES = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
MONTH_NUMBERS = {
    **{name.lower(): number for number, name in enumerate(MONTH_NAMES, 1)},
    **{name[:3].lower(): number for number, name in enumerate(MONTH_NAMES, 1)},
    "sept": 9,
}

CURRENCIES = {
    "$": ("dollar", "dollars"), "€": ("euro", "euros"), "£": ("pound", "pounds"),
    "¥": ("yen", "yen"), "₩": ("won", "won"), "₹": ("rupee", "rupees"),
    "USD": ("US dollar", "US dollars"), "EUR": ("euro", "euros"), "GBP": ("pound", "pounds"),
    "JPY": ("yen", "yen"), "KRW": ("won", "won"), "CHF": ("Swiss franc", "Swiss francs"),
}  # fmt: skip
CENTS = {
    "dollar": ("cent", "cents"), "US dollar": ("cent", "cents"), "euro": ("cent", "cents"),
    "pound": ("penny", "pence"), "rupee": ("paisa", "paise"),
}  # fmt: skip


def _with_s(**names: str) -> dict[str, tuple[str, str]]:
    return {short: (name, f"{name}s") for short, name in names.items()}


UNITS = {
    **_with_s(
        km="kilometer", m="meter", cm="centimeter", mm="millimeter", mi="mile", yd="yard",
        kg="kilogram", g="gram", mg="milligram", lb="pound", oz="ounce", t="ton",
        l="liter", L="liter", ml="milliliter", mL="milliliter",
        W="watt", kW="kilowatt", MW="megawatt", GW="gigawatt", V="volt", mV="millivolt",
        kB="kilobyte", KB="kilobyte", MB="megabyte", GB="gigabyte", TB="terabyte",
        s="second", ms="millisecond", min="minute", h="hour", hr="hour",
        kcal="kilocalorie", cal="calorie", px="pixel", dB="decibel", kJ="kilojoule",
        mph="mile per hour",
    ),
    "lbs": ("pound", "pounds"), "hrs": ("hour", "hours"), "mins": ("minute", "minutes"),
    "secs": ("second", "seconds"), "sec": ("second", "seconds"), "ft": ("foot", "feet"),
    "mph": ("mile per hour", "miles per hour"), "kWh": ("kilowatt hour", "kilowatt hours"),
    "km/h": ("kilometer per hour", "kilometers per hour"),
    "kph": ("kilometer per hour", "kilometers per hour"),
    "m/s": ("meter per second", "meters per second"),
    "Mbps": ("megabit per second", "megabits per second"),
    "Gbps": ("gigabit per second", "gigabits per second"),
    "Hz": ("hertz", "hertz"), "kHz": ("kilohertz", "kilohertz"), "MHz": ("megahertz", "megahertz"),
    "GHz": ("gigahertz", "gigahertz"),
    "°C": ("degree Celsius", "degrees Celsius"), "℃": ("degree Celsius", "degrees Celsius"),
    "°F": ("degree Fahrenheit", "degrees Fahrenheit"),
    "℉": ("degree Fahrenheit", "degrees Fahrenheit"), "°": ("degree", "degrees"),
    "m²": ("square meter", "square meters"), "m2": ("square meter", "square meters"),
    "km²": ("square kilometer", "square kilometers"),
    "m³": ("cubic meter", "cubic meters"), "sq ft": ("square foot", "square feet"),
    "µm": ("micrometer", "micrometers"), "nm": ("nanometer", "nanometers"),
    "%": ("percent", "percent"), "‰": ("per mille", "per mille"),
}  # fmt: skip

SYMBOLS = {
    "&": "and", "@": "at", "+": "plus", "=": "equals", "%": "percent", "~": "about",
    "<": "less than", ">": "greater than", "≤": "at most", "≥": "at least", "≠": "is not equal to",
    "≈": "about", "±": "plus or minus", "×": "times", "÷": "divided by", "−": "minus",
    "→": "to", "⇒": "so", "∞": "infinity", "√": "square root of", "π": "pi", "µ": "micro",
    "§": "section", "^": "to the power of", "/": "slash", "°": "degrees", "#": "number",
    "$": "dollar", "€": "euro", "£": "pound", "¥": "yen", "₩": "won",
}  # fmt: skip

# What is said, and whether the abbreviation's full stop may also be the sentence's.
ABBREVIATIONS = {
    "dr.": ("Doctor", False), "mr.": ("Mister", False), "mrs.": ("Missus", False),
    "ms.": ("Miz", False), "prof.": ("Professor", False), "gen.": ("General", False),
    "sen.": ("Senator", False), "gov.": ("Governor", False), "capt.": ("Captain", False),
    "lt.": ("Lieutenant", False), "col.": ("Colonel", False), "sgt.": ("Sergeant", False),
    "rev.": ("Reverend", False), "mt.": ("Mount", False), "jr.": ("Junior", True),
    "sr.": ("Senior", True), "e.g.": ("for example", False), "i.e.": ("that is", False),
    "etc.": ("et cetera", True), "vs.": ("versus", False), "approx.": ("approximately", False),
    "dept.": ("department", True), "inc.": ("Incorporated", True), "corp.": ("Corporation", True),
    "ltd.": ("Limited", True), "ave.": ("Avenue", True), "blvd.": ("Boulevard", True),
    "rd.": ("Road", True), "a.k.a.": ("also known as", False), "w/o": ("without", False),
    "w/": ("with", False), "max.": ("maximum", True), "min.": ("minimum", True),
    "avg.": ("average", True), "est.": ("established", False), "fig.": ("figure", False),
    "figs.": ("figures", False), "vol.": ("volume", False), "pp.": ("pages", False),
    "et al.": ("and others", True), "c.f.": ("compare", False), "cf.": ("compare", False),
    "jan.": ("January", True), "feb.": ("February", True), "aug.": ("August", True),
    "sept.": ("September", True), "oct.": ("October", True), "nov.": ("November", True),
    "dec.": ("December", True),
}  # fmt: skip

# A capital Roman numeral is a number behind one of these, and a pronoun or initial elsewhere.
ROMAN_BEFORE = (
    "War|Chapter|Part|Act|Volume|Book|Section|Article|Phase|Type|Class|Title|Level|Stage|Grade|"
    "Bowl|Appendix|Episode|chapter|part|act|volume|book|section|article|phase|type|stage|level"
)
ROYAL = (
    "Henry|Louis|Elizabeth|Charles|George|Edward|William|Richard|James|Paul|Benedict|Napoleon|"
    "Philip|Pius|Gregory|Innocent|Leo|Frederick|Wilhelm|Ivan|Catherine|Alexander|Nicholas|"
    "Francis|Ferdinand|Leopold|Peter|Ramesses|Ptolemy|Otto|Harald|Margrethe"
)
