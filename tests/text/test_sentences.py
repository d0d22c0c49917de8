import pytest
from hypothesis import given

from tests.text.texts import texts
from vivavoce.text.sentences import split_sentences


@given(texts)
def test_sentences_join_to_the_text(text: str) -> None:
    sentences = split_sentences(text)
    assert "".join(sentences) == text
    assert all(sentences)


@pytest.mark.parametrize(
    "marked",
    [
        "Dr. Smith paid $3.50 at 10 a.m. |He left.",
        "It is in the U.S. |The law is old.",
        "The U.S. Government pays. |OK.",
        "Mr. J. R. Smith came. |He sat.",
        "See No. 5, e.g. this. |No. |Never!",
        'He said "Stop." |Then he left.',
        "Wait... what?! |Really.",
        "1. First |2. Second",
        "We met on Nov. 21 at Acme Inc. and left. |Pi is 3.14. |OK",
        "Prof. Lee et al. wrote it. |She works at approx. 5 p.m. daily.",
        "Is it? |Yes! |Vitamin C. |It helps.",
        "今日は晴れです。|「はい。」と言った。|本当？",
        "今天很好。|你呢？|谢谢！",
        "¿Cómo estás? |¡Bien! |El Sr. García pagó.",
        "मेरा नाम राम है। |तुम कैसे हो?",
        "كيف حالك؟ |أنا بخير.",
        "Das ist z. B. gut. |Am 3. Mai kam Dr. Weiß. |Ja.",
        "안녕하세요. |오늘은 3.5도예요. |네!",
        "M. Dupont est là. |Mme. Petit aussi ! |Bien.",
    ],
)
def test_sentences_of_many_languages(marked: str) -> None:
    assert split_sentences(marked.replace("|", "")) == marked.split("|")
