"""Leads and campaigns in the console: imported, ranked, assigned, written to, and what became of it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.console import Console
from tests.browser.watch import Watch
from tests.contract.manage_client import Manage, unique

#: Runs, if anything makes markup of it, and gives the page a title that no test allows.
HOSTILE = "<img src=x onerror=\"document.title='ta'+'ken'\">"

#: Within which a mail is sent, and the page has looked for it, on a busy machine.
SENT_MILLISECONDS = 20_000


class Outreach:
    """Leads and campaigns of a team.

    Parameters
    ----------
    manage : Manage
        The team.
    """

    def __init__(self, manage: Manage) -> None:
        self._manage = manage
        #: Which no other test's leads have.
        self.industry = unique("Industry")

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request that succeeds; return the parsed answer."""
        answer = self._manage.stack.request(method, f"/api{path}", body, token=self._manage.token)
        assert answer.status in {200, 201, 202}, answer.body
        return answer.json()

    def lead(self, name: str = "Sam Example", **members: Any) -> Any:
        """Add a lead."""
        body = {"full_name": name, "email": f"{unique()}@example.com", "industry": self.industry, **members}
        return self.call("POST", "/leads", body)["lead"]

    def leads(self) -> list[Any]:
        """Return the leads of this test, newest first."""
        found: list[Any] = self.call("GET", f"/leads?industry={self.industry}&limit=100")["leads"]
        return found

    def campaign(self, name: str | None = None) -> Any:
        """Make a campaign."""
        return self.call("POST", "/campaigns", {"name": name or unique("Spring"), "type": "email"})["campaign"]


@pytest.fixture
def outreach(manage: Manage) -> Outreach:
    return Outreach(manage)


class TestLeads:
    def test_one_is_added_found_changed_and_deleted(self, console: Console, outreach: Outreach) -> None:
        name = f"{unique()} {HOSTILE}"
        page = console.open("/leads").page
        page.get_by_role("button", name="Add a lead").click()
        page.get_by_label("Full name").fill(name)
        page.get_by_label("E-mail address").fill(f"{unique()}@example.com")
        page.get_by_role("dialog").get_by_label("Industry").fill(outreach.industry)
        console.confirm("Add")
        console.heading(name)
        console.check()
        page.get_by_label("Company").fill("Example Corp")
        page.get_by_label("Status", exact=True).select_option("qualified")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text(f"{name} is saved.")).to_be_visible()
        [lead] = outreach.leads()
        assert (lead["company"], lead["status"]) == ("Example Corp", "qualified")
        console.open("/leads")
        page.get_by_label("Industry").fill(outreach.industry)
        page.get_by_role("button", name="Find", exact=True).click()
        expect(page.get_by_text("1 lead", exact=True)).to_be_visible()
        expect(console.row(name)).to_contain_text("qualified")
        console.check()
        console.row(name).get_by_role("link").click()
        page.get_by_role("button", name="Delete").click()
        console.confirm("Delete")
        console.heading("Leads")
        assert outreach.leads() == []

    def test_what_is_wrong_with_one_is_shown_at_its_field(
        self, wide: Console, outreach: Outreach, watch: Watch
    ) -> None:
        watch.expect("400")
        lead, other = outreach.lead(), outreach.lead()
        page = wide.open(f"/leads/{lead['id']}").page
        page.get_by_label("E-mail address").fill(other["email"])
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("A lead with this email already exists")).to_be_visible()
        wide.check()

    def test_more_of_them_come_at_the_press_of_a_button(self, wide: Console, outreach: Outreach) -> None:
        body = [
            {"full_name": f"Lead {number}", "email": f"{unique()}@example.com", "industry": outreach.industry}
            for number in range(27)
        ]
        outreach.call("POST", "/leads/import", body)
        page = wide.open("/leads", industry=outreach.industry).page
        expect(page.get_by_text("The first 25 leads")).to_be_visible()
        page.get_by_role("button", name="Show more").click()
        expect(page.get_by_text("27 leads", exact=True)).to_be_visible()
        page.get_by_role("button", name="Choose all 27").click()
        expect(page.get_by_text("27 leads chosen.")).to_be_visible()

    def test_those_chosen_are_ranked_with_the_reasons(self, console: Console, outreach: Outreach) -> None:
        outreach.lead("Chief Example", job_title="CEO", company="Example Corp")
        outreach.lead("Other Example")
        page = console.open("/leads", industry=outreach.industry).page
        page.get_by_role("button", name="Choose all 2").click()
        page.get_by_role("button", name="Rank", exact=True).click()
        page.get_by_label("Job titles wanted").fill("ceo")
        console.check()
        console.confirm("Rank")
        ranking = page.get_by_role("region", name="Ranking")
        expect(ranking.get_by_role("rowheader")).to_have_text([re.compile("1. Chief"), re.compile("2. Other")])
        ranking.get_by_text("The factors").first.click()
        expect(ranking.get_by_role("listitem").first).to_contain_text("30 points (weight 30, value 1).")
        scores = {each["full_name"]: each["score"] for each in outreach.leads()}
        assert scores["Chief Example"] > scores["Other Example"]
        console.check()


