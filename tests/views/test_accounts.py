"""Signing up, in and out, passwords, and what stops who tries too often."""

import re
import smtplib

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import NoReverseMatch, reverse
from pytest_django import Settings

from recommendations.models import Viewer
from recommendations.urls.accounts import urlpatterns as account_urls

SECRET = "correct horse battery"
SIGN_UP = {"username": "carol", "password1": SECRET, "password2": SECRET}


@pytest.fixture(autouse=True)
def untried(db: None) -> None:
    """Nobody has tried anything yet."""
    cache.clear()


@pytest.fixture
def sends_mail(settings: Settings) -> None:
    settings.EMAIL_URL = "smtp://mail.example.org:587/?tls=1"
    settings.DEFAULT_FROM_EMAIL = "films@example.org"


def sign_in(client: Client, name: str, password: str, **more: str) -> int:
    fields = {"login": name, "password": password} | more
    return client.post("/account/login/", fields).status_code


def test_signing_up_takes_a_name_and_a_password(client: Client) -> None:
    answer = client.post("/account/signup/", SIGN_UP)
    assert answer.headers["Location"] == "/"
    assert "carol" in client.get("/").content.decode()
    assert Viewer.objects.get(user__username="carol").kind == Viewer.Kind.ACCOUNT


def test_what_was_typed_is_kept_and_the_error_stands_by_the_field(client: Client) -> None:
    wrong = SIGN_UP | {"email": "carol@example.org", "password2": "another horse battery"}
    html = client.post("/account/signup/", wrong).content.decode()
    assert 'value="carol"' in html
    assert 'value="carol@example.org"' in html
    assert 'id="id_password2_error"' in html
    assert 'aria-describedby="id_password2_error"' in html
    assert not User.objects.exists()


def test_a_name_that_is_taken_is_refused(client: Client, alice: Viewer) -> None:
    page = client.post("/account/signup/", SIGN_UP | {"username": "alice"})
    assert "already exists" in page.content.decode()


@pytest.mark.parametrize("login", ["carol", "carol@example.org"])
def test_signing_in_by_name_or_by_e_mail(client: Client, login: str) -> None:
    client.post("/account/signup/", SIGN_UP | {"email": "carol@example.org"})
    client.post("/account/logout/")
    assert sign_in(client, login, "wrong") == 200
    assert sign_in(client, login, SECRET) == 302
    assert client.get("/").context["user"].username == "carol"


def test_it_goes_on_where_it_began(client: Client, alice: Viewer) -> None:
    page = client.get("/account/login/", {"next": "/films/5/"}).content.decode()
    assert "/account/signup/?next=%2Ffilms%2F5%2F" in page
    assert 'name="next" value="/films/5/"' in page
    there = {"login": "alice", "password": "a long secret", "next": "/films/5/"}
    assert client.post("/account/login/", there).headers["Location"] == "/films/5/"


def test_it_never_goes_elsewhere(client: Client, alice: Viewer) -> None:
    away = {"login": "alice", "password": "a long secret", "next": "https://evil.example/"}
    assert client.post("/account/login/", away).headers["Location"] == "/"


def test_the_old_addresses_still_lead_there(client: Client) -> None:
    old = client.get("/sign-in/", {"next": "/films/5/"})
    assert old.headers["Location"] == "/account/login/?next=%2Ffilms%2F5%2F"
    assert client.get("/sign-out/").headers["Location"] == "/account/logout/"


def test_signing_out_leaves_nothing_in_the_session(client: Client, alice: Viewer) -> None:
    sign_in(client, "alice", "a long secret")
    assert client.session.keys()
    page = client.post("/account/logout/", follow=True)
    assert "You have signed out" in page.content.decode()
    assert not client.session.keys()


def test_a_new_password_is_chosen_with_the_old_one(alice_client: Client, client: Client) -> None:
    fields = {"oldpassword": "a long secret", "password1": SECRET, "password2": SECRET}
    assert (
        alice_client.post("/account/password/change/", fields).headers["Location"] == "/account/"
    )
    assert alice_client.get("/account/").context["user"].is_authenticated
    assert sign_in(client, "alice", "a long secret") == 200
    assert sign_in(client, "alice", SECRET) == 302


