"""A bucket of S3, or of a server that speaks the same language, as cold storage.

Only loaded where COLD_STORAGE_URL names a bucket. Each request is bounded in time, and objects are
sent in one piece: an upload that ends half way leaves nothing behind.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cached_property
from typing import Any

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
)
from botocore.session import get_session
from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage

from evently.lifecycle.failures import ColdStorageUnreachable
from evently.time_limits import within

# Of one try, and of a request with all its tries. botocore's own are a minute each, five times.
CONNECT_SECONDS, READ_SECONDS, ANSWER_SECONDS = 5.0, 15.0, 45.0
TRIES = 2
TYPE = "application/octet-stream"
# What the server answers, and what to do about it.
ADVICE = {
    "NoSuchBucket": "there is no such bucket; create it, or correct COLD_STORAGE_URL",
    "InvalidAccessKeyId": "it does not know the access_key; correct it in COLD_STORAGE_URL",
    "SignatureDoesNotMatch": (
        "the secret_key is wrong; correct it in COLD_STORAGE_URL (write %25 for %, %26 for &)"
    ),
    "ExpiredToken": "the credentials have expired; renew them",
    "AccessDenied": (
        "the key may not do that; allow s3:GetObject, s3:PutObject and s3:DeleteObject on "
        "the objects, and s3:ListBucket on the bucket"
    ),
    "PermanentRedirect": "the bucket is in another region; set region_name in COLD_STORAGE_URL",
    "AuthorizationHeaderMalformed": (
        "the bucket is in another region; set region_name in COLD_STORAGE_URL"
    ),
    "IllegalLocationConstraintException": (
        "the bucket is in another region; set region_name in COLD_STORAGE_URL"
    ),
    "RequestTimeTooSkewed": "the clock of this machine is wrong",
}
# More than any file has. What is longer is no file of ours.
MOST_BYTES = 256 * 1024 * 1024
NO_KEY = (
    "no credentials were found; set access_key and secret_key in COLD_STORAGE_URL, or "
    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment"
)


class Bucket(Storage):
    """Objects of a folder in a bucket. None is overwritten: a name that is taken is refused."""

    # Of a list; the most that servers give at once.
    page_size = 1000

    def __init__(
        self,
        *,
        bucket: str,
        folder: str = "",
        endpoint_url: str | None = None,
        region_name: str | None = None,
        access_key: str | None = None,
        secret_key: str | None = None,
        addressing_style: str = "auto",
        storage_class: str | None = None,
    ) -> None:
        self.bucket = bucket
        self.folder = folder
        self.storage_class = storage_class
        self._client_options = {
            "endpoint_url": endpoint_url,
            "region_name": region_name,
            "aws_access_key_id": access_key,
            "aws_secret_access_key": secret_key,
        }
        self._addressing_style = addressing_style

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.folder}".rstrip("/")

    @cached_property
    def _client(self) -> Any:
        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": TRIES},
            s3={"addressing_style": self._addressing_style},
            # Many servers other than Amazon's do not know these; what is written is read back.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        return get_session().create_client("s3", config=config, **self._client_options)

    # ── Django's storage API ────────────────────────────────────────────────
    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """Return the name as it is: one that is listed must be the one that was written."""
        if self.exists(name):
            raise FileExistsError(name)
        return name

    def exists(self, name: str) -> bool:
        # Not HEAD, whose answer has no body: it cannot say that there is no bucket, or why not.
        key = self._key(name)
        answer = self._ask("list_objects_v2", Prefix=key, MaxKeys=1)
        return any(each["Key"] == key for each in answer.get("Contents", ()))

    def delete(self, name: str) -> None:
        self._ask("delete_object", Key=self._key(name))

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        """Return the folders and the names in a folder, "" for all of it."""
        prefix = f"{self._key(path)}/".removeprefix("/")
        folders: list[str] = []
        names: list[str] = []
        for page in self._pages(prefix):
            folders += [each["Prefix"] for each in page.get("CommonPrefixes", ())]
            names += [each["Key"] for each in page.get("Contents", ())]
        begin = len(prefix)
        return [each[begin:].rstrip("/") for each in folders], [each[begin:] for each in names]

    def _open(self, name: str, mode: str = "rb") -> File:
        answer = self._ask("get_object", Key=self._key(name))
        return ContentFile(answer["Content"], name)

    def _save(self, name: str, content: Any) -> str:
        more = {"StorageClass": self.storage_class} if self.storage_class else {}
        body = content.read()
        self._ask("put_object", Key=self._key(name), Body=body, ContentType=TYPE, **more)
        return name

    # ── Asking ──────────────────────────────────────────────────────────────
    def _key(self, name: str) -> str:
        return f"{self.folder}/{name}".strip("/")

    def _pages(self, prefix: str) -> Iterator[dict[str, Any]]:
        each = {"Delimiter": "/", "MaxKeys": self.page_size}
        more: dict[str, str] = {}
        while True:
            page = self._ask("list_objects_v2", Prefix=prefix, **each, **more)
            yield page
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def _ask(self, method: str, **arguments: Any) -> dict[str, Any]:
        """Return the answer, with the body of an object as `Content`.

        Raises FileNotFoundError, ColdStorageUnreachable.
        """
        try:
            return within(ANSWER_SECONDS, self._asking(method, arguments))
        except TimeoutError as error:
            raise self._unreachable("it does not answer in time") from error
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code == "NoSuchKey":
                raise FileNotFoundError(arguments["Key"]) from error
            advice = ADVICE.get(code, "see the documentation of the storage")
            raise self._unreachable(f"it refuses {method} ({code}): {advice}") from error
        except (NoCredentialsError, PartialCredentialsError) as error:
            raise self._unreachable(NO_KEY) from error
        except ParamValidationError as error:
            raise self._unreachable("the name of the bucket is not valid") from error
        except (BotoCoreError, OSError) as error:
            why = f"it cannot be reached ({type(error).__name__}); check endpoint_url and network"
            raise self._unreachable(why) from error

    def _asking(self, method: str, arguments: dict[str, Any]) -> Callable[[], dict[str, Any]]:
        def work() -> dict[str, Any]:
            call = getattr(self._client, method)
            answer: dict[str, Any] = call(Bucket=self.bucket, **arguments)
            if (body := answer.pop("Body", None)) is not None:
                with closing(body):
                    answer["Content"] = body.read(MOST_BYTES)
            return answer

        return work

    def _unreachable(self, why: str) -> ColdStorageUnreachable:
        return ColdStorageUnreachable(f"Cold storage at {self} cannot be used: {why}.")
