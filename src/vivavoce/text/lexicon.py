"""The small closed word lists that decide where speech may pause.

They are merged over languages: an entry that is a plain word elsewhere costs a pause at worst.
"""

from __future__ import annotations

__all__ = ["FUNCTION_WORDS", "MONTHS", "OPENING", "STARTERS", "TRAILING", "TYING_NUMBER"]


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# An abbreviation after which the phrase always goes on. Lower case, without the last full stop.
OPENING = _set(
    """dr mr mrs ms mx prof st gen sen rep gov capt cmdr lt col sgt maj rev hon pres supt messrs mt
    e.g i.e eg ie cf vs viz approx ca resp al
    z.b d.h u.a bzw ggf evtl nr hr fr prof.dr inkl zzgl
    sr sra srta dña ud uds p.ej núm av
    mme mlle mm mgr c.-à-d p.ex env
    dott sig sig.ra avv pag
    sr.ª dra exmo"""
)
# An abbreviation that may also end the sentence: a capital behind it decides.
TRAILING = _set(
    """etc inc corp co ltd llc plc bros jr ft esq a.m p.m am pm ph.d m.d b.a m.a b.sc m.sc d.c a.d
    b.c b.c.e c.e dept est min max avg ext ave blvd rd hwy usw usf u.s.w etc.pp s.a s.l ecc
    jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun lb lbs oz in
    yd mi"""
)
# An abbreviation that is one only before a digit: "No. 5", but "No. Never."
TYING_NUMBER = _set(
    """no nos nr núm num n vol vols fig figs ch chap sec sect p pp pg art ref eq tab app par para op
    ver v jan feb mar apr jun jul aug sep sept oct nov dec approx ca ext rev st ft max min"""
)
MONTHS = _set(
    """jan january feb february mar march apr april may jun june jul july aug august sep sept
    september oct october nov november dec december
    enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
    januar februar märz mai juni juli oktober dezember
    janvier février mars avril juin juillet août septembre octobre novembre décembre"""
)
# A capitalised word that begins a sentence rather than going on with a name: "the U.S. The law".
STARTERS = _set(
    """the a an it he she we you they i this that these those there here his her our your their my
    its in on at by for from with after before when while if as since so but and or however also
    then what who why how where which one some many most all both each no not now today yes please
    another other such although though because until once people did do does is are was were has
    have can could would will may might should let"""
)
# Words that lean on what follows: no pause behind them, a good pause before them. The "chinks" of
# Liberman and Church, "Text analysis and word pronunciation in text-to-speech synthesis" (1992).
FUNCTION_WORDS = _set(
    """a an the this that these those my your his her its our their some any no every each
    of in on at by for from with to into onto over under about after before between through during
    without within against among around behind beyond near than as like per via
    and or but nor so yet if because while although though unless until when where which who whom
    whose what how why whether since
    i you he she it we they me him us them there
    is are was were be been being am has have had do does did will would shall should can could may
    might must isn't aren't wasn't don't doesn't didn't won't can't i'm you're it's that's we're
    they're i'll you'll we'll i've not very more most just also only even too quite rather
    el la los las un una unos unas de del al en con por para sin sobre entre y e o u pero que si
    se lo le les su sus mi mis tu tus es son está están fue muy más no como cuando donde
    der die das den dem des ein eine einen einem einer und oder aber dass wenn weil von zu zum zur
    im am mit für auf aus bei nach über unter vor durch ist sind war wird nicht sehr ich du er sie
    wir ihr
    le les un une des du au aux et ou mais que qui dans sur avec pour par sans ne pas est sont ce
    cette ces son sa ses mon ma mes je tu il elle nous vous ils elles très plus
    il lo gli i uno di da nel nella sul sulla con per tra fra ed ma che se non è sono molto più
    o os as um uma do da dos das no na nos nas em com por para sem e ou mas não é são muito mais
    이 그 저 한 두 세 더 안 못 잘 가장 매우 아주 정말 너무 및 또는 그리고 또"""
)
