"""The words of English that `checks.py` needs to know: small lists, general,
nothing of any subject.
"""

from __future__ import annotations

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
    of at by for to from in into on onto as about than then and or but if so
    because while also just still even already yet too very really right now
    please thanks thank hi hello hey dear kindly quickly
    tell know want like need wish get got find see say mean ask wonder
    wondering let possible able question
    """.split()
)
"""Words that carry little of what is asked."""

NEGATIONS = frozenset(
    """
    not no never none nothing nobody nowhere neither nor without cannot cant
    dont doesnt didnt isnt arent wasnt werent hasnt havent hadnt wont wouldnt
    couldnt shouldnt hardly refuse
    """.split()
)

_OPPOSITE_PAIRS = """
    before/after up/down in/out into/out on/off into/from onto/off
    with/without to/from above/below over/under inside/outside
    inside/out including/excluding
    more/less most/least more/fewer many/few much/little all/none
    earlier/later earliest/latest first/last next/previous new/old
    newest/oldest early/late yesterday/tomorrow today/tomorrow today/yesterday
    small/large small/big smallest/largest smallest/biggest short/long
    shorter/longer shortest/longest low/high lower/higher lowest/highest
    cheap/expensive cheaper/dearer cheapest/dearest fast/slow faster/slower
    quickly/slowly hot/cold warm/cool warmer/cooler heat/cool light/dark
    lighter/darker lighter/heavier light/heavy brighter/dimmer thin/thick
    narrow/wide
    open/close open/shut start/stop start/end begin/end enable/disable
    activate/deactivate add/remove add/delete add/take put/take insert/remove
    attach/detach lock/unlock show/hide save/delete create/delete join/leave
    join/split enter/leave come/go arrive/leave arrive/depart send/receive
    send/get give/take give/get lend/borrow buy/sell pay/receive pay/refund
    win/lose find/lose accept/reject accept/refuse accept/decline allow/forbid
    increase/decrease increase/reduce raise/lower extend/shorten
    lengthen/shorten rise/fall grow/shrink push/pull import/export
    upload/download login/logout deposit/withdraw subscribe/unsubscribe
    turn/return keep/cancel keep/delete confirm/cancel bring/take bring/collect
    sender/receiver sender/recipient buyer/seller supplier/customer
    public/private full/empty full/partial right/wrong good/bad better/worse
    best/worst same/different always/never yes/no left/right
    front/back top/bottom wet/dry clean/dirty strong/weak loud/quiet
    maximum/minimum max/min incoming/outgoing paid/unpaid
"""

UNITS = {
    "€": "euro",
    "eur": "euro",
    "$": "dollar",
    "usd": "dollar",
    "£": "pound",
    "%": "percent",
    "centimetre": "cm",
    "centimeter": "cm",
    "millimetre": "mm",
    "millimeter": "mm",
    "metre": "m",
    "meter": "m",
    "kilometre": "km",
    "kilometer": "km",
    "kilo": "kg",
    "kilogram": "kg",
    "gram": "g",
    "litre": "l",
    "liter": "l",
    "hr": "hour",
    "min": "minute",
    "sec": "second",
    "watt": "w",
    "volt": "v",
}
"""Other ways to write a unit."""

NUMBERS = {
    word: str(value)
    for value, word in enumerate(
        """zero - two three four five six seven eight nine ten eleven twelve
        thirteen fourteen fifteen sixteen seventeen eighteen nineteen
        twenty""".split()
    )
} | {"thirty": "30", "forty": "40", "fifty": "50", "hundred": "100"}
"""Without "one", which more often stands for a thing than for a number."""

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


def stem(word: str) -> str:
    """A word without its most common endings.

    >>> [stem(w) for w in "parcels parties stopped closing lamp's".split()]
    ['parcel', 'party', 'stop', 'clos', 'lamp']
    """
    word = word.removesuffix("'s").removesuffix("'")
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    for ending in ("ing", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            if ending == "s" and word.endswith(("ss", "us", "is")):
                break
            word = word[: -len(ending)]
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsez":
        word = word[:-1]
    return word


_SYNONYM_GROUPS = """
    buy purchase; price cost charge fee; big large; small little tiny;
    quick fast rapid; start begin commence; stop end finish quit;
    phone telephone call ring; mobile cellphone smartphone; mail email;
    picture photo image; fix repair mend; change modify edit alter update;
    parcel package shipment; deliver ship; delivery shipping; broken damaged;
    item article product; guarantee warranty; colour color; discount rebate;
    happen occur; assist help support; attempt try; answer reply response;
    choose pick select; remove delete erase; show display; wrong incorrect;
    right correct; earn make; money cash; car automobile; movie film;
    job work; company business firm; improve enhance; reduce decrease lower;
    increase raise; create make build; different difference; shop store;
    receive obtain; return send_back; reimburse refund; invoice bill receipt;
    basket cart; voucher coupon; shut close; sign log; transfer move;
    top_up topup recharge; unable incapable; allowed permitted; good great
    best; effective efficient; reason cause; method way manner approach;
    children kids; mother mum mom; father dad; holiday vacation; trip travel
"""

SYNONYMS: dict[str, str] = {}
"""From a stem to the stem of the first word of its group."""


def base(word: str) -> str:
    """The stem that stands for a word and its synonyms.

    >>> base("packages"), base("parcel")
    ('parcel', 'parcel')
    """
    return SYNONYMS.get(stem(word), stem(word))


for _group in _SYNONYM_GROUPS.split(";"):
    _first, *_rest = map(stem, _group.split())
    SYNONYMS.update(dict.fromkeys(_rest, _first))

OPPOSITES: dict[str, set[str]] = {}
for _pair in _OPPOSITE_PAIRS.split():
    _one, _other = map(stem, _pair.split("/"))
    OPPOSITES.setdefault(_one, set()).add(_other)
    OPPOSITES.setdefault(_other, set()).add(_one)
