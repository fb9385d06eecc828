"""What the built-in list of films knows about the films of a data set: who, where, how long.

Only what is empty is filled in.
"""

from collections.abc import Iterable, Iterator, Sequence

from recommendations.importers.films import KnownFilm, known_films
from recommendations.importers.recognising import WAYS, Listed, Register, Years
from recommendations.importers.staging import batches
from recommendations.importers.titles import names_of
from recommendations.models import Credit, Movie, Person

BATCH = 500

Matches = dict[int, KnownFilm]


def enrich() -> int:
    """Fill in credits, country and runtime; return how many films were recognised."""
    listed = [Listed(*row) for row in Movie.objects.values_list("id", "title", "year")]
    found = recognise(listed, known_films())
    write_countries_and_runtimes(found)
    write_credits(found)
    return len(found)


def recognise(listed: Iterable[Listed], known: Sequence[KnownFilm]) -> Matches:
    """Find the known films in a catalogue: by name and year, or else a year before or after,
    or else where no year is given. Where several films could be meant, none is.
    """
    register = Register(listed)
    found: Matches = {}
    left = list(known)
    for years in WAYS:
        left = [film for film in left if not settle(found, film, register, years(film.year))]
    return found


def settle(found: Matches, film: KnownFilm, register: Register, years: Years) -> bool:
    """Note which film of the catalogue this is; True if any could be, be it one of several."""
    name, *_ = names_of(film.title)
    candidates = register.called(name, years) - found.keys()
    if len(candidates) == 1:
        found[min(candidates)] = film
    return bool(candidates)


def write_countries_and_runtimes(found: Matches) -> None:
    rows = Movie.objects.filter(id__in=found).values_list("id", "country", "runtime")
    for batch in batches(rows, BATCH):
        Movie.objects.bulk_create(
            [
                Movie(
                    id=pk,
                    country=country or found[pk].country,
                    runtime=runtime or found[pk].runtime,
                )
                for pk, country, runtime in batch
            ],
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=["country", "runtime"],
        )


def write_credits(found: Matches) -> None:
    credited = set(Credit.objects.values_list("movie", "role"))
    wanted = [line for line in billing(found) if line[:2] not in credited]
    names = dict.fromkeys(name for _, _, _, name in wanted)
    Person.objects.bulk_create([Person(name=name) for name in names], ignore_conflicts=True)
    ids = dict(Person.objects.filter(name__in=names).values_list("name", "pk"))
    Credit.objects.bulk_create(
        [
            Credit(movie_id=movie, person_id=ids[name], role=role, position=position)
            for movie, role, position, name in wanted
        ],
        batch_size=BATCH,
    )


def billing(found: Matches) -> Iterator[tuple[int, Credit.Role, int, str]]:
    for movie, film in found.items():
        for role, names in (
            (Credit.Role.DIRECTOR, film.directors),
            (Credit.Role.CAST, film.actors),
        ):
            for position, name in enumerate(names):
                yield movie, role, position, name
