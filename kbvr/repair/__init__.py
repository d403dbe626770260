"""Repair scans of old prints: their border, their faded tones, and what age did to their surface."""
