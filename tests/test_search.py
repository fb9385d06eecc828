"""Searching by title, person and year, with the slips that people make."""

import pytest
from django.test import Client

from recommendations.models import Catalogue, Credit, Movie, Person
from recommendations.search import find_films, search

FILMS = [
    ("Heat", 1995),
    ("Heat", 1986),
    ("Jurassic Park", 1993),
    ("Schindler's List", 1993),
    ("Jaws", 1975),
    ("The Matrix", 1999),
    ("The Matrix Reloaded", 2003),
    ("Amelie (Le Fabuleux destin d'Amélie Poulain)", 2001),
    ("2001: A Space Odyssey", 1968),
    ("1917", 2019),
    ("The Immigrant", 1917),
    ("The Godfather", 1972),
    ("The Godfather: Part II", 1974),
    ("Spider-Man", 2002),
    ("M*A*S*H (a.k.a. MASH)", 1970),
    ("Seven Samurai", 1954),
    ("The Lord of the Rings: The Fellowship of the Ring", 2001),
    ("Pride & Prejudice", 2005),
    ("It", 1990),
    ("It Happened One Night", 1934),
]


@pytest.fixture
def films(db: None) -> None:
    """The first ones are rated the most."""
    Catalogue.objects.create(name="films")
    Movie.objects.bulk_create(
        Movie(id=number, title=title, year=year, rating_count=1000 - number)
        for number, (title, year) in enumerate(FILMS, start=1)
    )
    credit("Steven Spielberg", Credit.Role.DIRECTOR, "Jurassic Park", "Schindler's List", "Jaws")
    credit("Stanley Kubrick", Credit.Role.DIRECTOR, "2001: A Space Odyssey")
    credit("Al Pacino", Credit.Role.CAST, "The Godfather", "The Godfather: Part II")


def credit(name: str, role: Credit.Role, *titles: str) -> None:
    person = Person.objects.create(name=name)
    for movie in Movie.objects.filter(title__in=titles):
        Credit.objects.create(movie=movie, person=person, role=role)


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("heat 1995", "Heat (1995)"),
        ("Heat (1986)", "Heat (1986)"),
        ("1995 heat", "Heat (1995)"),
        ("the matrx", "The Matrix (1999)"),
        ("matrix, the", "The Matrix (1999)"),
        ("amelies", "Amelie (Le Fabuleux destin d'Amélie Poulain) (2001)"),
        ("AMÉLIE", "Amelie (Le Fabuleux destin d'Amélie Poulain) (2001)"),
        ("fabuleux destin amelie", "Amelie (Le Fabuleux destin d'Amélie Poulain) (2001)"),
        ("2001", "2001: A Space Odyssey (1968)"),
        ("1917", "1917 (2019)"),
        ("godfather", "The Godfather (1972)"),
        ("godfather 2", "The Godfather: Part II (1974)"),
        ("spiderman", "Spider-Man (2002)"),
        ("spider man 2002", "Spider-Man (2002)"),
        ("mash", "M*A*S*H (a.k.a. MASH) (1970)"),
        ("7 samurai", "Seven Samurai (1954)"),
        ("rings lord", "The Lord of the Rings: The Fellowship of the Ring (2001)"),
        ("pride and prejudice", "Pride & Prejudice (2005)"),
        ("it", "It (1990)"),
        ("schindlers lits", "Schindler's List (1993)"),
        ("dysse", "2001: A Space Odyssey (1968)"),
        ("spielberg jaws", "Jaws (1975)"),
        ("pacino 1974", "The Godfather: Part II (1974)"),
        ("stanly kubrik", "2001: A Space Odyssey (1968)"),
    ],
)
def test_what_was_meant_comes_first(films: None, query: str, first: str) -> None:
    assert str(find_films(query)[0]) == first


def test_a_year_restricts_what_a_person_is_in(films: None) -> None:
    assert titles("spielberg 1993") == ["Jurassic Park", "Schindler's List"]


def test_a_year_in_a_title_is_a_year_as_well(films: None) -> None:
    assert titles("1917") == ["1917", "The Immigrant"]


def test_a_year_that_is_one_off_still_finds_the_film(films: None) -> None:
    assert str(find_films("heat 1994")[0]) == "Heat (1995)"


@pytest.mark.parametrize("query", ["spielberg", "Steven Spielberg", "spielb", "speilberg 1975"])
def test_the_person_whom_a_query_names_is_told(films: None, query: str) -> None:
    [named] = Person.objects.filter(pk__in=search(query).people)
    assert named.name == "Steven Spielberg"


def test_nobody_is_named_where_a_title_was_meant(films: None) -> None:
    credit("Heath Ledger", Credit.Role.CAST, "It")
    Catalogue.touch()
    assert not search("heat").people


def test_a_title_comes_before_the_films_of_a_person_of_that_name(films: None) -> None:
    Movie.objects.create(id=900, title="Spielberg", year=2017)
    assert titles("spielberg")[0] == "Spielberg"
    assert "Jaws" in titles("spielberg")


@pytest.mark.parametrize("query", ["", "  ", "?!", "zzzzqqqq xxyyzz", "\x00", "🎬", "x" * 5000])
def test_nothing_is_found_for_nothing(films: None, query: str) -> None:
    assert find_films(query) == []


def test_an_empty_catalogue_can_be_searched(db: None) -> None:
    Catalogue.objects.create(name="nothing yet")
    assert find_films("heat") == []


def test_films_without_anybody_in_them_are_found(db: None) -> None:
    Catalogue.objects.create(name="no credits")
    Movie.objects.create(id=1, title="Heat")
    assert titles("heta") == ["Heat"]


def test_a_person_who_was_renamed_in_the_admin_is_found(films: None, staff_client: Client) -> None:
    assert not find_films("xylophone")
    kubrick = Person.objects.get(name="Stanley Kubrick")
    path = f"/admin/recommendations/person/{kubrick.pk}/change/"
    assert staff_client.post(path, {"name": "Stanley Xylophone"}).status_code == 302
    assert titles("xylophone") == ["2001: A Space Odyssey"]


def test_a_film_that_was_deleted_in_the_admin_is_gone(films: None, staff_client: Client) -> None:
    assert titles("jaws") == ["Jaws"]
    path = f"/admin/recommendations/movie/{Movie.objects.get(title='Jaws').pk}/delete/"
    assert staff_client.post(path, {"post": "yes"}).status_code == 302
    assert titles("jaws") == []


def test_a_search_takes_four_queries(films: None, django_assert_num_queries: object) -> None:
    find_films("spielberg")
    with django_assert_num_queries(4):  # type: ignore[operator]
        find_films("spielberg")


def titles(query: str) -> list[str]:
    return [movie.title for movie in find_films(query)]
