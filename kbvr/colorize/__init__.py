"""Colours for photos that have none: a network guesses the chroma, and every detail of the lightness is kept."""

from kbvr.colorize.choose import best_colour_network, colour_network
from kbvr.colorize.colorize import colorized
from kbvr.colorize.networks import ColourNetwork

__all__ = ["ColourNetwork", "best_colour_network", "colorized", "colour_network"]
