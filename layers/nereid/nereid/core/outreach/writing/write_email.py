"""The built-in writer: a short mail to a lead, from the known facts and nothing else.

It feigns no interest in the reader, no acquaintance, no customers, no figures; it introduces the sender, gives the
reason for writing to this reader and the topic, and asks one question that can be answered with a line. Missing fields
are left out, and the sentences are chosen so that no gap shows; without a topic, the question offers to tell more.
The same input gives the same mail; two leads of a campaign get different turns of phrase.
"""

import hashlib
import re
from collections.abc import Sequence

from nereid.core.outreach.writing import spam_check
from nereid.models.draft import Draft, Facts, Tone, WrittenEmail

#: The weight of each fact in the confidence if the mail uses it.
_WORTH = {"first_name": 0.2, "company": 0.15, "job_title": 0.1, "industry": 0.1, "topic": 0.15, "pitch": 0.3}
_SUBJECT_LENGTH = 70


def write(facts: Facts, tone: Tone, seed: str) -> Draft:
    """Write a mail.

    Parameters
    ----------
    seed
        Chooses among the turns of phrase: the ids of lead and campaign, so that writing again changes nothing.
    """
    voice = _Casual(facts, seed) if tone == "casual" else _Professional(facts, seed)
    paragraphs = [voice.greeting(), voice.opening(), voice.pitch(), voice.question(), voice.way_out(), voice.farewell()]
    content = "\n\n".join(paragraph for paragraph in paragraphs if paragraph)
    # "Acme Inc." at the end of a sentence brings its own full stop.
    return Draft(_subject(facts, seed), re.sub(r"(?<!\.)\.\.(?!\.)", ".", content))


def assess(draft: Draft, facts: Facts, tone: Tone, generator: str, *, reachable: bool) -> WrittenEmail:
    """Return how good a draft is, by any writer.

    The confidence starts with the worth of the facts that the mail makes use of (name 0.2, company 0.15, job title
    0.1, industry 0.1, topic of the campaign 0.15, its description 0.3: a mail that does not say what it is about is
    not ready). A mail without a sender's name loses 0.1, one that looks like spam half of its spam score. It is 0 if
    the lead may not be written to.
    """
    said = f"{draft.subject}\n{draft.content}".casefold()
    known = {name: getattr(facts, name) for name in _WORTH}
    used = {name: value for name, value in known.items() if value and value.casefold() in said}
    personalization = {name: value for name, value in used.items() if name != "pitch"}
    if "first_name" not in used and facts.formal_name and facts.formal_name.casefold() in said:
        used["first_name"] = personalization["name"] = facts.formal_name
    if generator != "builtin" and facts.pitch and "topic" in used:
        used["pitch"] = facts.pitch  # a model says it in its own words
    spam_score, spam_reasons = spam_check.check(draft.subject, draft.content)
    confidence = sum(_WORTH[name] for name in used) - (0 if facts.sender_name else 0.1) - spam_score / 2
    return WrittenEmail(
        subject=draft.subject,
        content=draft.content,
        tone=tone,
        personalization=personalization,
        spam_score=spam_score,
        spam_reasons=spam_reasons,
        generator=generator,
        confidence=round(max(0.0, confidence), 2) if reachable else 0.0,
    )


def _subject(facts: Facts, seed: str) -> str:
    topic, company = facts.topic, facts.company
    options: list[str] = []
    if topic and company:
        options = [f"{topic}: a question for {company}", f"{company} and {topic}", f"{topic} for {company}?"]
    elif topic:
        options = [f"A short question about {topic}", f"{topic}: a short question"]
    elif company:
        options = [f"A question for {company}", f"A short question for {company}"]
    fitting = [option for option in options if len(option) <= _SUBJECT_LENGTH]
    return _pick(seed, "subject", fitting) if fitting else "A short question"


