"""Two eyes: how far apart they are (`rig`), on what they look (`screen`), what they can follow (`comfort`)."""
