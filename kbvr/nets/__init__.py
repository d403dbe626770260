"""Neural networks: a card describes each, `open_session` runs it. The one place that knows onnxruntime."""

from kbvr.nets.card import (
    BUILT_IN,
    FETCHED,
    Card,
    Tensor,
    built_in_card,
    card_of,
    fetched_card,
    read_card,
)
from kbvr.nets.providers import DEVICES
from kbvr.nets.session import Session, open_file, open_session, ran_on

__all__ = [
    "BUILT_IN",
    "DEVICES",
    "FETCHED",
    "Card",
    "Session",
    "Tensor",
    "built_in_card",
    "card_of",
    "fetched_card",
    "open_file",
    "open_session",
    "ran_on",
    "read_card",
]