class _Voice:
    """The common part of the two tones."""

    goodbye = ""

    def __init__(self, facts: Facts, seed: str) -> None:
        self.facts = facts
        self.seed = seed

    def pick(self, slot: str, *options: str) -> str:
        return _pick(self.seed, slot, options)

    @property
    def post(self) -> str | None:
        """Return `CEO of Example Corp`, or as much of it as is known."""
        title, company = self.facts.job_title, self.facts.company
        if title is None:
            return None
        if company is None or company.casefold() in title.casefold():
            return title
        short = self.facts.seniority == "top" and " of " not in title and "," not in title
        return f"{title} of {company}" if short else f"{title} at {company}"

    def farewell(self) -> str:
        names = [name for name in (self.facts.sender_name, self.facts.sender_company) if name]
        return "\n".join([f"{self.goodbye},", *names]) if names else self.goodbye

    @property
    def sender(self) -> str | None:
        """Return the sender with the company; None if either is not known."""
        name, company = self.facts.sender_name, self.facts.sender_company
        return f"{name} from {company}" if name and company else None

    @property
    def unsaid(self) -> str:
        """Return the subject on which a mail without a topic can offer to tell more."""
        industry = self.facts.industry
        meaning = f" and what it could mean for a team in {industry}" if industry else ""
        return (self.facts.topic or "what we do") + meaning

    @property
    def ours(self) -> str:
        """Return the one that offers: the sender's company, or `we`."""
        return self.facts.sender_company or "we"


class _Professional(_Voice):
    goodbye = "Kind regards"

    def greeting(self) -> str:
        return f"Dear {self.facts.formal_name}," if self.facts.formal_name else "Hello,"

    def opening(self) -> str:
        before = {
            "new": f"This is {self.sender}. " if self.sender else "",
            "known": "We have been in touch before. ",
            "customer": "You know us already. ",
        }[self.facts.relation]
        return before + self._reason()

    def _reason(self) -> str:
        topic, company, post = self.facts.topic, self.facts.company, self.post
        if topic is None:
            return self._reason_without_topic()
        if post and self.facts.seniority in ("top", "senior"):
            return self.pick(
                "reason",
                f"I am writing to you about {topic} because, as {post}, you can best judge whether it is of use.",
                f"As {post}, you are probably the right person to say whether {topic} would be useful to your team.",
                f"I would value your opinion as {post}: could {topic} be of use to you?",
            )
        if post:
            return self.pick(
                "reason",
                f"I am writing to you about {topic} because it may touch on your work as {post}.",
                f"I wondered whether {topic} could be useful in your work as {post}.",
            )
        if company:
            return self.pick(
                "reason",
                f"I am writing to you about {topic}, which may be of use to {company}.",
                f"I would like to know whether {topic} is of interest to {company}.",
            )
        return f"I am writing to you about {topic}, and I will keep it short."

    def _reason_without_topic(self) -> str:
        company, post = self.facts.company, self.post
        if post and self.facts.seniority in ("top", "senior"):
            return f"I am writing to you because, as {post}, you can judge best whether {self.ours} could be of help."
        if post:
            return f"I am writing to you because of your work as {post}, and I will keep it short."
        if company:
            return f"I would like to find out whether {self.ours} could be of help to {company}."
        return f"I would like to find out whether {self.ours} could be of help to you."

    def pitch(self) -> str | None:
        if self.facts.pitch is None or self.facts.pitch_speaks:
            return self.facts.pitch
        return self.pick("pitch", f"In short: {self.facts.pitch}", f"What it is about: {self.facts.pitch}")

    def question(self) -> str:
        industry = self.facts.industry
        if self.facts.pitch is None:
            return self.pick(
                "question",
                f"May I send you a page on {self.unsaid}? A reply with one word is enough.",
                f"If you like, I will send you a page on {self.unsaid}. A reply with one word is enough.",
            )
        if industry:
            return self.pick(
                "question",
                "Would a call of fifteen minutes next week suit you? "
                f"That is enough to see what it could mean for a team in {industry}.",
                f"May I send you a page on what it could mean for a team in {industry}, "
                "or would you rather talk for a quarter of an hour next week?",
                f"If you like, I will send you the details with a team in {industry} in mind. "
                "A reply with one word is enough.",
            )
        return self.pick(
            "question",
            "Would a call of fifteen minutes next week suit you? If you would rather read first, I will send details.",
            "May I send you the details, or would you rather talk for a quarter of an hour next week?",
            "If you would like to know more, reply with a day that suits you and I will arrange the rest.",
        )

    def way_out(self) -> str:
        if self.facts.company and self.facts.seniority != "other":
            return self.pick(
                "way_out",
                "If a colleague looks after this, I would be grateful for a name.",
                "If this is not relevant to you, a line saying so helps me as well.",
                "Should somebody else be the better person to ask, a name would help me a great deal.",
            )
        return self.pick(
            "way_out",
            "If this is not relevant to you, a line saying so helps me as well.",
            "If it is of no interest, simply tell me.",
        )


