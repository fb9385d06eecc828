from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from recommendations.importers.movielens import import_movielens
from recommendations.importers.report import ImportFailed, Step
from recommendations.models import (
    Catalogue,
    Genre,
    Movie,
    MovieTag,
    Prediction,
    Rating,
    TrainedModel,
    Viewer,
)
from tests.importers.datasets import (
    Files,
    csv_files,
    dat_files,
    folder,
    ml_100k_files,
    with_line,
    zipped,
)

pytestmark = pytest.mark.django_db

LAYOUTS = {
    "ml-latest-small": csv_files(),
    "ml-100k": ml_100k_files(),
    "ml-1m": dat_files(encoding="latin-1", tags=False),
    "ml-10m": dat_files(encoding="utf-8", tags=True),
}


def contents() -> list[list[tuple[object, ...]]]:
    """Everything an import writes, but for the moment at which it did."""
    return [
        list(Movie.objects.order_by("id").values_list()),
        list(
            Movie.genres.through.objects.order_by("movie", "genre").values_list("movie", "genre")
        ),
        list(Viewer.objects.order_by("id").values_list("id", "imported_id", "taste_version")),
        list(Rating.objects.order_by("id").values_list()),
        list(MovieTag.objects.order_by("id").values_list()),
        list(Catalogue.objects.values_list("name")),
    ]


@pytest.mark.parametrize("as_zip", [False, True])
@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_is_read_from_a_folder_and_from_a_zip(
    tmp_path: Path, name: str, as_zip: bool
) -> None:
    files = LAYOUTS[name]
    source = (
        zipped(tmp_path / "a.zip", files, inner=name) if as_zip else folder(tmp_path / name, files)
    )

    report = import_movielens(source)

    assert (report.name, report.movies, report.ratings, report.viewers) == (name, 120, 200, 20)
    assert report.bad_rows.count == 0
    assert Catalogue.objects.get().name == name
    toy_story = Movie.objects.get(pk=1)
    assert (toy_story.title, toy_story.year, toy_story.rating_count) == ("Toy Story", 1995, 20)
    assert set(toy_story.genres.values_list("name", flat=True)) == {
        "Adventure", "Animation", "Children", "Comedy", "Fantasy",
    }  # fmt: skip
    assert Movie.objects.get(pk=3).title == "Les Misérables"


def test_a_zip_without_a_folder_inside_is_named_by_its_file(tmp_path: Path) -> None:
    assert import_movielens(zipped(tmp_path / "ml-25m.zip", csv_files())).name == "ml-25m"


def test_ml_10m_is_called_so_though_its_folder_is_not(tmp_path: Path) -> None:
    source = folder(tmp_path / "ml-10M100K", LAYOUTS["ml-10m"])

    assert import_movielens(source).name == "ml-10m"


def test_ml_10m_may_have_half_stars(tmp_path: Path) -> None:
    files = LAYOUTS["ml-10m"]
    ratings = with_line(files["ratings.dat"], "21::1::3.5::838985046")

    import_movielens(folder(tmp_path / "ml-10m", files | {"ratings.dat": ratings}))

    assert Viewer.objects.get(imported_id=21).ratings.get().stars == 3.5


def test_a_film_has_its_ids_elsewhere_and_a_genre_for_its_poster(tmp_path: Path) -> None:
    import_movielens(folder(tmp_path / "ml", csv_files()))

    toy_story, les_miserables = Movie.objects.get(pk=1), Movie.objects.get(pk=3)
    assert (toy_story.imdb_id, toy_story.tmdb_id) == (114709, 862)
    assert (les_miserables.imdb_id, les_miserables.tmdb_id) == (113828, None)
    assert (toy_story.main_genre, les_miserables.main_genre) == ("Animation", "War")


def test_films_without_a_year_or_a_genre_are_kept(tmp_path: Path) -> None:
    import_movielens(folder(tmp_path / "ml", csv_files()))

    assert Movie.objects.get(title="Babylon 5").year is None
    assert not Movie.objects.get(title="Green Mile").genres.exists()
    assert not Genre.objects.filter(name__startswith="(").exists()


def test_a_rating_keeps_its_viewer_its_stars_and_its_moment(tmp_path: Path) -> None:
    import_movielens(folder(tmp_path / "ml", csv_files()))

    rating = Rating.objects.get(viewer__imported_id=4, movie=2)
    assert rating.stars == 2
    assert rating.rated_at == datetime(2001, 9, 9, 1, 46, 42, tzinfo=UTC)
    assert rating.viewer.display_name == "Viewer 4"
    assert rating.viewer.kind == Viewer.Kind.IMPORTED


