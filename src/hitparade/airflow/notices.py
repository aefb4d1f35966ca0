"""Notices of what fails, is refused or is late, to where the Variable `hitparade_notify` says.

That is `sns:<topic's ARN>` or `smtp:<address>`; without it there are none. A notice that cannot be sent is in the log,
and nothing else comes of it.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

VARIABLE = "hitparade_notify"
SUBJECT_LENGTH = 100  # SNS takes no longer one


def notify_failure(context: Mapping[str, Any]) -> None:
    """Tell that a task has failed and is not tried again: for `on_failure_callback`."""
    ti = context["ti"]
    lines = [
        f"run: {ti.run_id}",
        f"try: {ti.try_number}",
        f"error: {context.get('exception') or 'not known; the log may tell'}",
        f"log: {getattr(ti, 'log_url', '')}",
    ]
    send(f"{ti.dag_id}: {ti.task_id} failed", lines)


async def notify_late(hours: int, context: Mapping[str, Any]) -> None:
    """Tell that a run is late; the triggerer calls this."""
    from asgiref.sync import sync_to_async

    run = context["dag_run"]
    lines = [f"run: {run['dag_run_id']}", f"state: {run['state']}", f"not over {hours} h after it was queued"]
    await sync_to_async(send)(f"{run['dag_id']}: a run is late", lines)


def late_after(hours: int) -> dict[str, Any]:
    """What a DAG is given for a notice of runs that are not over so long after they were queued.

    Nothing before Airflow 3.1, which has no deadlines.
    """
    import airflow.sdk as sdk

    if not hasattr(sdk, "DeadlineAlert"):
        return {}
    alert = sdk.DeadlineAlert(
        reference=sdk.DeadlineReference.DAGRUN_QUEUED_AT,
        interval=timedelta(hours=hours),
        callback=sdk.AsyncCallback(notify_late, {"hours": hours}),
    )
    return {"deadline": alert}


def send(subject: str, lines: list[str]) -> None:
    """Send a notice, if anyone is to have it."""
    from airflow.sdk import Variable

    from hitparade.log import get_logger

    try:
        if to := Variable.get(VARIABLE, default=None):
            notifier(to, subject, "\n".join(lines)).notify({})
    except Exception:
        get_logger().warning("airflow.notice", subject=subject, exc_info=True)


def notifier(to: str, subject: str, text: str) -> Any:
    """Airflow's notifier for a value of the Variable; ConfigError for one that is neither of the two.

    It is given what it sends, not a template: an error's text may have braces.
    """
    from hitparade.errors import ConfigError

    kind, _, address = to.partition(":")
    if kind == "sns" and address.count(":") >= 5:
        from airflow.providers.amazon.aws.notifications.sns import SnsNotifier

        region = address.split(":")[3]
        return SnsNotifier(target_arn=address, subject=subject[:SUBJECT_LENGTH], message=text, region_name=region)
    if kind == "smtp" and "@" in address:
        from airflow.providers.smtp.notifications.smtp import SmtpNotifier

        return SmtpNotifier(to=address, subject=subject, html_content=f"<pre>{html.escape(text)}</pre>")
    raise ConfigError(f"the Variable {VARIABLE} is {to!r}", hint="give sns:<topic's ARN>, or smtp:<address>")
