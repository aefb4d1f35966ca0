"""Where a warehouse is and how one is let in: from its URL, the environment, `.env` or Secrets Manager.

    redshift:                             all of it from REDSHIFT_HOST, _PORT, _DB, _USER, _PASSWORD and _IAM_ROLE
    redshift://user@host:5439/dev         what the URL gives, the rest from there
    postgresql://user@host:5432/music     libpq's URL; the rest as libpq finds it, or from PG* in `.env`

The names of Redshift are looked for in the environment, then in `.env`; when neither names a host, in the JSON of a
secret. A secret that the URL names goes first, and alone: nobody's password is sent to somebody else's host.

No message names a value, since it may be a secret at the wrong place; and no error is raised while another that holds
such a text is handled, or its traceback would.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Final, Literal, get_args
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

from hitparade.aws import code_of, explained, open_client
from hitparade.errors import ConfigError, MissingExtra

SslMode = Literal["require", "disable", "verify-ca", "verify-full"]

MODES: Final[Mapping[str, SslMode]] = {mode: mode for mode in get_args(SslMode)}
SECRET: Final = "music-etl-secrets"  # noqa: S105 - its documented name
OPTIONS: Final = frozenset({"kpis", "schema", "secret", "staging"})  # of the sink's URL, which libpq does not know
TELLING: Final = ("schema", "secret")  # of those, what tells one place from another; a secret's name is none itself
HOST, PORT, DATABASE = "REDSHIFT_HOST", "REDSHIFT_PORT", "REDSHIFT_DB"
USER, PASSWORD, IAM_ROLE = "REDSHIFT_USER", "REDSHIFT_PASSWORD", "REDSHIFT_IAM_ROLE"
NAMES: Final = (HOST, PORT, DATABASE, USER, PASSWORD, IAM_ROLE)
REQUIRED: Final = (HOST, DATABASE, USER, PASSWORD)
LIBPQ: Final = {"host": HOST, "port": PORT, "dbname": DATABASE, "user": USER, "password": PASSWORD}
REDSHIFT_PORT: Final = 5439

ENCODE: Final = "write @ : / ? # & and % of a name or password in percent-encoding: @ is %40, / is %2F"
GIVE: Final = "give it in the environment or in .env (.env.example shows how), or name a secret with ?secret="
KEEP: Final = f"it keeps a JSON object of texts: {', '.join(NAMES)}"
ONE_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:,]*)(?::([0-9]*))?")
# Secrets that are there and cannot be had: no later attempt changes that.
UNREADABLE: Final = frozenset({"InvalidRequestException", "InvalidParameterException", "DecryptionFailure"})


@dataclass(frozen=True, slots=True)
class Credentials:
    """What Redshift is told, and the role with which it reads S3."""

    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)
    iam_role: str | None
    sslmode: SslMode = "require"

    @property
    def parameters(self) -> dict[str, str | int | bool]:
        """Keyword arguments for redshift_connector.connect.

        The driver checks certificates or speaks in the clear: other words than these it drops, and TLS with them.
        """
        checked = "verify-full" if self.sslmode == "verify-full" else "verify-ca"
        encrypted: dict[str, str | int | bool] = {"ssl": True, "sslmode": checked}
        return {
            "host": self.host,
            "port": self.port,
            "database": self.database,
            "user": self.user,
            "password": self.password,
            **({"ssl": False} if self.sslmode == "disable" else encrypted),
        }


@dataclass(frozen=True, slots=True)
class Location:
    """A warehouse's URL, taken apart; texts as they stand in it."""

    scheme: str
    user: str
    password: str = field(repr=False)
    hosts: str
    path: str
    query: str = field(repr=False)

    @property
    def options(self) -> Mapping[str, str]:
        """The options behind `?`."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @property
    def database(self) -> str:
        """The database's name."""
        return unquote(self.path.removeprefix("/"))


