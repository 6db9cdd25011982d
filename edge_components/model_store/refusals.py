"""What was refused before: told again, ignored by whoever may, and remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from edge_components.model_store.errors import ModelRefusedError, OutByOperatorError
from edge_components.model_store.packages import Published
from edge_components.model_store.pointers import Refusal, read_refusals, utc_now, write_refusal
from edge_components.model_store.store_folder import StoreFolder


def check_refused(folder: StoreFolder, published: Published, ignored: Callable[[Refusal], bool]) -> None:
    """Raise `ModelRefusedError` for the very publication that was refused, unless that refusal is ignored."""
    known = read_refusals(folder).get(str(published.manifest.reference))
    if known is None or ignored(known):
        return
    if known.manifest_sha256 in ("", published.sha256):
        raise refused(known)


@contextmanager
def remembering(folder: StoreFolder, published: Published) -> Iterator[None]:
    """Remember a refusal of what is `published`, in place of one of an earlier publication."""
    try:
        yield
    except ModelRefusedError as error:
        refusal = Refusal(str(error), published.sha256, utc_now())
        write_refusal(folder, published.manifest.reference, refusal)
        raise


def refused(known: Refusal) -> ModelRefusedError:
    """Return the error that a known refusal is told by."""
    return OutByOperatorError(known.reason) if known.by_operator else ModelRefusedError(known.reason)


def nothing(_: Refusal) -> bool:
    """Ignore no refusal."""
    return False


def anything(_: Refusal) -> bool:
    """Ignore every refusal."""
    return True


def by_operator(refusal: Refusal) -> bool:
    """Ignore what an operator said of the active model."""
    return refusal.by_operator
