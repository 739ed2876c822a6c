"""An entry of the journal as a person would say it, in English and Korean: one sentence, why, and its evidence."""

from controller.core.events import Event, Evidence, Kind
from controller.core.zone.machine import Signal
from controller.texts import text
from controller.tools.explain_texts import DETAILS, FEATURES, NO_NAMES, PHRASES, REASONS, SIGNALS, WHAT, WORDS, say

_NAMED = {"exhaust not proven off", "damper not proven", "damper disabled", "actuator not in place"}
_ENDINGS = ("begun", "ended", "ran out", "on", "off", "not readable")


def headline(event: Event, language: str) -> str:
    """What happened, a sentence of the event's kind; names of heads, outputs and zones stay as the site has them."""
    match event.kind:
        case Kind.LEVEL:
            level, _, more = event.what.partition(" ")
            named = text(level, language) + (f" {_word(more, language)}" if more else "")
            return say(PHRASES["head"], language, subject=event.subject, level=named)
        case Kind.ZONE_LEVEL:
            return say(PHRASES["zone"], language, subject=event.subject, level=text(event.what, language))
        case Kind.STAGE:
            return say(PHRASES["stage"], language, subject=event.subject, stage=text(event.what, language))
        case Kind.RESPONSE | Kind.REQUEST:
            named = text(event.subject, language)
            return (
                say(WHAT[event.what], language, subject=named) if event.what in WHAT else f"{named}: {event.what}"
            ) + "."
        case Kind.INHIBIT:
            phrase = PHRASES["not-held" if event.what == "none" else "held-back"]
            held_by = "; ".join(reason(told, language) for told in event.what.split("; "))
            return say(phrase, language, subject=event.subject, what=held_by)
        case Kind.AVAILABILITY:
            return say(
                PHRASES["availability"], language, subject=event.subject, what=availability(event.what, language)
            )
        case Kind.TROUBLE:
            trip, _, cleared = event.what.partition(":")
            phrase = PHRASES["cleared" if cleared else "trouble"]
            return say(phrase, language, what=text(trip, language), subject=event.subject)
    return say(PHRASES[event.kind], language, subject=event.subject, what=_word(event.what, language))


def why(event: Event, language: str) -> str:
    """The signal that moved a stage, in words; a stage that a restart moved says so in its text. Empty for all other kinds."""
    if event.kind is not Kind.STAGE:
        return ""
    signal = event.text.split(",")[0]
    return say(SIGNALS[Signal(signal)], language) if signal in set(Signal) else event.text


def details(event: Event, language: str) -> str:
    """What an event says beside its headline: of a walk test in words, of all others as the core says it."""
    if event.kind is not Kind.WORK:
        return event.text
    return "; ".join(_detail(part, language) for part in event.text.split("; "))


def _detail(part: str, language: str) -> str:
    known, _, names = part.partition(": ")
    if known not in DETAILS:
        return part
    return say(DETAILS[known], language, names=say(NO_NAMES, language) if names == "none" else names)


def evidence_line(evidence: Evidence, language: str) -> str:
    """Head, feature, value, threshold and weight (rule 12) in a sentence."""
    said = say(
        FEATURES[evidence.feature], language,
        head=evidence.head, point=evidence.point, value=number(evidence.value), threshold=number(evidence.threshold),
    )  # fmt: skip
    return said + say(PHRASES["weight"], language, weight=number(evidence.weight))


def availability(told: str, language: str) -> str:
    """How available a zone's release is, and why it is not fully so: `unavailable: occupied, low agent` as the core says it."""
    word, _, reasons = told.partition(": ")
    named = ", ".join(reason(why_not, language) for why_not in reasons.split(", "))
    return text(word, language) + (f": {named}" if reasons else "")


def number(value: float) -> str:
    """Four digits, or all of a large number: nobody reads exponents aloud."""
    return f"{value:.4g}" if abs(value) < 10_000 else f"{value:.0f}"  # noqa: PLR2004 - four digits


def _word(what: str, language: str) -> str:
    """A word of the journal: of the table, of the catalogue, or a name or work with what became of it (`work permit ran out`)."""
    if what in WORDS:
        return say(WORDS[what], language)
    for ending in _ENDINGS:
        begun = what.removesuffix(f" {ending}")
        if begun != what:
            return f"{_word(begun, language)} {say(WORDS[ending], language)}"
    return text(what, language)


def reason(told: str, language: str) -> str:
    """Why a release waits or is not automatic, in words; names that the table does not know (heads, contacts) stay as they are."""
    known, _, about = told.partition(":")
    if known not in REASONS:
        return _word(told, language)
    named = about.strip(" )") if known in _NAMED else ""
    return say(REASONS[known], language) + (f" ({named})" if named else "")
