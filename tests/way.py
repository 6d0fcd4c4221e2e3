"""A way to a server that a test can break, or do something on, at each message."""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from servers import Server


class Way:
    """A way to the server that counts what the client says, and does something at one of these words.

    `at` is the number of the message, None for never; `deed` is done before it is passed on, or after, when the server
    has heard it and its answer has no way back.
    """

    def __init__(self, server: Server, at: int | None, deed: Callable[[], None] | None, *, after: bool) -> None:
        self.said = 0
        self._server, self._at, self._after = server, at, after
        self._cuts = deed is None
        self._deed = deed or (lambda: None)
        self._over = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                with suppress(OSError):
                    server = socket.create_connection(("127.0.0.1", self._server.port))
                    threading.Thread(target=self._pass_back, args=(server, client), daemon=True).start()
                    threading.Thread(target=self._pass_on, args=(client, server), daemon=True).start()
                    continue
                client.close()

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(65_536):
                self.said += 1
                if self.said == self._at:
                    try:
                        self._do(data, client, server)
                    finally:
                        self._over.set()
                    break
                server.sendall(data)
        for each in (client, server):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _do(self, data: bytes, client: socket.socket, server: socket.socket) -> None:
        if self._after:
            if self._cuts:
                client.shutdown(socket.SHUT_WR)  # its answer has no way back
            server.sendall(data)
            time.sleep(0.2 if self._cuts else 0.005)
        self._deed()

    def _pass_back(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(65_536):
                client.sendall(data)
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)  # the other thread may be reading it, and a close would wait for that
        client.close()

    def cut_next(self) -> None:
        """Do it at the next message."""
        self._at = self.said + 1

    def close(self) -> bool:
        """Take no more connections, and wait for what is being done; tell whether its message was said."""
        self._listening.close()
        met = self._at is not None and self.said >= self._at
        return met and self._over.wait(300)
