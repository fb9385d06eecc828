import pytest
from pytest_django import DjangoAssertNumQueries

from recommendations.franchises import franchises, group
from recommendations.models import Catalogue, Movie

STAR_WARS = [
    "Star Wars: Episode IV - A New Hope (a.k.a. Star Wars)",
    "Star Wars: Episode V - The Empire Strikes Back",
    "Star Wars: The Last Jedi",
]


def together(*titles: str) -> list[str]:
    """Those of the titles that are of the first one's franchise."""
    found = group(dict(enumerate(titles)))
    return [
        title for film, title in enumerate(titles) if 0 in found and found.get(film) == found[0]
    ]


@pytest.mark.parametrize(
    "titles",
    [
        STAR_WARS,
        ["Toy Story", "Toy Story 2"],
        ["Rocky", "Rocky II", "Rocky IV"],
        ["The Godfather", "The Godfather: Part II"],
        ["Back to the Future", "Back to the Future Part III"],
        ["Die Hard", "Die Hard 2", "Die Hard: With a Vengeance"],
        ["Star Trek II: The Wrath of Khan", "Star Trek: First Contact", "Star Trek Beyond"],
        ["Mission: Impossible", "Mission: Impossible II", "Mission: Impossible - Fallout"],
        ["X-Men", "X-Men: The Last Stand"],
        ["The Matrix", "The Matrix Reloaded"],
        ["Harry Potter and the Goblet of Fire", "Harry Potter and the Deathly Hallows: Part 1"],
        ["Indiana Jones and the Last Crusade", "Indiana Jones and the Temple of Doom"],
        ["The Lord of the Rings: The Two Towers", "The Lord of the Rings: The Return of the King"],
        ["Ocean's Eleven (a.k.a. Ocean's 11)", "Ocean's Twelve"],
        ["The Terminator", "Terminator 2: Judgment Day"],
        ["The Naked Gun 2 1/2: The Smell of Fear", "Naked Gun 33 1/3: The Final Insult"],
        ["Alien", "Aliens", "Alien³ (a.k.a. Alien 3)", "Alien: Resurrection", "Alien: Covenant"],
        ["Batman: Gotham Knight", "Batman & Robin", "Batman: Year One", "Batman: Under the Hood"],
    ],
    ids=lambda titles: titles[0],
)
def test_films_of_one_franchise_are_found(titles: list[str]) -> None:
    assert together(*titles) == titles


@pytest.mark.parametrize(
    "titles",
    [
        ["Home", "Home Alone"],
        ["M", "Malcolm X", "Mallrats"],
        ["Dr. Strangelove or: How I Learned to Stop Worrying and Love the Bomb", "Dr. Dolittle"],
        ["2001: A Space Odyssey", "2010: The Year We Make Contact"],
        ["District 9", "District 13"],
        ["The Princess and the Frog", "The Princess and the Warrior"],
        ["Taxi Driver", "Taxi", "Taxi 2"],
        ["Frozen", "Frozen River", "Frozen"],
        ["The Mission", "Mission: Impossible", "Mission: Impossible II"],
        ["The House", "House", "House II: The Second Story"],
        ["Brothers", "Brother", "Brother 2"],
        ["Blood and Wine", "Blood: The Last Vampire", "Blood"],
    ],
    ids=lambda titles: titles[0],
)
def test_films_that_only_sound_alike_are_apart(titles: list[str]) -> None:
    assert together(*titles) == []


def test_a_franchise_within_another_goes_by_the_shorter_name() -> None:
    titles = ["Dragon Ball: The Path", "Dragon Ball: Adventure", "Dragon Ball Z: Dead Zone"]
    assert together(*titles, "Dragon Ball Z: Cooler") == [*titles, "Dragon Ball Z: Cooler"]


def test_the_catalogue_is_read_anew_when_it_has_changed(db: None) -> None:
    Movie.objects.create(id=1, title="Rocky")
    Catalogue.objects.create(name="boxing")
    assert franchises() == {}
    Movie.objects.create(id=2, title="Rocky II")
    assert franchises() == {1: "rocky", 2: "rocky"}


def test_a_catalogue_that_stayed_the_same_is_not_read_again(
    db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    Movie.objects.create(id=3, title="Rocky")
    Catalogue.objects.create(name="boxing")
    with django_assert_num_queries(3):
        franchises()
    with django_assert_num_queries(2):
        franchises()
