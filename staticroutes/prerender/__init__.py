"""RouteTable to outcomes: planning, tracking, rendering, workers."""
