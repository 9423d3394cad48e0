"""What an e-mail's template says beside its subject and bodies: whom else it reaches, its headers and files."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote

import pytest

from tests.contract.client_api import Client
from tests.contract.manage_client import Mailed, Manage, email_to, invalid, mail, outcomes, unique
from tests.contract.test_public_message_ids import new_key
from tests.local_stack import Stack

PDF = b"%PDF-1.7 caf\xc3\xa9 \x00\xff" * 40
FILE = {"filename": "a.txt", "content_type": "text/plain", "content_base64": "YWJj"}


@pytest.fixture(scope="module")
def demo(local_stack: Stack) -> Manage:
    return Manage(local_stack, local_stack.demo["api_token"])


@pytest.fixture(scope="module")
def mock(demo: Manage) -> Manage:
    return demo.in_environment(mock=True)


@pytest.fixture(scope="module")
def app(demo: Manage) -> Client:
    """Return an app, which has a public key of an environment of its own."""
    manage = demo.in_environment()
    return Client(demo.stack, new_key(manage, "public"), demo.token, manage.environment)


@pytest.fixture(scope="module")
def bucket(local_stack: Stack) -> str:
    """Return the name of the bucket of attachments."""
    listed = local_stack.client("s3").list_buckets()["Buckets"]
    [name] = [each["Name"] for each in listed if "attachment" in each["Name"]]
    return str(name)


@pytest.fixture(scope="module")
def folder(demo: Manage, bucket: str) -> str:
    """Return how the URLs of the team's objects begin, as the refusal of another one says it."""
    _, answer = demo.put_errors(mail(attachments=[{"filename": "f", "url": f"s3://{bucket}/k"}]))
    found = str(answer["errors"][0]["message"]).removeprefix("must be an object below ")
    assert found.startswith(f"s3://{bucket}/")
    return found


def put(stack: Stack, url: str, content: bytes, **members: str) -> None:
    """Put an object where an s3 URL says."""
    bucket, _, key = url.removeprefix("s3://").partition("/")
    stack.client("s3").put_object(Bucket=bucket, Key=key, Body=content, **members)


def failed(manage: Manage, notification: dict[str, Any], **fields: Any) -> str | None:
    """Let an event happen whose one mail fails; return why."""
    [(status, reason)] = outcomes(manage.told(notification, contact_infos=email_to("sam@example.com"), **fields))
    assert status == "failed"
    return reason


def address() -> str:
    return f"{unique()}@example.com"


