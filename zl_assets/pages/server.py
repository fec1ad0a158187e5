"""The pages over HTTP, to be read only. Must not be here: which files are pages, the command line."""

from html import escape
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from zl_assets.pages.places import Pages
from zl_assets.settings import LOOPBACK

# The pages run nothing, load nothing and stand in no frame, whatever should ever be written into one. They change with each
# refresh.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

_INDEX = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>zl-assets</title>
<style>:root{{color-scheme:light dark}}body{{font:16px/1.6 system-ui,sans-serif;margin:2rem}}</style></head>
<body><h1>Pages</h1>{body}</body></html>
"""


def app(pages: Pages) -> Starlette:
    """The pages as an ASGI application; a plain list of them at its root.

    A request has to name a host that people use: a page of somebody else's, under a name that is made to lead to this machine,
    could read them otherwise.
    """
    hosts = sorted(LOOPBACK - {"::1"} | {urlsplit(pages.url).hostname or ""})

    # No coroutines: files are read in threads.
    def index(_: Request) -> Response:
        links = "".join(f'<li><a href="{escape(path)}">{escape(path)}</a></li>' for path in pages.all())
        body = f"<ul>{links}</ul>" if links else "<p>There is none yet: refresh first.</p>"
        return HTMLResponse(_INDEX.format(body=body), headers=_HEADERS)

    def page(request: Request) -> Response:
        found = pages.page(request.path_params["path"])
        if found is None:
            return PlainTextResponse("There is no such page.\n", 404, headers=_HEADERS)
        return HTMLResponse(found.read_bytes(), headers=_HEADERS)

    return Starlette(
        routes=[Route("/", index), Route("/{path:path}", page)],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False)],
    )