def test_the_e_mail_address_is_changed_with_the_password(
    alice_client: Client, alice: Viewer, client: Client
) -> None:
    new = {"email": "Alice@example.org", "password": "a long secret"}
    assert alice_client.post("/account/email/", new).headers["Location"] == "/account/"
    assert sign_in(client, "alice@example.org", "a long secret") == 302
    alice_client.post("/account/email/", new | {"email": ""})
    assert sign_in(Client(), "alice@example.org", "a long secret") == 200


def test_without_the_password_the_e_mail_address_stays(
    alice_client: Client, alice: Viewer
) -> None:
    page = alice_client.post("/account/email/", {"email": "x@example.org", "password": "wrong"})
    assert "This is not your password." in page.content.decode()
    assert 'value="x@example.org"' in page.content.decode()
    assert not User.objects.filter(email="x@example.org").exists()


def test_who_was_signed_out_meanwhile_signs_in_and_is_back_on_the_account_page(
    client: Client, alice: Viewer
) -> None:
    asked = client.post("/account/email/", {"email": "alice@example.org"})
    fields = {"login": "alice", "password": "a long secret"}
    page = client.post(asked.headers["Location"], fields, follow=True)
    assert page.redirect_chain[-1][0] == "/account/"
    assert page.status_code == 200


def test_somebody_elses_e_mail_address_is_refused(alice_client: Client, bob: Viewer) -> None:
    assert bob.user
    User.objects.filter(pk=bob.user.pk).update(email="bob@example.org")
    taken = {"email": "BOB@example.org", "password": "a long secret"}
    page = alice_client.post("/account/email/", taken)
    assert "already registered" in page.content.decode()


def test_without_mail_the_site_says_whom_to_ask(client: Client, alice: Viewer) -> None:
    assert "/account/password/reset/" in client.get("/account/login/").content.decode()
    for page in (
        client.get("/account/password/reset/"),
        client.post("/account/password/reset/", {"email": "alice@example.org"}),
    ):
        assert "manage.py changepassword NAME" in page.content.decode()
    assert client.get("/account/password/reset/done/").status_code == 404
    assert not mail.outbox


@pytest.mark.usefixtures("sends_mail")
def test_a_forgotten_password_is_replaced_by_mail(client: Client, alice: Viewer) -> None:
    User.objects.filter(username="alice").update(email="alice@example.org")
    sent = client.post("/account/password/reset/", {"email": "alice@example.org"}, follow=True)
    assert "Look into your mail" in sent.content.decode()
    [letter] = mail.outbox
    assert letter.from_email == "films@example.org"
    link = re.search(r"http://testserver(\S+)", str(letter.body))
    assert link
    form = client.get(link[1], follow=True)
    assert "Choose a new password" in form.content.decode()
    client.post(form.redirect_chain[-1][0], {"password1": SECRET, "password2": SECRET})
    assert sign_in(client, "alice", SECRET) == 302
    used = Client().get(link[1], follow=True)
    assert "used already" in used.content.decode()


@pytest.mark.usefixtures("sends_mail")
def test_nobody_learns_who_has_an_account_and_strangers_get_no_mail(client: Client) -> None:
    page = client.post("/account/password/reset/", {"email": "who@example.org"}, follow=True)
    assert "Look into your mail" in page.content.decode()
    assert not mail.outbox


