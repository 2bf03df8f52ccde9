"""A web server on this machine that answers as it is told, and keeps what it was sent."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SLOW, DRIPPING = "slow", "dripping"


class Receiver:
    def __init__(self, answers):
        self.answers = list(answers)
        self.bodies, self.headers = [], []
        self.open = threading.Event()
        self.port = 0

    def url(self, path="/hook"):
        return f"http://127.0.0.1:{self.port}{path}"


@contextmanager
def receiver(*answers) -> Iterator[Receiver]:
    """Each request gets the next answer, a status or a way of not answering; the last one stays."""
    told = Receiver(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.bodies.append(json.loads(body))
            told.headers.append(dict(self.headers))
            answer = told.answers.pop(0) if len(told.answers) > 1 else told.answers[0]
            if answer == SLOW:
                told.open.wait(20)
            elif answer == DRIPPING:
                self.drip()
            else:
                self.send_response(answer)
                self.send_header("Location", told.url("/elsewhere"))
                self.end_headers()

        def drip(self):
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while not told.open.is_set():
                try:
                    self.wfile.write(b"X-Slow: yes\r\n")
                except OSError:
                    return
                time.sleep(0.02)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        told.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield told
        finally:
            told.open.set()
            server.shutdown()
            thread.join()
