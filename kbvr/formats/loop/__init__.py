"""Loops for web pages, with a poster and the HTML to paste."""
