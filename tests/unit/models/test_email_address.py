import pytest

from nereid.models.email_address import is_address, is_recipient, is_sender

NONE = [
    "",
    "sam",
    "@example.com",
    "sam@",
    "a@b@example.com",
    "s am@example.com",
    "sam@exa mple.com",
    " sam@example.com",
    "sam@example.com\n",
    "sam@example.com\r\nBcc: kim@example.com",
    "sam@example.com\x00",
    "Sam <sam@example.com>",
    "sam@example.com, kim@example.com",
    "sam@example.com;kim",
    "sam,kim@example.com",
    "sam(comment)@example.com",
    '"sam"@example.com',
    "sam\\@example.com",
    "sam@[127.0.0.1]",
]


@pytest.mark.parametrize("text", ["sam@example.com", "s.a+m'1@mail.example.co.uk", "S@E.x", "süß@bücher.example"])
def test_an_address_has_one_at_and_a_dot_in_its_domain(text: str) -> None:
    assert is_address(text)


@pytest.mark.parametrize("text", [*NONE, "sam@example", "sam@.com", "sam@example.", "sam@example..com"])
def test_what_is_no_address_or_more_than_one_is_told_apart(text: str) -> None:
    assert not is_address(text)


def test_an_address_has_at_most_254_characters() -> None:
    assert is_address("a" * 242 + "@example.com")
    assert not is_address("a" * 243 + "@example.com")


@pytest.mark.parametrize(
    "text", ["sam@example.com", "root@localhost", "s.a+m'1@mail-1.example_x.com", f"{'s' * 242}@example.com"]
)
def test_an_e_mail_may_be_sent_to_a_plain_address(text: str) -> None:
    assert is_recipient(text)


@pytest.mark.parametrize("text", [*NONE, "süß@example.com", "sam@bücher.example", "sam@example.com."])
def test_no_e_mail_is_sent_to_what_a_provider_might_read_in_another_way(text: str) -> None:
    assert not is_recipient(text)


@pytest.mark.parametrize(
    "text", ["sam@example.com", "Sam <sam@example.com>", "<sam@example.com>", '"S, M" <s@example.com>']
)
def test_a_sender_is_an_address_with_or_without_a_name(text: str) -> None:
    assert is_sender(text)


@pytest.mark.parametrize(
    "text", ["", "Sam", "Sam <>", "Sam <sam>", "Sam <sam@example.com", "sam@example.com>", "a@b.c <", "a@b.c d@e.f"]
)
def test_a_sender_without_an_address_is_none(text: str) -> None:
    assert not is_sender(text)
