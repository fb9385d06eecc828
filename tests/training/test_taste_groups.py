"""Groups of films with names that say what is in them."""

from recommendations.models import TrainedModel
from recommendations.training.taste_groups import Film, decade_of, kinds_of, name_of, named, shares
from tests.conftest import CRIME, ROMANCE


def films(first: int, *kinds: str, decade: int = 1990, franchise: str = "") -> list[Film]:
    return [
        Film(pk, frozenset(kinds), decade, franchise) for pk in range(10 * first, 10 * first + 10)
    ]


def test_a_model_is_registered_with_the_groups_of_its_well_known_films(
    active_model: TrainedModel,
) -> None:
    groups = {group["name"]: set(group["films"]) for group in active_model.taste_groups}
    assert set(groups) == {"Crime films", "Romance films"}
    assert groups["Crime films"] <= set(CRIME)
    assert groups["Romance films"] <= set(ROMANCE)
    assert all(len(group) == 8 for group in groups.values())


def test_a_group_is_named_by_what_is_more_frequent_in_it_than_elsewhere() -> None:
    western, plain = films(1, "Drama", "Western"), films(2, "Drama") + films(3, "Drama")
    mixed = films(4, "Drama")[:6] + films(5, "War")[:4]
    usual = shares(western + plain + mixed)
    assert kinds_of(western, usual) == ["Western"]
    assert kinds_of(mixed, usual) == []


def test_a_second_genre_is_named_if_it_tells_enough() -> None:
    thrillers, rest = films(1, "Crime", "Thriller"), films(2, "Comedy") + films(3, "Comedy")
    assert kinds_of(thrillers, shares(thrillers + rest)) == ["Crime", "Thriller"]


def test_a_decade_is_named_if_most_films_are_of_it() -> None:
    assert decade_of(films(1) + films(2, decade=1980)[:5]) == 1990
    assert decade_of(films(1) + films(2, decade=1980)) is None


def test_names_read_as_one_says_them() -> None:
    assert name_of(["Crime", "Thriller"], 1990) == "Crime and thrillers of the 90s"
    assert name_of(["Animation", "Children"], 2000) == "Animation and family films of the 2000s"
    assert name_of(["Sci-Fi"], None) == "Sci-fi films"
    assert name_of([], 1950) == "Films of the 50s"
    assert name_of([], None) == "A bit of everything"


def test_groups_of_one_name_become_one_that_shows_both() -> None:
    two = [films(1, "Horror"), films(2, "Horror")]
    groups = named(two, [*two[0], *two[1], *films(3, "War"), *films(4, "War")])
    assert groups == [
        {"name": "Horror films of the 90s", "films": [10, 20, 11, 21, 12, 22, 13, 23]}
    ]


def test_examples_fit_the_name_and_are_one_of_a_franchise() -> None:
    horror = films(1, "Horror", franchise="saw")[:3] + films(2, "Horror") + films(3, "War")[:4]
    [group] = named([horror], [*horror, *films(5, "War"), *films(6, "War")])
    assert group["films"] == [10, 20, 21, 22, 23, 24, 25, 26]


def test_a_group_with_hardly_an_example_is_left_out() -> None:
    assert named([films(1, "War")[:3]], films(1, "War") + films(2, "Drama")) == []
