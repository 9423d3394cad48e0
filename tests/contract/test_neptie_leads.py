"""Leads of the Neptie API: list, create, read, change, delete, import."""

from __future__ import annotations

import json
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest

from tests.contract.neptie_client import (
    NO_LEAD,
    NOT_AN_OBJECT,
    NOT_JSON,
    TOO_MANY,
    Neptie,
    email,
    invalid,
    taken,
)

IN_PROCESS = True

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
TAKEN = taken("A lead with this email already exists")
CSV = {"Content-Type": "text/csv"}
HEADER = "full_name,email,company,job_title,industry"
STATUSES = "new, contacted, qualified, converted"


def imported(added: int = 0, updated: int = 0, skipped: int = 0, *errors: tuple[int, str]) -> dict[str, Any]:
    """Return the answer to an import."""
    listed = [{"row": row, "message": message} for row, message in errors]
    return {"added": added, "updated": updated, "skipped": skipped, "errors": listed}


def test_a_lead_that_is_created_is_new_and_has_no_score(sales: Neptie) -> None:
    status, answer = sales.call("POST", "leads", {"full_name": " John Doe ", "email": " John@Example.com "})
    assert status == 201
    lead = answer["lead"]
    assert uuid.UUID(lead.pop("id")).version == 4
    assert MOMENT.fullmatch(lead["created_at"])
    assert lead.pop("created_at") == lead.pop("updated_at")
    assert lead == {
        "full_name": "John Doe",
        "email": "john@example.com",
        "company": None,
        "job_title": None,
        "industry": None,
        "status": "new",
        "score": None,
    }


def test_a_lead_keeps_its_optional_fields_and_no_others(sales: Neptie) -> None:
    given = {"company": "Example Corp", "job_title": "CEO", "industry": "Software"}
    lead = sales.lead(**given, score=99, status="converted", other=1)
    assert {name: lead[name] for name in given} == given
    assert (lead["score"], lead["status"]) == (None, "new")
    assert "other" not in lead


@pytest.mark.parametrize("empty", [None, "", "  "])
def test_an_optional_field_that_is_empty_is_absent(sales: Neptie, empty: Any) -> None:
    assert sales.lead(company=empty)["company"] is None


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"full_name": None}, {"full_name": "is required"}),
        ({"full_name": " "}, {"full_name": "is required"}),
        ({"full_name": 3}, {"full_name": "must be a string"}),
        ({"full_name": True}, {"full_name": "must be a string"}),
        ({"full_name": "x" * 201}, {"full_name": "must be at most 200 characters"}),
        ({"email": None}, {"email": "is required"}),
        ({"email": {}}, {"email": "must be a string"}),
        ({"email": "john"}, {"email": "must be a valid email address"}),
        ({"email": "john@example.com\nBcc: x@example.com"}, {"email": "must be a valid email address"}),
        ({"email": "<john@example.com>"}, {"email": "must be a valid email address"}),
        ({"company": []}, {"company": "must be a string"}),
        ({"job_title": "x" * 201}, {"job_title": "must be at most 200 characters"}),
        ({"industry": 1.5}, {"industry": "must be a string"}),
        ({"full_name": None, "email": "x"}, {"full_name": "is required", "email": "must be a valid email address"}),
    ],
)
def test_a_lead_that_breaks_a_rule_names_the_field(
    sales: Neptie, fields: dict[str, Any], errors: dict[str, str]
) -> None:
    assert sales.call("POST", "leads", {"full_name": "John", "email": email(), **fields}) == invalid(**errors)
    assert sales.leads() == ([], 0)


def test_the_longest_names_are_kept(sales: Neptie) -> None:
    assert sales.lead(full_name="ü" * 200)["full_name"] == "ü" * 200


@pytest.mark.parametrize("body", [b"{", b'{"a":NaN}', b"\xff"])
def test_a_body_that_is_no_json_is_refused(sales: Neptie, body: bytes) -> None:
    assert sales.call("POST", "leads", body) == NOT_JSON


