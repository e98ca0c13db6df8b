"""The pages of MiniWoB++ on loopback, for the arms that do not serve them themselves. usage: serve.py PORT FOLDER"""

import functools
import http.server
import sys


class Quiet(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass


handler = functools.partial(Quiet, directory=sys.argv[2])
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), handler).serve_forever()