class TestCopies:
    def test_all_are_one_mail(self, demo: Manage) -> None:
        boss, archive, to = address(), address(), address()
        template = mail(cc=["{{ data.boss }}", "Jörg Müller <j@example.com>"], bcc=[archive])
        [delivery] = demo.told(template, contact_infos=email_to(to), data={"boss": boss})
        [sent] = demo.stack.outbox(to)
        assert (sent["cc"], sent["bcc"]) == ([boss, "Jörg Müller <j@example.com>"], [archive])
        assert demo.stack.outbox(boss) == demo.stack.outbox(archive) == []
        assert delivery["to"] == to

    def test_who_is_suppressed_is_left_out(self, demo: Manage) -> None:
        gone, other, left = address(), address(), address()
        demo.ok("POST", "/suppressions", {"email": gone, "reason": "bounce"})
        demo.ok("POST", "/suppressions", {"email": left, "reason": "unsubscribe"})
        sent = demo.mailed(mail(cc=[gone.upper(), other], bcc=[gone, left]))
        assert (sent["cc"], sent["bcc"]) == ([other], [left])

    def test_who_unsubscribed_is_left_out_of_mails_with_a_link_to_do_so(self, demo: Manage) -> None:
        left, other = address(), address()
        demo.ok("POST", "/suppressions", {"email": left})
        sent = demo.mailed(mail(text="{{ unsubscribe_url }}", cc=[left, other]))
        assert sent["cc"] == [other]

    def test_what_is_empty_or_there_before_is_left_out(self, demo: Manage) -> None:
        to, other = address(), address()
        template = mail(
            cc=["{{ data.nobody }}", " {{ data.other }} ", other.upper()], bcc=["{{ contact.value }}", other]
        )
        demo.told(template, contact_infos=email_to(to), data={"other": other})
        [sent] = demo.stack.outbox(to)
        assert (sent["cc"], sent["bcc"]) == ([other], [])

    @pytest.mark.parametrize(
        "value", ["no address", "a@example.com, b@example.com", "a@example.com\r\nBcc: b@example.com", "ä@example.com"]
    )
    @pytest.mark.parametrize("member", ["reply_to", "cc", "bcc"])
    def test_what_is_no_address_fails(self, demo: Manage, member: str, value: str) -> None:
        source: Any = "{{ data.who }}" if member == "reply_to" else ["", "{{ data.who }}"][1:]
        field = member if member == "reply_to" else f"{member}[0]"
        reason = failed(demo, mail(**{member: source}), data={"who": value})
        assert reason == f"template: {field} is not an e-mail address"

    def test_a_name_is_no_header(self, demo: Manage) -> None:
        data = {"name": "Sam\r\nBcc: evil@example.com\r\n", "quoted": 'Müller, "Jo"'}
        sent = demo.mailed(
            mail(cc=["{{ data.name }} <a@example.com>"], reply_to="{{ data.quoted }} <b@example.com>"), data=data
        )
        assert sent["cc"] == ['"Sam Bcc: evil@example.com" <a@example.com>']
        assert sent["bcc"] == []

    def test_there_are_fifty_recipients_at_most(self, demo: Manage) -> None:
        cc = [address() for _ in range(25)]
        sent = demo.mailed(mail(cc=cc, bcc=[address() for _ in range(24)]))
        assert len(sent["bcc"]) == 24
        errors = demo.put_errors(mail(cc=cc, bcc=cc))
        assert errors == invalid(
            {"field": "notifications[0].template.bcc", "message": "must make 50 recipients with `to` at most"}
        )

    def test_the_domain_may_be_in_any_script(self, demo: Manage) -> None:
        assert demo.mailed(mail(cc=["info@müller.example"]))["cc"] == ["info@xn--mller-kva.example"]


class TestFeedbackOfCopies:
    def sent(self, demo: Manage, *, cc: str) -> Mailed:
        mailed = Mailed(demo, notification=mail(cc=[cc], bcc=[address()]))
        assert outcomes([mailed.sent]) == [("success", None)]
        return mailed

    def suppressed(self, demo: Manage, email: str) -> list[str]:
        [listed] = demo.pages("/suppressions", 1, email=email)
        return [reason["reason"] for each in listed for reason in each["reasons"]]

    @pytest.mark.parametrize("kind", ["bounce", "complaint"])
    def test_a_bounce_of_a_copy_suppresses_the_copy_alone(self, demo: Manage, kind: str) -> None:
        boss = address()
        mailed = self.sent(demo, cc=boss)
        mailed.report(kind, recipient=boss)
        demo.stack.wait_for(lambda: self.suppressed(demo, boss) == [kind])
        mailed.report("delivery")
        delivery = mailed.wait_for("delivery")
        assert outcomes([delivery]) == [("success", None)]
        assert self.suppressed(demo, mailed.address) == []
        assert demo.mailed(mail(cc=[boss]))["cc"] == []

    def test_a_bounce_of_the_recipient_leaves_the_copies_alone(self, demo: Manage) -> None:
        boss = address()
        mailed = self.sent(demo, cc=boss)
        mailed.report("bounce")
        assert outcomes([mailed.wait_for("bounce")]) == [("failed", "bounced")]
        assert self.suppressed(demo, mailed.address) == ["bounce"]
        assert self.suppressed(demo, boss) == []

    def test_only_who_got_the_mail_can_be_reported(self, demo: Manage) -> None:
        mailed = self.sent(demo, cc=address())
        body = {"provider_message_id": mailed.sent["provider_message_id"], "type": "bounce", "recipient": address()}
        answer = demo.stack.request("POST", "/_local/feedback", body)
        assert (answer.status, answer.json()["errors"][0]["field"]) == (422, "recipient")


