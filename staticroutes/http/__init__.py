"""What a handler sees: headers, cookies, URLs, requests, responses, context functions."""
