"""What can go wrong, sorted by what to do about it.

    HitParadeError
    ├── Terminal              trying again changes nothing: exit code 2
    │   ├── ConfigError       hitparade.toml, an option or the environment
    │   ├── ManifestError     a manifest.json
    │   ├── ContractBreach    a delivery broke a contract whose on_error is "fail"
    │   ├── KpiError          a KPI's header or SQL
    │   ├── LakeError         a lake that this version cannot work on
    │   ├── MissingExtra      a part that needs an optional dependency
    │   └── MissingLibrary    a call that needs a library which this project does not bring
    └── Transient             trying again later may help: exit code 3
        ├── Busy              another process is at work on this lake
        ├── Fenced            a later run exists, so this one may not write any more
        ├── Conflict          a table moved under a commit
        └── StorageError      the disk or the network did not do as asked
            └── DiskFull      there is no room left

Every message says what is wrong, where, and what to do next; the type says whether to retry.
"""

from __future__ import annotations

from collections.abc import Callable


class HitParadeError(Exception):
    """Base of every error that a user may meet.

    `hint` is the next step, shown on a line of its own.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[Callable[..., HitParadeError], tuple[object, ...]]:
        """Errors travel between processes as they are, whatever they are made of."""
        return remade, (type(self), self.args, vars(self))


def remade(kind: type[HitParadeError], args: tuple[object, ...], attributes: dict[str, object]) -> HitParadeError:
    """An error as it was in another process."""
    error = kind.__new__(kind, *args)
    error.args = args
    vars(error).update(attributes)
    return error


class Terminal(HitParadeError):
    """Trying again changes nothing."""


class Transient(HitParadeError):
    """Trying again later may help."""


class ConfigError(Terminal):
    """A setting is missing, unknown or out of range."""


class ManifestError(Terminal):
    """A manifest.json is not a contract.

    `source` names the manifest, `path` is the JSON path of the culprit (such as `schema.fields.user_id.type`).
    """

    def __init__(self, source: str, path: str, problem: str, *, hint: str | None = None) -> None:
        super().__init__(f"{source}: {path}: {problem}", hint=hint)
        self.source = source
        self.path = path


class ContractBreach(Terminal):
    """A delivery broke a contract that says `on_error: fail`; the file stays where it is."""


class KpiError(Terminal):
    """A KPI's file is not one this project can run everywhere.

    `source` is the file's name, `line` counts from 1 where it is known.
    """

    def __init__(self, source: str, problem: str, *, line: int | None = None, hint: str | None = None) -> None:
        where = source if line is None else f"{source}:{line}"
        super().__init__(f"{where}: {problem}", hint=hint)
        self.source = source
        self.line = line


class LakeError(Terminal):
    """A lake that this version cannot work on, or a workspace without one."""


class MissingExtra(Terminal):
    """A part that needs an optional dependency which is not installed."""

    def __init__(self, part: str, extra: str) -> None:
        super().__init__(f"{part} needs an extra that is not installed", hint=f"pip install 'hitparade[{extra}]'")


class MissingLibrary(Terminal):
    """A call that needs a library which is not installed, and which no extra brings."""

    def __init__(self, call: str, library: str) -> None:
        super().__init__(f"{call} needs {library}, which is not installed", hint=f"pip install {library}")


class Busy(Transient):
    """Another process is at work on this lake."""


class Fenced(Transient):
    """A later run exists, so this one may not write any more."""


class Conflict(Transient):
    """A table moved under a commit."""


class StorageError(Transient):
    """The disk or the network did not do as asked: full, gone, not allowed, slow."""


class DiskFull(StorageError):
    """There is no room left. `refused` says for what, where that is known."""

    def __init__(self, refused: str = "") -> None:
        super().__init__(
            f"{refused}: the disk is full" if refused else "the disk is full",
            hint="free some space, then run again: nothing is lost",
        )


def tells_of_full_disk(text: str) -> bool:
    """Whether an error of the system, or of a library that passes it on, is about a disk without room."""
    return any(words in text for words in ("No space left on device", "Disk quota exceeded", "disk is full"))
