"""Clients of AWS, for whoever keeps something there, and its refusals as errors of ours.

Endpoint, region and credentials come from the usual chain: the environment (`AWS_ENDPOINT_URL`, `AWS_REGION`, ...),
profiles, roles. None of it is ever a setting of ours, and none is told in a message.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from hitparade.errors import ConfigError, MissingExtra, StorageError

T = TypeVar("T")
ATTEMPTS = 6
CONNECT_SECONDS = 5
READ_SECONDS = 60
REFUSED = frozenset(
    {"AccessDenied", "AccessDeniedException", "AllAccessDisabled", "InvalidAccessKeyId", "SignatureDoesNotMatch"}
    | {"ExpiredToken", "ExpiredTokenException", "InvalidToken", "UnrecognizedClientException", "InvalidClientTokenId"}
    | {"IncompleteSignature", "InvalidSignatureException", "MissingAuthenticationToken", "403"}
)
MISSING = frozenset({"NoSuchBucket", "ResourceNotFoundException", "EntityNotFoundException"})
# What a service answers when the request itself is at fault: a bug of ours, not of the network.
FAULTY = frozenset(
    {
        "ValidationException",
        "InvalidRequest",
        "InvalidArgument",
        "InvalidRange",
        "MalformedXML",
        "SerializationException",
    }
)
RIGHTS = "see that this role or user may do so, and that the credentials are valid (aws sts get-caller-identity)"


def open_client(service: str, *, connections: int = 32, attempts: int | None = None) -> Any:
    """A client of a service, to be shared by threads and closed by its owner.

    What passes (throttling, 5xx, lost connections) is tried again with growing, random pauses, `attempts` times in all
    (as `AWS_MAX_ATTEMPTS` says, or six, unless told otherwise).
    """
    try:
        import boto3
        from botocore.config import Config
        from botocore.session import get_session
    except ModuleNotFoundError as error:
        raise MissingExtra(f"AWS ({error.name})", "aws") from error
    limit = attempts or int(os.environ.get("AWS_MAX_ATTEMPTS") or ATTEMPTS)
    config = Config(
        # The other modes give up on everything once a client has met some hundred refusals in a short time.
        retries={"mode": "legacy", "total_max_attempts": limit},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        max_pool_connections=connections,
        user_agent_appid="hitparade",
    )
    session = get_session()
    session.register_component("data_loader", descriptions())
    region = os.environ.get("AWS_REGION")  # which services set, and boto3 does not read
    with explained(f"open {service}"):
        return boto3.Session(botocore_session=session, region_name=region).client(service, config=config)


@cache
def descriptions() -> Any:
    """What botocore knows of services: read from its files once, which takes longer than a command has to say."""
    from botocore.loaders import create_loader

    return create_loader()


def again(call: Callable[[], T], *, attempts: int) -> T:
    """What a call gives in the end; what may pass (StorageError) is tried again with growing, random pauses."""
    return Retrying(
        retry=retry_if_exception_type(StorageError),
        stop=stop_after_attempt(attempts),
        wait=wait_random_exponential(0.1, max=5),
        reraise=True,
    )(call)


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Turn a service's refusals into errors that say what was refused, and whether to try again."""
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        HTTPClientError,
        NoCredentialsError,
        NoRegionError,
        PartialCredentialsError,
        ProfileNotFound,
    )

    try:
        with transfers_unwrapped():
            yield
    except ClientError as error:
        code = code_of(error)
        if code in FAULTY:
            raise
        message = f"cannot {what}: {error.response.get('Error', {}).get('Message') or code} ({code})"
        if code in REFUSED:
            raise ConfigError(message, hint=RIGHTS) from error
        if code in MISSING:
            raise ConfigError(message, hint="see that it exists, in this account and region") from error
        raise StorageError(message, hint="run again in a while: nothing recorded was lost") from error
    except NoRegionError as error:
        raise ConfigError(f"cannot {what}: no AWS region is set", hint="set AWS_REGION, such as eu-west-1") from error
    except (NoCredentialsError, PartialCredentialsError, ProfileNotFound) as error:
        raise ConfigError(f"cannot {what}: {error}", hint="give credentials as for any AWS tool") from error
    except (HTTPClientError, BotoCoreError) as error:
        raise StorageError(f"cannot {what}: {error}", hint="see that the network and the endpoint are there") from error


@contextmanager
def transfers_unwrapped() -> Iterator[None]:
    """What boto3 wraps when it copies whole files, as what it was."""
    from boto3.exceptions import RetriesExceededError, S3UploadFailedError

    try:
        yield
    except S3UploadFailedError as error:
        raise error.__context__ or StorageError(str(error)) from error
    except RetriesExceededError as error:
        raise StorageError(f"it broke off again and again: {error.last_exception}", hint="run again") from error


def code_of(error: Any) -> str:
    """The code of a ClientError; HEAD requests have only a status."""
    return str(error.response.get("Error", {}).get("Code", ""))