def redshift_credentials(url: str, *, env_file: str | None, secret: str | None) -> Credentials:
    """The credentials of a `redshift:` URL; ConfigError for what is missing or broken."""
    location = taken_apart(url)
    one = ONE_HOST.fullmatch(location.hosts)
    if one is None:
        raise ConfigError(f"sinks: '{without_secrets(url)}' names several hosts", hint="give one")
    sslmode = MODES.get(location.options.get("sslmode", "require"))
    if sslmode is None:
        raise ConfigError(f"sinks: '{without_secrets(url)}': no such sslmode", hint=f"there is {', '.join(MODES)}")
    given = {
        HOST: unquote(one[1]).strip("[]"),
        PORT: one[2] or "",
        DATABASE: location.database,
        USER: unquote(location.user),
        PASSWORD: unquote(location.password),
    }
    values = gathered(url, {name: value for name, value in given.items() if value}, env_file=env_file, secret=secret)
    return Credentials(
        host=values[HOST],
        port=port_number(values.get(PORT, str(REDSHIFT_PORT)), PORT),
        database=values[DATABASE],
        user=values[USER],
        password=values[PASSWORD],
        iam_role=values.get(IAM_ROLE),
        sslmode=sslmode,
    )


def postgres_parameters(url: str, *, env_file: str | None, secret: str | None) -> dict[str, str | int]:
    """Keyword arguments for psycopg.connect, from a `postgresql:` URL; ConfigError for what is missing or broken.

    What they lack libpq takes from the environment and `~/.pgpass` itself.
    """
    location = taken_apart(url)
    given = from_libpq(url, location)
    if secret:
        known = {name: given[keyword] for keyword, name in LIBPQ.items() if keyword in given}
        values = gathered(url, known, env_file=None, secret=secret)
        given |= {keyword: values[name] for keyword, name in LIBPQ.items() if name in values}
    else:
        given = from_file(env_file) | given
    hosts = given.get("host", "").split(",")
    if all(host.startswith("/") for host in hosts):
        given.pop("sslmode", None)  # a socket in a folder has no TLS
    elif not os.environ.get("PGSSLMODE"):
        given.setdefault("sslmode", "require")
    ports = given.get("port", "").split(",")
    numbers = [port_number(port, "the port") for port in ports if port]
    return given | ({"port": numbers[0]} if len(ports) == 1 and numbers else {})


def without_secrets(url: str) -> str:
    """A warehouse's URL as it may be shown and recorded: no password, and of the options what tells places apart."""
    try:
        location = taken_apart(url)
    except ConfigError:
        return f"{url.partition(':')[0]}:"
    options = location.options
    hosts = location.hosts or ":".join(quote(options[name], safe="") for name in ("host", "port") if name in options)
    user = f"{location.user}@" if location.user else ""
    slashes = "//" if user or hosts or location.path else ""
    telling = urlencode({name: options[name] for name in TELLING if name in options})
    return f"{location.scheme}:{slashes}{user}{hosts}{location.path}{'?' if telling else ''}{telling}"


def taken_apart(url: str) -> Location:
    """The parts of a URL. ConfigError where a password that was not encoded would be taken for something else."""
    parts = split(url)
    who, _, hosts = parts.netloc.rpartition("@") if parts else ("", "", "")
    whole = parts is not None and url.count("@") == parts.netloc.count("@") and "@" not in who and "#" not in url
    if parts is None or not whole or not parts.path.startswith("/" if parts.path else "") or not are_hosts(hosts):
        scheme = url.partition(":")[0]
        raise ConfigError(
            f"sinks: a {scheme}: URL is not understood", hint=f"such as {scheme}://user@host/dev; {ENCODE}"
        )
    user, _, password = who.partition(":")
    return Location(parts.scheme, user, password, hosts, parts.path, parts.query)


def split(url: str) -> SplitResult | None:
    """A URL's parts, None where it has none."""
    try:
        return urlsplit(url)
    except ValueError:
        return None


def are_hosts(text: str) -> bool:
    """Whether a text is one host or several, each with a port or none."""
    return all(ONE_HOST.fullmatch(host) for host in text.split(","))


def from_libpq(url: str, location: Location) -> dict[str, str]:
    """What a URL says to libpq, without what it says to the sink."""
    try:
        from psycopg import ProgrammingError
        from psycopg.conninfo import conninfo_to_dict
    except ImportError as error:
        raise MissingExtra("PostgreSQL", "warehouse") from error
    kept = [part for part in location.query.split("&") if part and part.partition("=")[0] not in OPTIONS]
    who = f"{location.user}:{location.password}@" if location.user or location.password else ""
    plain = f"postgresql://{who}{location.hosts}{location.path}?{'&'.join(kept)}"
    try:
        found = conninfo_to_dict(plain)
    except ProgrammingError:  # its text may hold a part of a password
        found = None
    if found is None:
        raise ConfigError(
            f"sinks: '{without_secrets(url)}' has what libpq does not know", hint=f"see its names and options; {ENCODE}"
        )
    return {keyword: str(value) for keyword, value in found.items() if value}


