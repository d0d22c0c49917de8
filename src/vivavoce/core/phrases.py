"""The few sentences that the assistant says by itself, in the languages it speaks."""

from __future__ import annotations

__all__ = ["apology", "not_understood"]

_APOLOGIES = {
    "en": "Sorry, something went wrong. Please try again.",
    "zh": "抱歉，出了点问题。请再试一次。",
    "hi": "माफ़ कीजिए, कुछ गड़बड़ हो गई। कृपया फिर से कोशिश करें।",
    "es": "Lo siento, algo salió mal. Inténtalo de nuevo.",
    "ar": "عذرًا، حدث خطأ ما. حاول مرة أخرى.",
    "fr": "Désolé, quelque chose n'a pas marché. Réessayez, s'il vous plaît.",
    "pt": "Desculpe, algo deu errado. Tente novamente.",
    "ru": "Извините, что-то пошло не так. Попробуйте ещё раз.",
    "de": "Entschuldigung, da ist etwas schiefgegangen. Bitte versuche es noch einmal.",
    "ja": "すみません、うまくいきませんでした。もう一度お願いします。",
    "ko": "죄송합니다, 문제가 생겼어요. 다시 말씀해 주세요.",
    "it": "Scusa, qualcosa è andato storto. Riprova, per favore.",
    "nl": "Sorry, er ging iets mis. Probeer het nog eens.",
}

_NOT_UNDERSTOOD = {
    "en": "Sorry, I did not catch that.",
    "zh": "抱歉，我没听清。",
    "hi": "माफ़ कीजिए, मैं सुन नहीं पाया।",
    "es": "Lo siento, no te he entendido.",
    "ar": "عذرًا، لم أسمع ذلك جيدًا.",
    "fr": "Désolé, je n'ai pas compris.",
    "pt": "Desculpe, não entendi.",
    "ru": "Извините, я не расслышал.",
    "de": "Entschuldigung, das habe ich nicht verstanden.",
    "ja": "すみません、聞き取れませんでした。",
    "ko": "죄송합니다, 잘 못 들었어요.",
    "it": "Scusa, non ho capito.",
    "nl": "Sorry, dat heb ik niet verstaan.",
}


def apology(language: str | None) -> str:
    """Something failed; try again. English where `language` (ISO 639-1) is not known."""
    return _APOLOGIES.get(language or "en", _APOLOGIES["en"])


def not_understood(language: str | None) -> str:
    """Your words could not be recognised. English where `language` is not known."""
    return _NOT_UNDERSTOOD.get(language or "en", _NOT_UNDERSTOOD["en"])