@pytest.mark.usefixtures("sends_mail")
def test_a_mail_server_that_is_away_is_no_success(
    client: Client, alice: Viewer, settings: Settings
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert issubclass(smtplib.SMTPException, OSError)
    User.objects.filter(username="alice").update(email="alice@example.org")
    page = client.post("/account/password/reset/", {"email": "alice@example.org"})
    assert "could not be sent" in page.content.decode()


def test_who_guesses_passwords_is_stopped(client: Client, alice: Viewer) -> None:
    for _ in range(5):
        assert sign_in(client, "alice", "wrong") == 200
    fields = {"login": "alice", "password": "a long secret"}
    page = client.post("/account/login/", fields)
    assert "Too many failed login attempts" in page.content.decode()
    assert "_auth_user_id" not in client.session


@pytest.mark.usefixtures("sends_mail")
@pytest.mark.parametrize(
    ("path", "times", "fields"),
    [
        ("login/", 30, {}),
        ("signup/", 20, {}),
        ("password/reset/", 5, {"email": "who@example.org"}),
        ("password/change/", 5, {}),
    ],
)
def test_who_tries_ever_again_sees_our_429_page(
    client: Client, alice_client: Client, path: str, times: int, fields: dict[str, str]
) -> None:
    visitor = alice_client if path == "password/change/" else client
    for _ in range(times):
        assert visitor.post(f"/account/{path}", fields).status_code in {200, 302}
    page = visitor.post(f"/account/{path}", fields)
    assert page.status_code == 429
    assert "That was too often" in page.content.decode()
    assert "rec<b>site</b>" in page.content.decode()


def test_the_password_cannot_be_guessed_on_the_account_page(
    alice_client: Client, alice: Viewer
) -> None:
    for _ in range(5):
        alice_client.post("/account/delete/", {"password": "wrong"})
    page = alice_client.post("/account/delete/", {"password": "a long secret"})
    assert "Too many failed login attempts" in page.content.decode()
    assert User.objects.filter(username="alice").exists()


@pytest.mark.parametrize(("proxies", "status"), [(0, 429), (1, 200)])
def test_behind_a_proxy_each_client_has_tries_of_its_own(
    client: Client, settings: Settings, proxies: int, status: int
) -> None:
    settings.TRUSTED_PROXIES = proxies
    for number in range(30):
        client.post(
            "/account/login/", {}, headers={"X-Forwarded-For": f"6.6.6.{number}, 10.0.0.1"}
        )
    last = client.post("/account/login/", {}, headers={"X-Forwarded-For": "6.6.6.6, 10.0.0.2"})
    assert last.status_code == status


@pytest.mark.parametrize("path", ["/admin/", "/admin/login/"])
def test_staff_signs_in_where_all_do(client: Client, path: str) -> None:
    User.objects.create_superuser("charlie", password=SECRET)
    page = client.get(path, follow=True)
    assert page.redirect_chain[-1][0].startswith("/account/login/?next=")
    there = client.post(page.redirect_chain[-1][0], {"login": "charlie", "password": SECRET})
    assert there.headers["Location"].startswith("/admin/")
    assert client.get("/admin/").status_code == 200


def test_who_is_no_staff_does_not_get_into_the_admin(alice_client: Client) -> None:
    assert alice_client.get("/admin/", follow=True).status_code == 403


def test_signing_in_sends_another_tab_to_load_its_page_anew(alice: Viewer) -> None:
    client = Client(enforce_csrf_checks=True)
    client.get("/account/login/")
    old = client.cookies["csrftoken"].value
    fields = {"login": "alice", "password": "a long secret", "csrfmiddlewaretoken": old}
    assert client.post("/account/login/", fields).status_code == 302
    headers = {"HX-Request": "true", "X-CSRFToken": old}
    answer = client.post("/fragments/films/5/rating/", {"stars": "4"}, headers=headers)
    assert answer.headers["HX-Refresh"] == "true"


ARGUMENTS = {"account_reset_password_from_key": {"uidb36": "1", "key": "set-password"}}
NO_PAGES = {"account-export-json", "account-export-zip"}


@pytest.mark.usefixtures("sends_mail")
@pytest.mark.parametrize("name", sorted({str(each.name) for each in account_urls} - NO_PAGES))
@pytest.mark.parametrize("signed_in", [False, True])
def test_all_pages_of_the_account_have_our_look(
    client: Client, alice: Viewer, name: str, signed_in: bool
) -> None:
    if signed_in:
        assert alice.user
        client.force_login(alice.user)
    page = client.get(reverse(name, kwargs=ARGUMENTS.get(name)), follow=True)
    if name == "account-delete" and not signed_in:
        assert page.status_code == 404
        return
    html = page.content.decode()
    assert page.status_code == 200
    assert "base.html" in [template.name for template in page.templates]
    assert html.count("<h1") == 1
    assert " style=" not in html
    assert "no-cache" in page.headers["Cache-Control"]


@pytest.mark.parametrize(
    "path",
    ["confirm-email/", "login/code/", "login/code/confirm/", "reauthenticate/", "3rdparty/"],
)
def test_what_is_turned_off_is_not_there(client: Client, path: str) -> None:
    assert client.get(f"/account/{path}").status_code == 404


def test_allauth_offers_no_page_beside_ours(client: Client) -> None:
    with pytest.raises(NoReverseMatch):
        reverse("account_email")
