"""An SNS topic that can be asked what it was told."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.emulator.emulated import Emulated


@dataclass(frozen=True)
class Topic:
    """An SNS topic, and a queue of what it is told."""

    aws: Emulated
    arn: str
    queue: str

    def received(self, *, wait: int = 0) -> list[dict[str, Any]]:
        """What came since the last look; where nothing did, what comes within some seconds."""
        sqs = self.aws.client("sqs")
        found = sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10, WaitTimeSeconds=wait)
        for each in found.get("Messages", ()):
            sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=each["ReceiptHandle"])
        return [json.loads(each["Body"]) for each in found.get("Messages", ())]


def make_topic(aws: Emulated, name: str) -> Topic:
    """A new topic."""
    sns, sqs = aws.client("sns"), aws.client("sqs")
    arn = sns.create_topic(Name=name)["TopicArn"]
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    place = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=place)
    return Topic(aws, arn, queue)