def test_a_body_that_is_no_object_is_refused(sales: Neptie) -> None:
    assert sales.call("POST", "leads", b"[1]") == NOT_AN_OBJECT


def test_an_email_address_is_unique_in_a_team_whatever_its_case(sales: Neptie) -> None:
    lead = sales.lead()
    assert sales.call("POST", "leads", {"full_name": "J", "email": lead["email"].upper()}) == TAKEN


def test_two_teams_may_have_leads_with_one_address(sales: Neptie) -> None:
    lead = sales.lead()
    assert sales.newcomer().lead(email=lead["email"])["email"] == lead["email"]


@pytest.mark.over_http
@pytest.mark.slow
def test_of_many_leads_with_one_address_at_once_one_wins(sales: Neptie) -> None:
    body = {"full_name": "John", "email": email()}
    with ThreadPoolExecutor(6) as pool:
        statuses = sorted(pool.map(lambda _: sales.call("POST", "leads", body)[0], range(6)))
    assert statuses == [201] + [400] * 5
    assert sales.leads()[1] == 1


def test_a_lead_is_read_as_it_was_created(sales: Neptie) -> None:
    lead = sales.lead(industry="Software")
    assert sales.call("GET", f"leads/{lead['id']}") == (200, {"lead": lead})
    assert sales.call("GET", f"leads/{lead['id'].upper()}") == (200, {"lead": lead})


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_what_is_no_lead_of_the_team_is_not_found(sales: Neptie, method: str) -> None:
    of_another = sales.newcomer().lead()["id"]
    for lead_id in (str(uuid.uuid4()), "import", "x", of_another):
        assert sales.call(method, f"leads/{lead_id}", {}) == NO_LEAD


def test_an_update_changes_what_it_names_and_nothing_else(sales: Neptie) -> None:
    lead = sales.lead(company="Example", industry="Software")
    answer = sales.ok("PUT", f"leads/{lead['id']}", {"full_name": " Jane ", "status": "qualified", "score": 1, "x": 2})
    changed = answer["lead"]
    assert changed["updated_at"] > lead["updated_at"]
    assert changed == {**lead, "full_name": "Jane", "status": "qualified", "updated_at": changed["updated_at"]}
    assert sales.ok("GET", f"leads/{lead['id']}") == answer


@pytest.mark.parametrize("empty", [None, ""])
def test_an_update_clears_what_it_gives_as_empty(sales: Neptie, empty: Any) -> None:
    lead = sales.lead(company="Example", job_title="CEO", industry="Software")
    changed = sales.ok("PUT", f"leads/{lead['id']}", {"company": empty, "job_title": empty, "industry": empty})["lead"]
    assert (changed["company"], changed["job_title"], changed["industry"]) == (None, None, None)
    assert sales.leads("industry=Software") == ([], 0)


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"full_name": None}, {"full_name": "is required"}),
        ({"email": ""}, {"email": "is required"}),
        ({"email": "x"}, {"email": "must be a valid email address"}),
        ({"status": None}, {"status": "is required"}),
        ({"status": "lost"}, {"status": f"must be one of {STATUSES}"}),
        ({"status": "unsubscribed"}, {"status": f"must be one of {STATUSES}"}),
        ({"status": "bounced"}, {"status": f"must be one of {STATUSES}"}),
        ({"status": 1}, {"status": "must be a string"}),
        ({"industry": {}}, {"industry": "must be a string"}),
    ],
)
def test_an_update_that_breaks_a_rule_names_the_field_and_changes_nothing(
    sales: Neptie, fields: dict[str, Any], errors: dict[str, str]
) -> None:
    lead = sales.lead()
    assert sales.call("PUT", f"leads/{lead['id']}", {"company": "New", **fields}) == invalid(**errors)
    assert sales.ok("GET", f"leads/{lead['id']}")["lead"] == lead


def test_an_update_without_fields_changes_nothing(sales: Neptie) -> None:
    lead = sales.lead()
    for body in (b"", b"[]", b"{}"):
        assert sales.call("PUT", f"leads/{lead['id']}", body) == (200, {"lead": lead})