class TestImporting:
    def test_rows_are_imported_in_parts_and_those_that_cannot_be_are_corrected(
        self, console: Console, outreach: Outreach
    ) -> None:
        rows = [f'"Lead\n{number}",{unique()}@example.com,{outreach.industry}' for number in range(103)]
        rows[101] = f"{HOSTILE.replace(chr(34), '')},nobody,{outreach.industry}"
        content = "full_name,email,industry\n" + "\n".join(rows)
        page = console.open("/leads").page
        page.get_by_role("link", name="Import leads").click()
        page.get_by_label("CSV file").set_input_files(
            {"name": "leads.csv", "mimeType": "text/csv", "buffer": content.encode()}
        )
        expect(page.get_by_text("103 rows to import.")).to_be_visible()
        page.get_by_role("button", name="Import", exact=True).click()
        expect(
            page.get_by_text("103 of 103 rows done: 102 added, 0 updated, 0 without a difference, 1 error.").first
        ).to_be_visible()
        expect(console.row("email must be a valid email address").get_by_role("rowheader")).to_contain_text("102")
        console.check()
        page.get_by_role("button", name="Correct these rows").click()
        rest = page.get_by_label("Or paste the rows")
        rest.fill(rest.input_value().replace("nobody", f"{unique()}@example.com"))
        page.get_by_role("button", name="Import", exact=True).click()
        expect(page.get_by_text("Everything is imported")).to_be_visible()
        assert outreach.call("GET", f"/leads?industry={outreach.industry}")["total"] == 103

    def test_one_that_is_refused_on_the_way_goes_on_where_it_was(
        self, wide: Console, outreach: Outreach, watch: Watch
    ) -> None:
        watch.expect("503")
        rows = [f"Lead {number},{unique()}@example.com,{outreach.industry}" for number in range(101)]
        page = wide.open("/leads/import").page
        page.get_by_label("Or paste the rows").fill("Full Name;E-Mail;Industry\n" + "\n".join(rows).replace(",", ";"))
        sent: list[str] = []

        def refuse_second(route: Any) -> None:
            sent.append(route.request.post_data)
            if len(sent) == 2:
                route.fulfill(status=503, json={"message": "Service unavailable"}, headers={"Retry-After": "5"})
            else:
                route.continue_()

        page.route("**/api/leads/import", refuse_second)
        page.get_by_role("button", name="Import", exact=True).click()
        expect(page.get_by_role("alert")).to_contain_text("Try again in 5 s.")
        expect(page.get_by_text("100 of 101 rows done").first).to_be_visible()
        page.get_by_role("button", name="Go on with the rest").click()
        expect(page.get_by_text("Everything is imported")).to_be_visible()
        assert [each.count("\n") for each in sent] == [100, 1, 1]

    def test_records_are_told_apart_as_the_api_does(self, wide: Console, outreach: Outreach) -> None:
        page = wide.open("/leads/import").page
        mine = [f"{unique()}@example.com,{outreach.industry}" for _ in range(5)]
        # A quote within a cell, a line break and quotes within quotes, blanks before one, and one that is never closed.
        rows = [f'5" Pipes,{mine[0]}\r', f'"A ""\nB",{mine[1]}', f'  "C\n",{mine[2]}', f'"D,{mine[3]}', f"E,{mine[4]}"]
        page.get_by_label("Or paste the rows").fill("\n".join(["full_name,email,industry", "", *rows, ""]))
        expect(page.get_by_text("5 rows to import.")).to_be_visible()
        page.get_by_role("button", name="Import", exact=True).click()
        expect(page.get_by_text("5 of 5 rows done: 4 added").first).to_be_visible()
        expect(wide.row(mine[3]).get_by_role("rowheader")).to_contain_text("4")


