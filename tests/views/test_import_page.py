"""Bringing ratings on the web: the upload, its report, and what is to be chosen by hand."""

import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models.functions import Now
from django.test import Client
from django_q.models import OrmQ

from recommendations.importers.exports.reading import LARGEST
from recommendations.models import Mark, Movie, RatingsImport, TrainedModel, UnmatchedEntry, Viewer
from recommendations.models.prediction import HOME
from recommendations.pipeline import imports
from recommendations.tasks import import_ratings
from tests.importers.datasets import lines, zipped
from tests.importers.exports.files import WATCHED, letterboxd, marks_of, stars_of

Status = RatingsImport.Status

#: One is found, one could be two, one is not here, one is invalid.
EXPORT = letterboxd("Crime story #1,1941,4.5", "Twin,1990,3", "Unheard Of,2020,4", "X,1950,9")


@pytest.fixture(autouse=True)
def twins(catalogue: None) -> None:
    for film in (101, 102):
        Movie.objects.create(id=film, title="Twin", year=1990)


def upload(
    client: Client, content: str | bytes = EXPORT, name: str = "ratings.csv", **fields: str
) -> Any:
    body = content if isinstance(content, bytes) else content.encode()
    return client.post("/import/", {"file": SimpleUploadedFile(name, body), **fields})


def uploaded(client: Client, content: str = EXPORT, name: str = "ratings.csv") -> RatingsImport:
    upload(client, content, name)
    return RatingsImport.objects.get()


def done(client: Client, content: str = EXPORT) -> RatingsImport:
    row = uploaded(client, content)
    import_ratings(row.pk)
    row.refresh_from_db()
    return row


def text_of(answer: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", unescape(answer.content.decode())).split())


def refused(answer: Any, field: str) -> str:
    """What the page says beside the field; nothing was stored."""
    assert answer.status_code == 200
    assert not RatingsImport.objects.exists()
    assert not OrmQ.objects.exists()
    return " ".join(answer.context["form"].errors[field])


def poll_of(html: str) -> str:
    found = re.search(r'hx-get="([^"]+)"', html)
    assert found, html
    return unescape(found[1])


def test_the_page_says_what_it_takes_and_where_one_gets_it(client: Client) -> None:
    text = text_of(client.get("/import/"))
    assert "Letterboxd Settings, Data , Export your data" in text
    assert "IMDb Your ratings , then Export" in text
    assert "MovieLens Your profile, Import/export" in text
    assert "up to 20 MB and 100,000 rows" in text
    assert not Viewer.objects.filter(kind=Viewer.Kind.GUEST).exists()


def test_an_upload_is_queued_and_leads_to_its_report(bob_client: Client, bob: Viewer) -> None:
    answer = upload(bob_client)
    row = RatingsImport.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/imports/{row.pk}/")
    assert (row.viewer, row.file_name, bytes(row.content)) == (bob, "ratings.csv", EXPORT.encode())
    assert OrmQ.objects.get().task["args"] == (row.pk,)


def test_a_guest_may_bring_ratings(client: Client) -> None:
    row = done(client)
    assert row.viewer.kind == Viewer.Kind.GUEST
    assert stars_of(row.viewer) == {1: 4.5}
    assert "1 film matched" in text_of(client.get(f"/imports/{row.pk}/"))


def test_a_refused_file_makes_no_guest(client: Client) -> None:
    refused(upload(client, "name,age\nTom,3\n"), "file")
    assert not Viewer.objects.filter(kind=Viewer.Kind.GUEST).exists()


def test_a_zip_is_taken_too(bob_client: Client, bob: Viewer, tmp_path: Path) -> None:
    content = zipped(tmp_path / "x.zip", {"ratings.csv": EXPORT}).read_bytes()
    upload(bob_client, content, "letterboxd.zip")
    import_ratings(RatingsImport.objects.get().pk)
    assert stars_of(bob) == {1: 4.5}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "This file is empty."),
        (b"name,age\nTom,3\n", "cats.csv is no export of ratings that is known here: give the"),
        (b"\x89PNG\r\n\x1a\n\0\0", "cats.csv holds NUL bytes"),
        (EXPORT.encode("utf-16"), "cats.csv holds NUL bytes"),
        (b"PK\x03\x04 and no more", "cats.csv is not a whole zip"),
        (b"," * 10_000_000, "cats.csv:1: longer than 65,536 characters."),
    ],
)
def test_a_bad_file_is_refused_beside_the_field(
    bob_client: Client, content: bytes, told: str
) -> None:
    assert refused(upload(bob_client, content, "cats.csv"), "file").startswith(told)


