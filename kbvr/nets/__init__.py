"""Neural networks: a card describes each, `open_session` runs it. Only this room imports onnxruntime."""

from kbvr.nets.http import without_credentials
from kbvr.nets.install import add
from kbvr.nets.isolated_network import open_network
from kbvr.nets.model_card import (
    BUILT_IN,
    FETCHED,
    Card,
    Tensor,
    built_in_card,
    card_of,
    fetched_card,
    known_cards,
    models_folder,
    read_card,
)
from kbvr.nets.model_store import is_verified, pull, remove
from kbvr.nets.providers import DEVICES
from kbvr.nets.recipe import ColourRecipe, DepthRecipe, FillRecipe
from kbvr.nets.session import Opened, Session, devices_of, open_file, open_session, record_sessions

__all__ = [
    "BUILT_IN",
    "DEVICES",
    "FETCHED",
    "Card",
    "ColourRecipe",
    "DepthRecipe",
    "FillRecipe",
    "Opened",
    "Session",
    "Tensor",
    "add",
    "built_in_card",
    "card_of",
    "devices_of",
    "fetched_card",
    "is_verified",
    "known_cards",
    "models_folder",
    "open_file",
    "open_network",
    "open_session",
    "pull",
    "read_card",
    "record_sessions",
    "remove",
    "without_credentials",
]
