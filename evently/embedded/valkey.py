"""An embedded Valkey: Celery's broker and the cache."""

import json
import signal
import subprocess
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from evently.embedded import processes
from evently.embedded.programs import data_folder, hand_over, server_user, valkey_program
from evently.embedded.state import CannotStart

PROGRAM = "valkey-server"


class Valkey:
    """The embedded Valkey of one EVENTLY_HOME."""

    name = "valkey"
    polite_signal = signal.SIGTERM

    def __init__(self, home: Path, *, password: str) -> None:
        """Describe the server; nothing starts yet, and its port is settled later."""
        self.port = 0
        self.password = password
        self.user = server_user(home / "valkey")
        self.program = valkey_program(self.user)
        self.data = data_folder(home, "valkey", self.user)
        self.log = home / "valkey.log"

    def clear_away(self) -> None:
        """Wait until a killed predecessor is gone."""
        processes.send_off(PROGRAM, folder=self.data, polite=self.polite_signal)

    def prepare(self) -> None:
        """Make the data folder and the configuration."""
        self.data.mkdir(mode=0o700, exist_ok=True)
        hand_over(self.data, self.user)
        # A file keeps the password out of the list of processes.
        config = self.data / "valkey.conf"
        config.unlink(missing_ok=True)
        config.touch(mode=0o600)
        config.write_text(self.config())
        hand_over(config, self.user)

    def config(self) -> str:
        """Return the server's configuration: queued work survives, nothing is evicted."""
        return "\n".join(
            [
                "bind 127.0.0.1",
                f"port {self.port}",
                f"requirepass {self.password}",
                # In quotes, as its strings are written: the path may have a blank in it.
                f"dir {json.dumps(str(self.data), ensure_ascii=False)}",
                "appendonly yes",
                "appendfsync everysec",
                'save ""',
                "maxmemory-policy noeviction",
                "loglevel warning",
                "",
            ]
        )

    def start(self) -> "subprocess.Popen[bytes]":
        """Start the server; `answers` says when it is there."""
        with self.log.open("wb") as log:
            return processes.spawn(
                [self.program, self.data / "valkey.conf"],
                last_signal=self.polite_signal,
                user=self.user,
                cwd=Path("/"),
                output=log.fileno(),
            )

    def answers(self) -> bool:
        """Return whether the server takes commands; while it loads its data it does not."""
        client = redis.Redis(
            port=self.port,
            password=self.password,
            socket_connect_timeout=1,
            socket_timeout=1,
            retry=Retry(NoBackoff(), 0),
        )
        try:
            return bool(client.ping())
        except redis.AuthenticationError as error:
            raise CannotStart(f"Port {self.port} was taken by another server.") from error
        except redis.RedisError:
            return False
        finally:
            client.close()