def test_a_lead_moves_to_a_free_address_and_leaves_its_own(sales: Neptie) -> None:
    first, second = sales.lead(), sales.lead()
    assert sales.call("PUT", f"leads/{first['id']}", {"email": second["email"]}) == TAKEN
    sales.ok("PUT", f"leads/{first['id']}", {"email": email()})
    sales.ok("PUT", f"leads/{second['id']}", {"email": first["email"]})
    assert sales.leads()[1] == 2


def test_a_lead_may_keep_its_address(sales: Neptie) -> None:
    lead = sales.lead()
    changed = sales.ok("PUT", f"leads/{lead['id']}", {"email": lead["email"].upper(), "full_name": "Jane"})
    assert changed["lead"]["email"] == lead["email"]


@pytest.mark.over_http
@pytest.mark.slow
def test_updates_at_the_same_time_all_apply(sales: Neptie) -> None:
    lead = sales.lead()
    fields = [{"full_name": "Jane"}, {"company": "Example"}, {"job_title": "CEO"}, {"industry": "Software"}]
    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(lambda each: sales.call("PUT", f"leads/{lead['id']}", each)[0], fields))
    assert statuses == [200] * 4
    found = sales.ok("GET", f"leads/{lead['id']}")["lead"]
    assert (found["full_name"], found["company"], found["job_title"]) == ("Jane", "Example", "CEO")
    assert sales.leads("industry=software") == ([lead["id"]], 1)


def test_a_deleted_lead_is_gone_and_its_address_free(sales: Neptie) -> None:
    lead = sales.lead()
    path = f"leads/{lead['id']}"
    assert sales.call("DELETE", path, b"not json") == (200, {"message": "Lead deleted"})
    assert sales.call("DELETE", path) == NO_LEAD
    assert sales.call("GET", path) == NO_LEAD
    assert sales.leads() == ([], 0)
    sales.lead(email=lead["email"])


def test_leads_are_listed_newest_first_by_page_with_the_total(sales: Neptie) -> None:
    made = [sales.lead()["id"] for _ in range(5)][::-1]
    assert sales.leads() == (made, 5)
    assert sales.leads("limit=2") == (made[:2], 5)
    assert sales.leads("limit=2&page=2") == (made[2:4], 5)
    assert sales.leads("limit=2&page=3") == (made[4:], 5)
    assert sales.call("GET", "leads?limit=2&page=4") == (200, {"leads": [], "total": 5, "page": 4})
    assert sales.call("GET", "leads?page=99999999999") == (200, {"leads": [], "total": 5, "page": 99999999999})


def test_a_page_has_twenty_leads_unless_told_otherwise(sales: Neptie) -> None:
    rows = [{"full_name": f"P {number}", "email": f"p{number}@example.com"} for number in range(101)]
    sales.ok("POST", "leads/import", rows)
    assert (len(sales.leads()[0]), len(sales.leads("limit=100")[0])) == (20, 100)
    names = [lead["full_name"] for lead in sales.ok("GET", "leads?limit=3")["leads"]]
    assert names == ["P 100", "P 99", "P 98"]


def test_a_listed_lead_is_the_lead(sales: Neptie) -> None:
    lead = sales.lead(company="Example", industry="Software")
    assert sales.ok("GET", "leads") == {"leads": [lead], "total": 1, "page": 1}


def test_filters_select_by_status_and_industry_and_both(sales: Neptie) -> None:
    one = sales.lead(industry="Software")["id"]
    two = sales.lead(industry="software")["id"]
    three = sales.lead(industry="Farming")["id"]
    four = sales.lead()["id"]
    for lead_id in (two, three):
        sales.ok("PUT", f"leads/{lead_id}", {"status": "qualified"})
    assert sales.leads("status=new") == ([four, one], 2)
    assert sales.leads("status=qualified") == ([three, two], 2)
    assert sales.leads("status=bounced") == ([], 0)
    assert sales.leads("industry=SOFTWARE") == ([two, one], 2)
    assert sales.leads("industry=Soft") == ([], 0)
    assert sales.leads("industry=Software&status=qualified") == ([two], 1)
    assert sales.leads("status=&industry=&page=&limit=") == ([four, three, two, one], 4)


