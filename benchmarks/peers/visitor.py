"""What the peer's script does, done without a browser."""

import json
import time

from benchmarks.readers import SHELF, Reader, expect

#: Seconds between an answer and the next question, as in `static/picks.js`.
PAUSE = 0.1


class PeerReader(Reader):
    cookie = "session"

    def follow(self, html: str, started: float) -> None:
        """Post the task, and ask how far it is until its films are there."""
        status, _, answer = self.get("/picks", "POST")
        expect(status, "/picks", 202)
        path = f"/status/{json.loads(answer)['task']}"
        while time.monotonic() < started + self.patience:
            status, _, answer = self.get(path)
            expect(status, path)
            told = json.loads(answer)
            if told["state"] == "SUCCESS":
                self.shelves = dict(SHELF.findall(told["html"]))
                return
            if told["state"] == "FAILURE":
                raise OSError("the task failed")
            time.sleep(PAUSE)
        raise OSError("the page does not get complete")
