"""The embedded Valkey: Celery's broker, and the cache."""

import json
import signal
import subprocess
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from evently.embedded import processes, relay
from evently.embedded.programs import data_folder, give_ownership, server_user, valkey_program
from evently.embedded.state import CannotStart

PROGRAM = "valkey-server"


class Valkey:
    """The embedded Valkey of one EVENTLY_HOME."""

    name = "valkey"
    stop_signal = signal.SIGTERM

    def __init__(self, home: Path, *, password: str) -> None:
        """Configure the server without starting it; `servers.describe` sets its port."""
        self.port = 0
        self.password = password
        self.user = server_user(home / "valkey")
        self.program = valkey_program(self.user)
        self.data = data_folder(home, "valkey", self.user)
        self.log = home / "valkey.log"

    def stop_leftover(self) -> None:
        """Stop a server that a killed supervisor left running."""
        processes.stop_leftover(PROGRAM, folder=self.data, stop_signal=self.stop_signal)

    def prepare(self) -> None:
        """Create the data folder, and write the configuration."""
        self.data.mkdir(mode=0o700, exist_ok=True)
        give_ownership(self.data, self.user)
        # In a file, since command lines are visible to all users.
        config = self.data / "valkey.conf"
        config.unlink(missing_ok=True)
        config.touch(mode=0o600)
        config.write_text(self.config())
        give_ownership(config, self.user)

    def config(self) -> str:
        """Return the configuration: the queue is persisted, and no key is evicted."""
        return "\n".join(
            [
                "bind 127.0.0.1",
                f"port {self.port}",
                f"requirepass {self.password}",
                # Quoted: the path may contain spaces.
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
        """Start the server; it is ready when `answers` returns True."""
        self.log.unlink(missing_ok=True)
        with relay.log_for(self.log, PROGRAM) as log:
            return processes.spawn(
                [self.program, self.data / "valkey.conf"],
                death_signal=self.stop_signal,
                user=self.user,
                cwd=Path("/"),
                output=log,
            )

    def answers(self) -> bool:
        """Return whether the server accepts commands, which it does once its data is loaded."""
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
            raise CannotStart(
                f"Port {self.port} is used by another Valkey or Redis. Start Evently again."
            ) from error
        except redis.RedisError:
            return False
        finally:
            client.close()
