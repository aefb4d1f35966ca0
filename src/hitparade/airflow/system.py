"""A documented system as its DAG knows it: the settings file beside the DAG, filled from Airflow's Variables.

The places in that file have the Variables' names in braces, such as `streams = "s3://{bucket}/{source_path}"`. The
tasks of Airflow and the Glue jobs read the same filled text: it is put where `--config` of the jobs points to.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hitparade.config import Settings

NAMED = re.compile(r"\{([a-z][a-z0-9_]*)\}")
NO_PLACE = re.compile(r"""["'\\{}\x00-\x1f\x7f]""")


@dataclass(frozen=True)
class System:
    """A system's settings file, its Variables with their defaults, and where its jobs find the filled settings.

    Locations in the settings are relative to the folder of `config`.
    """

    dag_file: str
    config: str
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def template(self) -> Path:
        """The settings file beside the DAG's."""
        return Path(self.dag_file).with_suffix(".toml")

    @property
    def macros(self) -> dict[str, Callable[[str], str]]:
        """What a DAG must know as `user_defined_macros` for its operators' texts to be filled."""
        return {"filled": self.filled}

    def templated(self, text: str) -> str:
        """A text with Variables in braces as Airflow's operators take it, to be filled when a task runs."""
        return f"{{{{ filled('{text}') }}}}"

    def filled(self, text: str) -> str:
        """A text with the Variables in braces replaced by their values. Only a running task may ask for them."""
        return NAMED.sub(lambda found: self.value(found.group(1)), text)

    def value(self, name: str) -> str:
        """A Variable's value without a slash at its end, or its default, which may have other Variables in braces.

        ConfigError for a Variable that the DAG does not have, and for a value that is no place and no name.
        """
        from airflow.sdk import Variable

        from hitparade.errors import ConfigError

        if name not in self.variables:
            raise ConfigError(
                f"{self.template.name}: {{{name}}} is no Variable of this DAG",
                hint=f"it has {', '.join(sorted(self.variables)) or 'none'}",
            )
        given = Variable.get(name, default=None)
        value = (self.filled(self.variables[name]) if given is None else str(given)).rstrip("/")
        if not value or NO_PLACE.search(value):
            shown = "a text with an @, which may have a password before it" if "@" in str(given) else repr(given)
            raise ConfigError(
                f"the Variable {name} is {shown}",
                hint="give a place or a name, without quotes, braces, backslashes and line ends",
            )
        return value

    def text(self) -> str:
        """The settings, filled."""
        return self.filled(self.template.read_text(encoding="utf-8"))

    def settings(self) -> Settings:
        """The settings; ConfigError names the DAG's file and the key."""
        from hitparade.config import read_file

        text, root = self.text(), self.filled(self.config).rpartition("/")[0]
        with tempfile.TemporaryDirectory(prefix="hitparade-") as scratch:
            file = Path(scratch) / self.template.name
            file.write_text(text, encoding="utf-8")
            return read_file(file, root, engine=None)

    def put_settings(self, context: Any = None) -> None:  # noqa: ARG002 - what Airflow gives to a hook before a task
        """Put the filled settings where the jobs look for them, unless they are there."""
        from contextlib import closing

        from hitparade.airflow.failures import told
        from hitparade.storage import Storage

        with told(), closing(Storage()) as storage:
            self.settings()  # a mistake is told here, not in a job's log
            url, text = self.filled(self.config), self.text().encode()
            if storage.stat(url) is not None:
                with storage.open(url) as file:
                    if file.read() == text:
                        return
            storage.write(url, text)