def test_an_industry_may_be_any_text(sales: Neptie) -> None:
    lead = sales.lead(industry="Öl & Gas #1/100%")
    assert sales.leads(f"industry={quote('ÖL & gas #1/100%', safe='')}") == ([lead["id"]], 1)


@pytest.mark.parametrize(
    ("query", "errors"),
    [
        ("page=0", {"page": "must be at least 1"}),
        ("page=-1", {"page": "must be a number"}),
        ("page=x", {"page": "must be a number"}),
        ("page=1.5", {"page": "must be a number"}),
        ("limit=0", {"limit": "must be at least 1"}),
        ("limit=101", {"limit": "must be at most 100"}),
        ("limit=x", {"limit": "must be a number"}),
        ("status=lost", {"status": f"must be one of {STATUSES}, unsubscribed, bounced"}),
    ],
)
def test_a_query_that_breaks_a_rule_names_the_value(sales: Neptie, query: str, errors: dict[str, str]) -> None:
    assert sales.call("GET", f"leads?{query}") == invalid(**errors)


def test_a_bodyless_get_may_name_a_content_type(sales: Neptie) -> None:
    assert sales.call("GET", "leads", headers={"Content-Type": "application/json"})[0] == 200


def test_leads_are_imported_from_an_array_and_from_an_object_with_one(sales: Neptie) -> None:
    rows = [{"full_name": "A", "email": "a@example.com"}, {"full_name": "B", "email": "B@example.com"}]
    assert sales.ok("POST", "leads/import", rows[:1]) == imported(added=1)
    assert sales.ok("POST", "leads/import", {"leads": rows}) == imported(added=1, skipped=1)
    assert sales.leads()[1] == 2


def test_a_known_address_gets_the_fields_that_a_row_has(sales: Neptie) -> None:
    lead = sales.lead(company="Old", job_title="CEO")
    row = {"full_name": "John Doe", "email": lead["email"], "company": "New", "job_title": "", "industry": None}
    assert sales.ok("POST", "leads/import", [row]) == imported(updated=1)
    changed = sales.ok("GET", f"leads/{lead['id']}")["lead"]
    assert (changed["company"], changed["job_title"]) == ("New", "CEO")
    assert sales.ok("POST", "leads/import", [row]) == imported(skipped=1)


def test_an_import_changes_no_status(sales: Neptie) -> None:
    lead = sales.lead()
    sales.ok("PUT", f"leads/{lead['id']}", {"status": "converted"})
    row = {"full_name": "Jane", "email": lead["email"], "status": "new", "score": 3}
    assert sales.ok("POST", "leads/import", [row]) == imported(updated=1)
    changed = sales.ok("GET", f"leads/{lead['id']}")["lead"]
    assert (changed["status"], changed["score"], changed["full_name"]) == ("converted", None, "Jane")


def test_a_bad_row_is_told_and_does_not_stop_the_others(sales: Neptie) -> None:
    rows: list[Any] = [
        {"full_name": "A", "email": "a@example.com"},
        {"full_name": "", "email": "b@example.com"},
        {"full_name": "C", "email": "c@example.com\nBcc: d@example.com"},
        "text",
        None,
        {"full_name": 5, "email": 6},
        {"full_name": "D", "email": "d@example.com", "industry": "x" * 201},
        {"full_name": "E", "email": "e@example.com"},
    ]
    assert sales.ok("POST", "leads/import", rows) == imported(
        2,
        0,
        0,
        (2, "full_name is required"),
        (3, "email must be a valid email address"),
        (4, "A row must be a JSON object"),
        (5, "A row must be a JSON object"),
        (6, "full_name must be a string"),
        (7, "industry must be at most 200 characters"),
    )
    assert sales.leads()[1] == 2


def test_rows_with_one_address_count_one_after_another(sales: Neptie) -> None:
    rows = [
        {"full_name": "A", "email": "a@example.com"},
        {"full_name": "A", "email": "A@example.com", "company": "Example"},
        {"full_name": "A", "email": "a@example.com"},
    ]
    assert sales.ok("POST", "leads/import", rows) == imported(added=1, updated=1, skipped=1)
    (lead,) = sales.ok("GET", "leads")["leads"]
    assert lead["company"] == "Example"


