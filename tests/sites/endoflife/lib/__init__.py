"""What endoflife.date publishes, made from its product files.

``source`` reads the files, ``catalogue`` derives what every format needs, and each of ``api_v0``,
``api_v1``, ``calendars``, ``atom``, ``charts``, ``sitemap`` and ``redirects`` turns it into text.
Nothing here knows about routes.
"""
