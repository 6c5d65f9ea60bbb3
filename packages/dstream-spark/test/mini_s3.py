"""An S3 server on loopback: moto's, in memory, with what the tests need of a store that moto's own program lacks.

It prints its port, obeys the lines "away" and "back", and ends with its standard input.
"""

import sys
import threading

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

HOST = "127.0.0.1"
# The bucket of a server that knows no conditional writes: such a server does not look at the header.
OLD = "/old/"

moto = DomainDispatcherApplication(create_backend_app)
turn = threading.Lock()


def store(environ, start_response):
    if environ["PATH_INFO"].startswith(OLD):
        environ.pop("HTTP_IF_NONE_MATCH", None)
    # Moto looks for an object and writes it in two steps, where S3 has one.
    with turn:
        return list(moto(environ, start_response))


class Quiet(MotoRequestHandler):
    def log_request(self, *args):
        pass


def serve(port):
    server = make_server(HOST, port, store, threaded=True, request_handler=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


server = serve(0)
port = server.port
print(port, flush=True)
for line in sys.stdin:
    if line == "away\n":
        server.shutdown()
        server.server_close()
    else:
        server = serve(port)
    print(line, end="", flush=True)
