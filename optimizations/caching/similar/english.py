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
    i'm i've i'd i'll you're you've it's that's there's what's where's wheres
    whats how's we've we're we'd we'll let's
    of at by for to from with in into on onto as about than then and or but if
    so because while also just still even already yet too very really right now
    please thanks thank hi hello hey dear kindly quickly
    tell know want like need wish get got find see say mean ask wonder
    wondering let possible able question
    """.split()
)
"""Words that carry little of what is asked."""

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

LIMITS = frozenset("by until till since".split())
"""Before a moment, what says that a time ends or begins there."""

MOMENTS = frozenset(
    """
    monday tuesday wednesday thursday friday saturday sunday weekend january
    february march april may june july august september october november
    december spring summer autumn winter christmas easter today tomorrow
    yesterday tonight noon midday midnight morning evening now then
    """.split()
)

MOODS = {
    "must": re.compile(
        r"\b(?:must|should|shall|will|ought|obliged|required|obligatory|mandatory"
        r"|compulsory|(?:have|has|need|needs) to)\b"
    ),
    "may": re.compile(
        r"\b(?:can|could|may|might|should|will|able|allowed|permitted|possible)\b"
    ),
    "did": re.compile(r"\b(?:did|was|were)\b"),
}
"""What is asked about a deed: whether it has to, may, or did happen. "Should"
and "will" may be either of the first two.
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
    """A word without its endings (Porter's second stemmer), irregular forms as
    the regular one.

    >>> [stem(w) for w in "parcels parties stopped sent lamp's".split()]
    ['parcel', 'parti', 'stop', 'send', 'lamp']
    """
    word = word.removesuffix("'s").removesuffix("'")
    found: str = _STEMMER.stemWord(IRREGULAR.get(word, word))
    return found


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
