"""The list of scenes that the viewer offers in a headset, as `<kbvr-photo gallery="...">` reads it."""

from __future__ import annotations

import json

from kbvr.serving.kinds import SCENE, STEREO
from kbvr.serving.site import Entry, Listing

GALLERY = "gallery.json"
"""Path of the list below the site's URL."""

PROGRESS = "progress"
"""Path of the progress of a scene, which is in the query."""


def gallery_list(listing: Listing) -> bytes:
    """Return all scenes, and the photos, whose scenes are made when they are chosen, and what the player shows.

    Addresses are relative to the list.
    """
    scenes = [_scene(entry) for entry in listing.entries if entry.kind.opens_in == SCENE or entry.kind.is_photo]
    stereo = [_listed(entry, entry.address) for entry in listing.entries if entry.kind.opens_in == STEREO]
    return json.dumps({"scenes": scenes, "stereo": stereo}).encode()


def _scene(entry: Entry) -> dict[str, str]:
    if not entry.kind.is_photo:
        return _listed(entry, entry.address)
    return _listed(entry, entry.scene_address) | {"progress": f"{PROGRESS}?src={entry.address}"}


def _listed(entry: Entry, address: str) -> dict[str, str]:
    listed = {"name": entry.name, "kind": entry.kind.words, "src": address}
    return listed | ({"thumbnail": entry.thumbnail_address} if entry.kind.has_picture else {})