def test_ratings_and_viewers_are_stored_in_file_order(tmp_path: Path) -> None:
    files = csv_files()
    header, *rows = str(files["ratings.csv"]).splitlines(keepends=True)
    backwards = header + "".join(reversed(rows))

    import_movielens(folder(tmp_path / "ml", files | {"ratings.csv": backwards}))

    stored = Rating.objects.order_by("id").values_list("viewer__imported_id", "movie")
    assert list(stored) == [tuple(map(int, row.split(",")[:2])) for row in reversed(rows)]
    viewers = Viewer.objects.order_by("id").values_list("imported_id", flat=True)
    assert list(viewers) == list(range(20, 0, -1))


def test_tags_are_counted_without_regard_to_case(tmp_path: Path) -> None:
    report = import_movielens(folder(tmp_path / "ml", csv_files()))

    tags = MovieTag.objects.order_by("name").values_list("movie", "name", "count")
    assert list(tags) == [(1, "pixar", 2), (2, "prison", 1)]
    assert report.tags == 3


def test_the_films_know_their_means(tmp_path: Path) -> None:
    import_movielens(folder(tmp_path / "ml", csv_files()))

    assert Movie.objects.get(pk=1).mean_stars == 3.0
    assert Movie.objects.get(pk=120).mean_stars is None


def test_a_byte_order_mark_and_windows_line_ends_are_tolerated(tmp_path: Path) -> None:
    files: Files = {
        name: b"\xef\xbb\xbf" + str(content).replace("\n", "\r\n").encode()
        for name, content in csv_files().items()
    }

    report = import_movielens(folder(tmp_path / "ml", files))

    assert (report.movies, report.ratings, report.bad_rows.count) == (120, 200, 0)


def test_of_a_rating_given_twice_the_last_one_counts(tmp_path: Path) -> None:
    files = csv_files()
    files["ratings.csv"] = with_line(files["ratings.csv"], "4,2,4.5,1100000000")

    report = import_movielens(folder(tmp_path / "ml", files))

    assert report.ratings == Rating.objects.count() == 200
    assert Rating.objects.get(viewer__imported_id=4, movie=2).stars == 4.5


def test_importing_again_changes_nothing(tmp_path: Path) -> None:
    source = folder(tmp_path / "ml", csv_files())
    import_movielens(source)
    before = contents()

    report = import_movielens(source)

    assert contents() == before
    assert (report.movies, report.ratings, report.viewers, report.tags) == (120, 200, 20, 3)


def test_importing_again_updates_what_changed(tmp_path: Path) -> None:
    source = folder(tmp_path / "ml", csv_files())
    import_movielens(source)
    files = {name: str(content) for name, content in csv_files().items()}
    folder(
        source,
        {
            "movies.csv": files["movies.csv"].replace("Toy Story (1995)", "Toy Story 1 (1996)"),
            "ratings.csv": files["ratings.csv"].replace("\n4,2,2,", "\n4,2,5,") + "21,1,5,1\n",
            "links.csv": files["links.csv"].replace("862", "863"),
            "tags.csv": files["tags.csv"].replace("prison", "hope"),
        },
    )

    import_movielens(source)

    toy_story = Movie.objects.get(pk=1)
    assert (toy_story.title, toy_story.year, toy_story.tmdb_id) == ("Toy Story 1", 1996, 863)
    assert toy_story.rating_count == 21
    assert Rating.objects.get(viewer__imported_id=4, movie=2).stars == 5
    assert list(Movie.objects.get(pk=2).tags.values_list("name", flat=True)) == ["hope"]


def test_only_viewers_whose_ratings_changed_get_a_new_taste_version(tmp_path: Path) -> None:
    source = folder(tmp_path / "ml", csv_files())
    import_movielens(source)
    ratings = str(csv_files()["ratings.csv"]).replace("\n4,2,2,", "\n4,2,5,")

    import_movielens(folder(source, {"ratings.csv": ratings}))

    changed = Viewer.objects.filter(taste_version__gt=0).values_list("imported_id", flat=True)
    assert list(changed) == [4]


def test_an_account_keeps_its_ratings_when_the_import_is_repeated(tmp_path: Path) -> None:
    source = folder(tmp_path / "ml", csv_files())
    import_movielens(source)
    Viewer.for_user(User.objects.create(username="ada")).rate(Movie.objects.get(pk=120), 5)

    import_movielens(source)

    assert Movie.objects.get(pk=120).rating_count == 1