def from_file(env_file: str | None) -> dict[str, str]:
    """What `.env` says to libpq and the environment does not, by libpq's names of parameters."""
    from psycopg.pq import Conninfo

    keywords = {
        str(option.envvar, "ascii"): str(option.keyword, "ascii") for option in Conninfo.get_defaults() if option.envvar
    }
    found = env_values(env_file, keywords)
    return {keywords[name]: value for name, value in found.items() if not os.environ.get(name)}


def gathered(url: str, given: Mapping[str, str], *, env_file: str | None, secret: str | None) -> dict[str, str]:
    """What a URL gives and, for the rest, what the environment or a secret does; ConfigError for what nobody does."""
    if secret:
        found, where = secret_values(secret), f"the secret {secret} lacks"
    else:
        found, where = env_values(env_file, NAMES), "the environment and .env lack"
        found |= {name: os.environ[name] for name in NAMES if os.environ.get(name)}
        if HOST not in found and not {*found, *given}.issuperset(REQUIRED):
            found, where = from_usual_secret(url), f"the secret {SECRET} lacks"
    values = {**found, **given}
    if missing := [name for name in REQUIRED if name not in values]:
        raise ConfigError(f"sinks: '{without_secrets(url)}': {where} {', '.join(missing)}", hint=GIVE)
    return values


def from_usual_secret(url: str) -> dict[str, str]:
    """The values of the usual secret; without it ConfigError says what else there is to do."""
    try:
        return secret_values(SECRET)
    except ConfigError as error:
        raise ConfigError(
            f"sinks: '{without_secrets(url)}': neither the environment nor .env has {HOST}, and {error.message}",
            hint=GIVE,
        ) from error


def env_values(env_file: str | None, names: Iterable[str]) -> dict[str, str]:
    """What a `.env` file says of these names; nothing where there is no file. Values are taken as they are written."""
    from dotenv import dotenv_values

    if env_file is None:
        return {}
    found: Mapping[str, str | None] | None = None
    with suppress(OSError, ValueError):  # which may hold the file's bytes
        found = dotenv_values(env_file, interpolate=False)
    if found is None:
        raise ConfigError(f"{env_file} cannot be read", hint="see that it is a text in UTF-8, and yours to read")
    return {name: value for name in names if (value := found.get(name))}


def secret_values(name: str) -> dict[str, str]:
    """The credentials in a secret of Secrets Manager."""
    text = secret_text(name)
    content: object = None
    with suppress(ValueError):  # which holds the whole text
        content = json.loads(text)
    if not isinstance(content, dict):
        raise ConfigError(f"the secret {name} is not a JSON object", hint=KEEP)
    values = {key: content[key] for key in NAMES if content.get(key) not in (None, "")}
    if wrong := [key for key, value in values.items() if type(value) not in (str, int)]:
        raise ConfigError(f"the secret {name}: {', '.join(wrong)} is no text", hint=KEEP)
    return {key: str(value) for key, value in values.items()}


def secret_text(name: str) -> str:
    """A secret as it is stored."""
    client = open_client("secretsmanager")
    what = f"read the secret {name}"
    with closing(client), explained(what):
        from botocore.exceptions import ClientError

        try:
            return str(client.get_secret_value(SecretId=name).get("SecretString", ""))
        except ClientError as error:
            if code_of(error) in UNREADABLE:
                hint = "see that it is not marked for deletion, and that its key may be used"
                raise ConfigError(f"cannot {what} ({code_of(error)})", hint=hint) from error
            raise


def port_number(text: str, name: str) -> int:
    """A port."""
    if not re.fullmatch("[0-9]{1,5}", text) or not 0 < int(text) < 1 << 16:
        raise ConfigError(f"sinks: {name} is no port number", hint="such as 5439")
    return int(text)
