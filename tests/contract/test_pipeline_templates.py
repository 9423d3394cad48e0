"""Liquid: which variables there are, what is escaped, and where it ends."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.client_api import Client
from tests.contract.manage_client import INBOX, PHONE, Manage, email_to, mail, outcomes, unique


@pytest.fixture(scope="module")
def mock(manage: Manage) -> Manage:
    return manage.in_environment(mock=True)


def rendered(mock: Manage, text: str, **fields: Any) -> str:
    """Return what a text becomes in an e-mail to sam@example.com."""
    return str(delivered(mock, mail(text=text), **fields)["rendered"]["text"])


def delivered(mock: Manage, notification: dict[str, Any], **fields: Any) -> dict[str, Any]:
    [delivery] = mock.told(notification, **{"contact_infos": email_to("sam@example.com"), **fields})
    return delivery


class TestVariables:
    def test_there_are_these(self, mock: Manage) -> None:
        user = mock.user(name="Sam", plan={"name": "pro"})
        event_type = mock.configure(
            mail(
                text="{{ otp }}|{{ data.otp }}|{{ user.user_id }}|{{ user.name }}|{{ user.plan.name }}|"
                "{{ message.message_id }}|{{ message.event_type }}|{{ message.environment }}|{{ message.received_at }}|"
                "{{ contact.type }}|{{ contact.value }}|{{ contact.filterable }}|{{ client.ip }}"
            )
        )
        message_id = mock.ingest(
            event_type,
            user_id=user,
            data={"otp": 1},
            client={"ip": "192.0.2.1"},
            contact_infos=[{"type": "email", "value": "sam@example.com", "filterable": "work"}],
        )
        message = mock.message(message_id)
        assert message["deliveries"][0]["rendered"]["text"].split("|") == [
            "1",
            "1",
            user,
            "Sam",
            "pro",
            message_id,
            event_type,
            mock.environment,
            message["received_at"],
            "email",
            "sam@example.com",
            "work",
            "192.0.2.1",
        ]

    def test_the_keys_of_data_come_first(self, mock: Manage) -> None:
        names = ("data", "user", "message", "client")
        text = "|".join(f"{{{{ {name} }}}}" for name in names)
        shown = rendered(mock, text, data={name: name.upper() for name in names}, client={"ip": 1})
        assert shown.split("|") == [name.upper() for name in names]

    def test_a_key_of_data_may_have_any_name(self, mock: Manage) -> None:
        data = {"self": "me", "args": "x", "a-b": "y", "a b": "z", "": "e"}
        assert rendered(mock, "{{ self }}{{ args }}{{ a-b }}{{ data['a b'] }}", data=data) == "mexyz"

    def test_an_unknown_user_has_an_id_alone(self, mock: Manage) -> None:
        assert rendered(mock, "{{ user.user_id }}{{ user.name }}", user_id="nobody") == "nobody"

    def test_unsubscribe_url_is_there_for_e_mail_only(self, mock: Manage) -> None:
        base = mock.stack.base_url
        assert rendered(mock, "{{ unsubscribe_url }}").startswith(f"{base}/u/")
        push = {**PHONE, "template": {"title": "t", "body": "[{{ unsubscribe_url }}]"}}
        [delivery] = mock.told(push, contact_infos=[{"type": "firebase_token", "value": "t"}])
        assert delivery["rendered"]["body"] == "[]"

    def test_an_undefined_variable_renders_as_nothing_and_is_noted(self, mock: Manage) -> None:
        delivery = delivered(
            mock, mail("{{ a }}x", "{{ user.plan }}{{ a }}{{ b.c.d }}", html="{{ a | upcase }}{{ z }}")
        )
        assert delivery["rendered"] == {"subject": "x", "text": "", "html": ""}
        assert delivery["status"] == "mocked"
        assert delivery["missing_variables"] == ["a", "user.plan", "b", "z"]

    def test_nothing_is_noted_where_nothing_is_missing(self, mock: Manage) -> None:
        assert "missing_variables" not in delivered(mock, mail("{{ a }}", "{{ b }}"), data={"a": 1, "b": None})

    @pytest.mark.parametrize(
        ("value", "shown"), [(True, "true"), (None, ""), (1.5, "1.5"), (10**20, str(10**20)), ("ü🎉", "ü🎉"), (0, "0")]
    )
    def test_values_are_written_as_json_has_them(self, mock: Manage, value: Any, shown: str) -> None:
        assert rendered(mock, "[{{ x }}]", data={"x": value}) == f"[{shown}]"

    def test_tags_and_filters_work(self, mock: Manage) -> None:
        text = "{% for i in list %}{{ i.n | upcase }}{% unless forloop.last %}, {% endunless %}{% endfor %}"
        assert rendered(mock, text, data={"list": [{"n": "a"}, {"n": "b"}]}) == "A, B"


class TestEscaping:
    DATA = {"x": "<b>&\"'</b>", "url": "https://example.com/?a=1&b=2"}

    def test_html_is_escaped_unless_it_is_safe(self, mock: Manage) -> None:
        html = "<p>{{ x }}|{{ x | safe }}|{{ x | upcase }}</p>"
        shown = delivered(mock, mail(html=html), data=self.DATA)["rendered"]["html"]
        escaped = "&lt;b&gt;&amp;&#34;&#39;&lt;/b&gt;"
        assert shown == f"<p>{escaped}|{self.DATA['x']}|{escaped.replace('b&gt;', 'B&gt;')}</p>"

    def test_the_other_fields_are_not_escaped(self, mock: Manage) -> None:
        shown = delivered(mock, mail("{{ x }}", "{{ x }}|{{ url }}"), data=self.DATA)["rendered"]
        assert shown == {"subject": self.DATA["x"], "text": f"{self.DATA['x']}|{self.DATA['url']}"}

    def test_push_is_not_escaped(self, mock: Manage) -> None:
        push = {**PHONE, "template": {"title": "{{ x }}", "body": "{{ x }}", "data": {"x": "{{ x }}"}}}
        [delivery] = mock.told(push, contact_infos=[{"type": "firebase_token", "value": "t"}], data=self.DATA)
        assert delivery["rendered"] == {"title": self.DATA["x"], "body": self.DATA["x"], "data": {"x": self.DATA["x"]}}

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028"])
    def test_line_breaks_in_one_line_fields_become_spaces(self, mock: Manage, end: str) -> None:
        data = {"x": f"a{end}Bcc: b@example.com"}
        shown = delivered(mock, mail("S {{ x }}", "{{ x }}"), data=data)["rendered"]
        text = "a\nBcc: b@example.com" if "\r" in end else data["x"]  # every line break is written alike
        assert shown == {"subject": "S a Bcc: b@example.com", "text": text}
        push = {**PHONE, "template": {"title": "{{ x }}", "body": "{{ x }}"}}
        [delivery] = mock.told(push, contact_infos=[{"type": "firebase_token", "value": "t"}], data=data)
        assert delivery["rendered"] == {"title": "a Bcc: b@example.com", "body": text}

    @pytest.mark.parametrize("char", ["\0", "\x1b", "\x07", "\x7f", "\x9b", "\t", "\0\x1b\r\n"])
    def test_control_characters_in_one_line_fields_become_spaces(self, mock: Manage, char: str) -> None:
        data = {"x": f"Sipariş{char}№ 7{char}"}
        shown = delivered(mock, mail("{{ x }}", "t"), data=data)["rendered"]
        assert shown["subject"] == "Sipariş № 7"
        app = {**INBOX, "template": {"title": "{{ x }}", "body": "b"}}
        [delivery] = mock.told(app, user_id=mock.user(), data=data)
        assert delivery["rendered"]["title"] == "Sipariş № 7"

    def test_a_template_does_not_fill_in_what_data_says(self, mock: Manage) -> None:
        assert rendered(mock, "{{ x }}", data={"x": "{{ user.user_id }}"}) == "{{ user.user_id }}"

    def test_a_mail_without_html_has_no_html_part(self, manage: Manage) -> None:
        sent = manage.mailed(mail("Code {{ otp }}", "Your code is {{ otp }}."), data={"otp": 1})
        assert (sent["subject"], sent["text"], sent["html"]) == ("Code 1", "Your code is 1.", None)

    def test_a_mail_has_what_its_template_says(self, manage: Manage) -> None:
        template = mail("{{ x }}", "{{ x }}", html="<p>{{ x }}</p>", **{"from": "Löwe <loewe@example.com>"})
        sent = manage.mailed(template, data={"x": "Grüße 🎉 <"})
        assert (sent["subject"], sent["text"], sent["html"]) == ("Grüße 🎉 <", "Grüße 🎉 <", "<p>Grüße 🎉 &lt;</p>")


class TestDataThatDoNotFit:
    @pytest.mark.parametrize(
        ("text", "data", "becomes", "notes"),
        [
            ("Starts {{ at | date: '%d %B %Y' }}", {"at": None}, "Starts ", ["date: null is no date"]),
            ("Starts {{ at | date: '%d %B %Y' }}", {"at": 1830297600000}, "Starts 01 January 2028", None),
            ("Starts {{ at | date: '%d %B' }}", {"at": "demnächst"}, "Starts demnächst", ["date: the text is no date"]),
            ("{% if total > 50 %}gratis{% endif %}", {"total": "50.5"}, "gratis", None),
            (
                "{% if total > 50 %}a{% else %}b{% endif %}",
                {"total": {"eur": 60}},
                "b",
                ["comparison: a number and an object cannot be compared"],
            ),
            ("[{{ 9 | divided_by: n }}]", {"n": 0}, "[]", ["divided_by: cannot divide by 0"]),
            (
                "{{ names | concat: more | join: '+' }}",
                {"names": ["Åsa"], "more": 5},
                "Åsa",
                ["concat: a number is no array"],
            ),
            (
                "{{ ok | prepend: 'ok: ' }} {{ where }}",
                {"ok": False, "where": {"zip": None}},
                'ok: false {"zip":null}',
                None,
            ),
        ],
    )
    def test_they_are_noted_and_stop_no_message(
        self, mock: Manage, text: str, data: dict[str, Any], becomes: str, notes: list[str] | None
    ) -> None:
        delivery = delivered(mock, mail(text=text), data=data)
        assert (delivery["status"], delivery["rendered"]["text"]) == ("mocked", becomes)
        assert delivery.get("template_notes") == notes

    def test_a_sent_mail_has_its_notes(self, manage: Manage) -> None:
        found = manage.told(
            mail("{{ n | plus: 1 }}"), contact_infos=email_to(f"{unique()}@example.com"), data={"n": "x"}
        )
        assert outcomes(found) == [("success", None)]
        assert found[0]["template_notes"] == ["plus: a text is no number"]

    def test_values_are_json_in_the_data_of_a_push_and_of_an_app_notification(self, mock: Manage) -> None:
        template = {"title": "t", "body": "{{ on }}", "data": {"ids": "{{ ids }}", "o": ["{{ o }}"]}}
        user = mock.user({"type": "firebase_token", "value": unique("token")})
        found = mock.told(
            {**PHONE, "template": template},
            {"name": "inbox", "channel": "app", "template": template},
            user_id=user,
            data={"ids": [1, True, None], "o": {"a": None}, "on": False},
        )
        assert len(found) == 2
        for delivery in found:
            assert delivery["rendered"] == {
                "title": "t",
                "body": "false",
                "data": {"ids": "[1,true,null]", "o": ['{"a":null}']},
            }

    def test_a_condition_that_compares_a_text_with_a_number_holds_by_number(self, mock: Manage) -> None:
        event_type = mock.configure({**mail(), "when": "data.amount > 100"})
        for amount, skipped in (
            ("120", []),
            ("99", ["condition does not hold"]),
            ({}, ["condition cannot be evaluated: comparison: a number and an object cannot be compared"]),
        ):
            message_id = mock.ingest(event_type, contact_infos=email_to("a@example.com"), data={"amount": amount})
            message = mock.message(message_id)
            assert [each["reason"] for each in message["skipped"]] == skipped
            assert len(message["deliveries"]) == 1 - len(skipped)


class TestMissing:
    def test_a_notification_may_fail_for_want_of_a_variable(self, mock: Manage) -> None:
        strict = {**mail("Hi {{ user.nick }}", "{% if coupon %}{{ coupon }}{% endif %}"), "missing": "fail"}
        assert outcomes([delivered(mock, strict)]) == [("failed", "template: missing: user.nick")]
        user = mock.user(last="Nowak")
        assert outcomes([delivered(mock, strict, user_id=user)]) == [("failed", "template: missing: user.nick")]
        assert delivered(mock, strict, user_id=user)["missing_variables"] == ["user.nick", "coupon"]
        given = delivered(mock, strict, user_id=mock.user(nick="Żaneta"))
        assert (given["status"], given["rendered"]["subject"]) == ("mocked", "Hi Żaneta")

    def test_it_is_shown_as_it_was_given(self, mock: Manage) -> None:
        event_type = mock.configure({**mail(), "missing": "fail"}, {**mail(), "name": "other"})
        shown = mock.ok("GET", f"/{{env}}/event_types/{event_type}")["notifications"]
        assert [each.get("missing") for each in shown] == ["fail", None]
        status, answer = mock.put_errors({**mail(), "missing": "ignore"})
        assert (status, [each["field"] for each in answer["errors"]]) == (422, ["notifications[0].missing"])


class TestLocality:
    TEXT = "{{ at | date: '%A, %-d. %B %H:%M' }}, {{ total | money: 'EUR' }}"
    DATA = {"at": "2027-12-31T23:30:00Z", "total": "1234.5"}

    def test_dates_and_amounts_are_written_as_the_user_does(self, mock: Manage) -> None:
        user = mock.user(locale="de-DE", timezone="Europe/Zurich")
        shown = rendered(mock, self.TEXT, user_id=user, data=self.DATA)
        assert shown == "Samstag, 1. Januar 00:30, 1.234,50\N{NO-BREAK SPACE}€"

    def test_an_app_may_have_said_how(self, mock: Manage) -> None:
        body = {"environment": mock.environment, "scope": "public"}
        client = Client(mock.stack, mock.ok("POST", "/client_keys", body)["key"], mock.token, mock.environment)
        user_id = unique("u")
        client.accept("identify", {"external_id": user_id, "timezone": "Asia/Kolkata", "locale": "es-MX"})
        client.wait_for_user(user_id)
        shown = rendered(mock, self.TEXT, user_id=user_id, data=self.DATA)
        assert shown == "sábado, 1. enero 05:00, EUR\N{NO-BREAK SPACE}1,234.50"

    def test_they_are_english_for_others(self, mock: Manage) -> None:
        assert rendered(mock, self.TEXT, data=self.DATA) == "Friday, 31. December 23:30, €1,234.50"

    def test_the_data_of_an_event_say_nothing_about_its_reader(self, mock: Manage) -> None:
        data = {**self.DATA, "user": {"locale": "de", "timezone": "Asia/Tokyo"}}
        assert rendered(mock, self.TEXT, data=data) == "Friday, 31. December 23:30, €1,234.50"


class TestMistakes:
    @pytest.mark.parametrize(
        ("text", "line"),
        [
            ("{{ at | date: '%H:%M', 'Europe/Rome', 1 }}", 1),
            ("a\n\n{{ x | prepend }}", 3),
            ("{{ x | truncatewords: 'few' }}", 1),
            ("{% for i in x limit: 'many' %}\n{% endfor %}", 1),
        ],
    )
    def test_what_shows_without_data_is_a_422_with_its_field_and_line(self, mock: Manage, text: str, line: int) -> None:
        status, answer = mock.put_errors(mail(text=text))
        assert status == 422
        assert [(each["field"], each["line"]) for each in answer["errors"]] == [
            ("notifications[0].template.text", line)
        ]
        push = {**PHONE, "template": {"title": "t", "body": "b", "data": {"a": [text]}}}
        assert mock.put_errors(push)[1]["errors"][0]["field"] == "notifications[0].template.data.a[0]"


class TestLimits:
    def test_the_output_may_have_262144_characters(self, mock: Manage) -> None:
        text = "{% for i in (1..4) %}{{ x }}{% endfor %}{{ y }}"
        fits = {"x": "x" * 65536, "y": ""}
        assert delivered(mock, mail(text=text), data=fits)["status"] == "mocked"
        delivery = delivered(mock, mail(text=text), data={**fits, "y": "z"})
        assert outcomes([delivery]) == [("failed", "template: output is longer than 262144 characters")]

    @pytest.mark.parametrize(
        "text",
        [
            "{% for a in (1..9999) %}{% for b in (1..9999) %}{% endfor %}{% endfor %}",
            "{% assign s = 'aaaaaaaaaa' %}{% for a in (1..99) %}{% assign s = s | append: s %}{% endfor %}",
            "{{ (1..z) | join }}",
            "{{ '2027-01-01' | date: w }}",
        ],
    )
    def test_what_never_ends_or_fails_is_failed(self, mock: Manage, text: str) -> None:
        delivery = delivered(mock, mail(text=text), data={"z": 10**6, "w": "%100d"})
        assert (delivery["status"], delivery["reason"][:10]) == ("failed", "template: ")
        assert len(delivery["reason"]) < 600

    @pytest.mark.slow
    def test_rendering_takes_two_seconds_at_most(self, mock: Manage) -> None:
        text = "{% for a in (1..90000) %}{% assign s = x | split: '' | sort | reverse | join: 'b' %}{% endfor %}"
        delivery = delivered(mock, mail(text=text), data={"x": "a" * 20_000})
        assert outcomes([delivery]) == [("failed", "template: took longer than 2 s")]

    def test_one_delivery_that_fails_is_no_others_matter(self, mock: Manage) -> None:
        found = mock.told(
            mail("{{ (1..1000000) }}"), mail() | {"name": "good"}, contact_infos=email_to("a@example.com")
        )
        assert [each["status"] for each in found] == ["failed", "mocked"]


def test_a_sent_mail_is_not_shown_as_rendered(manage: Manage) -> None:
    found = manage.told(mail("{{ a }}"), contact_infos=email_to(f"{unique()}@example.com"))
    assert "rendered" not in found[0]
    assert found[0]["missing_variables"] == ["a"]
