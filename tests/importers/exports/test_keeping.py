"""What has found no film is kept once, asked about once, and found when the film arrives."""

from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from recommendations.importers.exports import choosing
from recommendations.importers.exports.rematching import rematch_all
from recommendations.importers.movielens import import_movielens
from recommendations.models import Mark, Movie, UnmatchedEntry, Viewer
from tests.importers.datasets import csv_files, folder, lines
from tests.importers.exports.files import (
    IMDB,
    WATCHED,
    brought,
    imdb,
    letterboxd,
    marks_of,
    stars_of,
)

EMMA = letterboxd("Emma,1996,3")
UNHEARD = letterboxd("Unheard Of,2020,4")


def everything(viewer: Viewer) -> list[object]:
    own = (viewer.ratings, viewer.marks, viewer.unmatched)
    return [list(rows.order_by("pk").values()) for rows in own]


def test_what_is_not_matched_is_kept_once(tmp_path: Path, ada: Viewer) -> None:
    export = letterboxd("Toy Story,1995,5", "Emma,1996,3", "Unheard Of,2020,4", "Moonlight,2016,")
    brought(tmp_path / "ratings.csv", export, ada)
    before = everything(ada)

    report = brought(tmp_path / "ratings.csv", export, ada)

    assert everything(ada) == before
    assert (report.unchanged, report.marked_before, report.matched) == (1, 1, 2)
    kept = UnmatchedEntry.objects.values_list("title", "stars", "candidates")
    assert list(kept) == [("Emma", 3.0, [5, 6]), ("Unheard Of", 4.0, [])]


def test_every_row_is_counted_once(tmp_path: Path, ada: Viewer) -> None:
    export = letterboxd(
        "Toy Story,1995,5",
        "Toy Story,1995,4",
        "Amelie,2001,4",
        "Amélie,2001,5",
        "Emma,1996,3",
        "Unheard Of,2020,4",
        "Moonlight,2016,",
        "The Fly,1987,7",
    )

    report = brought(tmp_path / "ratings.csv", export, ada)

    counts = (report.matched, report.repeated, report.left_out)
    others = (report.ambiguous.count, report.not_found.count, report.invalid.count)
    assert (counts, others) == ((3, 2, 0), (1, 1, 1))
    assert report.rows == sum(counts) + sum(others)


def test_a_film_chosen_by_hand_is_known_the_next_time(tmp_path: Path, ada: Viewer) -> None:
    brought(tmp_path / "ratings.csv", EMMA, ada)
    choosing.choose(UnmatchedEntry.objects.get(), Movie.objects.get(pk=6))
    assert stars_of(ada) == {6: 3.0}
    before = everything(ada)

    report = brought(tmp_path / "ratings.csv", EMMA, ada)

    assert (report.unchanged, report.ambiguous.count) == (1, 0)
    assert everything(ada) == before
    assert not UnmatchedEntry.objects.waiting().exists()


def test_films_that_are_not_meant_are_not_offered_again(tmp_path: Path, ada: Viewer) -> None:
    brought(tmp_path / "ratings.csv", EMMA, ada)
    choosing.reject(UnmatchedEntry.objects.get())

    report = brought(tmp_path / "ratings.csv", EMMA, ada)

    assert (report.ambiguous.count, report.not_found.count) == (0, 1)
    assert UnmatchedEntry.objects.get().candidates == []


def test_a_choice_that_lost_its_film_waits_again(tmp_path: Path, ada: Viewer) -> None:
    brought(tmp_path / "ratings.csv", EMMA, ada)
    choosing.choose(UnmatchedEntry.objects.get(), Movie.objects.get(pk=6))

    Movie.objects.get(pk=6).delete()
    brought(tmp_path / "ratings.csv", EMMA, ada)

    assert stars_of(ada) == {5: 3.0}
    assert not UnmatchedEntry.objects.exists()


def test_stars_are_kept_rather_than_having_seen(tmp_path: Path, ada: Viewer) -> None:
    brought(tmp_path / "ratings.csv", UNHEARD, ada)
    seen = lines(["2024-03-01,Unheard Of,2020,x"], WATCHED)

    brought(tmp_path / "watched.csv", seen, ada)

    kept = UnmatchedEntry.objects.get()
    assert (kept.kind, kept.stars) == (UnmatchedEntry.Kind.RATING, 4.0)


