"""The small words of English, which mean the same whatever one talks about:
what carries little, what denies, who speaks, how numbers and units are
written. What things and deeds are called is in `vocabulary.py`, and depends on
the subject.
"""

from __future__ import annotations

import re
from functools import lru_cache

import snowballstemmer

_STEMS_KEPT = 10_000

STOP_WORDS = frozenset(
    """
    a an the this that these those some any each every all both
    i me my mine myself we us our ours you your yours he him his she her hers
    it its they them their theirs who whom whose which what where when why how
    there here
    am is are was were be been being do does did doing done have has had having
    can could may might must shall should will would
    i'm i've i'd i'll you're you've we've we're we'd we'll let's
    of at by until till since for to from with in into on onto as about than
    then and or but if so because while also just still even already yet too
    very really now
    please thanks thank hi hello hey dear kindly
    tell know want like need wish get got find see say mean ask wonder
    wondering let possible able question
    """.split()
)
"""Words that carry little of what is asked."""

UNSAID = frozenset(
    """
    a an the this that these those it its they them there me us
    my mine myself our ours your yours their theirs he him his she her hers
    do doing any of so but then also just still even already yet very
    really now please thanks thank hi hello hey dear kindly
    wonder wondering question
    """.split()
)
"""Stop words that may be left out, or of which other rules take care."""

SAID_LIKE = {
    word: group.split()[0]
    for group in """
    i we; what which; who whom; be am is are been being; do does; did was were;
    have has having had; can could may might able possible;
    will shall would; want wish like; get got; all every each
    """.split(";")
    for word in group.split()
}
"""From a stop word to the first of those that say the same."""

OWNERS = {
    **dict.fromkeys("my mine our ours".split(), "I"),
    **dict.fromkeys("your yours".split(), "you"),
    **dict.fromkeys("their theirs".split(), "they"),
}
"""Whose something is; his and hers are in `THIRD_PERSONS`."""

NEGATIONS = frozenset(
    """
    not no non never none nothing nobody nowhere neither nor without unless
    except cannot cant
    dont doesnt didnt isnt arent wasnt werent hasnt havent hadnt wont wouldnt
    couldnt shouldnt hardly refuse
    """.split()
)

NUMBERS = {
    word: str(value)
    for value, word in enumerate(
        """two three four five six seven eight nine ten eleven twelve thirteen
        fourteen fifteen sixteen seventeen eighteen nineteen twenty""".split(),
        start=2,
    )
} | {
    "zero": "0",
    "thirty": "30",
    "forty": "40",
    "fifty": "50",
    "hundred": "100",
}
"""Without "one", which more often stands for a thing than for a number."""

THIRD_PERSONS = {
    "he": frozenset("he him his himself he's".split()),
    "she": frozenset("she her hers herself she's".split()),
}
"""Whoever else is meant; "they" and "it" are things as often."""

MOODS = {
    "must": re.compile(
        r"\b(?:must|should|shall|will|ought|obliged|required|obligatory|mandatory"
        r"|compulsory|(?:have|has|need|needs) to)\b"
    ),
    "may": re.compile(
        r"\b(?:can|could|may|might|should|will|able|allowed|permitted|possible)\b"
    ),
}
"""What is asked about a deed: whether it has to or may happen. "Should" and
"will" are either.
"""

PERSONS = {
    **dict.fromkeys(
        "i i'm i've i'd i'll we we're we've we'd we'll".split(), "I"
    ),
    **dict.fromkeys("me my us our".split(), "I"),
    **dict.fromkeys("you you're you've you'd you'll your".split(), "you"),
}
"""Whoever speaks, and whoever is spoken to."""

BETWEEN_DOER_AND_VERB = frozenset(
    """
    to like want would also still just please can could may might must should
    not already have had do am are need
    """.split()
)

TOWARDS = frozenset("to from by for with without".split())
"""What says which way, before a person."""

IRREGULAR = {
    past: group.split()[0]
    for group in """
    send sent; buy bought; pay paid; take took taken; give gave given; break
    broke broken; lose lost; choose chose chosen; bring brought; keep kept;
    make made; come came; go went gone; sell sold; hold held; build
    built; teach taught; catch caught; think thought; write wrote
    written; speak spoke spoken; forget forgot forgotten; steal stole stolen;
    grow grew grown; fall fell fallen; begin began begun; drive drove driven;
    fly flew flown; wear wore worn; win won; withdraw withdrew withdrawn;
    freeze froze frozen; hear heard; child children; man men; woman women;
    person people; foot feet
    """.split(";")
    for past in group.split()[1:]
}
"""From a form that no ending tells to the word itself."""


_STEMMER = snowballstemmer.stemmer("english")


@lru_cache(_STEMS_KEPT)
def stem(word: str) -> str:
    """A word without the ending of the plural or the past, irregular forms as
    the regular one. Porter's second stemmer knows which letters go with those;
    other endings make other words, so they stay: a booking is no book.

    >>> [stem(w) for w in "parcels parties stopped sent lamp's".split()]
    ['parcel', 'parti', 'stop', 'send', 'lamp']
    >>> [stem(w) for w in "book booked booking bookings".split()]
    ['book', 'book', 'booking', 'booking']
    """
    word = word.removesuffix("'s").removesuffix("'")
    word = IRREGULAR.get(word, word)
    found: str = _STEMMER.stemWord(word)
    if word != found and word.endswith(("s", "ed")):
        for bare in (word[:-1], word[:-2], word[:-3]):
            if _STEMMER.stemWord(bare) == found:
                return stem(bare)
    return found if word in (found, f"{found}e", f"{found[:-1]}y") else word


UNITS = {
    stem(word): stem(group.split()[0])
    for group in """
    euro € eur; dollar $ usd; pound £; percent %; cm centimetre centimeter;
    mm millimetre millimeter; m metre meter; km kilometre kilometer; kg kilo
    kilogram; g gram; l litre liter; hour hr; minute min; second sec; w
    watt; v volt
    """.split(";")
    for word in group.split()
}
"""From the stem of a unit, however it is written, to that of its first way."""
