from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from recommendations.operations import demo
from recommendations.operations.processes import Children
from recommendations.stopping import Stopped, stoppable


class Command(BaseCommand):
    help = "Sets up what is missing and runs the whole site: web server and workers."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="Address to listen on")
        parser.add_argument("--port", type=int, default=8000, help="Port to listen on")
        parser.add_argument("--workers", type=int, default=2, help="Worker processes")
        parser.add_argument(
            "--dataset",
            default="auto",
            help="A MovieLens folder, zip or data set name, or sample; auto looks for "
            "ml-latest-small.zip in DATA_DIR, ./data and ../shared/data, downloads it if there "
            "is none, and takes the built-in sample if that fails",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        site = demo.Site(options["host"], options["port"], options["workers"])
        if site.workers < 1:
            raise CommandError("--workers: at least one worker is needed.")
        try:
            with stoppable():
                self.run(site, options["dataset"])
        except demo.DemoError as error:
            raise CommandError(str(error)) from error
        except Stopped:
            self.stdout.write("Stopped.")

    def run(self, site: demo.Site, dataset: str) -> None:
        demo.check_port(site)
        demo.set_up(dataset, self.stdout.write)
        with Children() as children:
            self.stdout.write("Starting the web server and the workers …")
            demo.start(site, children)
            self.greet(site, demo.make_logins())
            ended = demo.watch(children)
            raise demo.DemoError(f"The {ended} ended; start the demo again.")

    def greet(self, site: demo.Site, passwords: dict[str, str]) -> None:
        for name, password in passwords.items():
            self.stdout.write(f"  sign in as {name:<6} password {password}   (shown this once)")
        if not passwords:
            self.stdout.write("  forgot a password? manage.py changepassword demo (or staff)")
        self.stdout.write(
            f"  data in {settings.DATA_DIR}\n"
            f"recsite is up at {self.style.SUCCESS(site.url)}   Ctrl-C stops it."
        )
        self.stdout.flush()