class TestPublicKeys:
    """Whoever has the app chooses the data: neither who gets copies nor which files."""

    @staticmethod
    def told(client: Client, notification: dict[str, Any], data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Let an event of the app happen; return to whom its mail went, and the delivery."""
        event_type, message_id, to = unique("event"), unique("m"), address()
        client.event_type(event_type, notification)
        event = {"external_id": unique(), "name": event_type, "message_id": message_id, "data": data}
        client.accept("events", [{**event, "user": {"email": to}}])
        [delivery] = client.message(message_id)["deliveries"]
        return to, delivery

    def test_only_copies_that_the_template_names_are_sent(self, app: Client) -> None:
        boss, evil = address(), address()
        notification = mail(cc=[boss, "{{ data.evil }}"], bcc=["{{ evil }}"], reply_to="{{ data.evil }}")
        to, delivery = self.told(app, notification, {"evil": evil})
        [sent] = app.stack.outbox(to)
        assert (sent["cc"], sent["bcc"], sent["reply_to"]) == ([boss], [], evil)
        assert outcomes([delivery]) == [("success", None)]
        notes = [f"{entry}: it is a template, and a public key sent the event" for entry in ("cc[1]", "bcc[0]")]
        assert delivery["template_notes"] == notes

    @pytest.mark.parametrize(
        "attachment",
        [
            {"filename": "f", "content_type": "text/plain", "content_base64": "{{ data.file }}"},
            {"filename": "f", "url": "{{ data.file }}"},
        ],
    )
    def test_files_that_data_would_choose_fail(self, app: Client, attachment: dict[str, Any]) -> None:
        _, delivery = self.told(app, mail(attachments=[FILE, attachment]), {"file": "YWJj"})
        reason = "template: attachments[1] is a template, and a public key sent the event"
        assert outcomes([delivery]) == [("failed", reason)]

    def test_files_of_the_template_are_sent(self, app: Client) -> None:
        to, _ = self.told(app, mail(attachments=[FILE]), {})
        [sent] = app.stack.outbox(to)
        assert [each["size"] for each in sent["attachments"]] == [3]


class TestReplyTo:
    def test_it_is_filled_in(self, demo: Manage) -> None:
        sent = demo.mailed(
            mail(reply_to="{{ data.name }} <{{ data.email }}>"), data={"name": "Zoë", "email": "z@x.example"}
        )
        assert sent["reply_to"] == sent["headers"]["Reply-To"] == "Zoë <z@x.example>"

    def test_an_empty_one_is_left_out(self, demo: Manage) -> None:
        assert demo.mailed(mail(reply_to="{{ data.email }}"))["reply_to"] is None


class TestHeaders:
    def test_they_are_filled_in(self, demo: Manage) -> None:
        sent = demo.mailed(
            mail(
                headers={"X-Order": "{{ data.id }}", "x-note": "Grüße\r\nBcc: a@b.example", "X-None": "{{ data.none }}"}
            ),
            data={"id": 4711},
        )
        assert sent["headers"] == {"X-Order": "4711", "x-note": "Grüße Bcc: a@b.example"}
        assert sent["bcc"] == []

    def test_they_stand_beside_the_link_to_unsubscribe(self, demo: Manage) -> None:
        sent = demo.mailed(mail(text="{{ unsubscribe_url }}", headers={f"X-{number}": "v" for number in range(13)}))
        assert len(sent["headers"]) == 15

    @pytest.mark.parametrize(
        "name",
        ["Bcc", "Subject", "X", "X-", "X-A:", "X-A b", "X-Ä", "X-\r\nBcc", "List-Unsubscribe", "", "X-" + "a" * 125],
    )
    def test_others_are_refused(self, demo: Manage, name: str) -> None:
        errors = demo.put_errors(mail(headers={name: "v"}))
        field = f"notifications[0].template.headers.{name}"
        assert errors == invalid({"field": field, "message": "must be a name that begins with X-"})

    @pytest.mark.parametrize("name", ["X-SES-MESSAGE-TAGS", "x-ses-configuration-set"])
    def test_what_steers_ses_is_refused(self, demo: Manage, name: str) -> None:
        errors = demo.put_errors(mail(headers={name: "v"}))
        assert errors == invalid(
            {"field": f"notifications[0].template.headers.{name}", "message": "is a name that SES reserves"}
        )


class TestAttachments:
    def test_a_file_comes_as_it_is(self, demo: Manage) -> None:
        file = {"filename": "Rechnung {{ data.number }} für März.pdf", "content_type": "application/pdf"}
        sent = demo.mailed(
            mail(
                text="Grüße",
                html="<p>Grüße</p>",
                attachments=[{**file, "content_base64": "{{ data.invoice }}"}, FILE],
                cc=["Jörg <j@example.com>"],
                bcc=["b@example.com"],
                reply_to="Jörg <r@example.com>",
                headers={"X-Order": "7"},
            ),
            data={"number": 7, "invoice": base64.b64encode(PDF).decode()},
        )
        assert sent["attachments"] == [
            {"filename": "Rechnung 7 für März.pdf", "content_type": "application/pdf", "size": len(PDF)},
            {"filename": "a.txt", "content_type": "text/plain", "size": 3},
        ]
        assert (sent["text"], sent["html"], sent["subject"]) == ("Grüße", "<p>Grüße</p>", "s")
        assert (sent["cc"], sent["bcc"]) == (["Jörg <j@example.com>"], ["b@example.com"])
        assert (sent["reply_to"], sent["headers"]["X-Order"]) == ("Jörg <r@example.com>", "7")

    @pytest.mark.parametrize(("content", "what"), [("%%%", "not base64"), ("", "empty"), ("YWJjZ", "not base64")])
    def test_what_is_no_base64_fails(self, demo: Manage, content: str, what: str) -> None:
        attachment = {**FILE, "content_base64": "{{ data.file }}"}
        reason = failed(demo, mail(attachments=[FILE, attachment]), data={"file": content})
        assert reason == f"template: attachments[1].content_base64 is {what}"

    def test_a_mock_shows_them_without_their_content(self, mock: Manage) -> None:
        [delivery] = mock.told(mail(attachments=[FILE]), contact_infos=email_to("sam@example.com"))
        assert delivery["rendered"]["attachments"] == [{"filename": "a.txt", "content_type": "text/plain", "size": 3}]

    @pytest.mark.parametrize(
        ("change", "field", "message"),
        [
            ({"content_base64": "*"}, ".content_base64", "must be base64"),
            ({"content_base64": None}, ".content_base64", "is required, or a url"),
            ({"content_type": None}, ".content_type", "is required"),
            ({"content_type": "pdf"}, ".content_type", "must be the media type of a file, such as application/pdf"),
            (
                {"content_type": "multipart/mixed"},
                ".content_type",
                "must be the media type of a file, such as application/pdf",
            ),
            ({"filename": " \u202e"}, ".filename", "must not be blank"),
            ({"filename": "{{"}, ".filename", "template does not parse: expected '}}', found end of file"),
            ({"url": "s3://b/k"}, ".url", "must be left out where content_base64 is given"),
            ({"size": 1}, ".size", "is not a known member"),
        ],
    )
    def test_what_is_wrong_is_named(self, demo: Manage, change: dict[str, Any], field: str, message: str) -> None:
        given = {name: value for name, value in {**FILE, **change}.items() if value is not None}
        status, answer = demo.put_errors(mail(attachments=[given]))
        assert status == 422
        [error] = answer["errors"]
        assert (error["field"], error["message"]) == (f"notifications[0].template.attachments[0]{field}", message)

    def test_there_are_ten_at_most(self, demo: Manage) -> None:
        assert len(demo.mailed(mail(attachments=[FILE] * 10))["attachments"]) == 10
        status, answer = demo.put_errors(mail(attachments=[FILE] * 11))
        assert (status, answer["errors"][0]["field"]) == (422, "notifications[0].template.attachments")


class TestObjects:
    def test_an_object_is_read_when_the_mail_is_sent(self, demo: Manage, bucket: str, folder: str) -> None:
        put(demo.stack, folder + "a b/ü.pdf", PDF, ContentType="application/pdf")
        key = quote(folder.removeprefix(f"s3://{bucket}/") + "a b/ü.pdf")
        https = f"https://{bucket}.s3.eu-central-1.amazonaws.com/{key}"
        files = [
            {"filename": "1.pdf", "url": folder + "a b/ü.pdf"},
            {"filename": "2.bin", "url": https, "content_type": "application/x-two"},
            {"filename": "3.pdf", "url": folder + "{{ data.name }}"},
        ]
        sent = demo.mailed(mail(attachments=files), data={"name": "a b/ü.pdf"})
        assert [(each["filename"], each["content_type"], each["size"]) for each in sent["attachments"]] == [
            ("1.pdf", "application/pdf", len(PDF)),
            ("2.bin", "application/x-two", len(PDF)),
            ("3.pdf", "application/pdf", len(PDF)),
        ]

    def test_one_that_is_not_there_fails(self, demo: Manage, folder: str) -> None:
        assert failed(demo, mail(attachments=[{"filename": "f", "url": folder + "none"}])) == "attachment: not found"

    def test_all_together_are_ten_megabytes_at_most(self, demo: Manage, folder: str) -> None:
        put(demo.stack, folder + "large", bytes(10 * 1024 * 1024 - 3))
        large = {"filename": "f", "url": folder + "large"}
        sent = demo.mailed(mail(attachments=[large, FILE]))
        assert sum(each["size"] for each in sent["attachments"]) == 10 * 1024 * 1024
        assert failed(demo, mail(attachments=[large, {**FILE, "content_base64": "YWJjZA"}])) == "attachment: too large"

    @pytest.mark.parametrize(
        "url",
        [
            "https://example.com/invoice.pdf",
            "http://{bucket}.s3.amazonaws.com/{team}/k",
            "https://{bucket}.s3.amazonaws.com.evil.example/{team}/k",
            "https://{bucket}.s3.amazonaws.com/{team}/k?versionId=1",
            "https://{bucket}.s3.amazonaws.com/%2e%2e/k",
            "s3://{bucket}/other-team/k",
            "s3://{bucket}/{team}/../other/k",
            "s3://{bucket}/{team}",
            "s3://{bucket}/{team}/",
            "s3://{bucket}",
            "s3://elsewhere/{team}/k",
            "file:///etc/passwd",
            "{team}/k",
        ],
    )
    def test_any_other_url_is_refused(self, demo: Manage, bucket: str, folder: str, url: str) -> None:
        team = folder.rstrip("/").rpartition("/")[2]
        given = url.replace("{bucket}", bucket).replace("{team}", team)
        answer = demo.put_errors(mail(attachments=[{"filename": "f", "url": given}]))
        message = f"must be an object below {folder}"
        assert answer == invalid({"field": "notifications[0].template.attachments[0].url", "message": message})
        late = mail(attachments=[{"filename": "f", "url": "{{ data.url }}"}])
        assert failed(demo, late, data={"url": given}) == "template: attachments[0].url is not an object of the team's"


class TestText:
    def test_it_is_made_of_the_html(self, demo: Manage) -> None:
        template = {"subject": "s", "html": "<p>Hi {{ data.name }}</p><p>See <a href='https://x.example'>this</a></p>"}
        notification = {"name": "mail", "channel": "email", "template": template}
        sent = demo.mailed(notification, data={"name": "A & B"})
        assert sent["text"] == "Hi A & B\n\nSee this (https://x.example)"
        assert sent["html"] == "<p>Hi A &amp; B</p><p>See <a href='https://x.example'>this</a></p>"

    @pytest.mark.parametrize("members", [{}, {"text": None}, {"html": None}])
    def test_one_of_the_two_is_required(self, demo: Manage, members: dict[str, Any]) -> None:
        template = {"subject": "s", **members}
        answer = demo.put_errors({"name": "mail", "channel": "email", "template": template})
        assert answer == invalid({"field": "notifications[0].template.text", "message": "is required"})