class _Casual(_Voice):
    goodbye = "Best"

    def greeting(self) -> str:
        return f"Hi {self.facts.first_name}," if self.facts.first_name else "Hi there,"

    def opening(self) -> str:
        before = {
            "new": f"{self.sender} here. " if self.sender else "",
            "known": "We've been in touch before. ",
            "customer": "You know us already. ",
        }[self.facts.relation]
        return before + self._reason()

    def _reason(self) -> str:
        topic, company, post = self.facts.topic, self.facts.company, self.post
        if topic is None:
            if post:
                return f"I thought of you because of your work as {post}, and I'll keep this short."
            return f"I'd like to find out whether {self.ours} could be of help to {company or 'you'}."
        if post and self.facts.seniority in ("top", "senior"):
            return self.pick(
                "reason",
                f"I'll keep this short: you're {post}, so you'll know best whether {topic} is worth a look.",
                f"I'd like your take on something. As {post}, do you think {topic} could be useful to your team?",
                f"You're {post}, so I thought I'd ask you directly about {topic}.",
            )
        if post:
            return self.pick(
                "reason",
                f"I'm writing about {topic}. It might come in useful for what you do as {post}.",
                f"I'll keep this short: {topic} might fit in with what you do as {post}.",
            )
        if company:
            return self.pick(
                "reason",
                f"I'm writing about {topic}, because it might be a good fit for {company}.",
                f"I'll keep this short: could {topic} be something for {company}?",
            )
        return f"I'm writing about {topic}, and I'll keep it short."

    def pitch(self) -> str | None:
        if self.facts.pitch is None or self.facts.pitch_speaks:
            return self.facts.pitch
        return self.pick("pitch", f"Here's the gist: {self.facts.pitch}", f"In short: {self.facts.pitch}")

    def question(self) -> str:
        industry = self.facts.industry
        if self.facts.pitch is None:
            return self.pick(
                "question",
                f"Shall I send you a page on {self.unsaid}? A one-word reply will do.",
                f"Just reply if you'd like to see a page on {self.unsaid}. One word will do.",
            )
        if industry:
            return self.pick(
                "question",
                f"Up for ten minutes next week? I can show you what it could mean for a team in {industry}.",
                f"Want to see what it could mean for a team in {industry}? Just reply and I'll send you more.",
                f"Curious what it could do for a team in {industry}? Hit reply and we'll find ten minutes.",
            )
        return self.pick(
            "question",
            "Up for ten minutes next week? Or just reply and I'll send you the details.",
            "Want to know more? Just reply, and I'll send you the details.",
            "If you're curious, hit reply and we'll find ten minutes next week.",
        )

    def way_out(self) -> str:
        return self.pick(
            "way_out",
            "And if it's not for you, that's fine. A quick no is as good as a yes.",
            "If it's not your thing, just say so.",
            "Not the right person? I'd be glad of a name.",
        )


def _pick(seed: str, slot: str, options: Sequence[str]) -> str:
    number = int.from_bytes(hashlib.sha256(f"{seed}#{slot}".encode()).digest()[:4], "big")
    return options[number % len(options)]