def test_leads_are_imported_from_csv(sales: Neptie) -> None:
    text = (
        "\ufeffEmail,unknown,full_name,industry\r\n"
        'ann@example.com,1,"Doe, Ann",Öl\r\n'
        "\r\n"
        'bob@example.com,2,"Bob\n""the"" builder",\r\n'
        "bad,3,Carl,\r\n"
        "dora@example.com\r\n"
        "emil@example.com,4,Emil,Software,more,cells\r\n"
    )
    answer = sales.ok("POST", "leads/import", text.encode(), {"Content-Type": "text/csv; charset=utf-8"})
    assert answer == imported(3, 0, 0, (3, "email must be a valid email address"), (4, "full_name is required"))
    listed = sales.ok("GET", "leads")["leads"]
    assert [lead["full_name"] for lead in listed] == ["Emil", 'Bob\n"the" builder', "Doe, Ann"]
    assert [lead["industry"] for lead in listed] == ["Software", None, "Öl"]


@pytest.mark.parametrize(
    "kind", ["text/csv", "Application/CSV", "application/vnd.ms-excel; header=present", "text/csv;charset=utf-8"]
)
def test_csv_is_taken_as_spreadsheets_write_it(sales: Neptie, kind: str) -> None:
    text = "\ufeffsep=;\r\nNachname;Vorname;E-Mail;Firma\r\nÖzdemir;Elif;elif@example.de;Bau, Steine & Söhne\r\n"
    path = "leads/import?columns=Nachname:last_name,Vorname:first_name,Firma:company"
    assert sales.ok("POST", path, text.encode(), {"Content-Type": kind}) == imported(1, 0, 0)
    (lead,) = sales.ok("GET", "leads")["leads"]
    assert (lead["full_name"], lead["company"]) == ("Elif Özdemir", "Bau, Steine & Söhne")


def test_csv_is_read_in_the_charset_of_its_content_type(sales: Neptie) -> None:
    body = "Full Name\tE-Mail\nŽofie Němcová\tz@example.cz\n".encode("cp1250")
    kind = {"Content-Type": 'text/csv; header=present; charset="Windows-1250"'}
    assert sales.ok("POST", "leads/import", body, kind) == imported(1, 0, 0)
    (lead,) = sales.ok("GET", "leads")["leads"]
    assert lead["full_name"] == "Žofie Němcová"


@pytest.mark.parametrize("kind", ["text/csv", "text/csv; charset=utf-8", "application/vnd.ms-excel"])
def test_csv_that_begins_as_utf_16_is_read_as_such(sales: Neptie, kind: str) -> None:
    body = "\ufeffFull Name\tE-Mail\r\nŽofie 😀\tz@example.cz\r\n".encode("utf-16-le")
    assert sales.ok("POST", "leads/import", body, {"Content-Type": kind}) == imported(1, 0, 0)
    (lead,) = sales.ok("GET", "leads")["leads"]
    assert lead["full_name"] == "Žofie 😀"


def test_a_csv_row_that_cannot_be_read_is_an_error_with_its_number(sales: Neptie) -> None:
    text = (
        "full_name,email\n"
        '"Ngô\nBảo Châu",c@example.vn\n'
        '"Joaquín "Chapo" Ruiz",r@example.mx\n'
        "\n"
        "Li Na,no address\n"
        '"Aoife, B.",a@example.ie\n'
    )
    body = text.encode() + b"Jos\xe9,j@example.es\nIvo,i@example.hr\n"
    answer = sales.ok("POST", "leads/import", body, CSV)
    assert (answer["added"], [error["row"] for error in answer["errors"]]) == (3, [2, 3, 5])
    assert answer["errors"][0]["message"].startswith("A row must be CSV: ")
    assert answer["errors"][2]["message"] == "A row must be CSV in UTF-8"