def test_films_that_arrive_get_what_was_kept_for_them(tmp_path: Path, ada: Viewer) -> None:
    kept = ["Film 7,1917,4", "Film 8,1918,", "Unheard Of,2020,4"]
    brought(tmp_path / "ratings.csv", letterboxd(*kept), ada)

    report = import_movielens(folder(tmp_path / "ml-latest-small", csv_files()))

    assert report.rematched == 2
    assert "2 entries that viewers had brought" in str(report)
    assert (stars_of(ada), marks_of(ada)) == ({7: 4.0}, {8: "seen"})
    assert [entry.title for entry in UnmatchedEntry.objects.all()] == ["Unheard Of"]
    ada.refresh_from_db()
    assert ada.taste_version == 1


def test_a_rating_made_meanwhile_is_not_overwritten(tmp_path: Path, ada: Viewer) -> None:
    brought(tmp_path / "ratings.csv", UNHEARD, ada)
    ada.rate(Movie.objects.create(id=50, title="Unheard Of", year=2020), 1.0)

    assert rematch_all() == 1

    assert stars_of(ada) == {50: 1.0}


def test_what_could_be_several_now_is_to_be_chosen(tmp_path: Path, ada: Viewer) -> None:
    brought(tmp_path / "ratings.csv", UNHEARD, ada)
    for film in (50, 51):
        Movie.objects.create(id=film, title="Unheard Of", year=2020)

    assert rematch_all() == 0

    assert UnmatchedEntry.objects.get().candidates == [50, 51]


def test_an_episode_waits_for_its_id_and_for_no_name(tmp_path: Path, ada: Viewer) -> None:
    row = imdb("tt7654321", "8", "Moonlight", "2016", kind="TV Episode")
    brought(tmp_path / "ratings.csv", lines([row], IMDB), ada)

    assert rematch_all() == 0

    Movie.objects.create(id=50, title="Moonlight: the series", imdb_id=7654321)
    assert rematch_all() == 1
    assert stars_of(ada) == {50: 4.0}


def test_many_entries_of_many_viewers_take_few_statements_each(
    tmp_path: Path, ada: Viewer
) -> None:
    rows = [f"Film {film},1990,{film % 10 / 2 + 0.5}" for film in range(100, 1100)]
    bea = Viewer.objects.create(display_name="Bea")
    for viewer in (ada, bea):
        brought(tmp_path / "ratings.csv", letterboxd(*rows), viewer)
    Movie.objects.bulk_create(
        Movie(id=film, title=f"Film {film}", year=1990) for film in range(100, 1100)
    )

    with CaptureQueriesContext(connection) as captured:
        assert rematch_all() == 2000

    assert len(captured) < 80
    assert len(stars_of(bea)) == 1000


def test_of_two_spellings_that_were_kept_both_are_done_with(tmp_path: Path, ada: Viewer) -> None:
    brought(tmp_path / "ratings.csv", letterboxd("Cliché,2020,1", "Cliche,2020,2"), ada)
    Movie.objects.create(id=50, title="Cliche", year=2020)

    assert rematch_all() == 2

    assert stars_of(ada) == {50: 2.0}
    assert not UnmatchedEntry.objects.exists()


@pytest.mark.parametrize("stars", ["", "3"])
def test_what_was_seen_leaves_the_watchlist(tmp_path: Path, ada: Viewer, stars: str) -> None:
    Mark.put(ada, Movie.objects.get(pk=1), Mark.Kind.WATCHLIST)

    brought(tmp_path / "ratings.csv", letterboxd(f"Toy Story,1995,{stars}"), ada)

    assert marks_of(ada) == ({} if stars else {1: "seen"})


def test_what_is_rated_or_seen_is_not_put_on_the_watchlist(tmp_path: Path, ada: Viewer) -> None:
    ada.rate(Movie.objects.get(pk=1), 3.0)
    Mark.put(ada, Movie.objects.get(pk=9), Mark.Kind.SEEN)
    wanted = ["2024-03-01,Toy Story,1995,x", "2024-03-01,Moonlight,2016,x"]

    report = brought(tmp_path / "watchlist.csv", lines(wanted, WATCHED), ada)

    assert (marks_of(ada), report.marked_before) == ({9: "seen"}, 2)


def test_ten_thousand_marks_take_few_statements(tmp_path: Path, ada: Viewer) -> None:
    films = range(100, 10_100)
    Movie.objects.bulk_create(Movie(id=film, title=f"Film {film}", year=1990) for film in films)
    rows = [f"2024-03-01,Film {film},1990,x" for film in films]

    with CaptureQueriesContext(connection) as captured:
        report = brought(tmp_path / "watched.csv", lines(rows, WATCHED), ada)

    assert report.seen == 10_000
    assert len(captured) < 60
