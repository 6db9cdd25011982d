"""Which messages that were refused for their sender may now be let in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from cli.quarantine.places import Kept
from lambdas.lake_writer.identity import IdentityFault, fault_of
from lambdas.shared.original_senders import OriginalSenders
from lambdas.shared.registry import MAXIMUM_KEYS_PER_READ, DeviceRegistry
from lambdas.shared.sqs import SENT_BACK_ATTRIBUTE


def judge(
    registry: DeviceRegistry, originals: OriginalSenders, letters: Iterable[Kept]
) -> Iterator[tuple[Kept, IdentityFault | None]]:
    """Yield each message with what is still wrong with its sender, None when it may be let in.

    The judgement is `lake_writer`'s, on the registry as it is now: one that had been sent back when it was
    refused names the operator, so it is judged by who sent it first. Raises `ControlTableUnavailableError`.
    """
    waiting = iter(letters)
    while some := list(islice(waiting, MAXIMUM_KEYS_PER_READ)):
        names = sorted({letter.message.device for letter in some if letter.message.device})
        devices = registry.read(names, consistent=True)
        senders = originals.look_up(_sent_back(some))
        for letter in some:
            message = letter.message
            device = devices.get(message.device or "")
            vouched = senders.get(message.body_sha256, frozenset()) if _was_sent_back(letter) else frozenset()
            yield letter, fault_of(device, [message.sender_id, *vouched])


def _sent_back(letters: Iterable[Kept]) -> list[str]:
    """Return the distinct digests of the bodies that were sent back before."""
    return sorted({letter.message.body_sha256 for letter in letters if _was_sent_back(letter)})


def _was_sent_back(letter: Kept) -> bool:
    return SENT_BACK_ATTRIBUTE in letter.message.message_attributes
