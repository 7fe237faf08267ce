"""Words that mean the same, the opposite, or one of the same few things.

A vocabulary is three small lists, written as one reads them: groups of
synonyms, each of which counts as one word; pairs of opposites; and families,
of which a question means one member and no other: colours, days, currencies.
`GENERAL` holds those of everyday English. What a trade calls its things
belongs into a vocabulary of its own (`shop.py` is one), and `GENERAL + SHOP`
is both.

Words are compared by their stems, so "packages" needs no mention beside
"package". A word in two groups would count as now one thing, now another, so
it is refused, across vocabularies too.

When it does not help: a word of two meanings ("charge" a fee, "charge" a
battery) would always be taken in one. So such words are left out.
"""

from __future__ import annotations

from optimizations.caching.similar.english import stem

_PREFIXES = ("un", "in", "im", "il", "ir", "dis", "non", "de")


class Vocabulary:
    """`synonyms` and `families` are groups divided by semicolons, `opposites`
    pairs divided by a slash. Raises `ValueError` where a word is in two
    groups, or in two families.

    >>> zoo = Vocabulary("lion cat", "calm/wild", "cage pond pool")
    >>> zoo.base("cats"), zoo.opposed("calm", "wild"), zoo.family("ponds")
    ('lion', True, 'cage')
    """

    def __init__(
        self, synonyms: str = "", opposites: str = "", families: str = ""
    ) -> None:
        self.synonyms = synonyms
        self.opposites = opposites
        self.families = families
        self._first = _firsts(synonyms)
        self._families = _firsts(families)
        self._opposites: dict[str, set[str]] = {}
        for pair in opposites.split():
            one, other = map(stem, pair.split("/"))
            self._opposites.setdefault(one, set()).add(other)
            self._opposites.setdefault(other, set()).add(one)

    def __add__(self, other: Vocabulary) -> Vocabulary:
        return Vocabulary(
            f"{self.synonyms}; {other.synonyms}",
            f"{self.opposites} {other.opposites}",
            f"{self.families}; {other.families}",
        )

    def base(self, word: str) -> str:
        """The stem that stands for a word and its synonyms."""
        return self._first.get(stem(word), stem(word))

    def opposed(self, one: str, other: str) -> bool:
        """Whether two stems are opposites: a known pair, or one is the other
        with an "un" or the like before it.
        """
        if other in self._opposites.get(one, ()):
            return True
        short, long = (one, other) if len(one) < len(other) else (other, one)
        return long.endswith(short) and long[: -len(short)] in _PREFIXES

    def family(self, word: str) -> str:
        """What stands for the family of a word; nothing where it has none."""
        return self._families.get(stem(word), "")


def _firsts(groups: str) -> dict[str, str]:
    """From the stem of each word to that of the first one in its group."""
    found: dict[str, str] = {}
    for group in groups.split(";"):
        words = group.split()
        for word in words:
            if stem(word) in found:
                raise ValueError(f"{word!r} is in two groups")
            found[stem(word)] = stem(words[0])
    return found


GENERAL = Vocabulary(
    """
    grey gray; big large; small tiny; quick fast rapid;
    start begin commence; stop end finish quit; phone telephone;
    cellphone smartphone; picture photo image; fix repair mend;
    change modify edit alter; broken damaged; colour color;
    happen occur; assist help; attempt try; answer reply response;
    choose pick select; remove delete erase; show display; wrong incorrect;
    car automobile; movie film; company business;
    improve enhance; reduce decrease lower; increase raise; create make build;
    receive obtain; transfer move;
    unable incapable; allowed permitted; good great;
    effective efficient; reason cause; method way manner approach;
    children kids; mother mum mom; father dad; holiday vacation; trip travel
    """,
    """
    before/after up/down in/out into/out on/off into/from onto/off
    with/without to/from above/below over/under inside/outside
    inside/out including/excluding
    more/less most/least more/fewer many/few much/little all/none
    earlier/later earliest/latest first/last next/previous new/old
    newest/oldest early/late yesterday/tomorrow today/tomorrow today/yesterday
    small/large small/big smallest/largest smallest/biggest short/long
    shorter/longer shortest/longest low/high lower/higher lowest/highest
    fast/slow faster/slower quickly/slowly hot/cold warm/cool warmer/cooler
    heat/cool light/dark lighter/darker lighter/heavier light/heavy
    brighter/dimmer thin/thick narrow/wide
    open/close open/shut start/stop start/end begin/end enable/disable
    activate/deactivate add/remove add/delete add/take put/take insert/remove
    attach/detach lock/unlock show/hide save/delete create/delete join/leave
    join/split enter/leave come/go arrive/leave arrive/depart send/receive
    send/get give/take give/get lend/borrow win/lose find/lose
    accept/reject accept/refuse accept/decline allow/forbid
    increase/decrease increase/reduce raise/lower extend/shorten
    lengthen/shorten rise/fall grow/shrink push/pull import/export
    upload/download login/logout turn/return keep/cancel keep/delete
    confirm/cancel bring/take bring/collect sender/receiver sender/recipient
    public/private full/empty full/partial right/wrong good/bad better/worse
    best/worst same/different always/never yes/no left/right
    front/back top/bottom wet/dry clean/dirty strong/weak loud/quiet
    maximum/minimum max/min incoming/outgoing
    larger/smaller bigger/smaller
    newer/older taller/shorter brighter/softer louder/quieter
    forward/back forward/backward ahead/behind front/behind
    upgrade/downgrade fill/empty allow/block grant/revoke give/withdraw
    tighten/loosen expand/collapse raise/cut gain/lose succeed/fail
    love/hate sunrise/sunset dawn/dusk arrival/departure entrance/exit
    north/south east/west upper/lower inner/outer deep/shallow
    rich/poor true/false success/failure profit/loss
    pros/cons strength/weakness male/female debit/credit
    supply/get supply/order supply/receive
    """,
    """
    red orange yellow green blue purple violet pink brown black white grey
    gray beige copper brass bronze silver gold mint navy
    steel iron glass wood plastic paper cotton wool leather ceramic stone;
    monday tuesday wednesday thursday friday saturday sunday weekday weekend;
    january february march april june july august september october november
    december;
    spring summer autumn winter;
    morning noon afternoon evening midnight;
    second minute hour day week month quarter year;
    euro dollar pound yen rupee franc;
    watt kilowatt megawatt volt ampere; gram kilogram ton;
    millimetre centimetre metre kilometre mile inch foot;
    single double triple
    """,
)
