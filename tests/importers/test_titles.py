import pytest

from recommendations.importers.titles import title_and_year


@pytest.mark.parametrize(
    ("raw", "title", "year"),
    [
        ("Toy Story (1995)", "Toy Story", 1995),
        ("Shawshank Redemption, The (1994)", "The Shawshank Redemption", 1994),
        ("Misérables, Les (1995)", "Les Misérables", 1995),
        ("Avventura, L' (Adventure, The) (1960)", "L'Avventura (The Adventure)", 1960),
        ("Avventura, L\u2019 (1960)", "L'Avventura", 1960),
        ("Boot, Das (Boat, The) (1981)", "Das Boot (The Boat)", 1981),
        ("Vitelloni, I (1953)", "I Vitelloni", 1953),
        ("Laberinto del fauno, El (2006)", "El Laberinto del fauno", 2006),
        ("Auto da Compadecida, O (2000)", "O Auto da Compadecida", 2000),
        ("Sjunde inseglet, Det (1957)", "Det Sjunde inseglet", 1957),
        (
            "City of Lost Children, The (Cité des enfants perdus, La) (1995)",
            "The City of Lost Children (La Cité des enfants perdus)",
            1995,
        ),
        (
            "Léon: The Professional (a.k.a. The Professional) (Léon) (1994)",
            "Léon: The Professional (a.k.a. The Professional) (Léon)",
            1994,
        ),
        (
            "City of the Living Dead (a.k.a. Gates of Hell, The) (Paura) (1980)",
            "City of the Living Dead (a.k.a. The Gates of Hell) (Paura)",
            1980,
        ),
        (
            "Good, the Bad and the Ugly, The (Buono, il brutto, il cattivo, Il) (1966)",
            "The Good, the Bad and the Ugly (Il Buono, il brutto, il cattivo)",
            1966,
        ),
        ("Play It Again, Sam (1972)", "Play It Again, Sam", 1972),
        ("Girl, Interrupted (1999)", "Girl, Interrupted", 1999),
        ("(500) Days of Summer (2009)", "(500) Days of Summer", 2009),
        ("2001: A Space Odyssey (1968)", "2001: A Space Odyssey", 1968),
        ("Babylon 5", "Babylon 5", None),
        ("Death Note: Desu nôto (2006\u20132007)", "Death Note: Desu nôto", 2006),
        ("Cosmos (2014- )", "Cosmos", 2014),
        ("Land Before Time III (1995) (V)", "Land Before Time III", 1995),
        ("Runaway Brain (1995) ", "Runaway Brain", 1995),
        ("1984", "1984", None),
        ("(1995)", "(1995)", None),
    ],
)
def test_a_title_is_split_and_its_articles_are_put_right(
    raw: str, title: str, year: int | None
) -> None:
    assert title_and_year(raw) == (title, year)
