"""A small web server that shows files in a browser on this machine, or in a headset on the same network."""

from kbvr.serving.addresses import LOOPBACK, lan_address
from kbvr.serving.certificate import Certificate, make_certificate
from kbvr.serving.server import Server, open_server
from kbvr.serving.site import Site, make_site

__all__ = ["LOOPBACK", "Certificate", "Server", "Site", "lan_address", "make_certificate", "make_site", "open_server"]