def test_no_file_is_refused_beside_the_field(bob_client: Client) -> None:
    assert refused(bob_client.post("/import/", {}), "file") == "Choose a file first."


def test_a_bomb_is_refused_before_it_unpacks(bob_client: Client, tmp_path: Path) -> None:
    bomb = zipped(tmp_path / "x.zip", {"ratings.csv": b"\n" * (LARGEST + 1)}).read_bytes()
    assert "is larger than 20 MB" in refused(upload(bob_client, bomb, "x.zip"), "file")


def test_a_path_out_of_a_zip_is_refused(bob_client: Client, tmp_path: Path) -> None:
    crooked = zipped(tmp_path / "x.zip", {"../ratings.csv": EXPORT}).read_bytes()
    told = refused(upload(bob_client, crooked, "x.zip"), "file")
    assert "names a file outside of itself" in told


def test_a_file_that_is_too_large_is_refused_and_cut_as_it_comes(bob_client: Client) -> None:
    answer = upload(bob_client, b"0" * (LARGEST + 2_000_000))
    assert refused(answer, "file") == "This file is larger than 20 MB, which no export is."
    assert answer.wsgi_request.FILES["file"].size <= LARGEST + 2**17


def test_a_name_with_paths_and_control_characters_is_mended(bob_client: Client) -> None:
    name = f"../../{'x' * 200}\x1b[2Jratings.csv"
    row = uploaded(bob_client, name=name)
    assert row.file_name.endswith("x[2Jratings.csv")
    assert len(row.file_name) == 200


def test_a_renamed_list_is_asked_about(bob_client: Client, bob: Viewer) -> None:
    seen = lines(["2024-03-01,Crime story #1,1941,x"], WATCHED)
    told = refused(upload(bob_client, seen, "mine.csv"), "contents")
    assert told.startswith("mine.csv could be films seen or a watchlist: say what is in it.")
    upload(bob_client, seen, "mine.csv", contents="watchlist")
    import_ratings(RatingsImport.objects.get().pk)
    assert marks_of(bob) == {1: "watchlist"}


def test_what_was_chosen_stays_when_a_file_is_refused(bob_client: Client) -> None:
    answer = upload(bob_client, "name,age\nTom,3\n", contents="seen")
    assert '<option value="seen" selected>' in answer.content.decode()


def test_a_second_import_waits_for_the_first(bob_client: Client) -> None:
    row = uploaded(bob_client)
    answer = upload(bob_client)
    assert "An import of yours is at work already" in text_of(answer)
    assert RatingsImport.objects.get() == row
    assert OrmQ.objects.count() == 1


def test_earlier_imports_are_listed(bob_client: Client, alice_client: Client) -> None:
    row = done(bob_client)
    assert f'href="/imports/{row.pk}/"' in bob_client.get("/import/").content.decode()
    assert "2 films that you brought wait" in text_of(bob_client.get("/import/"))
    assert "2 films that you brought still wait" in text_of(bob_client.get("/lists/"))
    assert "ratings.csv" not in alice_client.get("/import/").content.decode()


def test_somebody_elses_import_is_not_there(
    bob_client: Client, alice_client: Client, client: Client
) -> None:
    row = done(bob_client)
    twin = UnmatchedEntry.objects.ambiguous().get()
    assert alice_client.get(f"/imports/{row.pk}/").status_code == 404
    assert alice_client.get(f"/fragments/imports/{row.pk}/").status_code == 404
    assert client.get(f"/imports/{row.pk}/").status_code == 404
    for action in ("choose", "forget"):
        for prefix in ("", "/fragments"):
            path = f"{prefix}/unmatched/{twin.pk}/{action}/"
            assert alice_client.post(path, {"movie": 101}).status_code == 404
    assert UnmatchedEntry.objects.ambiguous().get() == twin


def test_a_queued_import_is_polled_and_has_a_link_without_scripts(bob_client: Client) -> None:
    row = uploaded(bob_client)
    html = bob_client.get(f"/imports/{row.pk}/").content.decode()
    assert "waiting for a worker" in html
    assert f'<a class="button" href="/imports/{row.pk}/">Look again</a>' in html
    assert bob_client.get(poll_of(html)).status_code == 204


