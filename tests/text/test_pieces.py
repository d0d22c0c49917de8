import pytest
from hypothesis import given, strategies

from tests.text.texts import texts
from vivavoce.text.pieces import HARD, MAX_CHARACTERS, PieceSplitter


def pieces(text: str, chunk: int = 1) -> list[str]:
    splitter = PieceSplitter()
    given_out = [
        piece
        for start in range(0, len(text), chunk)
        for piece in splitter.feed(text[start : start + chunk])
    ]
    return given_out + splitter.flush()


@given(texts, strategies.integers(2, 7))
def test_pieces_join_to_the_text_and_do_not_depend_on_the_chunks(text: str, chunk: int) -> None:
    assert "".join(pieces(text)) == text
    assert pieces(text, chunk) == pieces(text)


CASES = [
    "Dr. Smith paid $3.50 at 10 a.m. |He left.",
    "e.g. this one is a thing |that I would say",
    "It is in the U.S. |The law is old. |The U.S. Government pays.",
    "Pi is 3.14 and No. 5 is alive. |No. |Never!",
    "Mr. J. R. Smith came |in and sat down at the table. |Wait... what?! |Really.",
    "1. First |2. Second |3. Third item\n|4. Fourth",
    'He said "Stop it. Now." |Then he left. |“Really?” she asked. |"Yes!" he said.',
    "Great! |😀 Let's go to https://example.com/a.b?c=d. |It is nice.",
    "Sure, |I can help you with that. |Paris is big.",
    "The weather in London today |is mostly cloudy.",
    "On Nov 21, 1999 the price |was 10 000 dollars.",
    "See [the long text](https://x.y/z) |for it. |Call 555 123 4567 now and ask for Jim",
    "- one\n|- two items\n\n|# Heading\n|Text goes here\n|```python\nx = 1. Y\n\nfoo\n```\n|Done.",
    "안녕하세요. |오늘 날씨는 맑습니다. |기온은 23.5도이고요, 내일은 비가 와요.",
    "서울의 오늘 날씨는 대체로 |맑고 낮 최고 기온은 이십 도입니다.",
    "今日は晴れです。|明日は雨が降るでしょう！|本当？|「はい。」と言った。",
    "東京の天気は晴れ、|気温は23.5度です。",
    "私は昨日友達と一緒に|東京へ行きました",
    "我觉得今天的天气真的非常好所以我们去公园吧|然后吃饭",
    "One, |two and three, |four five. |The river is long, wide and calm, and flows, |so we went.",
    "今天天气很好，|我们去公园吧。|你觉得怎么样？|价格是1，000元；谢谢！",
    "¿Cómo estás? |¡Muy bien! |Gracias. |El Sr. García pagó 3,50 € a las 10.",
    "मेरा नाम राम है। |तुम कैसे हो?",
    "كيف حالك؟ |أنا بخير، |شكرا.",
    "Das ist z. B. gut. |Am 3. Mai kam Dr. Weiß. |Ja.",
]


@pytest.mark.parametrize("marked", CASES)
def test_pieces_end_where_a_speaker_may_pause(marked: str) -> None:
    assert pieces(marked.replace("|", "")) == marked.split("|")


def test_a_full_stop_waits_for_the_character_behind_it() -> None:
    splitter = PieceSplitter()
    assert splitter.feed("It costs 3.") == []
    assert splitter.feed("50. ") == []
    assert splitter.feed("H") == ["It costs 3.50. "]


def test_a_name_and_a_date_wait_for_the_word_behind_them() -> None:
    splitter = PieceSplitter()
    assert splitter.feed("In the U.S. The") == []
    assert splitter.feed(" law") == ["In the U.S. "]
    assert splitter.flush() == ["The law"]
    assert splitter.feed("On page 5. He") == []
    assert splitter.feed(" left") == ["On page 5. "]


@pytest.mark.parametrize(
    "unit",
    ["$3.50", "10 a.m.", "3 000 000", "Mr. J. R. Smith", "https://a.bc/d,e.f", "New York City",
     "No. 5", "Nov 21, 1999", "5 km", "+1 555 123 4567", "(see the note)", '"all of it"'],
)  # fmt: skip
@pytest.mark.parametrize("before", range(1, 9))
def test_a_unit_is_never_cut(unit: str, before: int) -> None:
    text = f"{'stone ' * before}{unit} {'stone ' * 20}"
    assert any(unit in piece for piece in pieces(text))


def test_the_first_piece_comes_after_a_few_words() -> None:
    splitter = PieceSplitter()
    words = ["the", "sun", "goes", "down", "behind", "green", "hills", "and", "stays"]
    fed = 0
    while not (first := splitter.feed(words[fed] + " ")):
        fed += 1
    assert first == ["the sun goes down "]
    assert fed == 5


def test_pieces_grow_so_that_a_slow_voice_keeps_up() -> None:
    lengths = [len(piece) for piece in pieces("stone " * 400)]
    assert lengths[:4] == [30, 96, 192, 240]
    assert max(lengths) <= MAX_CHARACTERS + len("stone ")


@pytest.mark.parametrize("text", ["a" * 10_000, "字" * 10_000, "1 " * 5_000, "( " * 5_000])
def test_text_without_punctuation_still_flows(text: str) -> None:
    assert max(map(len, pieces(text, 100))) <= HARD * MAX_CHARACTERS


def test_a_combining_mark_stays_with_its_letter() -> None:
    text = "a" * (HARD * MAX_CHARACTERS) + "\u0301" + "b"
    assert pieces(text)[0].endswith("\u0301")


def test_flush_starts_the_next_answer_anew() -> None:
    splitter = PieceSplitter()
    splitter.feed("One two three four five six seven. ```")
    splitter.flush()
    assert splitter.feed("Sure, I") == ["Sure, "]
    assert splitter.flush() == ["I"]
    assert splitter.flush() == []
