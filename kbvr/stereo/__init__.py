"""Two eyes: their cameras (`rig`), the screen that they look at (`screen`), `comfort` and its limits."""
