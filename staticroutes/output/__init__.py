"""Outcomes to files: artifacts, records, the output directory, the manifest."""