def test_progress_is_shown_as_it_is(bob_client: Client) -> None:
    row = uploaded(bob_client)
    poll = poll_of(bob_client.get(f"/imports/{row.pk}/").content.decode())
    claim = imports.take(row.pk)
    assert claim
    imports.write(claim, progress=0.63)
    answer = bob_client.get(poll)
    assert re.search(r'<progress max="100"\s+value="63"', answer.content.decode())
    assert bob_client.get(poll_of(answer.content.decode())).status_code == 204
    import_ratings(row.pk)
    imports.write(claim, progress=0.64)
    assert bob_client.get(poll_of(answer.content.decode())).status_code == 200


def test_when_it_has_ended_the_report_comes_and_nothing_polls(bob_client: Client) -> None:
    row = uploaded(bob_client)
    poll = poll_of(bob_client.get(f"/imports/{row.pk}/").content.decode())
    import_ratings(row.pk)
    answer = bob_client.get(poll)
    assert "hx-trigger" not in answer.content.decode()
    assert 'hx-swap-oob="innerHTML">The import has ended.' in answer.content.decode()
    assert "1 film matched" in text_of(answer)


def test_the_report_adds_up_and_names_each_line(bob_client: Client) -> None:
    row = done(bob_client)
    answer = bob_client.get(f"/imports/{row.pk}/")
    assert answer.context["import"].tally == [
        ("Ratings added", 1),
        ("Could be several films", 1),
        ("Not in this catalogue", 1),
        ("Could not be read", 1),
    ]
    text = text_of(answer)
    assert "Rows read 4" in text
    assert "ratings.csv:5: rating 9 is out of range" in text
    assert "Unheard Of (2020) ★ 4.0" in text


def test_a_failed_import_says_why_and_keeps_the_trace_to_itself(bob_client: Client) -> None:
    row = uploaded(bob_client)
    claim = imports.take(row.pk)
    assert claim
    imports.fail(claim, imports.OUR_FAULT, "Traceback: secret")
    answer = bob_client.get(f"/imports/{row.pk}/")
    assert imports.OUR_FAULT in text_of(answer)
    assert "secret" not in answer.content.decode()


def test_an_import_that_nobody_comes_for_says_so(bob_client: Client) -> None:
    row = uploaded(bob_client)
    RatingsImport.objects.update(requested_at=Now() - timedelta(seconds=20))
    assert "No worker has come for it yet" in text_of(bob_client.get(f"/imports/{row.pk}/"))


def test_a_page_that_has_asked_for_long_stops_asking(bob_client: Client) -> None:
    row = uploaded(bob_client)
    answer = bob_client.get(f"/fragments/imports/{row.pk}/?since=1000000000")
    assert "Check again" in text_of(answer)
    assert "hx-trigger" not in answer.content.decode()


def test_a_poll_brings_back_what_lost_its_worker(bob_client: Client) -> None:
    row = uploaded(bob_client)
    imports.take(row.pk)
    RatingsImport.objects.update(lease_expires_at=Now() - timedelta(seconds=1))
    bob_client.get(f"/fragments/imports/{row.pk}/")
    row.refresh_from_db()
    assert row.status == Status.QUEUED
    assert OrmQ.objects.count() == 2


def test_films_are_chosen_by_hand(
    bob_client: Client, bob: Viewer, active_model: TrainedModel
) -> None:
    row = done(bob_client)
    page = bob_client.get(f"/imports/{row.pk}/").content.decode()
    twin = UnmatchedEntry.objects.ambiguous().get()
    assert re.findall(r'name="movie"\s+value="(\d+)"', page) == ["101", "102", "0"]
    answer = bob_client.post(f"/fragments/unmatched/{twin.pk}/choose/", {"movie": 102})
    assert "Twin (1990) is Twin (1990): rated ★ 3." in text_of(answer)
    assert stars_of(bob) == {1: 4.5, 102: 3.0}
    assert bob.predictions.filter(key=HOME).exists()
    page = bob_client.get(f"/imports/{row.pk}/").content.decode()
    assert 'name="movie"' not in page