def test_another_data_set_is_refused(tmp_path: Path) -> None:
    import_movielens(folder(tmp_path / "ml-latest", csv_files()))
    before = contents()

    with pytest.raises(ImportFailed, match=r"holds ml-latest, .* add --replace to put ml-100k"):
        import_movielens(folder(tmp_path / "ml-100k", ml_100k_files()))

    assert contents() == before


class TestReplacing:
    @pytest.fixture(autouse=True)
    def loaded(self, tmp_path: Path) -> None:
        import_movielens(folder(tmp_path / "ml-latest", csv_files()))

    def replacement(self, tmp_path: Path) -> Path:
        """Another data set: film 1 is the same, 2 is another film, 120 is not there."""
        movies = str(csv_files()["movies.csv"])
        movies = movies.replace("Shawshank Redemption, The (1994)", "GoldenEye (1995)")
        movies = "".join(movies.splitlines(keepends=True)[:-1])
        ratings = "userId,movieId,rating,timestamp\n7,1,5,1000000000\n"
        return folder(
            tmp_path / "ml-32m", csv_files({"movies.csv": movies, "ratings.csv": ratings})
        )

    def test_the_new_data_set_takes_the_place_of_the_old(self, tmp_path: Path) -> None:
        import_movielens(self.replacement(tmp_path), replace=True)

        assert Catalogue.objects.get().name == "ml-32m"
        assert Movie.objects.count() == 119
        assert Movie.objects.get(pk=2).title == "GoldenEye"
        assert list(Viewer.objects.values_list("imported_id", flat=True)) == [7]
        assert Rating.objects.count() == 1
        assert Movie.objects.get(pk=1).rating_count == 1

    def test_models_and_predictions_of_the_old_one_go(self, tmp_path: Path) -> None:
        model = TrainedModel.objects.create(algorithm="svd")
        viewer = Viewer.objects.create(display_name="Guest")
        now = datetime.now(UTC)
        Prediction.objects.create(
            viewer=viewer, key="home", model=model, taste_version=0, wake_at=now
        )

        import_movielens(self.replacement(tmp_path), replace=True)

        assert not TrainedModel.objects.exists()
        assert not Prediction.objects.exists()

    def test_an_account_keeps_its_ratings_of_films_that_are_in_both(self, tmp_path: Path) -> None:
        ada = Viewer.for_user(User.objects.create(username="ada"))
        for film in (1, 2, 120):
            ada.rate(Movie.objects.get(pk=film), 4)
        version = ada.taste_version

        import_movielens(self.replacement(tmp_path), replace=True)

        assert list(ada.ratings.values_list("movie", flat=True)) == [1]
        ada.refresh_from_db()
        assert ada.taste_version > version
        assert Movie.objects.get(pk=1).rating_count == 2

    def test_a_replacement_that_fails_leaves_the_old_data_set(self, tmp_path: Path) -> None:
        source = self.replacement(tmp_path)
        folder(source, {"ratings.csv": "userId,movieId,rating,timestamp\n7,1,9,1000000000\n"})
        before = contents()

        with pytest.raises(ImportFailed, match="nothing was written"):
            import_movielens(source, replace=True)

        assert contents() == before


@pytest.mark.parametrize(
    "step", ["reading movies.csv", "reading ratings.csv", "writing ratings", "reading tags.csv"]
)
def test_an_interrupted_import_leaves_the_database_as_it_was(tmp_path: Path, step: str) -> None:
    source = folder(tmp_path / "ml", csv_files())
    import_movielens(source)
    before = contents()
    folder(source, {"ratings.csv": with_line(csv_files()["ratings.csv"], "21,1,5,1000000000")})

    def interrupt(current: Step, done: int) -> None:
        if current.name == step and done == current.total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_movielens(source, progress=interrupt)

    assert contents() == before
    assert import_movielens(source).ratings == 201


def test_progress_tells_each_step_from_nothing_to_all(tmp_path: Path) -> None:
    told: dict[str, list[float]] = {}

    def note(step: Step, done: int) -> None:
        told.setdefault(step.name, []).append(done / step.total)

    import_movielens(folder(tmp_path / "ml", csv_files()), progress=note)

    assert {name: (shares[0], shares[-1]) for name, shares in told.items()} == {
        "reading movies.csv": (0, 1),
        "reading links.csv": (0, 1),
        "reading ratings.csv": (0, 1),
        "writing ratings": (0, 1),
        "reading tags.csv": (0, 1),
    }
