import pytest

from vivavoce.text.normalise import speakable

MONEY = [
    ("$3.50", "three dollars and fifty cents"),
    ("$1", "one dollar"),
    ("$0.99", "ninety-nine cents"),
    ("$0.00", "zero dollars"),
    ("$3.5 million", "three point five million dollars"),
    ("$5k", "five thousand dollars"),
    ("-$5", "minus five dollars"),
    ("$20-30, $2-$3 million", "twenty to thirty dollars, two to three million dollars"),
    ("$50/hour", "fifty dollars per hour"),
    ("US$1,234,567.89", ("one million two hundred thirty-four thousand five hundred sixty-seven "
     "dollars and eighty-nine cents")),
    ("€2.00", "two euros"),
    ("¥500", "five hundred yen"),
    ("£1.01", "one pound and one penny"),
    ("3.50 USD", "three US dollars and fifty cents"),
    ("12 €", "twelve euros"),
]  # fmt: skip
NUMBERS = [
    ("3.14", "three point one four"),
    ("1,234.56", "one thousand two hundred thirty-four point five six"),
    (".5", "zero point five"),
    ("007", "zero zero seven"),
    ("-5", "minus five"),
    ("1st 2nd 3rd 21st", "first second third twenty-first"),
    ("5%, 50-60%", "five percent, fifty to sixty percent"),
    ("1/2 cup, 3/4, 1 1/2", "one half cup, three quarters, one and a half"),
    ("½, 2½", "one half, two and one half"),
    ("8/10, 99/100", "eight out of ten, ninety-nine out of one hundred"),
    ("call 911", "call nine one one"),
    ("24/7", "twenty-four seven"),
    ("9/11", "nine over eleven"),
    ("5-7 days", "five to seven days"),
    ("3.11.2", "three point eleven point two"),
    ("v2.0", "version two point zero"),
    ("12345678901234567890", ("one two three four five six seven eight nine zero "
     "one two three four five six seven eight nine zero")),
    ("3 x 4 = 12", "three times four equals twelve"),
    ("No. 5 and #6. No. Never.", "number five and number six. No. Never."),
    ("It's 50, 60 or 70.", "It's fifty, sixty or seventy."),
    ("GPT-4 MP3 3D", "GPT-four MP3 3D"),
]  # fmt: skip
TIMES = [
    ("2026-11-21", "November twenty-first, twenty twenty-six"),
    ("Nov 21, 1999.", "November twenty-first, nineteen ninety-nine."),
    ("21 November 2026", "November twenty-first, twenty twenty-six"),
    ("The 2nd of May, 2020", "The second of May, twenty twenty"),
    ("the 2 May", "the second of May"),
    ("May 3rd, and may 3", "May third, and may three"),
    ("11/21/2026", "November twenty-first, twenty twenty-six"),
    ("21/11/2026", "November twenty-first, twenty twenty-six"),
    ("in 1999, 2005 and 1905", "in nineteen ninety-nine, two thousand five and nineteen oh five"),
    ("the 1990s and '80s", "the nineteen nineties and eighties"),
    ("the 1900s and 2000s", "the nineteen hundreds and two thousands"),
    ("10:30:15", "ten thirty and fifteen seconds"),
    ("1990-1999", "nineteen ninety to nineteen ninety-nine"),
    ("10:30", "ten thirty"),
    ("10:05 p.m.", "ten oh five p.m."),
    ("10:00", "ten o'clock"),
    ("14:30", "fourteen thirty"),
    ("at 10 a.m. He left", "at ten a.m. He left"),
    ("10am", "ten a.m."),
    ("25:99", "twenty-five:ninety-nine"),
    ("31/31/2026", "thirty-one slash thirty-one over two thousand twenty-six"),
]
UNITS = [
    ("25 °C", "twenty-five degrees Celsius"),
    ("1 km, 5 km, 5-7 km", "one kilometer, five kilometers, five to seven kilometers"),
    ("90 km/h or 55 mph", "ninety kilometers per hour or fifty-five miles per hour"),
    ("3kg, 8GB", "three kilograms, eight gigabytes"),
    ("5 in the box", "five in the box"),
    ("-5 °C", "minus five degrees Celsius"),
    ("You're 5'11\" tall", "You're five foot eleven tall"),
]
PHONES = [
    ("(555) 123-4567", "five five five, one two three, four five six seven"),
    ("555-1234", "five five five, one two three four"),
    ("+1 555 123 4567", "plus one, five five five, one two three, four five six seven"),
]
NAMES = [
    ("Dr. Smith", "Doctor Smith"),
    ("Mr. and Mrs. Jones", "Mister and Missus Jones"),
    ("e.g. this, i.e. that", "for example this, that is that"),
    ("Apples, etc. And pears, etc.", "Apples, et cetera. And pears, et cetera."),
    ("cats vs. dogs", "cats versus dogs"),
    ("near St. Paul's on Main St.", "near Saint Paul's on Main Street"),
    ("World War II, Chapter IV, Henry VIII", "World War two, Chapter four, Henry the eighth"),
    ("I am Part I. X-ray", "I am Part one. X-ray"),
    ("Part IIX", "Part IIX"),
    ("NASA, USA, U.S. and JSON", "NASA, USA, U.S. and JSON"),
]
SIGNS = [
    ("R&D & AT&T", "R and D and AT and T"),
    ("@bob #tag a @ b", "at bob hashtag tag a at b"),
    ("2 + 2 = 4", "two plus two equals four"),
    ("and/or, he/she", "and or, he slash she"),
    ("~5 <3 >4", "about five less than three greater than four"),
    ("C++", "C plus plus"),
    ("word — word - word", "word, word, word"),
    ("See https://www.example.com/a/b?c=d.", "See example dot com."),
    ("Mail john.doe@example.com, or example.com", ("Mail john dot doe at example dot com, or "
     "example dot com")),
]  # fmt: skip
MARKUP = [
    ("**bold** *it* __u__ `code` ~~s~~", "bold it u code s"),
    ("**bold over a cut", "bold over a cut"),
    ("snake_case 2*3", "snake case two times three"),
    ("# Head\nText\n- one\n- [x] two\n\n> quote", "Head. Text. one. two. quote"),
    ("1. First\n2. Second", "one. First. two. Second"),
    ("[text here](https://x.y/z_(a)) ![img](a.png) fact[1].", "text here img fact."),
    ("| a | b |\n|---|---|\n| 1 | 2 |\n", "a, b. one, two."),
    ("Look:\n```python\nprint(1)\n```\nDone.", "Look: Code block. Done."),
    ("```\nnever closed", "Code block."),
    ("Hi 😀 there 👍🏽! 👨‍👩‍👧", "Hi there!"),
    ("<b>x</b> &amp; y<br>z &lt; 3", "x and y z less than three"),
    ("one\n\n---\n\ntwo", "one. two"),
]


@pytest.mark.parametrize(
    ("written", "said"),
    [*MONEY, *NUMBERS, *TIMES, *UNITS, *PHONES, *NAMES, *SIGNS, *MARKUP],
)
def test_english_is_written_as_it_is_said(written: str, said: str) -> None:
    assert speakable(written).text == said


def test_an_unknown_region_or_language_is_no_error() -> None:
    assert speakable("$5", "en_US").text == "five dollars"
    assert speakable("**5** 😀", "xx").text == "5"
