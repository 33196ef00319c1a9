"""``app/**`` to a RouteTable: the grammar of segments, discovery, loading, matching."""
