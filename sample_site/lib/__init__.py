"""What the routes share: the entries, the Moon, the chart, the templates, the feeds."""
