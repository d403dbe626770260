"""A small web server that shows files in a browser on this machine, or in a headset on the same network.

`Server` serves whatever has `routes()` behind a secret URL; `Viewing` is what `kbvr view` serves. Starlette and Uvicorn
are loaded when a server starts.
"""

from kbvr.serving.addresses import LOOPBACK, lan_address
from kbvr.serving.certificate import Certificate, make_certificate
from kbvr.serving.server import Server, open_server
from kbvr.serving.site import Site
from kbvr.serving.viewing import Viewing

__all__ = ["LOOPBACK", "Certificate", "Server", "Site", "Viewing", "lan_address", "make_certificate", "open_server"]
