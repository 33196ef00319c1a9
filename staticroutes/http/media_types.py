"""Content types by extension, from a frozen table of our own.

Never ``mimetypes``: its answers depend on the machine's ``/etc/mime.types`` and on the Python
version. Types are those of IANA's registry where there is one; text carries its charset because
hosts otherwise guess one.
"""

from __future__ import annotations

from types import MappingProxyType

HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
XML = "application/xml; charset=utf-8"
JSON = "application/json"
BYTES = "application/octet-stream"

MEDIA_TYPES = MappingProxyType(
    {
        "7z": "application/x-7z-compressed",
        "aac": "audio/aac",
        "apng": "image/apng",
        "atom": "application/atom+xml; charset=utf-8",
        "avif": "image/avif",
        "bin": BYTES,
        "bmp": "image/bmp",
        "bz2": "application/x-bzip2",
        "cbor": "application/cbor",
        "css": "text/css; charset=utf-8",
        "csv": "text/csv; charset=utf-8",
        "doc": "application/msword",
        "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "eot": "application/vnd.ms-fontobject",
        "epub": "application/epub+zip",
        "flac": "audio/flac",
        "geojson": "application/geo+json",
        "gif": "image/gif",
        "gpx": "application/gpx+xml",
        "gz": "application/gzip",
        "htm": HTML,
        "html": HTML,
        "ico": "image/x-icon",
        "ics": "text/calendar; charset=utf-8",
        "jpeg": "image/jpeg",
        "jpg": "image/jpeg",
        "js": "text/javascript; charset=utf-8",
        "json": JSON,
        "json5": "application/json5",
        "jsonl": "application/x-ndjson",
        "jsonld": "application/ld+json",
        "jxl": "image/jxl",
        "kml": "application/vnd.google-earth.kml+xml",
        "kmz": "application/vnd.google-earth.kmz",
        "m3u8": "application/vnd.apple.mpegurl",
        "m4a": "audio/mp4",
        "map": JSON,
        "markdown": "text/markdown; charset=utf-8",
        "md": "text/markdown; charset=utf-8",
        "mid": "audio/midi",
        "mjs": "text/javascript; charset=utf-8",
        "mov": "video/quicktime",
        "mp3": "audio/mpeg",
        "mp4": "video/mp4",
        "msgpack": "application/vnd.msgpack",
        "ndjson": "application/x-ndjson",
        "odt": "application/vnd.oasis.opendocument.text",
        "ods": "application/vnd.oasis.opendocument.spreadsheet",
        "oga": "audio/ogg",
        "ogg": "audio/ogg",
        "ogv": "video/ogg",
        "opml": "text/x-opml; charset=utf-8",
        "opus": "audio/ogg",
        "otf": "font/otf",
        "parquet": "application/vnd.apache.parquet",
        "pdf": "application/pdf",
        "pem": "application/x-pem-file",
        "png": "image/png",
        "ppt": "application/vnd.ms-powerpoint",
        "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "proto": TEXT,
        "rdf": "application/rdf+xml",
        "rss": "application/rss+xml; charset=utf-8",
        "rtf": "application/rtf",
        "svg": "image/svg+xml",
        "tar": "application/x-tar",
        "tgz": "application/gzip",
        "tif": "image/tiff",
        "tiff": "image/tiff",
        "toml": "application/toml",
        "topojson": "application/json",
        "tsv": "text/tab-separated-values; charset=utf-8",
        "ttf": "font/ttf",
        "txt": TEXT,
        "vcf": "text/vcard; charset=utf-8",
        "vtt": "text/vtt; charset=utf-8",
        "wasm": "application/wasm",
        "wav": "audio/wav",
        "weba": "audio/webm",
        "webm": "video/webm",
        "webmanifest": "application/manifest+json",
        "webp": "image/webp",
        "woff": "font/woff",
        "woff2": "font/woff2",
        "xhtml": "application/xhtml+xml; charset=utf-8",
        "xls": "application/vnd.ms-excel",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "xml": XML,
        "xsd": XML,
        "xsl": "application/xslt+xml",
        "xslt": "application/xslt+xml",
        "yaml": "application/yaml",
        "yml": "application/yaml",
        "zip": "application/zip",
        "zst": "application/zstd",
    }
)

# The other way round, for names that need an extension (``api/items/index.json``); where several
# extensions share a type the customary one is named here.
_EXTENSIONS = {
    essence.partition(";")[0]: ext for ext, essence in sorted(MEDIA_TYPES.items(), reverse=True)
} | {
    "application/gzip": "gz",
    "application/json": "json",
    "application/octet-stream": "bin",
    "application/x-ndjson": "ndjson",
    "application/xml": "xml",
    "application/yaml": "yaml",
    "audio/ogg": "ogg",
    "application/feed+json": "json",
    "application/problem+json": "json",
    "application/schema+json": "json",
    "application/javascript": "js",
    "application/x-yaml": "yaml",
    "image/jpeg": "jpg",
    "image/tiff": "tiff",
    "image/vnd.microsoft.icon": "ico",
    "text/html": "html",
    "text/javascript": "js",
    "text/json": "json",
    "text/markdown": "md",
    "text/plain": "txt",
    "text/xml": "xml",
    "text/yaml": "yaml",
    "application/xslt+xml": "xsl",
}


def media_type_of(path: str) -> str | None:
    """The content type that a URL path's extension stands for, None where it has no known one.

    ``/rss.xml`` gives ``application/xml; charset=utf-8``; ``/api/items`` and ``/v1.2`` give None.
    """
    name = path[path.rfind("/") + 1 :]
    dot = name.rfind(".")
    return MEDIA_TYPES.get(name[dot + 1 :].lower()) if dot >= 0 else None


def extension_of(content_type: str) -> str:
    """The customary extension, without its dot, for a content type; ``bin`` for an unknown one."""
    essence = content_type.partition(";")[0].strip().lower()
    known = _EXTENSIONS.get(essence)
    if known is not None:
        return known
    if essence.endswith("+json"):
        return "json"
    if essence.endswith("+xml"):
        return "xml"
    return "txt" if essence.startswith("text/") else "bin"


def is_html(content_type: str | None) -> bool:
    """True for a content type that a host serves as a page."""
    return content_type is not None and content_type[:9].lower() == "text/html"
