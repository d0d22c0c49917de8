import pytest

from vivavoce.text.normalise import speakable

KOREAN = [
    (
        "오늘은 2026-11-21이고 23.5도, 60%입니다.",
        "오늘은 이천이십육년 십일월 이십일일이고 이십삼 점 오도, 육십 퍼센트입니다.",
    ),
    ("3,500원, $3.50, ₩12,000", "삼천오백원, 삼 달러 오십 센트, 만이천 원"),
    ("10:30에, 오후 3시, 3시간", "열 시 삼십 분에, 오후 세 시, 세 시간"),
    ("사과 3개, 20명, 21살, 3개월", "사과 세 개, 스무 명, 스물한 살, 삼개월"),
    ("6월 10일, 10월", "유월 십일, 시월"),
    ("010-1234-5678", "공일공 일이삼사 오육칠팔"),
    ("5-7일, 5km, -5°C", "오에서 칠일, 오 킬로미터, 마이너스 오 도"),
    ("007, 2026-13-01, 25:99, 120명", "공공칠, 이천이십육-십삼-공일, 이십오:구십구, 백이십명"),
    ("**굵게** 😀", "굵게"),
]
JAPANESE = [
    (
        "今日は2026-11-21で、23.5度、60%です。",
        "今日は二千二十六年十一月二十一日で、二十三点五度、六十パーセントです。",
    ),
    ("1,000円、$3.50、¥12,000", "千円、三ドル五十セント、一万二千円"),
    ("10:30に、りんご3個、-5km", "十時三十分に、りんご三個、マイナス五キロメートル"),
    ("090-1234-5678", "ゼロ九ゼロ、一二三四、五六七八"),
]
CHINESE = [
    (
        "今天是2026-11-21，23.5度，60%。",
        "今天是二零二六年十一月二十一日，二十三点五度，百分之六十。",
    ),
    ("3.50元，$3.50，¥12,000", "三点五零元，三点五美元，一万二千元"),
    ("10:05见，下午2点，2个，12个，2月2日", "十点零五分见，下午两点，两个，十二个，二月二日"),
    ("5-7天，5km，138-1234-5678", "五到七天，五公里，一三八、一二三四、五六七八"),
]
SPANISH = [
    ("3,50 €, $21, 1 €", "tres euros con cincuenta, veintiún dólares, un euro"),
    (
        "1.234,56 y 1,234.56",
        (
            "mil doscientos treinta y cuatro coma cincuenta y seis y "
            "mil doscientos treinta y cuatro coma cincuenta y seis"
        ),
    ),
    ("El Sr. García, 10:30, 60 %", "El señor García, diez treinta, sesenta por ciento"),
    ("el 01/11/2026, -5 °C", "el uno de noviembre de dos mil veintiséis, menos cinco grados"),
]
OTHERS = [
    ("de", "3,50 € um 10:30 Uhr", "drei Euro fünfzig um zehn Uhr dreißig"),
    (
        "de",
        "Am 3. Mai, am 21.11.1999",
        "Am dritten Mai, am einundzwanzigsten November neunzehnhundertneunundneunzig",
    ),
    (
        "de",
        "z. B. 5 km, 1.000, 3,14",
        "zum Beispiel fünf Kilometer, eintausend, drei Komma vierzehn",
    ),
    (
        "fr",
        "3,50 € à 10h30, 10 000 km",
        "trois euros cinquante à dix heures trente, dix mille kilomètres",
    ),
    ("fr", "M. Dupont, 1:00", "Monsieur Dupont, une heure"),
    (
        "it",
        "3,50 € alle 10:30, 60%",
        "tre euro e cinquanta alle dieci e trenta, sessanta per cento",
    ),
    ("pt", "R$ 3,50 às 10:30, 10:00", "três reais e cinquenta às dez e trinta, dez horas"),
    (
        "de",
        "5-7 km, 5-7 Tage, 1:00, $3.5",
        "fünf bis sieben Kilometer, fünf bis sieben Tage, ein Uhr, drei Komma fünf Dollar",
    ),
    (
        "es",
        "25:99, 3/31/2026",
        "veinticinco:noventa y nueve, tres/treinta y uno/dos mil veintiséis",
    ),
    ("hi", "मेरा **नाम** 5 😀", "मेरा नाम 5"),
    ("ar", "كيف **حالك**؟", "كيف حالك؟"),
    ("th", "สวัสดีครับ ผมชื่อ **สมชาย**", "สวัสดีครับ ผมชื่อ สมชาย"),
]
TABLE = [
    *(("ko", *case) for case in KOREAN),
    *(("ja", *case) for case in JAPANESE),
    *(("zh", *case) for case in CHINESE),
    *(("es", *case) for case in SPANISH),
    *OTHERS,
]  # fmt: skip


@pytest.mark.parametrize(("language", "written", "said"), TABLE)
def test_a_language_is_written_as_it_is_said(language: str, written: str, said: str) -> None:
    assert speakable(written, language).text == said


@pytest.mark.parametrize(
    ("language", "address"),
    [
        ("ko", "bob 골뱅이 a 닷 com"),
        ("ja", "bob アットマーク a ドット com"),
        ("de", "bob ät a Punkt com"),
    ],
)
def test_an_address_is_spelled_in_the_language(language: str, address: str) -> None:
    assert speakable("bob@a.com", language).text.split() == address.split()
