"""A page that tells how a phone comes to trust this computer, with the certificate that it needs for that."""

import html
import socket
from pathlib import Path
from string import Template

from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

PAGE, FILE = "/trust", "/skushare.crt"


def trust_routes(certificate):
    """Starlette routes of the page at ``PAGE`` and the authority's certificate at ``FILE``."""
    template = Template((Path(__file__).parent / "trust.html").read_text(encoding="utf-8"))
    page = template.substitute(
        computer=html.escape(socket.gethostname()),
        file=FILE.removeprefix("/"),
        fingerprint=certificate.fingerprint,
    )
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    }

    def show(request):
        return HTMLResponse(page, headers=headers)

    def give(request):
        return Response(certificate.authority, media_type="application/x-x509-ca-cert", headers=headers)

    return [Route(PAGE, show), Route(FILE, give)]
