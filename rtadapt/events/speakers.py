"""Who a role word means: customer, agent or bot, in the words of the help desks.

Owns the one reading of who spoke, because a bot's words are context and never a target: a speaker that can't be told is an error,
not a guess. The words are those that Zendesk, Intercom, Twilio, Amazon Connect, Google's contact centre, Chatwoot, Salesforce,
Genesys and LivePerson publish, and the ordinary ones.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from rtadapt.events.draft import MAX_NAME_CHARS
from rtadapt.events.fields import Fields
from rtadapt.records import Speaker

_WORDS: dict[Speaker, str] = {
    Speaker.CUSTOMER: """
        customer, user, caller, client, consumer, contact, member, subscriber, buyer, visitor, guest, lead, end user, requester,
        app user, shopper, external, customer user, external contact""",
    Speaker.AGENT: """
        agent, operator, rep, representative, support, staff, advisor, adviser, specialist, employee, csr, supervisor, admin,
        administrator, teammate, team, manager, associate, consultant, technician, internal, support agent, human agent,
        live agent, light agent, service agent, customer service, customer support, customer service representative""",
    Speaker.BOT: """
        bot, assistant, ai, chatbot, chat bot, virtual, voicebot, voice bot, ivr, machine, model, system, automation, workflow,
        ai agent, ai assistant, virtual agent, virtual assistant, automated agent, custom bot, agent bot, answer bot,
        flow, acd, agentassist""",
}
_SPEAKERS = {" ".join(word.split()): speaker for speaker, words in _WORDS.items() for word in words.split(",")}
_HUMPS = re.compile(r"(?<=[a-z])(?=[A-Z])")
_CHATWOOT = frozenset(("contact", "customer", "agent bot"))
_NOT_CHATWOOT = frozenset(("agent", "admin", "team", "lead", "assistant", "bot"))


def role_word(text: str) -> str:
    """The word as it is compared: `EndUser`, `END_USER` and `end-user` are one."""
    return " ".join(_HUMPS.sub(" ", text.strip()).lower().replace("_", " ").replace("-", " ").split())


def speaker_named(text: str, others: Collection[str] = ()) -> Speaker | None:
    """Who the role word means, or None. `others` are the role words of the same conversation.

    Chatwoot and Drift call the customer `contact`, Help Scout `customer`, and all three the employee `user`, which is elsewhere a
    word for the customer.
    """
    word = role_word(text)
    if word == "user" and not _CHATWOOT.isdisjoint(others) and _NOT_CHATWOOT.isdisjoint(others):
        return Speaker.AGENT
    return _SPEAKERS.get(word)


def speaker_of(fields: Fields, name: str, others: Collection[str] = ()) -> Speaker:
    """Who the role word in the field means. Raises InvalidEvent when it is missing or unknown."""
    speaker = speaker_named(fields.text(name, MAX_NAME_CHARS, required=True), others)
    if speaker is None:
        raise fields.fault(name, "is no known role: say customer, agent or bot")
    return speaker
