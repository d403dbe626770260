"""What all formats share: their description, codecs, picture encoding, optional libraries and verification."""
