"""Which messages that were refused for their sender may now be let in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from cli.quarantine.places import Kept
from lambdas.lake_writer.identity import IdentityFault, fault_of
from lambdas.shared.registry import MAXIMUM_KEYS_PER_READ, DeviceRegistry


def judge(registry: DeviceRegistry, letters: Iterable[Kept]) -> Iterator[tuple[Kept, IdentityFault | None]]:
    """Yield each message with what is still wrong with its sender, None when it may be let in.

    The judgement is `lake_writer`'s, on the registry as it is now. Raises `ControlTableUnavailableError`.
    """
    waiting = iter(letters)
    while some := list(islice(waiting, MAXIMUM_KEYS_PER_READ)):
        names = sorted({letter.message.device for letter in some if letter.message.device})
        devices = registry.read(names, consistent=True)
        for letter in some:
            device = devices.get(letter.message.device or "")
            yield letter, fault_of(device, [letter.message.sender_id])
