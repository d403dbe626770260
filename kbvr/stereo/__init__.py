"""Two eyes: how far apart they are (`rig`), on what they look and the most parallax there (`screen`), `comfort`."""