class TestCampaigns:
    def test_one_is_made_and_changed(self, console: Console) -> None:
        name = f"{unique()} {HOSTILE}"
        page = console.open("/campaigns").page
        page.get_by_role("button", name="Make a campaign").click()
        page.get_by_label("Name").fill(name)
        console.confirm("Make it")
        console.heading(name)
        page.get_by_label("Status", exact=True).select_option("active")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text(f"{name} is saved.")).to_be_visible()
        console.check()
        console.go("Campaigns")
        page.get_by_label("Status", exact=True).select_option("active")
        expect(console.row(name)).to_contain_text("active")
        console.check()

    def test_a_lead_is_chosen_for_one_and_written_to_and_the_curve_shows_it(
        self, console: Console, outreach: Outreach, manage: Manage
    ) -> None:
        lead, campaign = outreach.lead("Kim Example", company="Example Corp"), outreach.campaign()
        page = console.open(f"/campaigns/{campaign['id']}").page
        expect(page.get_by_text("0 leads are in the campaign.")).to_be_visible()
        expect(page.get_by_text("No leads in the campaign")).to_be_visible()
        page.get_by_role("link", name="Choose leads and write to them").click()
        page.get_by_label("Choose Kim Example").first.check()
        page.get_by_role("button", name="Add to a campaign").click()
        expect(page.get_by_role("dialog").get_by_label("Campaign")).to_have_value(campaign["id"])
        console.confirm("Add")
        console.row(lead["email"]).get_by_role("link").click()
        console.heading("Kim Example")
        expect(page.get_by_label("Campaign", exact=True)).to_have_value(campaign["id"])
        page.get_by_role("button", name="Draft it").click()
        expect(page.get_by_text("Written by the built-in writer")).to_be_visible()
        expect(page.get_by_label("Content")).to_have_value(re.compile("Example Corp"))
        page.get_by_label("Subject").fill("A word")
        console.check()
        page.get_by_role("button", name="Send", exact=True).click()
        expect(page.get_by_role("dialog")).to_contain_text(lead["email"])
        console.confirm("Send")
        expect(page.locator("form .badge", has_text="sent")).to_be_visible(timeout=SENT_MILLISECONDS)
        assert [each["subject"] for each in manage.stack.outbox(lead["email"])] == ["A word"]
        console.open(f"/campaigns/{campaign['id']}")
        expect(page.get_by_text("1 lead is in the campaign.")).to_be_visible()
        expect(
            page.get_by_role("table", name="Leads of the campaign").get_by_role("link", name="Kim Example")
        ).to_be_visible()
        picture = page.get_by_role("img", name="Mails of the campaign, by day, of the last 30 days")
        expect(picture).to_be_visible()
        page.get_by_label("Of the last", exact=True).select_option("7d")
        page.get_by_text("The numbers").click()
        expect(
            page.get_by_role("table", name=re.compile("of the last 7 days")).get_by_role("row").last
        ).to_contain_text("1")
        console.check()

    def test_the_leads_of_one_come_at_the_press_of_a_button(self, wide: Console, outreach: Outreach) -> None:
        campaign = outreach.campaign()["id"]
        ids = [outreach.lead()["id"] for _ in range(51)]
        outreach.call("POST", f"/campaigns/{campaign}/assign-leads", {"lead_ids": ids})
        page = wide.open(f"/campaigns/{campaign}").page
        expect(page.get_by_text("The first 50 leads")).to_be_visible()
        page.get_by_role("button", name="Show more").click()
        expect(page.get_by_text("51 leads", exact=True)).to_be_visible()
        wide.check()

    def test_a_mail_whose_answer_was_lost_is_sent_once(
        self, wide: Console, outreach: Outreach, manage: Manage, watch: Watch
    ) -> None:
        watch.expect("503")
        lead, campaign = outreach.lead(), outreach.campaign()
        page = wide.open(f"/leads/{lead['id']}", campaign=campaign["id"]).page
        page.get_by_label("Subject").fill("Once")
        page.get_by_label("Content").fill("<p>Only <b>once</b>.</p>")
        page.get_by_text("How it looks").click()
        expect(page.frame_locator("iframe").locator("body")).to_have_text("Only once.")
        lost: list[int] = []

        def lose_first(route: Any) -> None:
            answer = route.fetch()
            lost.append(answer.status)
            if len(lost) == 1:
                route.fulfill(status=503, json={"message": "Service unavailable"})
            else:
                route.fulfill(response=answer)

        page.route("**/api/email/send", lose_first)
        page.get_by_role("button", name="Send", exact=True).click()
        page.get_by_role("dialog").get_by_role("button", name="Send", exact=True).click()
        expect(page.get_by_role("dialog").get_by_role("alert")).to_be_visible()
        wide.confirm("Send")
        expect(page.locator("form .badge", has_text="sent")).to_be_visible(timeout=SENT_MILLISECONDS)
        assert lost == [202, 202]
        assert len(manage.stack.outbox(lead["email"])) == 1
