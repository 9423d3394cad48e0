"""Names of people from many countries, as people type them."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nereid.core.outreach.writing.names import Name, capitalised, read

TITLES = ["Mr", "Mrs.", "Ms", "Dr.", "Prof.", "Professor", "Rev.", "Herr", "Frau", "Sir", "Dipl.-Ing.", "Mag.", "Dra."]
MARKS = [",", ".", "-", "'", "\u2019", " ", "", ", ,", "..", "(", "&"]
WORDS = [
    *TITLES,
    "PhD",
    "Jr.",
    "van",
    "der",
    "de",
    "Nguyễn",
    "O'Hara",
    "Łukasz",
    "J.",
    "and",
    "李",
    "محمد",
    "ñ",
    "MBA",
    "x",
]


@pytest.mark.parametrize(
    ("full_name", "name"),
    [
        ("van den Heuvel, Sanne", Name("Sanne", "Sanne")),
        ("von der Leyen, Ursula", Name("Ursula", "Ursula")),
        ("Vargas Llosa, Mario", Name("Mario", "Mario")),
        ("dos Santos Pereira, João", Name("João", "João")),
        ("Ó Súilleabháin, Mícheál", Name("Mícheál", "Mícheál")),
        ("Nguyễn Thị, Minh", Name("Minh", "Minh")),
        ("Nguyen, Eng", Name("Eng", "Eng")),
        ("Do, Thanh", Name("Thanh", "Thanh")),
        ("Ma, Huateng", Name("Huateng", "Huateng")),
        ("KOWALSKA, AGNIESZKA", Name("Agnieszka", "Agnieszka")),
        ("ИВАНОВА, ОЛЬГА", Name("Ольга", "Ольга")),
        ("Bakker, Jan de", Name("Jan", "Jan")),
        ("'t Hart, Maarten", Name("Maarten", "Maarten")),
        ("Lindqvist, Dr. Åsa", Name("Åsa", "Dr Lindqvist")),
        ("Horváth, Zsófia, Dr.", Name("Zsófia", "Dr Horváth")),
        ("van Dijk, Prof. Dr. Teun", Name("Teun", "Prof. van Dijk")),
    ],
)
def test_what_follows_a_comma_is_the_first_name(full_name: str, name: Name) -> None:
    assert read(full_name) == name


@pytest.mark.parametrize(
    "behind",
    ["PhD", "Ph.D.", "Ph. D.", "MD", "M.D.", "MBA", "PhD MBA", "Esq.", "Jr.", "Jr", "III", "CPA, CFA", "CISSP", "CEO"],
)
def test_a_degree_behind_a_comma_is_no_name(behind: str) -> None:
    assert read(f"Amara Okafor, {behind}") == Name("Amara", "Amara")
    assert read(f"Dr. Amara Okafor, {behind}") == Name("Amara", "Dr Okafor")
    assert read(f"Okafor, Amara, {behind}") == Name("Amara", "Amara")


@pytest.mark.parametrize("behind", ["P.Eng.", "CSc.", "DrSc.", "BSN", "RN, BSN", "B.Sc.", "Dipl.Ing."])
def test_letters_behind_the_comma_of_a_whole_name_are_no_name(behind: str) -> None:
    assert read(f"Amara Okafor, {behind}") == Name("Amara", "Amara")


@pytest.mark.parametrize(
    ("full_name", "first"),
    [("Okafor, Chr.", "Chr. Okafor"), ("Vargas Llosa, ANA", "Ana"), ("Okafor Eze, A.", "A. Okafor Eze")],
)
def test_a_short_name_behind_a_comma_is_one(full_name: str, first: str) -> None:
    name = read(full_name)
    assert name is not None
    assert name.first == first


@pytest.mark.parametrize("behind", ["Founder", "Co-Founder", "Sales Manager", "Head of Sales", "Support", "Tea Ltd"])
def test_a_job_behind_a_comma_is_no_name(behind: str) -> None:
    assert read(f"Kenji Watanabe, {behind}") == Name("Kenji", "Kenji")


@pytest.mark.parametrize("titles", list(itertools.product(["Mr", "Dr.", "Prof.", "Rev.", "Frau", "Dra."], repeat=2)))
def test_of_several_titles_the_first_is_used(titles: tuple[str, str]) -> None:
    name = read(f"{' '.join(titles)} Hanna Lindgren")
    assert name is not None
    assert name.first == "Hanna"
    written = {"Dr.": "Dr", "Dra.": "Dra."}.get(titles[0], titles[0])
    assert name.formal == f"{written} Lindgren"


@pytest.mark.parametrize(
    ("full_name", "name"),
    [
        ("Prof. Dr. Dr. h.c. mult. Anton Zeilinger", Name("Anton", "Prof. Zeilinger")),
        ("Dr.-Ing. Beate Krüger", Name("Beate", "Dr Krüger")),
        ("Dr.Beate Krüger", Name("Beate", "Dr Krüger")),
        ("Dipl.-Ing. Beate Krüger", Name("Beate", "Beate")),
        ("Mag. Beate Krüger", Name("Beate", "Beate")),
        ("Ing. Tomáš Novák", Name("Tomáš", "Tomáš")),
        ("Ing Larsson", Name("Ing", "Ing")),
        ("Sig. Bianchi", Name("Sig. Bianchi", "Sig. Bianchi")),
        ("Dott.ssa Chiara Bianchi", Name("Chiara", "Dott.ssa Bianchi")),
        ("Frau Krüger", Name("Frau Krüger", "Frau Krüger")),
        ("Krüger, Frau", Name("Frau Krüger", "Frau Krüger")),
        ("Sir Kenneth Branagh", Name("Kenneth", "Sir Kenneth")),
        ("Dr. Ruth B. Ginsburg", Name("Ruth", "Dr Ginsburg")),
        ("Dr. Ruth GINSBURG", Name("Ruth", "Dr Ginsburg")),
        ("Dr. Ahmed bin Zayed", Name("Ahmed", "Dr bin Zayed")),
        ("van der Berg", Name("van der Berg", "van der Berg")),
        ("van morrison", Name("Van", "Van")),
        ("J.R.R. Tolkien", Name("J.R.R. Tolkien", "J.R.R. Tolkien")),
        ("王 芳", Name("王 芳", "王 芳")),
        ("فاطمة الزهراء", Name("فاطمة", "فاطمة")),
        ("İSMAİL ÖZTÜRK", Name("İsmail", "İsmail")),
        ("ΦΩΦΗ ΘΕΟΔΩΡΙΔΗ", Name("Φωφη", "Φωφη")),
        ("Sammy Davis Jr.", Name("Sammy", "Sammy")),
        ("Dr. Robert Downey Jr.", Name("Robert", "Dr Downey")),
        ("Dr. Yo-Yo Ma", Name("Yo-Yo", "Dr Ma")),
        ("Univ.-Prof. Dr. med. univ. Eva Huber", Name("Eva", "Dr Huber")),
        ("Prof. em. Dr. Eva Huber", Name("Eva", "Prof. Huber")),
        ("Priv.-Doz. Dr. Eva Huber", Name("Eva", "Dr Huber")),
        ("PD Dr. Eva Huber", Name("Eva", "Dr Huber")),
        ("Associate Professor Eva Huber", Name("Eva", "Prof. Huber")),
        ("Prof.in Eva Huber", Name("Eva", "Prof. Huber")),
        ("Mag.a Eva Huber", Name("Eva", "Eva")),
        ("Dr.ssa Chiara Bianchi", Name("Chiara", "Dr.ssa Bianchi")),
        ("The Honorable Ruth Ginsburg", Name("Ruth", "Ruth")),
        ("Lt. Col. Amara Okafor", Name("Amara", "Amara")),
        ("Captain Amara Okafor", Name("Amara", "Amara")),
        ("Avv. Bianchi", Name("Avv. Bianchi", "Avv. Bianchi")),
        ("Chr. Hansen", Name("Chr. Hansen", "Chr. Hansen")),
        ("Ma. Teresa Cruz", Name("Teresa", "Teresa")),
        ("Monsieur Luc Moreau", Name("Luc", "M. Moreau")),
        ("Doctor Okafor", Name("Dr Okafor", "Dr Okafor")),
        ("Associate Okafor", Name("Associate", "Associate")),
        ("JP Moreau", Name("JP", "JP")),
        ("JRR Tolkien", Name("JRR", "JRR")),
        ("山田 太郎", Name("山田 太郎", "山田 太郎")),
        ("김 철수", Name("김 철수", "김 철수")),
        ("Dr. 山田 太郎", Name("Dr 山田 太郎", "Dr 山田 太郎")),
    ],
)
def test_a_name_is_read_as_its_country_writes_it(full_name: str, name: Name) -> None:
    assert read(full_name) == name


@pytest.mark.parametrize(
    "full_name", ["", ",", ", ,", "Dr.", "Prof. Dr.", "Dr., Mr.", "Mr. and Mrs. Silva", "Silva et Costa"]
)
def test_what_is_no_name_of_one_person_is_none(full_name: str) -> None:
    assert read(full_name) is None


@settings(deadline=timedelta(milliseconds=200))
@given(st.lists(st.sampled_from(WORDS + MARKS), max_size=40), st.sampled_from([" ", "", ", ", "."]))
def test_reading_ends_whatever_is_given_and_names_nothing_that_is_not_there(words: list[str], between: str) -> None:
    text = between.join(words)
    name = read(text)
    if name is not None:
        assert name.first.strip()
        assert name.formal.strip()
        if name.first != name.formal:
            assert all(word.casefold() in text.casefold() for word in name.first.split())


@given(st.text(max_size=60))
def test_any_text_is_read(text: str) -> None:
    read(text)


@pytest.mark.parametrize(
    ("word", "written"),
    [("o'neill", "O'Neill"), ("ANNE-SOPHIE", "Anne-Sophie"), ("İPEK", "İpek"), ("\u00e9lo\u00efse", "Éloïse")],
)
def test_a_word_begins_with_a_capital(word: str, written: str) -> None:
    assert capitalised(word) == written