@pytest.mark.parametrize("columns", ["Name", "Name:phone", "Firma:company"])
def test_columns_that_are_none_are_refused(sales: Neptie, columns: str) -> None:
    status, answer = sales.call(
        "POST", f"leads/import?columns={columns}", f"{HEADER}\nA,a@example.com,,,".encode(), CSV
    )
    assert (status, answer["errors"][0]["field"]) == (400, "columns")


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (b"", invalid(leads="is required")),
        (HEADER.encode(), invalid(leads="is required")),
        ("full_name,email\nÄ,a@example.com".encode("latin-1"), invalid(leads="must be CSV in UTF-8")),
        ("full_name,email\nA,a@example.com".encode("utf-16-le"), invalid(full_name="is required in the header")),
        (b"full_name,company\nA,B", invalid(email="is required in the header")),
        (b"A,a@example.com\nB,b@example.com", invalid(full_name="is required in the header")),
    ],
)
def test_csv_that_cannot_be_read_is_refused(sales: Neptie, body: bytes, answer: Any) -> None:
    assert sales.call("POST", "leads/import", body, CSV) == answer


def test_csv_with_an_open_quote_or_an_endless_cell_is_refused(sales: Neptie) -> None:
    for body in (b'full_name,email\n"A,a@example.com', b"full_name,email\n" + b"x" * 200_000):
        status, answer = sales.call("POST", "leads/import", body, CSV)
        assert status == 400
        assert answer["message"].startswith("leads must be CSV")


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (b"", invalid(leads="is required")),
        (b"[]", invalid(leads="is required")),
        (b"{}", invalid(leads="is required")),
        (b'{"leads":[]}', invalid(leads="is required")),
        (b'{"leads":{}}', invalid(leads="must be an array")),
        (b'{"leads":"x"}', invalid(leads="must be an array")),
        (b'"x"', NOT_AN_OBJECT),
        (b"{", NOT_JSON),
        (json.dumps([{}] * 1001).encode(), invalid(leads="must have at most 1000 items")),
        (json.dumps({"leads": [{}] * 1001}).encode(), invalid(leads="must have at most 1000 items")),
    ],
)
def test_an_import_without_rows_or_with_too_many_is_refused(sales: Neptie, body: bytes, answer: Any) -> None:
    assert sales.call("POST", "leads/import", body) == answer


def test_csv_with_too_many_rows_is_refused(sales: Neptie) -> None:
    text = HEADER + "\nA,a@example.com,,," * 1001
    assert sales.call("POST", "leads/import", text.encode(), CSV) == invalid(leads="must have at most 1000 items")


@pytest.mark.slow
def test_a_thousand_leads_are_imported_at_once_and_then_the_hour_is_used_up(sales: Neptie) -> None:
    rows = [
        {"full_name": f"P {number}", "email": f"p{number}@example.com", "industry": f"I {number % 50}"}
        for number in range(1000)
    ]
    answer = sales.request("POST", "leads/import", rows)
    assert (answer.status, answer.json()) == (200, imported(added=1000))
    assert answer.headers["X-RateLimit-Limit"] == "1000"
    assert answer.headers["X-RateLimit-Remaining"] == "0"
    assert sales.leads()[1] == 1000
    assert sales.leads("industry=I%2049")[1] == 20
    assert sales.call("POST", "leads/import", rows[:1]) == TOO_MANY


@pytest.mark.over_http
@pytest.mark.slow
def test_imports_at_the_same_time_add_each_address_once(sales: Neptie) -> None:
    rows = [{"full_name": f"P {number}", "email": f"p{number}@example.com"} for number in range(60)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: sales.ok("POST", "leads/import", rows), range(4)))
    assert sum(answer["added"] for answer in answers) == 60
    assert sum(answer["skipped"] for answer in answers) == 180
    assert sales.leads()[1] == 60


def test_leads_of_another_team_are_not_seen(sales: Neptie) -> None:
    sales.lead(industry="Software")
    other = sales.newcomer()
    for query in ("", "status=new", "industry=Software", "industry=Software&status=new"):
        assert other.leads(query) == ([], 0)
