"""The page Operations of a running site: it sees real workers and changes by itself."""

import json
import urllib.error
import urllib.request

import pytest
from axe_playwright_python.base import AxeResults
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browsing import sign_in, silent_page
from tests.e2e.running import RunningSite, until

#: The admin's links change their colour gradually, also when the scheme changes.
COLOURS_SETTLED = "Promise.all(document.getAnimations().map((each) => each.finished))"

OPERATOR = """
from importlib import import_module
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User

operator, _ = User.objects.get_or_create(username="operator", is_staff=True, is_superuser=True)
session = import_module(settings.SESSION_ENGINE).SessionStore()
session[SESSION_KEY] = str(operator.pk)
session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
session[HASH_SESSION_KEY] = operator.get_session_auth_hash()
session.save()
print(session.session_key)
"""


@pytest.fixture(scope="module")
def operator(site: RunningSite, member: str) -> str:
    """The session of a superuser, when a prediction has been made."""
    return site.shell(OPERATOR).strip()


def test_the_operator_sees_the_workers_and_pauses_a_queue_without_loading_the_page_anew(
    page: Page, site: RunningSite, operator: str
) -> None:
    sign_in(page.context, site, operator)
    page.goto(f"{site.url}admin/")
    page.get_by_role("link", name="Operations").click()
    workers = page.get_by_role("region", name="Workers").get_by_role("row")
    expect(workers.filter(has_text="predictions").first).to_contain_text(":")
    expect(page.get_by_role("img", name="Run, last hour: p50")).to_be_visible()

    batch = page.get_by_role("region", name="Queues").get_by_role("row").filter(has_text="batch")
    expect(batch).to_contain_text("open")
    page.evaluate("window.same = true")
    site.shell("PausedQueue.objects.create(name='batch', paused_by='the shell')")
    expect(batch).to_contain_text("paused by the shell", timeout=30_000)
    assert page.evaluate("window.same")

    batch.get_by_role("link", name="Resume the queue batch").click()
    page.get_by_role("button", name="Resume the queue batch").click()
    expect(page.get_by_text("The queue batch is open again.")).to_be_visible()
    expect(batch).to_contain_text("open")


def test_axe_finds_nothing_and_nothing_is_too_wide(
    browser: Browser, site: RunningSite, operator: str
) -> None:
    with browser.new_context(reduced_motion="reduce") as context, silent_page(context) as page:
        sign_in(context, site, operator)
        page.goto(f"{site.url}admin/operations/?live=no")
        for summary in page.locator(".operations summary").all():
            summary.click()
        page.evaluate(Axe().axe_script)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            for width in (360, 1440):
                page.set_viewport_size({"width": width, "height": 900})
                page.evaluate(COLOURS_SETTLED)
                found = AxeResults(
                    page.evaluate("axe.run('.operations', {resultTypes: ['violations']})")
                )
                assert not found.violations_count, f"{scheme}, {width}: {found.generate_report()}"
                assert page.evaluate("document.documentElement.scrollWidth") <= width


def answer(site: RunningSite, path: str) -> str:
    try:
        with urllib.request.urlopen(site.url + path, timeout=20) as response:
            text: str = response.read().decode()
    except urllib.error.HTTPError as error:
        return error.read().decode()
    return text


def test_probes_command_and_metrics_of_a_running_site_agree(
    site: RunningSite, operator: str
) -> None:
    assert answer(site, "healthz") == "alive\n"
    until(lambda: answer(site, "readyz") == "ready\n", every=0.5)
    idle = 'recsite_workers{queue="training",state="idle"} 1.0'
    until(lambda: idle in answer(site, "metrics").splitlines(), every=0.5)
    seen = json.loads(site.manage("status", "--json", check=False).stdout)
    assert {"predictions", "training"} <= {worker["queue"] for worker in seen["workers"]}
    assert all(worker["alive"] for worker in seen["workers"])
    assert seen["model"]["name"] == "slow 1"
    assert {problem["code"] for problem in seen["problems"]} <= {"disk_full"}