def test_a_choice_does_not_overwrite_a_later_rating(bob_client: Client, bob: Viewer) -> None:
    done(bob_client)
    twin = UnmatchedEntry.objects.ambiguous().get()
    bob.rate(Movie.objects.get(pk=101), 5.0)
    answer = bob_client.post(f"/fragments/unmatched/{twin.pk}/choose/", {"movie": 101})
    assert "Twin (1990) is Twin (1990): left as you have it here." in text_of(answer)
    assert stars_of(bob) == {1: 4.5, 101: 5.0}


def test_none_of_these_is_kept_as_not_found(bob_client: Client, bob: Viewer) -> None:
    done(bob_client)
    twin = UnmatchedEntry.objects.ambiguous().get()
    bob_client.post(f"/fragments/unmatched/{twin.pk}/choose/", {"movie": 0})
    assert UnmatchedEntry.objects.not_found().count() == 2
    assert stars_of(bob) == {1: 4.5}


@pytest.mark.parametrize("movie", ["", "1", "-1", "x", "9" * 30])
def test_a_film_that_is_not_offered_is_refused(
    bob_client: Client, bob: Viewer, movie: str
) -> None:
    done(bob_client)
    twin = UnmatchedEntry.objects.ambiguous().get()
    answer = bob_client.post(f"/fragments/unmatched/{twin.pk}/choose/", {"movie": movie})
    assert "Choose a film" in text_of(answer) or "is not one of these" in text_of(answer)
    bob_client.post(f"/unmatched/{twin.pk}/choose/", {"movie": movie})
    assert stars_of(bob) == {1: 4.5}
    assert UnmatchedEntry.objects.ambiguous().get() == twin


def test_choosing_works_without_scripts(bob_client: Client, bob: Viewer) -> None:
    row = done(bob_client, letterboxd("Twin,1990,"))
    twin = UnmatchedEntry.objects.ambiguous().get()
    report = f"http://testserver/imports/{row.pk}/"
    answer = bob_client.post(
        f"/unmatched/{twin.pk}/choose/", {"movie": 101}, follow=True, headers={"Referer": report}
    )
    assert answer.redirect_chain == [(report, 302)]
    assert "Twin (1990) is Twin (1990): marked as seen." in text_of(answer)
    assert Mark.objects.get(viewer=bob).movie_id == 101


def test_a_form_on_another_site_does_not_lead_back_there(bob_client: Client) -> None:
    done(bob_client)
    entry = UnmatchedEntry.objects.not_found().get()
    elsewhere = {"Referer": "https://evil.example/"}
    answer = bob_client.post(f"/unmatched/{entry.pk}/forget/", headers=elsewhere)
    assert answer["Location"] == "/import/unmatched/"


@pytest.mark.parametrize("prefix", ["", "/fragments"])
def test_what_is_not_here_can_be_forgotten(bob_client: Client, prefix: str) -> None:
    done(bob_client)
    entry = UnmatchedEntry.objects.not_found().get()
    bob_client.post(f"{prefix}/unmatched/{entry.pk}/forget/")
    assert [each.title for each in UnmatchedEntry.objects.all()] == ["Twin"]


def test_all_that_has_no_film_is_paged_with_the_choices_first(bob_client: Client) -> None:
    unheard = [f"Another {number},2020,4" for number in range(60)]
    row = done(bob_client, letterboxd("Twin,1990,3", *unheard))
    assert "40 more" in text_of(bob_client.get(f"/imports/{row.pk}/"))
    page = bob_client.get("/import/unmatched/").context["page"]
    assert [each.entry.title for each in page.object_list][:2] == ["Twin", "Another 0"]
    second = bob_client.get("/import/unmatched/?page=2")
    assert second.context["page"].number == 2
    assert 'rel="prev"' in second.content.decode()
    assert bob_client.get("/import/unmatched/?page=nonsense").status_code == 200


def test_nothing_without_a_film_is_said_to_a_stranger(client: Client) -> None:
    assert "Nothing is waiting" in text_of(client.get("/import/unmatched/"))


def test_titles_are_shown_and_never_obeyed(bob_client: Client) -> None:
    row = done(bob_client, letterboxd("<script>x</script>,2020,4", "=HYPERLINK(1),2020,4"))
    html = bob_client.get(f"/imports/{row.pk}/").content.decode()
    assert "&lt;script&gt;x&lt;/script&gt; (2020)" in html
    assert "=HYPERLINK(1) (2020)" in html
