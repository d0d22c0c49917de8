"""How long the floor waits, by what was said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from vivavoce.floor import Policy
from vivavoce.floor.endpointing import completeness, endpoint_wait

POLICY = Policy()
SURE, LIKELY, DOUBTFUL, UNSURE = POLICY.waits

WAITS = {
    SURE: [
        # finished sentences, with marks
        "What is it made of?", "Where are you from?", "Who is it for?", "Why?", "Really!",
        "Hello there.", "Tell me a joke.", "What's the capital of France?", 'He said "stop."',
        "(Thank you.)", "What should I do?", "What is 15 times 7?", "Did he die?",
        "Come with me, I know who you are.",
        "¿De qué está hecho?", "Cuéntame un chiste.", "Wie spät ist es?", "Quelle heure est-il ?",
        "오늘 날씨 어때?", "이게 뭐라고?", "불 좀 켜 줘.", "今日の天気は？",
        "東京の人口は何人ですか。", "今天天气怎么样？", "दिल्ली कहाँ है?", "धन्यवाद।",
        "ما هي عاصمة فرنسا؟",
        # sentence-final forms of recognisers that write no marks
        "오늘 날씨 알려줘", "날씨가 어떻습니까", "지금 몇 시예요", "감사합니다", "같이 갈까",
        "東京の天気を教えてください", "これは何ですか", "ありがとうございます",
        "你好吗", "我们走吧", "他来了",
    ],
    LIKELY: [
        # no mark at all; or a full stop behind what is seldom an end
        "tell me a joke", "what is the weather today", "qué hora es", "오늘 날씨",
        "今天天气怎么样",
        "Turn the lights on.", "It was founded in 1999.",
        "Set a timer for 10.",
    ],
    DOUBTFUL: [
        "so what is it made of", "where are you from", "Well,", "First, second,", "そして、",
        "my number is 555", "My number is 555-12.", "My number is 555 12.", "call 0 1 7",
        "I would like to book a.", "I want the.", "Is it the?", "Because.", "And.", "Y.",
        "I need to see Dr.", "날씨가 좋은데.", "でも。", "因为。", "Wir fahren weil.",
    ],
    UNSURE: [
        # broken off
        "I was...", "so I thought…", "what is the wea-", "um", "Um...", "", "...", "?",
        "what is the weather in the", "and", "book a table for", "how can",
        "turn on the light and",
        "because", "I want to go to", "what is", "quiero ir a casa y", "un billete para el",
        "ich möchte eine", "je voudrais une", "음", "그리고", "날씨가 좋은데", "음악을 틀고",
        "비가 오니까", "어제 봤지만", "えっと", "今日は天気がいいけど", "明日の天気を",
        "我想问如果", "下雨的话", "我喜欢苹果和",
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "wait"), [(text, wait) for wait, texts in WAITS.items() for text in texts]
)
def test_the_wait_follows_from_how_the_text_ends(text: str, wait: float) -> None:
    assert endpoint_wait(POLICY, text, None) == wait


def test_an_ending_that_sounds_complete_shortens_the_wait() -> None:
    assert endpoint_wait(POLICY, "tell me a joke", 0.97) == SURE
    assert endpoint_wait(POLICY, "and", 0.97) == DOUBTFUL


def test_an_ending_that_sounds_open_lengthens_the_wait() -> None:
    assert endpoint_wait(POLICY, "Tell me a joke.", 0.02) == LIKELY
    assert endpoint_wait(POLICY, "tell me a joke", 0.02) == UNSURE


@given(some.text(), some.floats(0, 1), some.floats(0, 1))
def test_more_probable_ends_are_never_waited_for_longer(text: str, one: float, two: float) -> None:
    low, high = sorted((one, two))
    assert endpoint_wait(POLICY, text, high) <= endpoint_wait(POLICY, text, low)


@given(some.text(), some.none() | some.floats(0, 1))
def test_completeness_is_a_probability_and_the_wait_one_of_four(
    text: str, probability: float | None
) -> None:
    assert 0.0 < completeness(text, probability) < 1.0
    assert endpoint_wait(POLICY, text, probability) in POLICY.waits


def test_no_score_means_that_nothing_is_too_sure_for_the_shortest_wait() -> None:
    policy = Policy(scores=(0.0, 0.0, 0.0))
    assert endpoint_wait(policy, "and", None) == policy.waits[0]
